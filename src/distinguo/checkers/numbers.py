"""Numbers in outputs: how they are read, when two are near, and the grid cell that stands for a number in a cluster.

Two integers are never near, only equal. An integer and a float are near within the absolute tolerance; without one
within the relative tolerance of at most 1, so that a large integer is not blurred.
"""

import math
import re
from dataclasses import dataclass
from fractions import Fraction

from distinguo import values

Number = int | float

_INTEGER = re.compile(r"[+-]?[0-9]{1,4000}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)
_DECIMAL_LENGTH = 400
_ROUNDED_BELOW = 1e9  # above, the noise of floating point reaches 1e-6


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far a float may be off: |a - b| <= absolute or |a - b| <= relative * |b|. 0 stands for no such tolerance."""

    absolute: float
    relative: float

    def near(self, output: Number, expected: Number) -> bool:
        """Whether a number counts as the expected one; the top of the file says how integers are compared."""
        if output == expected:
            return True
        if isinstance(output, int) and isinstance(expected, int):
            return False
        if not (_finite(output) and _finite(expected)):
            return output != output and expected != expected
        if isinstance(output, float) and isinstance(expected, float):
            return abs(output - expected) <= _slack(max(self.absolute, self.relative * abs(expected)))
        size = min(Fraction(1), abs(Fraction(expected)))
        slack = max(Fraction(_slack(self.absolute)), Fraction(_slack(self.relative)) * size)
        return abs(Fraction(output) - Fraction(expected)) <= slack

    def cell(self, number: Number) -> str:
        """The name of the grid cell that a number lies in; the numbers of a cell are near one another.

        A float close to an integer lies in the integer's cell, as long as floats have digits to spare; other floats
        are rounded to as many digits as the tolerance has: significant ones, or after the point where the absolute
        tolerance is the wider one.
        """
        if isinstance(number, int):
            return values.dumps(int(number))
        if not math.isfinite(number):
            return str(number)
        if abs(number) < _ROUNDED_BELOW:
            nearest = round(number)
            if abs(number - nearest) <= 0.49 * max(self.absolute, self.relative if nearest else 0):
                return str(nearest)
        if self.relative and (abs(number) >= 1 or not self.absolute):
            return f"{number:.{_digits(self.relative)}e}"
        return f"{number:.{_digits(self.absolute)}f}"


def _digits(tolerance: float) -> int:
    return math.ceil(-math.log10(tolerance) - 1e-9)


def _slack(tolerance: float) -> float:
    """A little more than the tolerance, for a difference of exactly the tolerance as floats have it."""
    return tolerance * (1 + 1e-9)


def _finite(number: Number) -> bool:
    return isinstance(number, int) or math.isfinite(number)


def read_number(token: str) -> Number | None:
    """The number that a token is: an int where it has neither point nor exponent."""
    if _INTEGER.fullmatch(token):
        return int(token)
    if len(token) <= _DECIMAL_LENGTH and _DECIMAL.fullmatch(token):
        return float(token)
    return None
