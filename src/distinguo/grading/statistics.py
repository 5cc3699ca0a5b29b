"""pass@k and how far it can be trusted; whether two methods differ."""

import math
import random
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import product
from operator import getitem, itemgetter
from typing import Any, NamedTuple

CONFIDENCE = 0.95
_TAIL = (1 - CONFIDENCE) / 2
_RESAMPLES = 2_000
_SEED = 0  # the same counts have the same interval
_MANY = 2_000  # values beyond which the normal limit stands for drawing
_NORMAL = 1.959964  # the normal distribution's quantile at 1 - _TAIL
_SPREAD = 50.0  # squared deviations, summed, that the normal limit needs: rarer events are drawn
_EXACT_SIGNS = 12  # differences of which every choice of signs is tried
_SIGNS = 20_000  # choices drawn for more of them


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
    return _limit(value, values) or _between(value, resampled(values))


def share(right: int, count: int) -> Estimate:
    """The share right / count, count >= 1, with the interval that `mean` gives so many ones among zeros.

    The bootstrap's percentiles are those of Binomial(count, right / count): they are computed, nothing is drawn.
    """
    if not 0 <= right <= count or not count:
        raise ValueError(f"a share needs 0 <= right <= count and count >= 1, not {right} of {count}")
    if right in (0, count):
        return mean([float(right > 0)] * count)
    value = right / count
    low = high = count
    below, found = 0.0, False
    for successes in range(count + 1):
        below += math.exp(_log_binomial(successes, count, value))
        if below >= _TAIL and not found:
            low, found = successes, True
        if below >= 1 - _TAIL:
            high = successes
            break
    return Estimate(value, low / count, high / count)


def resampled(values: Sequence[float]) -> list[float]:
    """The means of the bootstrap's draws; for equally many values the same are drawn each time."""
    count = len(values)
    if count > _MANY:
        draw = random.Random(_SEED)
        return [math.fsum(draw.choices(values, k=count)) / count for _ in range(_RESAMPLES)]
    if count == 1:
        return [float(values[0])] * _RESAMPLES
    return [math.fsum(drawn(values)) / count for drawn in _draws(count)]


@lru_cache(maxsize=4)
def _draws(count: int) -> tuple[Callable[[Sequence[float]], tuple[Any, ...]], ...]:
    """What takes each draw out of so many values; drawing is most of the bootstrap's work."""
    draw, places = random.Random(_SEED), list(range(count))
    return tuple(itemgetter(*draw.choices(places, k=count)) for _ in range(_RESAMPLES))


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
    if means is not None:
        return _between(value, [a - b for a, b in zip(*means, strict=True)])
    each = [mine - theirs for mine, theirs in zip(one, other, strict=True)]
    return _limit(value, each) or _between(value, resampled(each))


def _between(value: float, means: Sequence[float]) -> Estimate:
    ordered = sorted(means)
    return Estimate(value, ordered[round(_TAIL * (_RESAMPLES - 1))], ordered[round((1 - _TAIL) * (_RESAMPLES - 1))])


def _limit(value: float, values: Sequence[float]) -> Estimate | None:
    """The bootstrap's interval as it is in the limit of many values; None where there are too few for that."""
    count = len(values)
    if count <= _MANY or (spread := math.fsum((one - value) ** 2 for one in values)) < _SPREAD:
        return None
    reach = _NORMAL * math.sqrt(spread) / count
    return Estimate(value, max(-1.0 if min(values) < 0 else 0.0, value - reach), min(1.0, value + reach))


def _log_binomial(successes: int, count: int, chance: float) -> float:
    ways = math.lgamma(count + 1) - math.lgamma(successes + 1) - math.lgamma(count - successes + 1)
    return ways + successes * math.log(chance) + (count - successes) * math.log1p(-chance)


def mcnemar(only_one: int, only_other: int) -> float:
    """The exact two-sided p of McNemar's test (1947): that two methods solve problems equally often.

    only_one, only_other: problems that one of the two solved and the other did not; each is as likely to be of either
    kind where the methods are equal, so p = min(1, 2 · P(Binomial(only_one + only_other, 1/2) <= the smaller)).
    """
    count, few = only_one + only_other, min(only_one, only_other)
    if few < 0:
        raise ValueError(f"numbers of problems are not negative: {only_one}, {only_other}")
    return min(1.0, 2 * math.fsum(math.exp(_log_binomial(successes, count, 0.5)) for successes in range(few + 1)))


def permutation(one: Sequence[float], other: Sequence[float]) -> float:
    """The two-sided p of the paired permutation test: that values of two methods on the same problems differ by chance.

    Where they do, each difference could as well have the other sign. All signs are tried for up to 12 differences that
    are not 0; for more, 20,000 choices are drawn by a fixed seed and the observed one is counted among them; beyond
    2,000 differences the normal limit stands for them.
    """
    differences = sorted((a - b for a, b in zip(one, other, strict=True) if a != b), key=lambda each: (abs(each), each))
    if not differences:
        return 1.0
    least = abs(math.fsum(differences)) - 1e-9  # equal sums may differ by their rounding
    sizes = [abs(each) for each in differences]
    if len(sizes) > _MANY:
        return math.erfc(max(0.0, least) / math.sqrt(2 * math.fsum(size * size for size in sizes)))
    whole, signs = math.fsum(sizes), _negative_sums(sizes)
    if len(sizes) <= _EXACT_SIGNS:
        every = [math.fsum(each) for each in product(*signs)]
        return sum(abs(whole - 2 * negative) >= least for negative in every) / len(every)
    draw = random.Random(_SEED)
    extreme = 0
    for _ in range(_SIGNS):
        negative = sum(map(getitem, signs, draw.randbytes(len(signs))))
        extreme += abs(whole - 2 * negative) >= least
    return (1 + extreme) / (1 + _SIGNS)


def _negative_sums(sizes: Sequence[float]) -> list[list[float]]:
    """For eight sizes at a time what those that a byte names come to; zeros fill up the last eight of many."""
    width = 8 if len(sizes) > _EXACT_SIGNS else 1
    filled = [*sizes, *[0.0] * (-len(sizes) % width)]
    eights = [filled[start : start + width] for start in range(0, len(filled), width)]
    return [
        [math.fsum(size for bit, size in enumerate(each) if byte >> bit & 1) for byte in range(1 << width)]
        for each in eights
    ]


def holm(chances: Sequence[float]) -> list[float]:
    """The p values of several tests, adjusted so that one is wrongly below a level no more often than the level says.

    Holm (1979): the i-th smallest of m is multiplied by m - i + 1, none falls below one before it, none exceeds 1.
    """
    adjusted = [0.0] * len(chances)
    reached = 0.0
    for rank, place in enumerate(sorted(range(len(chances)), key=chances.__getitem__)):
        reached = max(reached, min(1.0, (len(chances) - rank) * chances[place]))
        adjusted[place] = reached
    return adjusted
