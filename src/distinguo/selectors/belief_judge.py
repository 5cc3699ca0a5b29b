"""What a judge's answers say about which cluster is right, and how much another answer is expected to say.

A judge is shown two or more outputs, or two programs with their outputs: the sides of a question, each one standing
for all clusters that do the same there. It gives no verdict at some rate; else it prefers the right side to each other
side with odds r : (1 - r) (Luce's choice rule; for two sides it is right with probability r). Where no side is right
it draws one. Under each hypothesis at most one wrong cluster fools it: against that one's side the right side has the
odds (1 - r) : r, time after time, so repeating a question that it gets wrong is worth less and less.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from distinguo.selectors.belief import normalised

CONTENDERS = 12  # clusters, the likeliest before the judge, of which each one may fool it
NEGLIGIBLE = 1e-3  # hypotheses below this probability are left out of what a question is expected to say


@dataclass(frozen=True, slots=True)
class Manner:
    """How a judge answers one kind of question.

    reliability: r, how often its verdict on two sides is right. silent: how often it gives none though a side is
    right; silent_none: how often when none is.
    """

    reliability: float
    silent: float
    silent_none: float


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as the model sees it: for each side the clusters that it stands for; no cluster has two sides."""

    sides: tuple[frozenset[int], ...]
    manner: Manner


@dataclass(frozen=True, slots=True)
class Answered:
    """A judge's answer: the index of the side that it holds for right, None where it gave no verdict."""

    asked: Asked
    vote: int | None


def reliability(agreed: int, pairs: int, before: float, strength: float) -> float:
    """How often one verdict is right, judging by how often the two orders of a pair agree.

    With independent errors they agree with probability A = r² + (1 - r)², so r = (1 + sqrt(2A - 1)) / 2; A is taken
    as what `before` implies for `strength` pairs and what was seen in `pairs`. Errors are not independent (a misread
    problem is misread twice), so that much agreement proves nothing, while disagreement does: at most `before`.
    """
    agreement = (strength * (before**2 + (1 - before) ** 2) + agreed) / (strength + pairs)
    return min(before, (1 + math.sqrt(max(0.0, 2 * agreement - 1))) / 2)


