"""Shapes, and those of numbers and constants: the known values at one place, drawn anew or changed a little.

What holds for every known value is kept. Equal generators of random numbers in equal states give equal values.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

POOL = 20  # known values that are drawn again as they are
DIGITS = 12  # decimals of a float
EMPTY = 0.3  # of the values drawn anew, where an empty one may be
SMALL_NUMBER, SMALL_LENGTH = 9, 5
LONGEST = 2000  # items or characters of a value that is not to be large


class Size(StrEnum):
    """How large drawn values are: as a slow program can bear, like the known ones, or such as expose slow programs."""

    SMALL = "small"
    USUAL = "usual"
    LARGE = "large"


class Shape(Protocol):
    """What is known of the values at one place."""

    def draw(self, rng: random.Random, size: Size) -> Any:
        """A value that may stand there."""

    def change(self, value: Any, rng: random.Random, size: Size) -> Any:
        """One of its values, changed a little; perhaps the same one."""

    def grow(self, length: int, rng: random.Random) -> Any:
        """A value of about so many items or characters; None where nothing can grow."""


@dataclass(frozen=True, slots=True)
class Constant:
    """Values of which nothing is known but that they occur: None, truth values, bytes, complex numbers."""

    seen: tuple[Any, ...]

    def draw(self, rng: random.Random, size: Size) -> Any:
        """One that occurs."""
        return rng.choice(self.seen)

    def change(self, value: Any, rng: random.Random, size: Size) -> Any:
        """Another one that occurs, where there is one."""
        return rng.choice([other for other in self.seen if other is not value] or self.seen)

    def grow(self, length: int, rng: random.Random) -> Any:
        """None: it has no length."""
        return None


@dataclass(frozen=True, slots=True)
class Number:
    """Finite numbers.

    seen: known ones. low, high: of all known ones. floor: no smaller one is made. top: no greater one is, where they
    are shares of one. decimals: of a float; None for ints. few: they are an enumeration such as 0 and 1.
    """

    seen: tuple[Any, ...]
    low: Any
    high: Any
    floor: Any
    top: Any
    decimals: int | None
    few: bool

    @classmethod
    def of(cls, known: Sequence[Any], free: bool = False) -> "Number":
        """What these numbers, all ints or all floats, have in common; free: their bounds do not hold."""
        low, high = min(known), max(known)
        decimals = None if isinstance(known[0], int) else max(_decimals(number) for number in known)
        reach = 2 * max(abs(low), abs(high), 5)
        step = 1 if decimals is None else round(10.0**-decimals, DIGITS)
        floor = -reach if free or low < -1 else low if low <= 0 else step
        share = decimals is not None and len(known) > 1 and low >= 0 and high <= 1 and not free
        different = len(set(known))
        few = not free and ((different <= 2 and len(known) >= 6) or (different <= 4 and len(known) >= 20))
        return cls(pool(known), low, high, floor, 1.0 if share else math.inf, decimals, few)

    def draw(self, rng: random.Random, size: Size) -> Any:
        """One in the range that the known ones span, or somewhat beyond it."""
        if self.few or (size is not Size.SMALL and rng.random() < 0.1):
            return rng.choice(self.seen)
        low, high = max(self.floor, self.low), self.high
        if size is Size.SMALL:
            low = max(self.floor, -SMALL_NUMBER) if self.floor <= SMALL_NUMBER else self.floor
            high = min(max(self.high, low + 3), low + 2 * SMALL_NUMBER, max(SMALL_NUMBER, low))
        elif size is Size.LARGE and rng.random() < 0.5:
            high = max(high, 10 ** rng.randint(3, 9))
        elif rng.random() < 0.3:
            low, high = self.floor, max(2 * high, high + 3)
        return self._between(rng, low, min(high, self.top))

    def _between(self, rng: random.Random, low: Any, high: Any) -> Any:
        low, high = min(low, high), max(low, high)
        if self.decimals is None:
            return rng.randint(int(low), int(high))
        drawn = round(rng.uniform(low, high), self.decimals)
        return drawn if math.isfinite(drawn) else rng.choice(self.seen)

    def change(self, value: Any, rng: random.Random, size: Size) -> Any:
        """A neighbour, an edge, another sign or magnitude, another known one, or one drawn anew."""
        if self.few:
            return rng.choice(self.seen)
        step = 1 if self.decimals is None else round(10.0**-self.decimals, DIGITS)
        zero = type(value)(0)
        others = [value + step, value - step, value + 1, value - 1, zero, zero + 1, -value, type(value)(self.floor)]
        if size is not Size.SMALL:
            others += [value * 2, value * 10, value * 10 ** rng.randint(1, 3), type(value)(self.high), self.seen[-1]]
        others += [rng.choice(self.seen), self.draw(rng, size)]
        if self.decimals is None:
            others.append(value // 2)
        else:
            others = [round(other, self.decimals) for other in others if math.isfinite(other)]
        return rng.choice([o for o in others if self.floor <= o <= self.top and o != value] or [value])

    def grow(self, length: int, rng: random.Random) -> Any:
        """None: it has no length."""
        return None

    def different(self, count: int, rng: random.Random) -> list[Any]:
        """So many different ones; fewer where there are no more."""
        if self.few:
            return list(self.seen)
        if self.decimals is None:
            room = max(int(self.high) - int(self.floor) + 1, 4 * count)
            return [int(self.floor) + offset for offset in rng.sample(range(room), count)]
        return list(dict.fromkeys(self.draw(rng, Size.LARGE) for _ in range(2 * count)))[:count]


def _decimals(number: float) -> int:
    exponent = Decimal(repr(number)).as_tuple().exponent
    return min(DIGITS, max(1, -exponent)) if isinstance(exponent, int) else 1


def pool(known: Sequence[Any]) -> tuple[Any, ...]:
    """Different known values, in order of size, evenly picked where there are many."""
    ordered = sorted(set(known))
    step = max(1, -(-len(ordered) // POOL))
    return tuple(dict.fromkeys([*ordered[::step], ordered[-1]]))
