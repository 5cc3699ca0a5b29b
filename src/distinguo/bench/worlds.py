"""Problems without programs or models, drawn at random: pools of candidates, what they print, and who judges them.

A problem has N samples. How many are right is Binomial(N, p) with p ~ Beta(a, b); they form one cluster. The wrong ones
fall into clusters by a Chinese restaurant process with concentration theta. What a cluster prints on an input is drawn
when the input is written. Draws depend on the problem's seed and on what is asked, not on when it is asked: every
selector meets the same problems and the same judge.
"""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from distinguo.problem import Program
from distinguo.records import Candidate, Verdict, Vote
from distinguo.selectors.protocol import (
    Answer,
    Choose,
    Chosen,
    Compare,
    Distinguish,
    Failed,
    Generate,
    GeneratedTest,
    Inputs,
    Mutate,
    Observed,
    Question,
    Ran,
    RunOn,
    Stress,
    Tests,
    WriteInputs,
    WriteTests,
)

RIGHT = "right"
WRONG = ("wrong 1", "wrong 2", "wrong 3")  # other outputs on an input, each of which several programs may share


@dataclass(frozen=True, slots=True)
class Setting:
    """What problems and judges are like.

    samples: N. a, b, theta: of the module's model; problems without a right or without a wrong sample are drawn again,
    unless `any_share`.
    accuracy: how often a verdict on two programs, one of them right, names that one; ties: how often there is none.
    Where neither program is right, the verdict is a coin. fooled: the share of wrong clusters against which the verdict
    is wrong as often as it is right against others, every time.
    by_outputs: whether a wrong program that prints the right output on all inputs shown counts as right for a verdict.
    choosing: the accuracy of a choice among outputs, of two; with more of them the odds of the right one to each other
    stay. silent: how often such a choice names none though one is right; silent_none: when none is.
    prefers_first: how often the judge names what is shown first, whatever it is.
    persistent: a verdict on two clusters, or on the same division of all, is the same whichever samples or inputs are
    shown; else each pair of samples and each input has one of its own. orders_apart: so has each order.
    On an input every cluster prints one of four outputs, drawn evenly; what the right one prints is right. alike: how
    often a wrong cluster prints that whatever is drawn.
    tests: how often a generated test expects the right output, None where no test can be written. repeated: how often
    a test is like the one before it: right if that is, and passed by the same clusters.
    """

    name: str
    samples: int = 16
    a: float = 0.7
    b: float = 0.7
    theta: float = 2.0
    any_share: bool = False
    accuracy: float = 0.75
    ties: float = 0.15
    fooled: float = 0.10
    by_outputs: bool = False
    choosing: float = 0.70
    silent: float = 0.15
    silent_none: float = 0.35
    prefers_first: float = 0.0
    persistent: bool = False
    orders_apart: bool = False
    alike: float = 0.0
    tests: float | None = None
    repeated: float = 0.0


