"""Comparison of printed text."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import zip_longest

from distinguo.checkers.numbers import Tolerance, read_number

TOLERANT_LENGTH = 1 << 20  # characters up to which numbers are looked for in a printed output
_SHOWN = 60  # characters of a value that a difference shows


def _lines(text: str) -> str:
    """The text with one space between the words of a line, without blank lines and line ends of any system."""
    return "\n".join(words for line in text.splitlines() if (words := " ".join(line.split())))


def _unordered(text: str) -> str:
    return "\n".join(sorted(_lines(text).split("\n")))


TEXTS: dict[str, Callable[[str], str]] = {
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
    tolerance: Tolerance

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
        return len(got) == len(wanted) and all(
            _same_token(*pair, self.tolerance) for pair in zip(got, wanted, strict=True)
        )

    def canonical(self, output: str) -> str:
        """See Checker."""
        text = _lines(output)
        if len(text) > TOLERANT_LENGTH:
            return text
        return "\n".join(
            " ".join(_cell(token, self.tolerance) for token in line.split(" ")) for line in text.split("\n")
        )

    def difference(self, output: str, expected: str) -> str:
        """See Checker."""
        if self.accepts(output, expected):
            return ""
        return _line_difference(_lines(output), _lines(expected), self._same_line)


def _same_token(output: str, expected: str, tolerance: Tolerance) -> bool:
    if output == expected:
        return True
    got, wanted = read_number(output), read_number(expected)
    return got is not None and wanted is not None and tolerance.near(got, wanted)


def _cell(token: str, tolerance: Tolerance) -> str:
    number = read_number(token)
    return token if number is None else tolerance.cell(number)


@dataclass(frozen=True, slots=True)
class PackageChecker:
    """The default validator of ICPC problem packages: the words of the output one after another, wherever lines end.

    The tolerance is for answers that are decimals: in an answer without any token that is written with a point or an
    exponent, numbers are compared as words.
    """

    name: str
    case_sensitive: bool = False
    spaces_count: bool = False
    tolerance: Tolerance | None = None

    def accepts(self, output: str, expected: str) -> bool:
        """See Checker."""
        return self._difference(output, expected) is None

    def difference(self, output: str, expected: str) -> str:
        """See Checker."""
        return self._difference(output, expected) or ""

    def canonical(self, output: str) -> str:
        """See Checker."""
        tokens = self._tokens(output)
        if self.tolerance is None or not _holds_decimal(output):
            return "".join(tokens) if self.spaces_count else " ".join(tokens)
        cells = [_cell(token, self.tolerance) for token in tokens]
        return "~" + ("".join(cells) if self.spaces_count else " ".join(cells))

    def _tokens(self, text: str) -> list[str]:
        text = text if self.case_sensitive else text.casefold()
        return _WORDS_AND_SPACES.findall(text) if self.spaces_count else text.split()

    def _difference(self, output: str, expected: str) -> str | None:
        tolerance = self.tolerance if _holds_decimal(expected) else None
        got, wanted = self._tokens(output), self._tokens(expected)
        for number, (token, right) in enumerate(zip_longest(got, wanted), 1):
            if token == right or (tolerance and token and right and _same_token(token, right, tolerance)):
                continue
            place = "the end" if right is None else self._place(expected, number)
            return f"{place}: {_instead(token, right)}"
        return None

    def _place(self, expected: str, number: int) -> str:
        """Where the numbered word of the answer stands; between words, its line only."""
        if self.spaces_count:
            line = "".join(self._tokens(expected)[: number - 1]).count("\n") + 1
            return f"line {line}"
        for line, text in enumerate(expected.splitlines(), 1):
            words = len(text.split())
            if number <= words:
                return f"line {line}, word {number}"
            number -= words
        return "the end"


_WORDS_AND_SPACES = re.compile(r"\s|\S+")
_DECIMAL = re.compile(r"(?<!\S)[+-]?(?:[0-9]+\.?|\.(?=[0-9]))[0-9]*(?:[eE][+-]?[0-9]+)?(?!\S)", re.ASCII)


def _holds_decimal(text: str) -> bool:
    """Whether any word is a number with a point or an exponent, in a text that is not too long to be asked."""
    if len(text) > TOLERANT_LENGTH:
        return False
    return any(not match.group().lstrip("+-").isdecimal() for match in _DECIMAL.finditer(text))


def _line_difference(output: str, expected: str, same: Callable[[str, str], bool]) -> str:
    got, wanted = (text.split("\n") if text else [] for text in (output, expected))
    for number, (line, right) in enumerate(zip_longest(got, wanted), 1):
        if line is None or right is None or not same(line, right):
            return f"line {number}: {_instead(line, right)}"
    return "the outputs differ"


def _instead(got: str | None, wanted: str | None) -> str:
    """What is different; of long texts the part round the first difference."""
    if got is None or wanted is None:
        found = "nothing" if got is None else show(got)
        return f"{found} instead of {'the end of the output' if wanted is None else show(wanted)}"
    if max(len(got), len(wanted)) > _SHOWN:
        start = max(0, len(os.path.commonprefix([got, wanted])) - _SHOWN // 3)  # noqa: RUF071  no paths
        got, wanted = (f"...{text[start:]}" if start else text for text in (got, wanted))
    return f"{show(got)} instead of {show(wanted)}"


def show(text: str) -> str:
    """A text in quotes, cut to what a message can hold."""
    return repr(cut(text))


def cut(text: str) -> str:
    """The beginning of a text that is too long for a message."""
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