class Belief:
    """The probability of each cluster and, last, of none, given the evidence so far and a judge's answers.

    Behind each hypothesis stands a joint one with who fools the judge, which is summed out.
    """

    def __init__(self, logs: Sequence[float], fooled: float, answers: Iterable[Answered] = ()) -> None:
        """`logs` as in belief.prior. fooled: the share of wrong clusters that fool the judge."""
        clusters = len(logs) - 1
        prior = normalised(logs)
        likeliest = sorted(range(clusters), key=lambda cluster: (-prior[cluster], cluster))
        self._contenders = likeliest[: min(CONTENDERS, clusters)]
        self._rows = [self._row(cluster, weight, fooled) for cluster, weight in enumerate(prior[:-1])]
        self._none = prior[-1]
        for answer in answers:
            self._learn(answer)

    @cached_property
    def probabilities(self) -> list[float]:
        """Of each cluster and, last, of none; they sum to 1."""
        weights = [*map(math.fsum, self._rows), self._none]
        total = math.fsum(weights)
        return [weight / total for weight in weights]

    def information(self, asked: Asked) -> float:
        """What the answer is expected to say about the hypotheses: their mutual information, in nats."""
        mixed = [0.0] * (len(asked.sides) + 1)
        within = 0.0
        side_of = _sides(asked)
        strengths = _Strengths(asked)
        for hypothesis, probability in enumerate(self.probabilities):
            if probability < NEGLIGIBLE:
                continue
            votes = self._predicted(hypothesis, side_of, strengths)
            within += probability * entropy(votes)
            for place, vote in enumerate(votes):
                mixed[place] += probability * vote
        total = math.fsum(mixed)
        return max(0.0, entropy([value / total for value in mixed]) - within / total)

    def predicted(self, hypothesis: int, asked: Asked) -> list[float]:
        """The probability of each vote, last of no verdict, if this hypothesis is true."""
        return self._predicted(hypothesis, _sides(asked), _Strengths(asked))

    def _row(self, cluster: int, weight: float, fooled: float) -> list[float]:
        """The hypothesis's weight with each contender fooling the judge and, last, with nobody."""
        rivals = sum(contender != cluster for contender in self._contenders)
        each = (1 - (1 - fooled) ** rivals) / rivals if rivals else 0.0
        row = [0.0 if contender == cluster else weight * each for contender in self._contenders]
        return [*row, weight * (1 - each * rivals)]

    def _learn(self, answer: Answered) -> None:
        vote, side_of, strengths = answer.vote, _sides(answer.asked), _Strengths(answer.asked)
        fooling = [side_of.get(contender) for contender in self._contenders]
        for cluster, row in enumerate(self._rows):
            right = side_of.get(cluster)
            unfooled = strengths.likelihood(vote, right, None)
            known = {None: unfooled, right: unfooled}
            for place, side in enumerate(fooling):
                if side not in known:
                    known[side] = strengths.likelihood(vote, right, side)
                row[place] *= known[side]
            row[-1] *= unfooled
        self._none *= strengths.likelihood(vote, None, None)
        scale = max(self._none, *map(max, self._rows))
        self._rows = [[weight / scale for weight in row] for row in self._rows]
        self._none /= scale

    def _predicted(self, hypothesis: int, side_of: Mapping[int, int], strengths: "_Strengths") -> list[float]:
        right = side_of.get(hypothesis)
        if right is None:
            return strengths.mixed(None, [])
        row = self._rows[hypothesis]
        total = math.fsum(row)
        fooled = [0.0] * strengths.sides
        for contender, weight in zip(self._contenders, row, strict=False):
            side = side_of.get(contender)
            if side is not None and side != right:
                fooled[side] += weight / total
        return strengths.mixed(right, fooled)


class _Strengths:
    """What a question's votes are worth: a right side r / (1 - r), one that fools the square of that, any other 1."""

    def __init__(self, asked: Asked) -> None:
        self.sides = len(asked.sides)
        manner = asked.manner
        odds = manner.reliability / (1 - manner.reliability)
        self._silent, self._silent_none = manner.silent, manner.silent_none
        spoken, spoken_none = 1 - manner.silent, 1 - manner.silent_none
        unfooled, fooled = odds + self.sides - 1, odds + odds * odds + self.sides - 2
        self._right, self._wrong = spoken * odds / unfooled, spoken / unfooled
        self._right_fooled, self._wrong_fooled = spoken * odds / fooled, spoken / fooled
        self._fooling = spoken * odds * odds / fooled
        self._any = spoken_none / self.sides

    def likelihood(self, vote: int | None, right: int | None, fooling: int | None) -> float:
        """Of a vote, given the right side and the one that fools the judge; None where there is no such side."""
        if right is None:
            return self._silent_none if vote is None else self._any
        if vote is None:
            return self._silent
        if fooling is None:
            return self._right if vote == right else self._wrong
        return self._right_fooled if vote == right else self._fooling if vote == fooling else self._wrong_fooled

    def mixed(self, right: int | None, fooled: Sequence[float]) -> list[float]:
        """Each vote's probability and, last, that of none, given how probably each side fools the judge."""
        if right is None:
            return [self._any] * self.sides + [self._silent_none]
        share = math.fsum(fooled)
        others = (1 - share) * self._wrong + share * self._wrong_fooled
        gained = self._fooling - self._wrong_fooled
        votes = [others + gained * each for each in fooled]
        votes[right] = (1 - share) * self._right + share * self._right_fooled
        return [*votes, self._silent]


def entropy(probabilities: Iterable[float]) -> float:
    """In nats."""
    return -sum([value * math.log(value) for value in probabilities if value > 0])


def _sides(asked: Asked) -> dict[int, int]:
    return {cluster: side for side, clusters in enumerate(asked.sides) for cluster in clusters}
