"""What a judge's answers say about which cluster is right, and how much another answer is expected to say.

A judge is shown two or more outputs, or two programs with their outputs: the sides of a question, each one standing
for all clusters that do the same there. It gives no verdict at some rate; else it prefers the right side to each other
side with odds r : (1 - r) (Luce's choice rule; for two sides it is right with probability r). Where no side is right
it draws one. Under each hypothesis at most one wrong cluster fools it: against that one's side the right side has the
odds (1 - r) : r, time after time, so repeating a question that it gets wrong is worth less and less. Which of several
levels of reliability the judge has is learned from how well its answers go together.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from distinguo.selectors.belief import normalised

CONTENDERS = 8  # clusters, the likeliest before the judge, of which each one may fool it
OFTEN = 20  # answers that may be learned before weights are made larger again, lest they vanish
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
    """A question as the model sees it.

    sides: for each the clusters that it stands for; no cluster has two. manners: one for each level of reliability.
    """

    sides: tuple[frozenset[int], ...]
    manners: tuple[Manner, ...]


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

    Behind each hypothesis stand joint ones with how reliable the judge is and who fools it, which are summed out.
    """

    def __init__(
        self, logs: Sequence[float], fooled: float, answers: Iterable[Answered] = (), levels: Sequence[float] = (1.0,)
    ) -> None:
        """`logs` as in belief.prior. fooled: the share of wrong clusters that fool the judge.

        levels: the prior probability of each level of reliability.
        """
        prior = normalised(logs)
        likeliest = sorted(range(len(logs) - 1), key=lambda cluster: (-prior[cluster], cluster))
        contenders = likeliest[:CONTENDERS]
        self._levels = [_Level([level * value for value in prior], fooled, contenders) for level in levels]
        learned = 0
        for answer, times in Counter(answers).items():
            for level, manner in zip(self._levels, answer.asked.manners, strict=True):
                level.learn(answer, manner, times)
            learned += times
            if learned > OFTEN:
                scale, learned = max(level.largest for level in self._levels), 0
                for level in self._levels:
                    level.divide(scale)

    @cached_property
    def probabilities(self) -> list[float]:
        """Of each cluster and, last, of none; they sum to 1."""
        weights = [math.fsum(each) for each in zip(*(level.weights for level in self._levels), strict=True)]
        total = math.fsum(weights)
        return [weight / total for weight in weights]

    def information(self, asked: Asked) -> float:
        """What the answer is expected to say about the hypotheses: their mutual information, in nats."""
        mixed = [0.0] * (len(asked.sides) + 1)
        within = 0.0
        predictors = self._predictors(asked)
        for hypothesis, probability in enumerate(self.probabilities):
            if probability < NEGLIGIBLE:
                continue
            votes = self._predicted(hypothesis, predictors)
            within += probability * entropy(votes)
            for place, vote in enumerate(votes):
                mixed[place] += probability * vote
        total = math.fsum(mixed)
        return max(0.0, entropy([value / total for value in mixed]) - within / total)

    def predicted(self, hypothesis: int, asked: Asked) -> list[float]:
        """The probability of each vote, last of no verdict, if this hypothesis is true."""
        return self._predicted(hypothesis, self._predictors(asked))

    def _predictors(self, asked: Asked) -> "list[_Predictor]":
        return [
            _Predictor(level, asked.sides, _Strengths(len(asked.sides), manner))
            for level, manner in zip(self._levels, asked.manners, strict=True)
        ]

    def _predicted(self, hypothesis: int, predictors: "Sequence[_Predictor]") -> list[float]:
        weights = [predictor.level.weights[hypothesis] for predictor in predictors]
        total = math.fsum(weights)
        if not total:  # whatever is impossible predicts as the first level has it
            return predictors[0].votes(hypothesis)
        votes = [0.0] * (predictors[0].strengths.sides + 1)
        for predictor, weight in zip(predictors, weights, strict=True):
            for place, vote in enumerate(predictor.votes(hypothesis)):
                votes[place] += vote * weight / total
        return votes


class _Level:
    """The joint weights of all hypotheses at one level of reliability."""

    def __init__(self, prior: Sequence[float], fooled: float, contenders: Sequence[int]) -> None:
        """`prior` of each cluster and, last, of none. Of the wrong contenders each one may fool the judge."""
        self.contenders = contenders
        self.rows = [self._row(cluster, weight, fooled) for cluster, weight in enumerate(prior[:-1])]
        self._none = prior[-1]

    @cached_property
    def weights(self) -> list[float]:
        """Of each cluster and, last, of none, whoever fools the judge. Read when everything has been learned."""
        return [*map(math.fsum, self.rows), self._none]

    @property
    def largest(self) -> float:
        """The largest weight."""
        return max(self._none, *map(max, self.rows))

    def divide(self, scale: float) -> None:
        """Divide all weights, so that they do not vanish."""
        self.rows = [[weight / scale for weight in row] for row in self.rows]
        self._none /= scale

    def learn(self, answer: Answered, manner: Manner, times: int) -> None:
        """Weigh every hypothesis by how likely it makes an answer that was given so many times."""
        vote, side_of = answer.vote, _side_of(answer.asked.sides)
        strengths = _Strengths(len(answer.asked.sides), manner)
        fooling = [side_of.get(contender) for contender in self.contenders]
        factors: dict[int | None, list[float]] = {}
        for cluster, row in enumerate(self.rows):
            right = side_of.get(cluster)
            if right not in factors:
                unfooled = strengths.likelihood(vote, right, None) ** times
                known = {None: unfooled, right: unfooled}
                for side in fooling:
                    if side not in known:
                        known[side] = strengths.likelihood(vote, right, side) ** times
                factors[right] = [*map(known.__getitem__, fooling), unfooled]
            self.rows[cluster] = [weight * factor for weight, factor in zip(row, factors[right], strict=True)]
        self._none *= strengths.likelihood(vote, None, None) ** times

    def _row(self, cluster: int, weight: float, fooled: float) -> list[float]:
        """A hypothesis's weight with each contender fooling the judge and, last, with nobody."""
        rivals = sum(contender != cluster for contender in self.contenders)
        each = (1 - (1 - fooled) ** rivals) / rivals if rivals else 0.0
        row = [0.0 if contender == cluster else weight * each for contender in self.contenders]
        return [*row, weight * (1 - each * rivals)]


class _Predictor:
    """What hypotheses make of a question at one level of reliability."""

    def __init__(self, level: _Level, sides: Sequence[frozenset[int]], strengths: "_Strengths") -> None:
        self.level = level
        self.strengths = strengths
        self._side_of = _side_of(sides)
        self._fooling = [self._side_of.get(contender) for contender in level.contenders]

    def votes(self, hypothesis: int) -> list[float]:
        """The probability of each vote and, last, of no verdict."""
        right = self._side_of.get(hypothesis)
        if right is None:
            return self.strengths.mixed(None, [])
        row = self.level.rows[hypothesis]
        total = self.level.weights[hypothesis] or 1.0
        fooled = [0.0] * self.strengths.sides
        for side, weight in zip(self._fooling, row, strict=False):
            if side is not None and side != right:
                fooled[side] += weight / total
        return self.strengths.mixed(right, fooled)


class _Strengths:
    """What a question's votes are worth: a right side r / (1 - r), one that fools the square of that, any other 1."""

    def __init__(self, sides: int, manner: Manner) -> None:
        self.sides = sides
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


def _side_of(sides: Sequence[frozenset[int]]) -> dict[int, int]:
    return {cluster: side for side, clusters in enumerate(sides) for cluster in clusters}
