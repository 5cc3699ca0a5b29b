"""Tables as a terminal and Markdown show them."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 100  # columns of a terminal
BAR = r"\|"  # a bar in a cell of Markdown
_LONGEST = 40  # characters of a first cell; longer ones lose their middle


@dataclass(frozen=True, slots=True)
class Table:
    """A title, the header's cells, rows, sentences below. The first `left` columns are words, the others figures."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    left: int = 1

    def lines(self) -> list[str]:
        """For a terminal of WIDTH columns: columns that do not fit follow below, the first ones repeated."""
        told = wrapped(self.title)
        for header, *rows in self._blocks():
            widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
            told.append("")
            for row in (header, *rows):
                cells = [
                    f"{cell:{'<' if place < self.left else '>'}{width}}"
                    for place, (cell, width) in enumerate(zip(row, widths, strict=True))
                ]
                told.append("  ".join(cells).rstrip())
        return [*told, *([""] if self.notes else []), *(line for note in self.notes for line in wrapped(note))]

    def markdown(self) -> list[str]:
        """As Markdown."""
        rules = ["---" if place < self.left else "---:" for place in range(len(self.header))]
        rows = [self.header, rules, *self.rows]
        table = [f"| {' | '.join(_plain(cell).replace('|', BAR) for cell in row)} |" for row in rows]
        return [f"### {self.title}", "", *table, *(line for note in self.notes for line in ("", note))]

    def _blocks(self) -> list[list[tuple[str, ...]]]:
        """The rows, header first, cut into groups of columns that fit."""
        rows = [
            tuple(_cut(_plain(cell)) if place < self.left else cell for place, cell in enumerate(row))
            for row in (self.header, *self.rows)
        ]
        widths = [max(map(len, column)) + 2 for column in zip(*rows, strict=True)]
        first = range(self.left)
        groups = [list(first)]
        for place in range(self.left, len(self.header)):
            used = sum(widths[each] for each in groups[-1])
            if len(groups[-1]) > self.left and used + widths[place] - 2 > WIDTH:
                groups.append(list(first))
            groups[-1].append(place)
        return [[tuple(row[place] for place in group) for row in rows] for group in groups]


def _plain(text: str) -> str:
    """In one line, and without what a terminal would obey."""
    return "".join(one if one.isprintable() else " " for one in text)


def _cut(text: str) -> str:
    half = (_LONGEST - 1) // 2
    return text if len(text) <= _LONGEST else f"{text[:half]}…{text[-half:]}"


def wrapped(text: str) -> list[str]:
    """A text in lines of at most WIDTH columns, where its words allow that; later ones are indented."""
    lines = textwrap.wrap(text, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    return lines or [""]


def text(tables: Sequence[Table]) -> list[str]:
    """Tables for a terminal, one below the other."""
    return [line for table in tables for line in ("", *table.lines())]


def markdown(tables: Sequence[Table]) -> list[str]:
    """Tables as Markdown."""
    return [line for table in tables for line in ("", *table.markdown())]
