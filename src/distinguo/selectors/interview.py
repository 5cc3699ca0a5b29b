"""Asking a judge about clusters: what its answers were about, and what it can be asked next.

A question is about inputs. On these each cluster prints what one side of the question prints, and the answer then
speaks of it as well; or it prints something else, or fails, and has no side.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from distinguo.records import Vote
from distinguo.selectors.belief import Parameters
from distinguo.selectors.belief_judge import NEGLIGIBLE, Answered, Asked, Manner, reliability
from distinguo.selectors.protocol import Choose, Chosen, Compare, Distinguish, Failed, Inputs, Question, RunOn, State

OUTPUTS = 6  # shown in one Choose, the likeliest: with more, a small model loses the thread
PAIRS_OF = 4  # clusters, the likeliest, that are compared with one another
TELLING = 3  # inputs asked for, and shown to the judge, for one pair
SPLITTING = 4  # inputs asked for to split a cluster; not TELLING, so that it is seen what was asked for
TRIES = 4  # requests for inputs that tell the same two clusters apart
PROBES = 3  # pairs with a verdict in each order show whether the judge prefers a place
CONSISTENT = 0.7  # the share of them whose orders agree from which on one order of a pair is enough


@dataclass(frozen=True, slots=True)
class Option:
    """What may be asked next: the first questions, what the model is to expect of it, and all its calls in the end."""

    questions: tuple[Question, ...]
    asked: Asked
    calls: int

    @property
    def requests(self) -> bool:
        """Whether it begins with a request for new inputs."""
        return isinstance(self.questions[0], Distinguish)


class Interview:
    """What was asked so far, seen from the clusters as they are now.

    State.answers is read in an order that does not depend on when they arrived.
    """

    def __init__(
        self,
        state: State,
        clusters: Sequence[tuple[int, ...]],
        inputs: Sequence[str],
        known: Parameters,
        probes: int = PROBES,
    ) -> None:
        """`inputs` are those on which all candidates were run; `clusters` have equal outputs on each.

        probes: after how many pairs with a verdict in both orders one order may be enough.
        """
        self._state = state
        self._clusters = clusters
        self._inputs = sorted(inputs, key=lambda text: (len(text), text))
        self._of = {sample: place for place, cluster in enumerate(clusters) for sample in cluster}
        self._programs = _different(state, clusters)
        self._kept: dict[str, list[str | None]] = {}
        self._answers = sorted(state.answers.items(), key=lambda item: repr(item[0]))
        agreed, pairs = self._agreement()
        self.both_orders = pairs < probes or agreed < CONSISTENT * pairs
        self._orders = 2 if self.both_orders else 1
        levels = [reliability(agreed, pairs, level, known.pairs) for level in known.levels]
        self._comparing = tuple(Manner(level, known.ties, known.ties) for level in levels)
        self._choosing = tuple(
            Manner(max(0.5, level - known.blind), known.abstaining, known.abstaining_none) for level in levels
        )

    @property
    def calls(self) -> int:
        """How many questions were put to a model about the clusters, answered or not."""
        return sum(isinstance(question, Choose | Compare | Distinguish) for question, _ in self._answers)

    @property
    def requests(self) -> int:
        """How many of them asked for inputs that tell two clusters apart."""
        return sum(isinstance(question, Distinguish) and question.count == TELLING for question, _ in self._answers)

    @property
    def splits(self) -> int:
        """How many of them asked for inputs that split a cluster."""
        return sum(isinstance(question, Distinguish) and question.count == SPLITTING for question, _ in self._answers)

    @property
    def speechless(self) -> bool:
        """Whether so far every one of at least three questions failed."""
        about = [answer for question, answer in self._answers if isinstance(question, Choose | Compare | Distinguish)]
        return len(about) >= 3 and all(isinstance(answer, Failed) for answer in about)

    def unfinished(self) -> tuple[Question, ...]:
        """What an earlier question leaves to be done: runs on inputs that it brought, or a pair's other order."""
        samples = self._state.samples
        for question, answer in self._answers:
            if isinstance(question, Distinguish) and isinstance(answer, Inputs):
                missing = [
                    text for text in answer.texts if any(text not in self._state.rows[sample] for sample in samples)
                ]
                if missing:
                    return (RunOn(samples, tuple(missing)),)
            if isinstance(question, Compare) and self.both_orders and _swapped(question) not in self._state.answers:
                return (_swapped(question),)
        return ()

    def answered(self) -> list[Answered]:
        """Every verdict of the judge; of a pair in both orders the one that they agree on, else that there is none."""
        found = []
        for question, answer in self._answers:
            if isinstance(question, Choose) and isinstance(answer, Chosen):
                vote = question.samples.index(answer.sample) if answer.sample in question.samples else None
                found.append(Answered(Asked(self._printing(question), self._choosing), vote))
            elif isinstance(question, Compare) and isinstance(answer, Vote):
                other = self._state.answers.get(_swapped(question))
                if other is None:
                    verdict = {Vote.FIRST: 0, Vote.SECOND: 1}.get(answer)
                elif question.first < question.second and isinstance(other, Vote):
                    verdict = {(Vote.FIRST, Vote.SECOND): 0, (Vote.SECOND, Vote.FIRST): 1}.get((answer, other))
                else:
                    continue
                found.append(Answered(Asked(self._agreeing(question), self._comparing), verdict))
        return found

    def options(self, probabilities: Sequence[float]) -> Iterator[Option]:
        """What may be asked next; `probabilities` of the clusters say which of them are worth asking about."""
        likeliest = sorted(range(len(self._clusters)), key=lambda place: (-probabilities[place], place))
        yield from self._choices(likeliest, frozenset(p for p in likeliest if probabilities[p] >= NEGLIGIBLE))
        for one, other in combinations(sorted(likeliest[:PAIRS_OF]), 2):
            yield from self._comparison(one, other)

    def equivalence(self, cluster: int) -> Distinguish | None:
        """A request for inputs that would split a cluster of different programs, if none was made for it yet."""
        programs = self._programs[cluster]
        asked = [
            question
            for question in self._state.answers
            if isinstance(question, Distinguish) and question.count == SPLITTING and self._pair(question) == {cluster}
        ]
        return None if asked or len(programs) < 2 else Distinguish(programs[0], programs[-1], SPLITTING)

    def _choices(self, likeliest: Sequence[int], possible: frozenset[int]) -> Iterator[Option]:
        """A choice among the outputs on an input, for the shortest of those that divide the possible clusters alike."""
        asked = {question.input for question in self._state.answers if isinstance(question, Choose)}
        seen = set()
        for text in self._inputs:
            if text in asked:
                continue
            printing: dict[str, int] = {}
            for place in likeliest:
                output = self._prints(text)[place]
                if output is not None and len(printing) < OUTPUTS:
                    printing.setdefault(output, self._clusters[place][0])
            if len(printing) < 2:
                continue
            shown = list(printing.values())
            random.Random(f"{self._state.seed}/{text}").shuffle(shown)
            question = Choose(text, tuple(shown))
            sides = self._printing(question)
            division = frozenset(side & possible for side in sides)
            if len(division) > 1 and division not in seen:
                seen.add(division)
                yield Option((question,), Asked(sides, self._choosing), 1)

    def _comparison(self, one: int, other: int) -> Iterator[Option]:
        """Two clusters on inputs that have not been shown for them; where there are none, a request for new ones."""
        pair, used, requested = {one, other}, set[str](), 0
        for question in self._state.answers:
            if not isinstance(question, Compare | Distinguish) or self._pair(question) != pair:
                continue
            if isinstance(question, Compare):
                used.update(question.inputs)
            else:
                requested += 1
        known = [text for text in self._inputs if text not in used and self._differ(one, other, text)]
        turn = len(used) // TELLING
        if known:
            programs = self._programs[one], self._programs[other]
            first, second = (each[turn % len(each)] for each in programs)
            first, second = min(first, second), max(first, second)
            question = Compare(first, second, tuple(known[:TELLING]))
            if not self.both_orders and random.Random(f"{self._state.seed}/{question}").random() < 0.5:
                question = _swapped(question)
            orders = (question, _swapped(question))[: self._orders]
            yield Option(orders, Asked(self._agreeing(question), self._comparing), self._orders)
        if requested < TRIES:
            for first, second in product(self._programs[one], self._programs[other]):
                for request in (Distinguish(first, second, TELLING), Distinguish(second, first, TELLING)):
                    if request not in self._state.answers:
                        sides = frozenset({one}), frozenset({other})
                        yield Option((request,), Asked(sides, self._comparing), 1 + self._orders)
                        return

    def _pair(self, question: Compare | Distinguish) -> set[int]:
        """The clusters of the two samples, as they are now."""
        return {self._of[question.first], self._of[question.second]}

    def _prints(self, text: str) -> list[str | None]:
        """What each cluster prints on an input, None where it fails."""
        if text not in self._kept:
            runs = [self._state.rows[cluster[0]][text] for cluster in self._clusters]
            self._kept[text] = [run.key if run.works else None for run in runs]
        return self._kept[text]

    def _differ(self, one: int, other: int, text: str) -> bool:
        """Whether both work on an input, with different outputs."""
        prints = self._prints(text)
        return None not in (prints[one], prints[other]) and prints[one] != prints[other]

    def _printing(self, question: Choose) -> tuple[frozenset[int], ...]:
        return tuple(self._alike(sample, (question.input,)) for sample in question.samples)

    def _agreeing(self, question: Compare) -> tuple[frozenset[int], ...]:
        return self._alike(question.first, question.inputs), self._alike(question.second, question.inputs)

    def _alike(self, sample: int, inputs: Sequence[str]) -> frozenset[int]:
        """The clusters that print what a sample does on these inputs; without any, its own."""
        own = self._of[sample]
        if not inputs:
            return frozenset({own})
        alike = set(range(len(self._clusters)))
        for text in inputs:
            prints = self._prints(text)
            alike = {place for place in alike if prints[place] == prints[own]}
        return frozenset(alike)

    def _agreement(self) -> tuple[int, int]:
        """In how many pairs both orders name the same program, of those in which both name one."""
        agreed = pairs = 0
        for question, answer in self._answers:
            if isinstance(question, Compare) and question.first < question.second:
                votes = answer, self._state.answers.get(_swapped(question))
                if all(vote in (Vote.FIRST, Vote.SECOND) for vote in votes):
                    pairs += 1
                    agreed += votes[0] != votes[1]
        return agreed, pairs


def _swapped(question: Compare) -> Compare:
    return Compare(question.second, question.first, question.inputs)


def _different(state: State, clusters: Sequence[Sequence[int]]) -> list[list[int]]:
    """Of each cluster the first sample of each different program."""
    programs = {candidate.sample: candidate.program for candidate in state.candidates}
    return [sorted({programs[sample]: sample for sample in reversed(cluster)}.values()) for cluster in clusters]
