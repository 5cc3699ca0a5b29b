"""New inputs from a problem's known ones, without a model: type-aware mutation.

The known inputs are read as arguments (a function's own, or those of a format of standard input, see `formats`); their
shapes and relations are inferred, and most inputs that are made keep them all, the others all but one. Whether an
input is really allowed nobody can know without reading the problem: the caller says which it knows not to be
(`allowed`), and drops those on which every program fails.

Pure and deterministic: equal problems, seeds and counts give equal inputs. No input is made twice, none is a known one.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from distinguo import values
from distinguo.problem import CallStyle, Problem
from distinguo.testgen.mutation import formats, relations, shapes
from distinguo.testgen.mutation.leaves import Shape, Size
from distinguo.testgen.mutation.relations import Arguments, Relation

__all__ = ["Size", "mutants"]

KNOWN = 40  # inputs that are looked at
KNOWN_LENGTH = 100_000  # characters of one
LONGEST = 1_000_000  # characters of an input that is made
LENGTHS = (100_000, 10_000, 1_000)  # items or characters of large values, in turn: programs may fail on the largest
CASES = 4  # in an input that begins with their number, at most
FREED = 6  # one input in so many is free of one rule
TRIES = 40  # for each input that is wanted
TRIES_LARGE = 8  # the same for large ones, of which one takes a tenth of a second


def mutants(
    problem: Problem,
    count: int,
    *,
    seed: int,
    size: Size = Size.USUAL,
    batch: int = 0,
    more: Sequence[str] = (),
    allowed: Callable[[str], bool] | None = None,
    longest: int = LENGTHS[0],
) -> tuple[str, ...]:
    """At most `count` inputs in the form of Test.input, made from those of the public tests.

    batch: batches of one count, size and seed have no input in common. more: inputs beside the public tests' to start
    from. allowed: says which inputs may be made. longest: items or characters of the values in large ones.
    Fewer or none where the known inputs leave nothing to change, or there are none.
    """
    known = [test.input for test in problem.public_tests] + list(more)
    sources = _sources(problem, [text for text in known if len(text) <= KNOWN_LENGTH][:KNOWN])
    if not sources:
        return ()
    rng = random.Random(f"{seed} {problem.id} {size}")
    lengths = tuple(dict.fromkeys(min(length, longest) for length in LENGTHS))
    made = _made(sources, [_canonical(problem, text) for text in known], rng, size, lengths, count * (batch + 1))
    made = made if allowed is None else filter(allowed, made)
    return tuple(islice(made, count * batch, count * (batch + 1)))


@dataclass(frozen=True, slots=True)
class _Rules:
    shapes: tuple[Shape, ...]
    relations: tuple[Relation, ...]


class _Source:
    """Known inputs of one form, as arguments; `write` turns arguments into an input, or None where it cannot."""

    def __init__(
        self, known: Sequence[Arguments], write: Callable[[Arguments], str | None], in_cases: bool = False
    ) -> None:
        self.known = known
        self._write = write
        self._in_cases = in_cases
        related = relations.infer(known)
        self._rules = _Rules(self._shapes(""), related)
        self._freed = [_Rules(self._shapes(freedom), related) for freedom in shapes.FREEDOMS]
        self._freed.append(_Rules(self._rules.shapes, ()))

    def _shapes(self, free: str) -> tuple[Shape, ...]:
        return tuple(shapes.infer(column, free) for column in zip(*self.known, strict=True))

    def text(self, rng: random.Random, size: Size, length: int) -> str | None:
        """A new input; None where the arguments drawn do not fit one another. length: of what is large."""
        if not self._in_cases:
            return self._part(rng, size, length)
        cases = [self._part(rng, size, length) for _ in range(1 if size is Size.LARGE else rng.randint(1, CASES))]
        fitting = [case for case in cases if case is not None]
        return formats.joined(fitting) if fitting else None

    def _part(self, rng: random.Random, size: Size, length: int) -> str | None:
        try:
            arguments = self._arguments(rng, size, length)
            return None if arguments is None else self._write(arguments)
        except (ValueError, OverflowError):  # a value that has no text in this form
            return None

    def _arguments(self, rng: random.Random, size: Size, length: int) -> Arguments | None:
        free = size is Size.USUAL and rng.randrange(FREED) == 0
        rules = rng.choice(self._freed) if free else self._rules
        arguments = list(rng.choice(self.known))
        if size is Size.LARGE:
            arguments = _enlarged(arguments, rules.shapes, rng, length)
        elif size is Size.SMALL or rng.random() < 0.3:
            arguments = [shape.draw(rng, size) for shape in rules.shapes]
        else:
            while True:
                place = rng.randrange(len(arguments))
                arguments[place] = rules.shapes[place].change(arguments[place], rng, size)
                if rng.random() < 0.5:
                    break
        return relations.restored(arguments, rules.relations, rules.shapes, rng, size is Size.LARGE)


def _enlarged(arguments: Sequence[object], found: Sequence[Shape], rng: random.Random, length: int) -> list[object]:
    """The arguments with what has a length grown, one of them at least; without any such, with large numbers."""
    grown = [shape.grow(length, rng) for shape in found]
    places = [place for place, value in enumerate(grown) if value is not None]
    kept = set(rng.sample(places, rng.randint(1, len(places)))) if places else set[int]()
    drawn = [shape.draw(rng, Size.LARGE) for shape in found]
    return [
        grown[place] if place in kept else value if place in places or rng.random() < 0.3 else drawn[place]
        for place, value in enumerate(arguments)
    ]


def _made(
    sources: Sequence[_Source],
    known: Sequence[str],
    rng: random.Random,
    size: Size,
    lengths: Sequence[int],
    count: int,
) -> Iterator[str]:
    """Different new inputs, large ones longer than the known; ends after so many tries for each."""
    seen = {text.rstrip() for text in known}
    shortest = max(map(len, known)) + 1 if size is Size.LARGE else 0
    for attempt in range(count * (TRIES_LARGE if size is Size.LARGE else TRIES)):
        source = rng.choices(sources, [len(source.known) for source in sources])[0]
        text = source.text(rng, size, lengths[attempt % len(lengths)])
        if text is not None and text.strip() and shortest <= len(text) <= LONGEST and text.rstrip() not in seen:
            seen.add(text.rstrip())
            yield text


def _canonical(problem: Problem, text: str) -> str:
    """An input in the form in which inputs are made."""
    if problem.style is CallStyle.STDIN:
        return formats.tidy(text)
    try:
        return values.dumps(values.loads(text))
    except values.ValueTextError:
        return text


def _sources(problem: Problem, known: Sequence[str]) -> list[_Source]:
    if problem.style is CallStyle.STDIN:
        return [_Source(read.known, read.write, read.in_cases) for read in formats.read(known)]
    by_count: dict[int, list[Arguments]] = {}
    for text in known:
        try:
            arguments = values.loads(text)
        except values.ValueTextError:
            continue
        if isinstance(arguments, tuple) and arguments:
            by_count.setdefault(len(arguments), []).append(arguments)
    return [_Source(group, values.dumps) for group in by_count.values()]
