"""Comparison of outputs: pure functions of two texts, safe on whatever a program prints or returns.

tokens          the words of each line; the spaces between them, at line ends, and blank lines do not count
exact           every character
caseless        as tokens, upper and lower case alike
unordered       as tokens, the lines in any order
float:1e-6      as tokens, numbers written with a point or exponent within an absolute or relative tolerance
float-abs:1e-6  the same, within an absolute tolerance
float-rel:1e-6  the same, within a relative tolerance
package FLAGS   the default validator of ICPC problem packages with its own flags: words wherever lines end, upper and
                lower case alike, unless case_sensitive, space_change_sensitive; float_tolerance 1e-6,
                float_absolute_tolerance 1e-6, float_relative_tolerance 1e-6
values          Python values by == (1 == 1.0, a tuple is no list), except that nan equals nan
values:1e-6     as values, floats within an absolute or relative tolerance
json            as LeetCode compares values: a tuple is a list, True is not 1, floats within 1e-5

A tolerance is never applied between two integers: 10**18 and 10**18 + 1 differ. An integer and a float are compared
by the absolute tolerance alone, and `package` does so only in an answer that holds a decimal: packages name a tolerance
where every answer is an integer. A result without a literal form (`<object of type map>`) equals nothing.
Outputs longer than stated below are compared as text, so that no output can stall the host.
"""

import math
from functools import cache
from typing import Protocol

from distinguo.checkers.numbers import Tolerance
from distinguo.checkers.printed import TEXTS, TOLERANT_LENGTH, FloatChecker, PackageChecker, TextChecker
from distinguo.checkers.returned import VALUE_LENGTH, ValueChecker
from distinguo.errors import InputError

__all__ = ["TOLERANT_LENGTH", "VALUE_LENGTH", "Checker", "get"]

_KNOWN = (*TEXTS, "float:1e-6", "float-abs:1e-6", "float-rel:1e-6", "package", "values", "values:1e-6", "json")


class Checker(Protocol):
    """One way to compare outputs.

    Outputs with the same canonical text are accepted for one another, where the checker sees a value in them at all.
    Without a tolerance the converse holds as well. A tolerance cannot be split into classes, so close numbers
    on two sides of a grid line have two canonical texts though each is accepted for the other.
    """

    @property
    def name(self) -> str:
        """The name under which `get` finds it."""

    def accepts(self, output: str, expected: str) -> bool:
        """Whether the output counts as the expected one."""

    def canonical(self, output: str) -> str:
        """A text that is the same for outputs that need not be told apart: the key of a cluster."""

    def difference(self, output: str, expected: str) -> str:
        """One short line about the first difference, or "" where the output is accepted."""


@cache
def get(name: str) -> Checker:
    """The checker of this name. Raises InputError for an unknown name or flag, or a tolerance outside [1e-15, 1)."""
    kind, colon, argument = name.partition(":")
    if colon and kind in ("float", "float-abs", "float-rel", "values"):
        size = _tolerance(name, argument)
        tolerance = Tolerance(0 if kind == "float-rel" else size, 0 if kind == "float-abs" else size)
        return ValueChecker(name, tolerance) if kind == "values" else FloatChecker(name, tolerance)
    if name in TEXTS:
        return TextChecker(name, TEXTS[name])
    if name == "values":
        return ValueChecker(name)
    if name == "json":
        return ValueChecker(name, Tolerance(1e-5, 1e-5), json=True)
    if name.split(" ")[0] == "package":
        return _package(name)
    raise InputError(f"there is no checker {name!r}; the checkers are {', '.join(_KNOWN)} (any tolerance)")


def _package(name: str) -> PackageChecker:
    flags = iter(name.split()[1:])
    switches, sizes = set[str](), {"absolute": 0.0, "relative": 0.0}
    for flag in flags:
        match flag.split("_"):
            case ["case", "sensitive"] | ["space", "change", "sensitive"]:
                switches.add(flag)
            case ["float", "tolerance"]:
                sizes["absolute"] = sizes["relative"] = _tolerance(name, next(flags, ""))
            case ["float", ("absolute" | "relative") as which, "tolerance"]:
                sizes[which] = _tolerance(name, next(flags, ""))
            case _:
                raise InputError(f"checker {name!r} has no flag {flag}; it takes those of the package format")
    tolerance = Tolerance(**sizes) if any(sizes.values()) else None
    return PackageChecker(name, "case_sensitive" in switches, "space_change_sensitive" in switches, tolerance)


def _tolerance(name: str, text: str) -> float:
    try:
        tolerance = float(text)
    except ValueError:
        tolerance = math.nan
    if not 1e-15 <= tolerance < 1:
        raise InputError(f"checker {name!r} needs a tolerance between 1e-15 and 1, as in float:1e-6")
    return tolerance
