"""Comparison of outputs: pure functions of two texts, safe on whatever a program prints or returns.

tokens        the words of each line; the spaces between them, at line ends, and blank lines do not count
exact         every character
caseless      as tokens, upper and lower case alike
unordered     as tokens, the lines in any order
float:1e-6    as tokens, numbers written with a point or exponent within an absolute or relative tolerance
values        Python values by == (1 == 1.0, a tuple is no list), except that nan equals nan
values:1e-6   as values, floats within an absolute or relative tolerance

A tolerance is never applied between two integers: 10**18 and 10**18 + 1 differ. An integer and a float are compared
by the absolute tolerance alone. A result without a literal form (`<object of type map>`) equals nothing.
Outputs longer than stated below are compared as text, so that no output can stall the host.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, partial
from itertools import zip_longest
from typing import Any, Protocol

from distinguo import values
from distinguo.errors import InputError

TOLERANT_LENGTH = 1 << 20  # characters up to which numbers are looked for in a printed output
VALUE_LENGTH = 1 << 18  # characters up to which a returned value is parsed; longer ones are compared as text
_SHOWN = 60  # characters of a value that a difference shows

Number = int | float


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
    """The checker of this name. Raises InputError for an unknown name or a tolerance outside [1e-15, 1)."""
    kind, colon, argument = name.partition(":")
    if not colon and kind in _TEXTS:
        return TextChecker(name, _TEXTS[kind])
    if not colon and kind == "values":
        return ValueChecker(name, None)
    if colon and kind in ("float", "values"):
        tolerance = _tolerance(name, argument)
        return FloatChecker(name, tolerance) if kind == "float" else ValueChecker(name, tolerance)
    known = ", ".join([*_TEXTS, "float:1e-6", "values", "values:1e-6"])
    raise InputError(f"there is no checker {name!r}; the checkers are {known} (any tolerance)")


def _tolerance(name: str, text: str) -> float:
    try:
        tolerance = float(text)
    except ValueError:
        tolerance = math.nan
    if not 1e-15 <= tolerance < 1:
        raise InputError(f"checker {name!r} needs a tolerance between 1e-15 and 1, as in float:1e-6")
    return tolerance


# --- printed text


def _lines(text: str) -> str:
    """The text with one space between the words of a line, without blank lines and line ends of any system."""
    return "\n".join(words for line in text.splitlines() if (words := " ".join(line.split())))


def _unordered(text: str) -> str:
    return "\n".join(sorted(_lines(text).split("\n")))


_TEXTS: dict[str, Callable[[str], str]] = {
    "tokens": _lines,
    "exact": str,
    "caseless": lambda text: _lines(text.casefold()),
    "unordered": _unordered,
}


@dataclass(frozen=True, slots=True)
class TextChecker:
    """Compares texts that were brought into one form."""

    name: str
    canonical: Callable[[str], str]

    def accepts(self, output: str, expected: str) -> bool:
        """See Checker."""
        return output == expected or self.canonical(output) == self.canonical(expected)

    def difference(self, output: str, expected: str) -> str:
        """See Checker."""
        if self.accepts(output, expected):
            return ""
        return _line_difference(self.canonical(output), self.canonical(expected), str.__eq__)


@dataclass(frozen=True, slots=True)
class FloatChecker:
    """Compares tokens line by line, numbers by tolerance."""

    name: str
    tolerance: float

    def accepts(self, output: str, expected: str) -> bool:
        """See Checker."""
        output, expected = _lines(output), _lines(expected)
        if output == expected or max(len(output), len(expected)) > TOLERANT_LENGTH:
            return output == expected
        got, wanted = output.split("\n"), expected.split("\n")
        return len(got) == len(wanted) and all(map(self._same_line, got, wanted))

    def _same_line(self, output: str, expected: str) -> bool:
        if output == expected:
            return True
        got, wanted = output.split(" "), expected.split(" ")
        return len(got) == len(wanted) and all(map(self._same_token, got, wanted))

    def _same_token(self, output: str, expected: str) -> bool:
        if output == expected:
            return True
        got, wanted = _read_number(output), _read_number(expected)
        return got is not None and wanted is not None and _near(got, wanted, self.tolerance)

    def canonical(self, output: str) -> str:
        """See Checker."""
        text = _lines(output)
        if len(text) > TOLERANT_LENGTH:
            return text
        return "\n".join(" ".join(map(self._cell, line.split(" "))) for line in text.split("\n"))

    def _cell(self, token: str) -> str:
        number = _read_number(token)
        return token if number is None else _cell(number, self.tolerance)

    def difference(self, output: str, expected: str) -> str:
        """See Checker."""
        if self.accepts(output, expected):
            return ""
        return _line_difference(_lines(output), _lines(expected), self._same_line)


def _line_difference(output: str, expected: str, same: Callable[[str, str], bool]) -> str:
    got, wanted = (text.split("\n") if text else [] for text in (output, expected))
    for number, (line, right) in enumerate(zip_longest(got, wanted), 1):
        if line is None:
            return f"line {number}: nothing instead of {_show(right)}"
        if right is None:
            return f"line {number}: {_show(line)} instead of the end of the output"
        if not same(line, right):
            return f"line {number}: {_show(line)} instead of {_show(right)}"
    return "the outputs differ"


def _show(text: str) -> str:
    return repr(_cut(text))


# --- numbers

_INTEGER = re.compile(r"[+-]?[0-9]{1,4000}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)
_DECIMAL_LENGTH = 400
_ROUNDED_BELOW = 1e9  # above, the noise of floating point reaches 1e-6


def _read_number(token: str) -> Number | None:
    if _INTEGER.fullmatch(token):
        return int(token)
    if len(token) <= _DECIMAL_LENGTH and _DECIMAL.fullmatch(token):
        return float(token)
    return None


def _near(output: Number, expected: Number, tolerance: float) -> bool:
    """Whether |a - b| <= tolerance * max(1, |b|) for floats; the top of the file says how integers are compared."""
    if output == expected:
        return True
    if isinstance(output, int) and isinstance(expected, int):
        return False
    if not (_finite(output) and _finite(expected)):
        return output != output and expected != expected
    slack = tolerance * (1 + 1e-9)  # a difference of exactly the tolerance, as floats have it
    if isinstance(output, float) and isinstance(expected, float):
        return abs(output - expected) <= slack * max(1.0, abs(expected))
    return abs(Fraction(output) - Fraction(expected)) <= Fraction(slack)


def _finite(number: Number) -> bool:
    return isinstance(number, int) or math.isfinite(number)


def _cell(number: Number, tolerance: float) -> str:
    """The name of the grid cell that a number lies in; the numbers of a cell are near one another, as `_near` has it.

    A float close to an integer lies in the integer's cell, as long as floats have digits to spare; other floats are
    rounded to as many digits as the tolerance has, after the point below 1 and significant ones above.
    """
    if isinstance(number, int):
        return values.dumps(int(number))
    if not math.isfinite(number):
        return str(number)
    digits = math.ceil(-math.log10(tolerance) - 1e-9)
    if abs(number) < _ROUNDED_BELOW:
        fixed = f"{number:.{digits}f}"
        whole, _, fraction = fixed.partition(".")
        if not fraction.strip("0"):
            return whole if whole != "-0" else "0"
        if abs(number) < 1:
            return fixed
    return f"{number:.{digits}e}"


# --- Python values


class _NoValue(Exception):
    """The text is not the literal of a value."""


@dataclass(frozen=True, slots=True)
class ValueChecker:
    """Compares values written as distinguo.values literals."""

    name: str
    tolerance: float | None

    def accepts(self, output: str, expected: str) -> bool:
        """See Checker."""
        if not _may_be_value(output):
            return False
        if max(len(output), len(expected)) > VALUE_LENGTH:
            return output == expected
        try:
            got = _load(output)
            return output == expected or self._same(got, _load(expected))
        except _NoValue:
            return False

    def canonical(self, output: str) -> str:
        """See Checker."""
        if len(output) > VALUE_LENGTH or not _may_be_value(output):
            return output
        try:
            return self._form(_load(output))
        except _NoValue:
            return f"<not a literal> {output}"

    def difference(self, output: str, expected: str) -> str:
        """See Checker."""
        if self.accepts(output, expected):
            return ""
        try:
            if max(len(output), len(expected)) > VALUE_LENGTH:
                return f"{_show(output)} instead of {_show(expected)}"
            return self._value_difference(_load(output), _load(expected), "")
        except _NoValue:
            return f"{_show(output)} is not a value that can be compared with {_show(expected)}"

    def _same(self, output: Any, expected: Any) -> bool:
        if self.tolerance is None:
            return self._form(output) == self._form(expected)
        match output, expected:
            case (int() | float(), int() | float()):
                return _near(output, expected, self.tolerance)
            case (list(), list()) | (tuple(), tuple()):
                return self._all_same(output, expected)
            case (set() | frozenset(), set() | frozenset()):
                return self._all_same(sorted(output, key=self._form), sorted(expected, key=self._form))
            case (dict(), dict()):
                got, wanted = _by_key(output), _by_key(expected)
                return got.keys() == wanted.keys() and all(self._same(got[key], wanted[key]) for key in wanted)
        return self._form(output) == self._form(expected)

    def _all_same(self, output: Sequence[Any], expected: Sequence[Any]) -> bool:
        return len(output) == len(expected) and all(map(self._same, output, expected))

    def _form(self, value: Any) -> str:
        """A text that equal values share."""
        return _form(value, _exact if self.tolerance is None else partial(_cell, tolerance=self.tolerance))

    def _value_difference(self, output: Any, expected: Any, path: str) -> str:
        where = f"at {path}: " if path else ""
        got_kind, wanted_kind = type(output).__name__, type(expected).__name__
        match output, expected:
            case (list(), list()) | (tuple(), tuple()):
                if len(output) != len(expected):
                    return f"{where}a {got_kind} of length {len(output)} instead of {len(expected)}"
                pairs = zip(output, expected, strict=True)
                index = next((i for i, (got, wanted) in enumerate(pairs) if not self._same(got, wanted)), None)
                if index is not None:
                    return self._value_difference(output[index], expected[index], f"{path}[{index}]")
            case (dict(), dict()):
                got, wanted = _by_key(output), _by_key(expected)
                key = next((k for k in wanted if k in got and not self._same(got[k], wanted[k])), None)
                if key is not None:
                    return self._value_difference(got[key], wanted[key], f"{path}[{_cut(key)}]")
        kinds = {got_kind, wanted_kind}
        if len(kinds) == 2 and not kinds <= {"int", "float"} and "NoneType" not in kinds:
            return f"{where}{got_kind} {_literal(output)} instead of {wanted_kind} {_literal(expected)}"
        return f"{where}{_literal(output)} instead of {_literal(expected)}"


def _may_be_value(text: str) -> bool:
    return not text.startswith("<")  # how the sandbox begins the text of a result that has no literal form


def _load(text: str) -> Any:
    try:
        return values.loads(text)
    except values.ValueTextError as error:
        raise _NoValue from error


def _form(value: Any, number: Callable[[Number], str]) -> str:
    match value:
        case int() | float():
            return number(value)
        case complex():
            return number(value.real) if value.imag == 0 else repr(value + 0j)
        case list():
            return "[" + ", ".join([_form(item, number) for item in value]) + "]"
        case tuple():
            return "(" + ", ".join([_form(item, number) for item in value]) + ",)"
        case set() | frozenset():
            return "set(" + ", ".join(sorted(_form(item, number) for item in value)) + ")"
        case dict():
            return "{" + ", ".join(sorted(f"{_form(k, _exact)}: {_form(v, number)}" for k, v in value.items())) + "}"
    return values.dumps(value)


def _exact(number: Number) -> str:
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    return values.dumps(int(number) if isinstance(number, bool) else number)


def _by_key(value: dict[Any, Any]) -> dict[str, Any]:
    return {_form(key, _exact): item for key, item in value.items()}


def _literal(value: Any) -> str:
    return _cut(values.dumps(value))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
