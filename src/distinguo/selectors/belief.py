"""What the sizes of clusters, tests, failures and agreement say about which cluster is right, if any is.

The hypotheses are numbered like the clusters; one more, the last, is that none of them is right. Evidence is a list of
natural logarithms, one for each hypothesis, and adds up: each piece is counted once. belief_judge adds a judge's.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from distinguo.selectors.b4 import log_beta
from distinguo.selectors.matrix import Columns

NEVER = -math.inf


@dataclass(frozen=True, slots=True)
class Pool:
    """What is known of each cluster, in one order.

    sizes: its samples, each as often as it was drawn. programs: its different programs. passed: the tests that it
    passes, as bits of `tests` ones. works: for each input that all were run on, whether its run ended well.
    agreed: how often, over these inputs and all other clusters, another one gave the same output; failures never agree.
    """

    sizes: tuple[int, ...]
    programs: tuple[int, ...]
    passed: tuple[int, ...]
    tests: int
    works: tuple[tuple[bool, ...], ...]
    agreed: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Parameters:
    """The constants of the model. belief_fit.fit replaces the defaults of the first ten on recorded pools.

    a, b: a problem's share of right samples is drawn from Beta(a, b).
    theta: the concentration of the Chinese restaurant process by which wrong samples fall into clusters.
    tilts, spreads: what kinds of problems there are: a and b are really a times and b divided by one of `tilts`, theta
    is really theta times one of `spreads`. Each is as probable as another before the clusters are seen.
    cells: how many independent results of a program on a test all results together are worth at most: neither tests
    nor programs are independent of one another.
    right_tests: pseudo-counts (right, wrong) of the share of generated tests that are right.
    lucky: pseudo-counts (passes, fails) of a wrong cluster on a wrong test; on a right one they are (1, 1).
    failing: the odds of a cluster that fails on an input on which another one works, against one that never does.
    agreeing: the exponent of the share of outputs on which a cluster agrees with another one.

    levels: how often a judge's verdict on two programs, the same in both orders, may be right; any of these is equally
    probable. ties: how often it gives none. blind: how much less often it tells the right one of two outputs from a
    wrong one when it sees no program. abstaining: how often it then holds none for right though one is;
    abstaining_none: how often when no program is, though some of them may print what is right there.
    fooled: the share of wrong clusters that a judge prefers to the right one again and again.
    pairs: how many the prior counts for in the share of those whose two orders agree.
    """

    a: float = 0.53
    b: float = 0.92
    theta: float = 2.8
    tilts: tuple[float, ...] = (0.75, 1.33)
    spreads: tuple[float, ...] = (0.35, 0.7, 1.4, 2.8)
    cells: float = 4.0
    right_tests: tuple[float, float] = (100.0, 1.0)
    lucky: tuple[float, float] = (1.0, 1e5)
    failing: float = 0.7
    agreeing: float = 1.0
    levels: tuple[float, ...] = (0.57, 0.67, 0.80)
    ties: float = 0.15
    blind: float = 0.05
    abstaining: float = 0.15
    abstaining_none: float = 0.20
    fooled: float = 0.10
    pairs: float = 20.0


def log_sum(values: Sequence[float]) -> float:
    """The logarithm of a sum of exponentials."""
    top = max(values)
    return top if top == NEVER else top + math.log(math.fsum(math.exp(value - top) for value in values))


def normalised(logs: Sequence[float]) -> list[float]:
    """The probabilities in proportion to these exponentials."""
    total = log_sum(logs)
    return [math.exp(value - total) for value in logs]


def from_sizes(sizes: Sequence[int], known: Parameters) -> list[float]:
    """Beta-CRP: N samples, of which n_k form cluster k; the right ones form one cluster, the wrong ones a CRP.

    For cluster k: ln B(a + n_k, b + N - n_k) - ln Γ(n_k) - ln Γ(θ + N - n_k); for none: ln θ + ln B(a, b + N) -
    ln Γ(θ + N). Samples count as often as they were drawn. Over the kinds of problems in `known` it is averaged, each
    kind weighed by how likely it makes these sizes, which is why (K - 1) ln θ + ln Γ(θ) - ln B(a, b) is added to all.
    """
    total, kinds = sum(sizes), list[list[float]]()
    shared = math.log(len(known.tilts) * len(known.spreads))
    for tilt, spread in product(known.tilts, known.spreads):
        a, b, theta = known.a * tilt, known.b / tilt, known.theta * spread
        kind = (len(sizes) - 1) * math.log(theta) + math.lgamma(theta) - log_beta(a, b) - shared
        # equal sizes are equally likely
        right = {
            size: kind + log_beta(a + size, b + total - size) - math.lgamma(size) - math.lgamma(theta + total - size)
            for size in set(sizes)
        }
        none = kind + math.log(theta) + log_beta(a, b + total) - math.lgamma(theta + total)
        kinds.append([*map(right.__getitem__, sizes), none])
    return [log_sum(each) for each in zip(*kinds, strict=True)]


def from_tests(pool: Pool, known: Parameters) -> list[float]:
    """B4's terms for y, E1 and E0 under weak priors, tempered (Chen et al. 2024, arXiv 2409.08692, section 4).

    Were cluster k right, the tests that it passes would be the right ones; E1 and E0 are what all other programs make
    of the right and of the wrong tests, equal programs once. Were no cluster right, any set of tests might be the right
    ones, that of the likeliest cluster, too: tests speak for one cluster against another, not against none.
    """
    tests, everyone = pool.tests, sum(pool.programs)
    if not tests:
        return [0.0] * (len(pool.passed) + 1)
    columns = Columns(row for row, count in zip(pool.passed, pool.programs, strict=True) for _ in range(count))
    ones = columns.total((1 << tests) - 1)

    def evidence(others: int, right: int, ones_right: int, ones_wrong: int) -> float:
        wrong = tests - right
        return (
            _log_likelihood(right, wrong, known.right_tests)
            + _log_likelihood(ones_right, others * right - ones_right, (1.0, 1.0))
            + _log_likelihood(ones_wrong, others * wrong - ones_wrong, known.lucky)
        )

    logs = []
    for row, count in zip(pool.passed, pool.programs, strict=True):
        right, ones_right = row.bit_count(), columns.total(row)
        logs.append(evidence(everyone - count, right, ones_right - count * right, ones - ones_right))
    share = tempering(pool, known)
    return [share * value for value in (*logs, max(logs))]


def tempering(pool: Pool, known: Parameters) -> float:
    """The share at which results on tests count: all together as `cells` independent ones, where there are more."""
    return min(1.0, known.cells / max(1, pool.tests * sum(pool.programs)))


def from_failures(pool: Pool, known: Parameters) -> list[float]:
    """What it says that a cluster's runs end well, or do not, on inputs on which those of another cluster do.

    A right program may fail on an input that is none of the problem's, so one failure says as much as several. But a
    cluster that always fails where another works is never right.
    """
    telling = [seen for seen in zip(*pool.works, strict=True) if any(seen)]
    logs = []
    for runs in zip(*telling, strict=True) if telling else [()] * len(pool.sizes):
        failing = len(runs) - sum(runs)
        logs.append(0.0 if not failing else NEVER if failing == len(runs) else math.log(known.failing))
    return [*logs, 0.0]


def from_agreement(pool: Pool, known: Parameters) -> list[float]:
    """What it says how often other clusters give the same outputs: programs that go wrong do so in different ways.

    Unlike in soft MBR (Shi et al. 2022, arXiv 2204.11454) each of the others counts once and a cluster not for itself:
    its size is known already. That none is right is as likely as for what an average sample agrees on.
    """
    inputs = len(pool.works[0])
    if not inputs:
        return [0.0] * (len(pool.sizes) + 1)
    shares = [(agreed / inputs + 0.5) / len(pool.sizes) for agreed in pool.agreed]
    average = math.fsum(share * size for share, size in zip(shares, pool.sizes, strict=True)) / sum(pool.sizes)
    return [known.agreeing * math.log(share) for share in (*shares, average)]


def prior(pool: Pool, known: Parameters) -> list[float]:
    """All that is known without a judge: the logarithms, not normalised, for each cluster and, last, for none."""
    pieces = (
        from_sizes(pool.sizes, known),
        from_tests(pool, known),
        from_failures(pool, known),
        from_agreement(pool, known),
    )
    return [NEVER if NEVER in values else math.fsum(values) for values in zip(*pieces, strict=True)]


def _log_likelihood(ones: int, zeros: int, pseudo: tuple[float, float]) -> float:
    """Of a certain sequence of draws with an unknown rate that has a Beta prior."""
    return log_beta(ones + pseudo[0], zeros + pseudo[1]) - log_beta(*pseudo)
