"""Lines of standard input as values: fields, lists, whole lines, rows of these, and the format that they make up."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from distinguo.testgen.mutation.relations import Arguments

_WHOLE = re.compile(r"0|-?[1-9]\d{0,999}")
_DECIMAL = re.compile(r"-?(0|[1-9]\d{0,299})\.\d{1,300}")


def kind_of_word(word: str) -> str:
    """A whole number, a decimal one, or any word."""
    return "int" if _WHOLE.fullmatch(word) else "float" if _DECIMAL.fullmatch(word) else "word"


def common_kind(words: Sequence[str]) -> str:
    """The narrowest kind that all these words are of."""
    kinds = {kind_of_word(word) for word in words}
    return "word" if "word" in kinds else "float" if "float" in kinds else "int"


VALUE: dict[str, Callable[[str], Any]] = {"int": int, "float": float, "word": str}


def word_of(value: Any) -> str:
    """A value as a word. Raises ValueError for a text that is none."""
    if isinstance(value, str):
        if not value or value.split() != [value]:
            raise ValueError("not one word")
        return value
    text = repr(value)
    return f"{value:f}" if "e" in text else text


def words_of(line: str) -> list[str] | None:
    """The words of a line; None where they are not between single spaces."""
    words = line.split()
    return words if words and " ".join(words) == line else None


@dataclass(frozen=True, slots=True)
class Fields:
    """A line of so many words, each of its kind; in a format each is a value of its own."""

    kinds: tuple[str, ...]

    def read(self, line: str) -> Any:
        """The value of the only word, or the tuple of all."""
        made = [VALUE[kind](word) for kind, word in zip(self.kinds, line.split(), strict=True)]
        return made[0] if len(made) == 1 else tuple(made)

    def write(self, value: Any) -> str:
        """The line."""
        return " ".join(map(word_of, value if isinstance(value, tuple) else (value,)))


@dataclass(frozen=True, slots=True)
class List:
    """A line of any number of words of one kind, after their number where it is counted."""

    kind: str
    counted: bool = False

    def read(self, line: str) -> Any:
        """The list."""
        return [VALUE[self.kind](word) for word in line.split()[int(self.counted) :]]

    def write(self, value: Any) -> str:
        """The line."""
        return " ".join([*([str(len(value))] if self.counted else []), *map(word_of, value)])


@dataclass(frozen=True, slots=True)
class Whole:
    """A line of text."""

    def read(self, line: str) -> Any:
        """The line."""
        return line

    def write(self, value: Any) -> str:
        """The line. Raises ValueError where it is none."""
        if not isinstance(value, str) or value.splitlines() not in ([value], []) or value != value.rstrip():
            raise ValueError("not one line")
        return value


Line = Fields | List | Whole


@dataclass(frozen=True, slots=True)
class Rows:
    """Lines of one kind."""

    line: Line


@dataclass(frozen=True, slots=True)
class Count:
    """The number at a place is, less the offset, the length of another place's value; `wide`: of each item in it."""

    number: int
    place: int
    wide: bool
    offset: int


@dataclass(frozen=True, slots=True)
class Format:
    """Elements read so far, with the values of each input, place by place; `loose`: a length that nothing counts."""

    elements: tuple[Line | Rows, ...] = ()
    values: tuple[tuple[Any, ...], ...] = ()
    counts: tuple[Count, ...] = ()
    loose: bool = False

    def and_then(self, element: Line | Rows, read: Sequence[tuple[Any, ...]], **more: Any) -> "Format":
        """The format with one more element, and what it read of each input. more: other fields that change."""
        grown = tuple((*old, *new) for old, new in zip(self.values, read, strict=True))
        return replace(self, elements=(*self.elements, element), values=grown, **more)

    def numbers(self) -> Iterator[int]:
        """The places that hold a whole number in every input, the last first."""
        for place in reversed(range(len(self.values[0]))):
            if all(type(each[place]) is int for each in self.values):
                yield place

    def counted(self) -> set[int]:
        """The places whose number is written anew from what it counts."""
        return {count.number for count in self.counts}

    def explains_the_first_line(self) -> bool:
        """Whether a number alone on it counts something, or nothing is left that it could count."""
        return not (self.loose and self.elements[0] == Fields(("int",)) and 0 not in self.counted())

    def arguments(self) -> tuple[Arguments, ...]:
        """What may change of each input; none where that is nothing."""
        free = [place for place in range(len(self.values[0])) if place not in self.counted()]
        return tuple(tuple(each[place] for place in free) for each in self.values) if free else ()

    def write(self, arguments: Arguments) -> str | None:
        """The input's text; None where two lengths that one number counts differ. Raises ValueError for bad words."""
        given, counted = iter(arguments), self.counted()
        made: list[Any] = [None if place in counted else next(given) for place in range(len(self.values[0]))]
        for count in self.counts:
            lengths = {len(item) for item in made[count.place]} if count.wide else {len(made[count.place])}
            number = lengths.pop() - count.offset if len(lengths) == 1 else None
            if number is None or made[count.number] not in (None, number):
                return None
            made[count.number] = number
        lines, place = list[str](), 0
        for element in self.elements:
            if isinstance(element, Fields):
                lines.append(element.write(tuple(made[place : place + len(element.kinds)])))
                place += len(element.kinds)
                continue
            value = made[place]
            lines += [element.line.write(row) for row in value] if isinstance(element, Rows) else [element.write(value)]
            place += 1
        return "\n".join(lines) + "\n"
