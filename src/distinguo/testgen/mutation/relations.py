"""Relations between the arguments of an input: inferred from the known inputs, and restored in those made from them.

A number that is a list's length or at most that, lists of equal lengths, numbers in order, indices into a list,
members of one, and the edges of trees. As with shapes, each needs more evidence than chance would give.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any, Protocol

from distinguo import values
from distinguo.testgen.mutation.containers import Items
from distinguo.testgen.mutation.leaves import Shape
from distinguo.testgen.mutation.nodes import LinkedList
from distinguo.testgen.mutation.texts import Text

Arguments = tuple[Any, ...]
EXAMPLES = 2  # inputs in which a relation that often holds by chance must hold
LENGTH = 3  # of a list in the only input that shows a relation to its length
NUMBERS = 4  # indices that must all lie within bounds


class Relation(Protocol):
    """Something that holds between arguments."""

    def holds(self, arguments: Arguments) -> bool:
        """Whether it does."""

    def restored(self, arguments: list[Any], shapes: Sequence[Shape], rng: random.Random, grow: bool) -> None:
        """Change arguments so that it holds, where that can be done. grow: lists are rather lengthened than cut."""


def infer(known: Sequence[Arguments]) -> tuple[Relation, ...]:
    """The relations that hold in all these inputs, of one number of arguments, with evidence enough."""
    found: list[Relation] = []
    places = range(len(known[0]))
    columns = [[arguments[place] for arguments in known] for place in places]
    lengths = [[_length(value) for value in column] for column in columns]
    sized = [place for place in places if all(length is not None for length in lengths[place])]
    whole = [place for place in places if all(_is_int(value) for value in columns[place])]
    numbers = [place for place in places if all(_is_number(value) for value in columns[place])]
    for one, other in permutations(sized, 2):
        if one < other and lengths[one] == lengths[other] and _shown(lengths[one]):
            found.append(SameLength(one, other))
    for number in whole:
        for place in sized:
            found += _to_length(number, place, known, columns[number], lengths[place])
    for one, other in permutations(numbers, 2):
        if len(known) > EXAMPLES and all(a <= b for a, b in zip(columns[one], columns[other], strict=True)):
            strict = all(a < b for a, b in zip(columns[one], columns[other], strict=True))
            found.append(InOrder(one, other, strict))
    found += [relation for relation in _members(known) if all(relation.holds(each) for each in known)]
    found += [relation for relation in _indices(known) if all(relation.holds(each) for each in known)]
    return tuple(found)


def _to_length(
    number: int, place: int, known: Sequence[Arguments], seen: Sequence[int], lengths: Sequence[int | None]
) -> Iterator[Relation]:
    """A number's relation to a list's length, and to the tree whose edges the list holds."""
    pairs = [(value, length) for value, length in zip(seen, lengths, strict=True) if length is not None]
    for offset in (0, 1, -1):
        if _shown(lengths) and all(value == length + offset for value, length in pairs):
            tree = Edges(number, place, min([1, *(v for each in known for v in _ends(each[place]))]))
            if offset == 1 and all(tree.holds(arguments) for arguments in known):
                yield tree
            yield LengthIs(number, place, offset)
            return
    if len(known) >= EXAMPLES and all(0 <= value <= length for value, length in pairs) and max(seen) > 0:
        yield AtMostLength(number, place, min(1, *seen))


def _members(known: Sequence[Arguments]) -> Iterator[Relation]:
    places = range(len(known[0]))
    for one, other in permutations(places, 2):
        if len(known) > EXAMPLES and all(isinstance(each[other], (list, set, str)) for each in known):
            yield Member(one, other)


def _indices(known: Sequence[Arguments]) -> Iterator[Relation]:
    """Numbers in lists that are at most another argument, or at most the length of a list; at least 0 or 1."""
    places = range(len(known[0]))
    for place in places:
        if not all(isinstance(each[place], list) for each in known):
            continue
        found = [_whole_numbers(each[place]) for each in known]
        numbers = [number for each in found for number in each]
        if len(numbers) < NUMBERS or min(numbers) not in (0, 1):
            continue
        low = min(numbers)
        for bound in places:
            limits = [_limit(each[bound]) for each in known]
            if None in limits or (bound != place and _is_int(known[0][bound]) and len(known) < EXAMPLES):
                continue
            reached = sum(
                bool(each) and max(each) == (limit or 0) + low - 1 for each, limit in zip(found, limits, strict=True)
            )
            if 2 * reached >= len(known):
                yield Within(place, bound, low)


def _length(value: Any) -> int | None:
    if isinstance(value, (list, tuple, set, frozenset, dict, str)):
        return len(value)
    return len(values.node_values(value)) if isinstance(value, values.ListNode) else None


def _shown(lengths: Sequence[int | None]) -> bool:
    """Whether a relation to these lengths is hardly chance: they differ, or the only one is not short."""
    known = [length for length in lengths if length is not None]
    return len(set(known)) > 1 or (len(known) == 1 and known[0] >= LENGTH) or (len(known) > EXAMPLES and known[0] > 0)


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _limit(value: Any) -> int | None:
    return value if _is_int(value) else _length(value)


def _whole_numbers(value: Any) -> list[int]:
    """The ints of a list or of the lists in it; none where it holds anything else."""
    flat = [item for part in value for item in (part if isinstance(part, (list, tuple)) else [part])]
    return flat if all(_is_int(item) for item in flat) else []


@dataclass(frozen=True, slots=True)
class SameLength:
    """Two arguments have one length."""

    one: int
    other: int

    def holds(self, arguments: Arguments) -> bool:
        """Whether they have."""
        return _length(arguments[self.one]) == _length(arguments[self.other])

    def restored(self, arguments: list[Any], shapes: Sequence[Shape], rng: random.Random, grow: bool) -> None:
        """Cut the longer, or lengthen the shorter."""
        first, second = _length(arguments[self.one]), _length(arguments[self.other])
        if first is None or second is None or first == second:
            return
        short, long = (self.one, self.other) if first < second else (self.other, self.one)
        place = short if grow or rng.random() < 0.5 else long
        length = max(first, second) if place == short else min(first, second)
        arguments[place] = _resized(arguments[place], shapes[place], length, rng)


def _resized(value: Any, shape: Shape, length: int, rng: random.Random) -> Any:
    if isinstance(shape, Text) and isinstance(value, str):
        return shape.resized(value, length, rng)
    if isinstance(shape, Items) and isinstance(value, (list, tuple, set, frozenset)):
        return shape.resized(value, length, rng)
    if isinstance(shape, LinkedList) and isinstance(value, values.ListNode):
        return values.make_list(shape.items.resized(values.node_values(value), length, rng))
    return value


@dataclass(frozen=True, slots=True)
class LengthIs:
    """A number is a list's length, or one more or less (offset)."""

    number: int
    place: int
    offset: int

    def holds(self, arguments: Arguments) -> bool:
        """Whether it is."""
        length = _length(arguments[self.place])
        return length is not None and arguments[self.number] == length + self.offset

    def restored(self, arguments: list[Any], shapes: Sequence[Shape], rng: random.Random, grow: bool) -> None:
        """Change the number."""
        arguments[self.number] = (_length(arguments[self.place]) or 0) + self.offset


