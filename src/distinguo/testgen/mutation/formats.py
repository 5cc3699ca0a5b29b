"""Standard input as arguments: a format is inferred from known inputs, which reads them and writes others like them.

A format is a sequence of lines: fields (the same number of words in every input), lists, whole lines of text, and rows
of these. A whole number that counts the rows, a list's items or a text's letters is no argument: it is written anew
from what it counts. Inputs that begin with the number of test cases are read case by case. Where no such format
explains a single number on the first line, only words elsewhere change, and no line comes or goes.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from distinguo.testgen.mutation.lines import (
    VALUE,
    Count,
    Fields,
    Format,
    Line,
    List,
    Rows,
    Whole,
    common_kind,
    kind_of_word,
    word_of,
    words_of,
)
from distinguo.testgen.mutation.relations import Arguments

STEPS = 400  # tries of an element before inference is given up
CASE_LINES = 6  # of a test case at most, where all have as many
CASES = 60  # that are looked at


@dataclass(frozen=True, slots=True)
class Read:
    """Known inputs, as arguments of one format. write: arguments as the text of an input; None where they do not fit.

    in_cases: a text is one test case; `joined` makes the input of several.
    """

    known: tuple[Arguments, ...]
    write: Callable[[Arguments], str | None]
    in_cases: bool = False


def tidy(text: str) -> str:
    """An input without spaces at the ends of lines and empty lines at its end, as inputs are written here."""
    return "\n".join(_lines(text)) + "\n"


def joined(cases: Sequence[str]) -> str:
    """The input of several test cases."""
    return f"{len(cases)}\n" + "".join(cases)


def read(texts: Sequence[str]) -> list[Read]:
    """The known inputs in as few formats as explain them; those that hold nothing to change are left out."""
    inputs = [lines for text in texts if (lines := _lines(text)) != [""]]
    if not inputs:
        return []
    cases = _cases(inputs)
    if cases is not None:
        found = _infer(cases[:CASES])
        if found is not None and found.explains_the_first_line() and found.arguments():
            return [Read(found.arguments(), found.write, in_cases=True)]
    found = _infer(inputs)
    if found is not None and found.explains_the_first_line() and found.arguments():
        return [Read(found.arguments(), found.write)]
    return [Read((words,), frame.write) for frame in map(_Frame, inputs) if (words := frame.words)]


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().split("\n")]


def _infer(inputs: Sequence[Sequence[str]]) -> Format | None:
    """A format of all these inputs (their lines); None where none is found soon."""
    empty = Format(values=((),) * len(inputs))
    found = _Search(inputs).extend((0,) * len(inputs), empty)
    if found is not None and found.loose:
        found = _records(inputs, empty) or found
    return None if found is None else _with_letters(found)


def _records(inputs: Sequence[Sequence[str]], empty: Format) -> Format | None:
    """Lines of the same fields to the end of every input, more in some; None where they are not that."""
    words = [words_of(line) or [] for lines in inputs for line in lines]
    if len(set(map(len, inputs))) == 1 or len(words[0]) < 2 or len(set(map(len, words))) > 1:
        return None
    row = Fields(tuple(common_kind(column) for column in zip(*words, strict=True)))
    return empty.and_then(Rows(row), [([row.read(line) for line in lines],) for lines in inputs])


@dataclass(slots=True)
class _Search:
    """Depth first, what is counted before what is not."""

    inputs: Sequence[Sequence[str]]
    left: int = field(default=STEPS)

    def extend(self, at: tuple[int, ...], found: Format) -> Format | None:
        """A format that begins like this one and reads all inputs, from these lines on, to their ends."""
        ends = [place == len(lines) for place, lines in zip(at, self.inputs, strict=True)]
        if all(ends):
            return found
        for lengths, longer in self._next(at, found, any(ends)):
            self.left -= 1
            if self.left < 0:
                return None
            whole = self.extend(tuple(map(sum, zip(at, lengths, strict=True))), longer)
            if whole is not None:
                return whole
        return None

    def _next(self, at: Sequence[int], found: Format, over: bool) -> Iterator[tuple[Sequence[int], Format]]:
        rest = [lines[place:] for place, lines in zip(at, self.inputs, strict=True)]
        for offset in (0, -1):
            for number in found.numbers():
                lengths = [each[number] + offset for each in found.values]
                if _tells(lengths) and all(0 <= n <= len(lines) for n, lines in zip(lengths, rest, strict=True)):
                    count = Count(number, len(found.values[0]), False, offset)
                    rows = [lines[:n] for n, lines in zip(lengths, rest, strict=True)]
                    yield from ((lengths, longer) for longer in self._rows(rows, found, (count,)))
        one = [1] * len(rest)
        if not over:
            yield from ((one, longer) for longer in self._line([lines[0] for lines in rest], found))
        if max(map(len, rest)) > 1:
            loose = replace(found, loose=True)
            yield from (([*map(len, rest)], longer) for longer in self._rows(rest, loose, ()))
        if not over:
            first = [lines[0] for lines in rest]
            yield one, found.and_then(Whole(), [(line,) for line in first], loose=True)

    def _line(self, lines: Sequence[str], found: Format) -> Iterator[Format]:
        split = [words_of(line) for line in lines]
        words = [each for each in split if each is not None]
        lengths = [len(each) for each in words]
        if len(words) < len(lines):
            return
        kind = common_kind([word for each in words for word in each])
        as_list = List(kind)
        for offset in (0, -1):
            for number in found.numbers():
                if _tells(lengths) and [each[number] + offset for each in found.values] == lengths:
                    count = Count(number, len(found.values[0]), False, offset)
                    read = [(as_list.read(line),) for line in lines]
                    yield found.and_then(as_list, read, counts=(*found.counts, count))
        if len(set(lengths)) == 1:
            fields = Fields(tuple(common_kind(column) for column in zip(*words, strict=True)))
            read = [tuple(VALUE[k](w) for k, w in zip(fields.kinds, each, strict=True)) for each in words]
            yield found.and_then(fields, read)
        if all(kind_of_word(each[0]) == "int" and int(each[0]) == len(each) - 1 for each in words) and _tells(lengths):
            counted = List(common_kind([word for each in words for word in each[1:]]), counted=True)
            yield found.and_then(counted, [(counted.read(line),) for line in lines])
        if kind != "word" or max(lengths) > 1:
            yield found.and_then(as_list, [(as_list.read(line),) for line in lines], loose=True)

    def _rows(self, rows: Sequence[Sequence[str]], found: Format, counts: tuple[Count, ...]) -> Iterator[Format]:
        lines = [line for each in rows for line in each]
        for line, wide in self._row(rows, lines, found, {count.number for count in counts}):
            read = [([line.read(each) for each in group],) for group in rows]
            yield found.and_then(Rows(line), read, counts=(*found.counts, *counts, *wide))

    def _row(
        self, rows: Sequence[Sequence[str]], lines: Sequence[str], found: Format, counting: set[int]
    ) -> Iterator[tuple[Line, tuple[Count, ...]]]:
        """The lines that all rows may be, and what counts their words. counting: the numbers that count the rows."""
        words = [each for line in lines if (each := words_of(line)) is not None]
        if words and len(words) == len(lines):
            lengths = {len(each) for each in words}
            kind = common_kind([word for each in words for word in each])
            columns = tuple(common_kind(column) for column in zip(*words, strict=True)) if len(lengths) == 1 else ()
            for number in found.numbers() if max(lengths) > 1 and len(set(columns)) <= 1 else ():
                widths = [each[number] for each in found.values]
                tells = bool(counting - {number}) or max(widths) > 2 or len(set(widths)) > 1
                pairs = zip(widths, rows, strict=True)
                if tells and all(len(line.split()) == width for width, group in pairs for line in group):
                    yield List(kind), (Count(number, len(found.values[0]), True, 0),)
            counted = all(kind_of_word(each[0]) == "int" and int(each[0]) == len(each) - 1 for each in words)
            if counted and len(words) > 1 and max(lengths) > 2:
                yield List(common_kind([word for each in words for word in each[1:]]), counted=True), ()
            if columns:
                yield Fields(columns), ()
            if kind != "word":
                yield List(kind), ()
        yield Whole(), ()


def _tells(lengths: Sequence[int]) -> bool:
    """Whether a number that equals these lengths may be taken to count: they are not all 0 or all 1."""
    return max(lengths) > 1 or len(set(lengths)) > 1


def _with_letters(found: Format) -> Format:
    """The format with the numbers that are, in every input, the length of a text or of the texts in a list."""
    counts = list(found.counts)
    for number in found.numbers():
        if any(count.number == number for count in counts):
            continue
        wanted = [each[number] for each in found.values]
        for place in range(len(found.values[0])):
            texts = [each[place] for each in found.values]
            wide = all(isinstance(value, list) and value and isinstance(value[0], str) for value in texts)
            if not wide and not all(isinstance(value, str) for value in texts):
                continue
            lengths = [{len(item) for item in (value if wide else [value])} for value in texts]
            if max(wanted) > 1 and lengths == [{length} for length in wanted]:
                counts.append(Count(number, place, wide, 0))
    return replace(found, counts=tuple(counts))


def _cases(inputs: Sequence[Sequence[str]]) -> list[list[str]] | None:
    """The test cases of all inputs, each as its lines, where every input begins with their number."""
    numbers = [int(lines[0]) if kind_of_word(lines[0]) == "int" else 0 for lines in inputs]
    if min(numbers) < 1 or max(numbers) < 2:
        return None
    bodies = [lines[1:] for lines in inputs]
    for place in (0, -1):
        split = [_with_headers(body, number, place) for number, body in zip(numbers, bodies, strict=True)]
        found = [case for cases in split if cases is not None for case in cases]
        if None not in split and len({len(case) for case in found}) > 1:
            return found
    for length in range(2, CASE_LINES + 1):
        if all(len(body) == number * length for number, body in zip(numbers, bodies, strict=True)):
            return [list(body[start : start + length]) for body in bodies for start in range(0, len(body), length)]
    return None


def _with_headers(lines: Sequence[str], number: int, place: int) -> list[list[str]] | None:
    """So many cases, each a line with the number of its further lines at a place; None where these are not they."""
    cases, at = list[list[str]](), 0
    while at < len(lines):
        words = lines[at].split() or [""]
        length = int(words[place]) + 1 if kind_of_word(words[place]) == "int" else 0
        if length < 1 or at + length > len(lines):
            return None
        cases.append(list(lines[at : at + length]))
        at += length
    return cases if len(cases) == number else None


class _Frame:
    """One input whose format is not understood: words may change, but not those alone on a line, nor any count."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = [words_of(line) or [] for line in lines]
        self._text = lines
        kinds = [[kind_of_word(word) for word in line] for line in self._lines]
        self._kinds = [[] if line == ["int"] else line for line in kinds]

    @property
    def words(self) -> Arguments:
        """The words that may change, as values."""
        pairs = zip(self._kinds, self._lines, strict=True)
        return tuple(VALUE[kind](word) for kinds, line in pairs for kind, word in zip(kinds, line, strict=bool(kinds)))

    def write(self, arguments: Arguments) -> str | None:
        """The input with these words. Raises ValueError for bad ones."""
        given = iter(arguments)
        pairs = zip(self._kinds, self._text, strict=True)
        written = [" ".join(word_of(next(given)) for _ in kinds) if kinds else line for kinds, line in pairs]
        return "\n".join(written) + "\n"