class World:
    """One problem: a pool, and an answer to every question about it. selector_seed: of every selector's own draws."""

    def __init__(self, setting: Setting, seed: int | str) -> None:
        self.setting = setting
        self._seed = f"{setting.name}/{seed}"
        draw = random.Random(self._seed)
        right = _right(setting, draw)
        wrong = _restaurant(setting.samples - right, setting.theta, draw)
        sizes = [right, *wrong]  # cluster 0 is the right one; it may be empty
        of = [cluster for cluster, size in enumerate(sizes) for _ in range(size)]
        draw.shuffle(of)
        self._of = of
        self._fools = [cluster > 0 and draw.random() < setting.fooled for cluster in range(len(sizes))]
        self._prints: dict[str, tuple[str, ...]] = {}
        self._expected: dict[str, str] = {}
        self.candidates = [Candidate(sample, Program(f"{self._seed}/{sample}"), ()) for sample in range(len(of))]
        self.selector_seed = draw.getrandbits(32)

    @property
    def solvable(self) -> bool:
        """Whether a sample is right."""
        return 0 in self._of

    @property
    def matches(self) -> int:
        """How many pairs of samples are in different clusters."""
        sizes = Counter(self._of).values()
        return (len(self._of) ** 2 - sum(size * size for size in sizes)) // 2

    def right(self, sample: int) -> bool:
        """Whether this sample is."""
        return self._of[sample] == 0

    def observed(self, sample: int, text: str) -> Observed:
        """What a sample does on an input that some answer brought."""
        return Observed(Verdict.AC, self._prints[text][self._of[sample]])

    def passes(self, sample: int, test: str) -> bool:
        """Whether a sample passes a generated test."""
        return self._prints[test][self._of[sample]] == self._expected[test]

    def answer(self, question: Question) -> Answer:
        """The answer; runs that it takes are known from then on."""
        match question:
            case Mutate(large=True):
                return Inputs(())
            case WriteInputs() | Mutate() | Generate():
                return Inputs(self._inputs(repr(question), question.count))
            case WriteTests() | Stress():
                return self._tests(repr(question), question.count)
            case Distinguish():
                return self._distinguish(question)
            case Compare():
                return self._compare(question)
            case Choose():
                return self._choose(question)
            case RunOn():
                return Ran()

    def _inputs(self, kind: str, count: int) -> tuple[str, ...]:
        """Inputs that together tell all clusters apart."""
        draw = random.Random(f"{self._seed}/{kind}")
        rows = [self._outputs(draw) for _ in range(count)]
        for one, other in combinations(range(len(self._fools)), 2):
            if all(row[one] == row[other] for row in rows):
                draw.choice(rows)[other] = f"wrong as cluster {other}"
        return self._keep(kind, rows)

    def _tests(self, kind: str, count: int) -> Answer:
        if self.setting.tests is None:
            return Failed("no test can be written")
        draw = random.Random(f"{self._seed}/{kind}")
        rows, expected = list[list[str]](), list[str]()
        for _ in range(count):
            if rows and draw.random() < self.setting.repeated:
                rows.append(list(rows[-1]))
                expected.append(expected[-1])
            else:
                rows.append(self._outputs(draw))
                expected.append(RIGHT if draw.random() < self.setting.tests else draw.choice(WRONG))
        texts = self._keep(kind, rows)
        self._expected.update(zip(texts, expected, strict=True))
        return Tests(tuple(GeneratedTest(text, (text,)) for text in texts))

    def _distinguish(self, question: Distinguish) -> Answer:
        """One input: on it the two clusters differ, and every other one does as one of them."""
        one, other = self._of[question.first], self._of[question.second]
        if one == other:
            return Inputs(())
        draw = random.Random(f"{self._seed}/{question!r}")
        row = [draw.randrange(2) for _ in self._fools]
        row[one], row[other] = 0, 1
        names = [WRONG[0], WRONG[0]]
        names[row[0]] = RIGHT
        return Inputs(self._keep(repr(question), [[names[side] for side in row]]))

    def _compare(self, question: Compare) -> Vote:
        setting = self.setting
        pair = question.first, question.second
        if random.Random(f"{self._seed}/first/{question!r}").random() < setting.prefers_first:
            return Vote.FIRST
        shown = self._of if setting.persistent else range(len(self._of))
        low, high = sorted(pair, key=lambda sample: (shown[sample], sample))
        key = f"{shown[low]}/{shown[high]}/{'' if setting.persistent else question.inputs}"
        if setting.orders_apart:
            key = f"{key}/{pair[0] == low}"
        draw = random.Random(f"{self._seed}/pair/{key}")
        tie, verdict, coin = (draw.random() for _ in range(3))
        if tie < setting.ties:
            return Vote.TIE
        right = [sample for sample in pair if self._counts_as_right(sample, question.inputs)]
        if len(right) == 1:
            rival = pair[1 - pair.index(right[0])]
            fails = verdict >= (1 - setting.accuracy if self._fools[self._of[rival]] else setting.accuracy)
            winner = rival if fails else right[0]
        else:
            winner = low if coin < 0.5 else high
        return Vote.FIRST if winner == pair[0] else Vote.SECOND

    def _counts_as_right(self, sample: int, inputs: Sequence[str]) -> bool:
        outputs = [self._prints[text][self._of[sample]] for text in inputs] if self.setting.by_outputs else []
        return all(output == RIGHT for output in outputs) if outputs else self.right(sample)

    def _choose(self, question: Choose) -> Chosen:
        """By Luce's rule: of any two outputs the right one is preferred as if there were no others."""
        setting = self.setting
        if random.Random(f"{self._seed}/first/{question!r}").random() < setting.prefers_first:
            return Chosen(question.samples[0])
        prints = self._prints[question.input]
        shown = {prints[self._of[sample]]: sample for sample in question.samples}
        key = repr(_division(prints)) if setting.persistent else question.input
        draw = random.Random(f"{self._seed}/choice/{key}")
        if draw.random() < (setting.silent if RIGHT in shown else setting.silent_none):
            return Chosen(None)
        odds = setting.choosing / (1 - setting.choosing)
        strengths = dict.fromkeys(sorted(shown), 1.0)
        if RIGHT in shown:
            for cluster, output in enumerate(prints):
                if self._fools[cluster] and output in strengths:
                    strengths[output] = odds**2
            strengths[RIGHT] = odds
        return Chosen(shown[draw.choices(list(strengths), list(strengths.values()))[0]])

    def _outputs(self, draw: random.Random) -> list[str]:
        """What each cluster prints on a new input."""
        outputs = [RIGHT, *WRONG]
        wrong = [
            RIGHT if draw.random() < self.setting.alike else draw.choice(outputs) for _ in range(len(self._fools) - 1)
        ]
        return [RIGHT, *wrong]

    def _keep(self, kind: str, rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
        texts = tuple(f"{kind} {place}" for place in range(len(rows)))
        self._prints.update((text, tuple(row)) for text, row in zip(texts, rows, strict=True))
        return texts


def _right(setting: Setting, draw: random.Random) -> int:
    """How many samples are right."""
    while True:
        share = draw.betavariate(setting.a, setting.b)
        right = sum(draw.random() < share for _ in range(setting.samples))
        if setting.any_share or 0 < right < setting.samples:
            return right


def _restaurant(guests: int, theta: float, draw: random.Random) -> list[int]:
    """The tables' sizes of a Chinese restaurant process."""
    tables: list[int] = []
    for seated in range(guests):
        chair = draw.random() * (theta + seated)
        for table, size in enumerate(tables):
            chair -= size
            if chair < 0:
                tables[table] += 1
                break
        else:
            tables.append(1)
    return tables


def _division(prints: Sequence[str]) -> list[list[int]]:
    groups: dict[str, list[int]] = {}
    for cluster, output in enumerate(prints):
        groups.setdefault(output, []).append(cluster)
    return list(groups.values())


def problems(setting: Setting, count: int, seed: int) -> Iterator[World]:
    """So many problems of a kind, the same for the same seed."""
    return (World(setting, f"{seed}/{index}") for index in range(count))
