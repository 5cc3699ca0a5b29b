"""pass@k and how far it can be trusted."""

import math
import random
from collections.abc import Sequence
from typing import NamedTuple

CONFIDENCE = 0.95
_TAIL = (1 - CONFIDENCE) / 2
_RESAMPLES = 2_000
_SEED = 0  # the same counts have the same interval


class Estimate(NamedTuple):
    """A mean over problems and its confidence interval."""

    value: float
    low: float
    high: float


def pass_at_k(n: int, c: int, k: int) -> float | None:
    """The unbiased estimate 1 - C(n-c, k) / C(n, k) of pass@k (Chen et al. 2021, arXiv 2107.03374, section 2.1).

    n: samples drawn, c: how many of them are right, k >= 1. Undefined, so None, when n < k.
    """
    if not 0 <= c <= n or k < 1:
        raise ValueError(f"pass@k needs 0 <= c <= n and k >= 1, not n={n}, c={c}, k={k}")
    if n < k:
        return None
    if n - c < k:
        return 1.0
    return -math.expm1(math.fsum(math.log1p(-k / i) for i in range(n - c + 1, n + 1)))


def mean_pass_at_k(counts: Sequence[tuple[int, int]], k: int) -> Estimate | None:
    """The mean of pass@k over problems, each given as (n, c); None where it is undefined for one, or there is none."""
    each = [value for n, c in counts if (value := pass_at_k(n, c, k)) is not None]
    return mean(each) if each and len(each) == len(counts) else None


def mean(values: Sequence[float]) -> Estimate:
    """The mean of values between 0 and 1, at least one, with its 95% interval.

    The interval is the bootstrap's over the values (percentiles, seed fixed); where all are 0 or all are 1, which
    leaves the bootstrap nothing to draw from, the exact one of Clopper and Pearson.
    """
    count = len(values)
    value = min(1.0, math.fsum(values) / count)
    if min(values) == max(values) and value in (0.0, 1.0):
        reach = _TAIL ** (1 / count)
        return Estimate(value, 0.0, 1 - reach) if value == 0 else Estimate(value, reach, 1.0)
    return _between(value, resampled(values))


def resampled(values: Sequence[float]) -> list[float]:
    """The means of the bootstrap's draws; for equally many values the same are drawn each time."""
    draw, count = random.Random(_SEED), len(values)
    return [math.fsum(draw.choices(values, k=count)) / count for _ in range(_RESAMPLES)]


def difference(
    one: Sequence[float], other: Sequence[float], means: tuple[Sequence[float], Sequence[float]] | None = None
) -> Estimate:
    """The mean of one - other over the same problems, values between 0 and 1, with its 95% interval.

    The interval is the bootstrap's over the problems. Where all differences are equal and 0, -1 or 1, it reaches so far
    that a share of other problems as large would have shown one of them with a probability of 97.5%.
    means: of both as `resampled` has them, where they are known.
    """
    count = len(one)
    differences = {mine - theirs for mine, theirs in zip(one, other, strict=True)}
    value = (math.fsum(one) - math.fsum(other)) / count
    if len(differences) == 1 and value in (-1.0, 0.0, 1.0):
        reach = 1 - _TAIL ** (1 / count)
        return Estimate(value, max(-1.0, value - reach), min(1.0, value + reach))
    mine, theirs = means or (resampled(one), resampled(other))
    return _between(value, [a - b for a, b in zip(mine, theirs, strict=True)])


def _between(value: float, means: Sequence[float]) -> Estimate:
    ordered = sorted(means)
    return Estimate(value, ordered[round(_TAIL * (_RESAMPLES - 1))], ordered[round((1 - _TAIL) * (_RESAMPLES - 1))])
