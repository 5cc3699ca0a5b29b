"""The layout of standard input as a statement draws it, which gives the words of an input their names.

    N M
    A_1 A_2 \\ldots A_N
    x_1 y_1
    \\vdots
    x_M y_M

A drawing that is not understood as a whole (queries of several forms, grids without spaces) names nothing.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LONGEST = 100_000  # characters of a statement that are read
LINES = 40  # of a drawing, and characters of a line
WIDTH = 200

_FORMAT = "following format"
_FENCE = "```"
_DOTS = re.compile(r"\\[lcd]?dots[cb]?|…|\.\.\.|\\hdots")
_DOWN = re.compile(r"\\vdots|⋮|:")
_ELEMENT = re.compile(r"\{?([A-Za-z]+)\}?(?:_\{?([A-Za-z0-9_,+\- ]+)\}?)?")
_COUNT = re.compile(r"([A-Za-z]\w*)([-+]\d+)?")


@dataclass(frozen=True, slots=True)
class _Line:
    """Names of single words; then, where there is one, the name of all further ones.

    count: the last subscript of a line that stands for many, such as N or N-1.
    """

    names: tuple[str, ...]
    rest: str = ""
    count: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """Lines, each once or, in `many`, as often as its subscript says."""

    lines: tuple[_Line, ...]
    many: frozenset[int]

    def read(self, text: str) -> Mapping[str, Sequence[str]] | None:
        """The words of an input by their names; None where it does not have this layout."""
        given = [line.split() for line in text.rstrip().split("\n")]
        found: dict[str, list[str]] = {}
        at = 0
        for place, line in enumerate(self.lines):
            after = len(self.lines) - place - 1
            only = len(self.many) == 1
            times = 1 if place not in self.many else len(given) - at - after if only else _times(line.count, found)
            if times is None or not 0 <= times <= len(given) - at:
                return None
            for words in given[at : at + times]:
                if len(words) < len(line.names) or (len(words) > len(line.names) and not line.rest):
                    return None
                for name, word in zip(line.names, words, strict=False):
                    found.setdefault(name, []).append(word)
                if line.rest:
                    found.setdefault(line.rest, []).extend(words[len(line.names) :])
            at += times
        return found if at == len(given) else None

    @property
    def counts(self) -> frozenset[str]:
        """The names of the numbers that say how many of something there are."""
        return frozenset(found[1] for line in self.lines if (found := _COUNT.fullmatch(line.count)))


def _times(count: str, found: Mapping[str, Sequence[str]]) -> int | None:
    """What a subscript comes to, where the number that it names has been read."""
    parts = _COUNT.fullmatch(count)
    known = found.get(parts[1], ()) if parts else ()
    if not parts or len(known) != 1 or not re.fullmatch(r"\d{1,7}", known[0]):
        return None
    return int(known[0]) + int(parts[2] or 0)


def read(statement: str) -> Layout | None:
    """The layout that a statement draws; None where it draws none, or one that is not understood."""
    rows = _drawn(statement[:LONGEST].splitlines())
    if not rows or len(rows) > LINES or max(map(len, rows)) > WIDTH:
        return None
    lines, many = list[_Line](), set[int]()
    dots = False
    for row in rows:
        if _DOWN.fullmatch(row):
            if dots or not lines:
                return None
            dots = True
            continue
        line = _line(row)
        if line is None:
            return None
        if not dots:
            lines.append(line)
            continue
        dots = False
        while lines and len(lines) - 1 not in many and _alike(lines[-1], line):
            lines.pop()
        many.add(len(lines))
        lines.append(line)
    return None if dots or not lines else Layout(tuple(lines), frozenset(many))


def _drawn(lines: Sequence[str]) -> list[str]:
    """The lines of the first drawing: they follow its announcement, up to an empty one or the next heading."""
    announced = next((place for place, line in enumerate(lines) if _FORMAT in line), len(lines))
    rows = list[str]()
    for line in map(str.strip, lines[announced + 1 :]):
        if line.lstrip("# ").startswith("Output") or (rows and (not line or line.startswith(_FENCE))):
            break
        if line and not line.startswith(_FENCE):
            rows.append(line)
    return rows


def _alike(one: _Line, other: _Line) -> bool:
    return (one.names, one.rest) == (other.names, other.rest) and bool(other.count)


def _line(row: str) -> _Line | None:
    """A line of the drawing: `N M`, `A_1 A_2 \\ldots A_N`, `x_1 y_1`, `K_1 C_{1,1} \\ldots C_{1,K_1}`."""
    row = re.sub(r"\\(?:mathrm|text|rm|mathit)\{([^{}]*)\}", r"\1", row.replace("$", "").replace("\\ ", " "))
    row = re.sub(r"\{([^{}]*)\}", lambda found: "{" + found[1].replace(" ", "") + "}", row)
    names, count, dotted = list[str](), "", False
    for word in row.split():
        if _DOTS.fullmatch(word):
            dotted = True
            continue
        element = _ELEMENT.fullmatch(word)
        if element is None:
            return None
        names.append(element[1])
        count = element[2] or ""
    if not names:
        return None
    if not dotted:
        return _Line(tuple(names), "", count)
    rest = names[-1]
    single = names[: names.index(rest)]
    if set(names[len(single) :]) != {rest}:
        return None
    return _Line(tuple(single), rest, count)