@dataclass(frozen=True, slots=True)
class AtMostLength:
    """A number lies between `low` and a list's length."""

    number: int
    place: int
    low: int

    def holds(self, arguments: Arguments) -> bool:
        """Whether it does; of an empty list nothing is asked."""
        length = _length(arguments[self.place])
        return not length or self.low <= arguments[self.number] <= length

    def restored(self, arguments: list[Any], shapes: Sequence[Shape], rng: random.Random, grow: bool) -> None:
        """Draw another number."""
        if not self.holds(tuple(arguments)):
            length = max(self.low, _length(arguments[self.place]) or 0)
            arguments[self.number] = rng.choice((self.low, length, rng.randint(self.low, length)))


@dataclass(frozen=True, slots=True)
class InOrder:
    """A number is at most another, or less (strict)."""

    one: int
    other: int
    strict: bool

    def holds(self, arguments: Arguments) -> bool:
        """Whether it is."""
        one, other = arguments[self.one], arguments[self.other]
        return bool(one < other if self.strict else one <= other)

    def restored(self, arguments: list[Any], shapes: Sequence[Shape], rng: random.Random, grow: bool) -> None:
        """Exchange them."""
        if not self.holds(tuple(arguments)):
            arguments[self.one], arguments[self.other] = arguments[self.other], arguments[self.one]


