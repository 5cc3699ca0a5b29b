"""pass@k and how far it can be trusted."""

import math
import random
from collections.abc import Sequence
from typing import NamedTuple

CONFIDENCE = 0.95
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
    count, tail = len(values), (1 - CONFIDENCE) / 2
    value = min(1.0, math.fsum(values) / count)
    if min(values) == max(values) and value in (0.0, 1.0):
        reach = tail ** (1 / count)
        return Estimate(value, 0.0, 1 - reach) if value == 0 else Estimate(value, reach, 1.0)
    draw = random.Random(_SEED)
    means = sorted(math.fsum(draw.choices(values, k=count)) / count for _ in range(_RESAMPLES))
    return Estimate(value, means[round(tail * (_RESAMPLES - 1))], means[round((1 - tail) * (_RESAMPLES - 1))])
