"""How good a selector's rankings are: pass@k by groups of programs that it does not tell apart.

As CodeT's authors evaluate (Chen et al. 2023, arXiv 2207.10397, and their code): clusters with equal scores are one
group, each of the k best groups gives one program drawn uniformly, and where there are fewer groups they give further
ones in the same order. Probabilities are exact; nothing is drawn.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby
from typing import Protocol

from distinguo.grading.statistics import Estimate, difference, mean, resampled
from distinguo.records import Cluster

KS = (1, 2, 10)  # of pass@k, as CodeT reports it


@dataclass(frozen=True, slots=True)
class Ranking:
    """What a selector's choice on one problem is worth.

    shares: the share of right programs in each group, best first; those behind the largest of KS are left out. Empty
    where the selector ranked nothing. chosen: whether the program that it chose is right.
    """

    shares: tuple[float, ...]
    chosen: bool

    def pass_at(self, k: int) -> float | None:
        """The probability that one of k programs is right; without a ranking known for k = 1 only."""
        if not self.shares:
            return float(self.chosen) if k == 1 else None
        drawn = (self.shares[place % len(self.shares)] for place in range(k))
        return 1 - math.prod(1 - share for share in drawn)


@dataclass(frozen=True, slots=True)
class Averaged:
    """What a selector's choices among several draws of one problem's programs are worth; at least one."""

    rankings: tuple[Ranking, ...]

    @property
    def chosen(self) -> float:
        """How often the program that it chose is right."""
        return sum(one.chosen for one in self.rankings) / len(self.rankings)

    def pass_at(self, k: int) -> float | None:
        """The mean over the draws; None where it is unknown for one of them."""
        each = values(self.rankings, k)
        return math.fsum(each) / len(each) if each else None


class Rated(Protocol):
    """A problem on which a selector's pass@k may be known."""

    def pass_at(self, k: int) -> float | None:
        """pass@k; None where it is unknown."""


def ranking(clusters: Sequence[Cluster], chosen: int, right: Mapping[int, bool]) -> Ranking:
    """From clusters, best first, to a ranking. right: for each sample whether it is."""
    merged = [
        [sample for cluster in alike for sample in cluster.samples]
        for _, alike in groupby(clusters, key=lambda cluster: cluster.score)
    ]
    groups = merged[: max(KS)]
    return Ranking(tuple(sum(map(right.__getitem__, group)) / len(group) for group in groups), right[chosen])


def mean_pass_at(rankings: Sequence[Rated], k: int) -> Estimate | None:
    """The mean over problems with its 95% interval; None where it is unknown for one of them."""
    each = values(rankings, k)
    return mean(each) if each else None


def values(rankings: Sequence[Rated], k: int = 1) -> list[float]:
    """pass@k of each problem; empty where it is unknown for one of them."""
    each = [value for one in rankings if (value := one.pass_at(k)) is not None]
    return each if len(each) == len(rankings) else []


@dataclass(frozen=True, slots=True)
class Paired:
    """By how much pass@1 of `selector` is above that of `against` on the same problems."""

    selector: str
    against: str
    difference: Estimate


def paired(rankings: Mapping[str, Sequence[Rated]]) -> Iterator[Paired]:
    """Every two selectors; those that are compared with the first come first. There is at least one problem."""
    each = {name: values(some) for name, some in rankings.items()}
    means = {name: resampled(some) for name, some in each.items()} if len(each) > 1 else {}
    for against, name in combinations(each, 2):
        yield Paired(name, against, difference(each[name], each[against], (means[name], means[against])))