@dataclass(frozen=True, slots=True)
class Member:
    """An argument is an item of another, or a part of it where both are texts."""

    one: int
    container: int

    def holds(self, arguments: Arguments) -> bool:
        """Whether it is."""
        try:
            return arguments[self.one] in arguments[self.container]
        except TypeError:
            return False

    def restored(self, arguments: list[Any], shapes: Sequence[Shape], rng: random.Random, grow: bool) -> None:
        """Take another item or part."""
        container = arguments[self.container]
        if self.holds(tuple(arguments)) or not container:
            return
        if isinstance(container, str):
            start = rng.randrange(len(container))
            arguments[self.one] = container[start : start + max(1, len(arguments[self.one]))]
        else:
            arguments[self.one] = rng.choice(sorted(container, key=values.dumps))


@dataclass(frozen=True, slots=True)
class Within:
    """The whole numbers in a list, or in the lists that it holds, number things: low <= x < low + how many there are.

    bound: the argument that is that number, or whose length it is.
    """

    place: int
    bound: int
    low: int

    def holds(self, arguments: Arguments) -> bool:
        """Whether they do."""
        limit = _limit(arguments[self.bound])
        numbers = _whole_numbers(arguments[self.place])
        return limit is not None and all(self.low <= number < self.low + limit for number in numbers)

    def restored(self, arguments: list[Any], shapes: Sequence[Shape], rng: random.Random, grow: bool) -> None:
        """Bring those outside back by the remainder."""
        limit = _limit(arguments[self.bound])
        if limit and limit > 0 and not self.holds(tuple(arguments)):
            arguments[self.place] = _mapped(arguments[self.place], lambda x: self.low + (x - self.low) % limit)


def _mapped(value: Any, change: Callable[[int], int]) -> Any:
    if _is_int(value):
        return change(value)
    return type(value)(_mapped(item, change) for item in value) if isinstance(value, (list, tuple)) else value


@dataclass(frozen=True, slots=True)
class Edges:
    """A list's items begin with the two ends of an edge of a tree; a number counts its nodes, from `low` on."""

    number: int
    place: int
    low: int

    def holds(self, arguments: Arguments) -> bool:
        """Whether the edges hang together and there is one fewer than nodes."""
        edges, nodes = arguments[self.place], arguments[self.number]
        if not isinstance(edges, list) or len(edges) != nodes - 1 or len(list(_ends(edges))) != 2 * len(edges):
            return False
        above = list(range(nodes))

        def top(node: int) -> int:
            while above[node] != node:
                above[node] = above[above[node]]
                node = above[node]
            return node

        for edge in edges:
            one, other = edge[0] - self.low, edge[1] - self.low
            if not (0 <= one < nodes and 0 <= other < nodes) or top(one) == top(other):
                return False
            above[top(one)] = top(other)
        return True

    def restored(self, arguments: list[Any], shapes: Sequence[Shape], rng: random.Random, grow: bool) -> None:
        """Draw another tree of as many edges, what else an item holds being kept: bushy, a path or a star."""
        edges = arguments[self.place] = list(arguments[self.place])
        arguments[self.number] = len(edges) + 1
        if self.holds(tuple(arguments)):
            return
        names = rng.sample(range(self.low, self.low + len(edges) + 1), len(edges) + 1)
        way = rng.choice((0, 0, 1, 2))
        for index, edge in enumerate(edges):
            parent = (rng.randint(0, index), index, 0)[way]
            ends = [names[parent], names[index + 1]]
            rng.shuffle(ends)
            edges[index] = type(edge)([*ends, *edge[2:]])


def _ends(edges: Any) -> Iterator[int]:
    for edge in edges if isinstance(edges, list) else ():
        if isinstance(edge, (list, tuple)) and len(edge) >= 2:
            yield from (end for end in edge[:2] if _is_int(end))


def restored(
    arguments: Sequence[Any], relations: Sequence[Relation], shapes: Sequence[Shape], rng: random.Random, grow: bool
) -> Arguments | None:
    """The arguments with all relations restored; None where that fails."""
    made = list(arguments)
    for _ in range(EXAMPLES + 1):
        try:
            for relation in relations:
                relation.restored(made, shapes, rng, grow)
            if all(relation.holds(tuple(made)) for relation in relations):
                return tuple(made)
        except (TypeError, IndexError):
            return None
    return None
