"""Lists, tuples, sets and dictionaries as the known inputs hold them: drawn anew or changed, by the rules they keep."""

import itertools
import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from distinguo import values
from distinguo.testgen.mutation.leaves import EMPTY, LONGEST, SMALL_LENGTH, Number, Shape, Size
from distinguo.testgen.mutation.texts import Text

LARGE_TEXT = 400_000  # characters of a grown value, roughly
TRIES = 20  # for an item that differs from others

_SEQUENCES: dict[str, Callable[[Iterable[Any]], Any]] = {
    "list": list, "tuple": tuple, "set": set, "frozenset": frozenset,
}  # fmt: skip


def kind_of(value: Any) -> str:
    """The type that tells which shape a value has; `other` for what only recurs as it is."""
    if isinstance(value, float) and not math.isfinite(value):
        return "other"
    name = type(value).__name__
    return name if name in ("int", "float", "str", "dict", *_SEQUENCES, *values.NODES) else "other"


def ordered(value: Iterable[Any]) -> list[Any]:
    """The items as a list; those of a set in the order of their texts, which no hash changes."""
    return sorted(value, key=values.dumps) if isinstance(value, (set, frozenset)) else list(value)


def is_sorted(items: Sequence[Any]) -> bool:
    """Whether no item is greater than the next; not so where two cannot be compared."""
    try:
        return all(one <= other for one, other in itertools.pairwise(items))
    except TypeError:
        return False


@dataclass(frozen=True, slots=True)
class OneOf:
    """Values of several kinds at one place, each with its shape and how often it occurs."""

    kinds: tuple[str, ...]
    shapes: tuple[Shape, ...]
    weights: tuple[int, ...]

    def draw(self, rng: random.Random, size: Size) -> Any:
        """A value of one kind, as often as it occurs."""
        return rng.choices(self.shapes, self.weights)[0].draw(rng, size)

    def change(self, value: Any, rng: random.Random, size: Size) -> Any:
        """The value changed within its kind, rarely one of any kind."""
        kind = kind_of(value)
        if kind not in self.kinds or rng.random() < 0.2:
            return self.draw(rng, size)
        return self.shapes[self.kinds.index(kind)].change(value, rng, size)

    def grow(self, length: int, rng: random.Random) -> Any:
        """A large value of the first kind that has any."""
        grown = (shape.grow(length, rng) for shape in self.shapes)
        return next((value for value in grown if value is not None), None)


@dataclass(frozen=True, slots=True)
class Record:
    """Lists or tuples of one length whose places have shapes of their own.

    different: the numbers of a pair are. orders: pairs of places of which the first holds no greater number.
    """

    kind: str
    places: tuple[Shape, ...]
    different: bool
    orders: tuple[tuple[int, int], ...]

    def draw(self, rng: random.Random, size: Size) -> Any:
        """A value with every place drawn."""
        return self._kept([shape.draw(rng, size) for shape in self.places], rng, size)

    def change(self, value: Any, rng: random.Random, size: Size) -> Any:
        """The value with one place changed."""
        items, place = list(value), rng.randrange(len(self.places))
        items[place] = self.places[place].change(items[place], rng, size)
        return self._kept(items, rng, size)

    def _kept(self, items: list[Any], rng: random.Random, size: Size) -> Any:
        for _ in range(TRIES if self.different else 0):
            if items[0] != items[1]:
                break
            items[1] = self.places[1].draw(rng, size)
        for low, high in self.orders:
            if items[low] > items[high]:
                items[low], items[high] = items[high], items[low]
        return _SEQUENCES[self.kind](items)

    def grow(self, length: int, rng: random.Random) -> Any:
        """None: its length is fixed."""
        return None


@dataclass(frozen=True, slots=True)
class Items:
    """Lists, tuples or sets of items of one shape; without a shape all are empty.

    shortest, high: the least length that is made, the greatest known. ascending, descending, different: what all
    known ones are. alike: the items within one, lists or texts, have one length; square: it is the number of items.
    """

    kind: str
    item: Shape | None
    shortest: int
    high: int
    ascending: bool = False
    descending: bool = False
    different: bool = False
    alike: bool = False
    square: bool = False

    def draw(self, rng: random.Random, size: Size) -> Any:
        """A new one."""
        if self.item is None or (not self.shortest and rng.random() < EMPTY):
            return self._kept([], rng, size)
        if size is Size.SMALL:
            most = min(self.high, SMALL_LENGTH)
        else:
            most = min(LONGEST, max(self.high + 2, self.high * 3 // 2))
        length = rng.randint(self.shortest, max(self.shortest, most))
        return self._kept([self.item.draw(rng, size) for _ in range(length)], rng, size)

    def change(self, value: Any, rng: random.Random, size: Size) -> Any:
        """One item changed, more, fewer, repeated or alone; another order; the whole repeated or drawn anew."""
        items = ordered(value)
        if not items or self.item is None or rng.random() < (0.1 if self.shortest else 0.3):
            return self.draw(rng, size)
        place, other = rng.randrange(len(items)), rng.randrange(len(items))
        changed = [*items[:place], self.item.change(items[place], rng, size), *items[place + 1 :]]
        if rng.random() < 0.4:
            return self._kept(changed, rng, size)
        swapped = list(items)
        swapped[place], swapped[other] = swapped[other], swapped[place]
        ways = [
            items[:place] + items[place + 1 :],
            [*items[:place], items[place], *items[place:]],
            [*items[:place], self.item.draw(rng, size), *items[place:]],
            swapped,
            items[::-1],
            items[place:] + items[:place],
            [items[place]],
            items[: place + 1],
            [items[place]] * len(items),
        ]
        if size is not Size.SMALL and len(items) <= LONGEST // 2:
            ways.append(items + items)
        if is_sorted(items[:1] + items[1:2]):
            ways += [in_order(items), in_order(items)[::-1]]
        return self._kept(rng.choice(ways), rng, size)

    def resized(self, value: Any, length: int, rng: random.Random) -> Any:
        """The value cut or continued to a length; shorter where there are too few different items."""
        fixed = replace(self, shortest=length, alike=False, square=False)
        return fixed._kept(ordered(value)[:length], rng, Size.USUAL)

    def _kept(self, items: Sequence[Any], rng: random.Random, size: Size) -> Any:
        """The items made to obey the rules."""
        if self.item is None:
            return _SEQUENCES[self.kind](items)
        made = list(items)
        if self.different or self.kind in ("set", "frozenset"):
            made = self._filled(made, rng, size)
        elif len(made) < self.shortest:
            made += [self.item.draw(rng, size) for _ in range(self.shortest - len(made))]
        if self.alike and made:
            made = self._rectangle(made, rng)
        if self.ascending or self.descending:
            made = in_order(made)[:: -1 if self.descending else 1]
        return _SEQUENCES[self.kind](made)

    def _filled(self, items: Sequence[Any], rng: random.Random, size: Size) -> list[Any]:
        """Different items, as many as are needed where there are as many."""
        found = {values.dumps(item): item for item in items}
        lacking = self.shortest - len(found)
        if self.item is None or lacking <= 0:
            return list(found.values())
        if isinstance(self.item, Number):
            more = iter(self.item.different(self.shortest + len(found), rng))
        else:
            draw = self.item.draw
            more = (draw(rng, size) for _ in range(lacking + TRIES))
        for item in more:
            found.setdefault(values.dumps(item), item)
            if len(found) >= self.shortest:
                break
        return list(found.values())

    def _rectangle(self, items: Sequence[Any], rng: random.Random) -> list[Any]:
        """The items brought to one length."""
        width = len(items) if self.square else len(rng.choice(items))
        made = [_resized(self.item, item, width, rng) for item in items]
        reached = min(map(len, made))
        return [item[:reached] for item in made[: reached if self.square else None]]

    def grow(self, length: int, rng: random.Random) -> Any:
        """A large one: items drawn anew or known, all equal, ascending or descending."""
        if self.item is None:
            return None
        if self.square:
            length = math.isqrt(length)
        sample = [self.item.draw(rng, Size.USUAL) for _ in range(8)]
        length = min(length, max(8, 8 * LARGE_TEXT // len(values.dumps(sample))))
        if isinstance(self.item, Number) and (self.different or self.kind in ("set", "frozenset")):
            items = self.item.different(length, rng)
        elif rng.random() < 0.2:
            items = [self.item.draw(rng, Size.LARGE)] * length
        else:
            size = Size.LARGE if isinstance(self.item, Number) and rng.random() < 0.5 else Size.USUAL
            items = [self.item.draw(rng, size) for _ in range(length)]
        order = rng.random()
        if order < 0.4 and isinstance(self.item, (Number, Text)):
            items = in_order(items)[:: -1 if order < 0.2 else 1]
        return replace(self, shortest=0)._kept(items, rng, Size.USUAL)


def different_ones(items: Iterable[Any]) -> list[Any]:
    """The items without repetitions, in their order."""
    return list({values.dumps(item): item for item in items}.values())


def in_order(items: list[Any]) -> list[Any]:
    """The items sorted, or as they are where two cannot be compared."""
    try:
        return sorted(items)
    except TypeError:
        return items


def _resized(shape: Shape | None, item: Any, length: int, rng: random.Random) -> Any:
    """An item of such a length, where the shape can make one."""
    if isinstance(shape, (Text, Items)):
        return shape.resized(item, length, rng)
    return item


@dataclass(frozen=True, slots=True)
class Mapping:
    """Dictionaries: all with the same keys, each with the shape of its values, or with any keys of a shape."""

    fields: dict[Any, Shape] = field(default_factory=dict)
    key: Shape | None = None
    value: Shape | None = None
    shortest: int = 0
    high: int = 0

    def draw(self, rng: random.Random, size: Size) -> Any:
        """A new one."""
        if self.fields:
            return {key: shape.draw(rng, size) for key, shape in self.fields.items()}
        most = min(self.high, SMALL_LENGTH) if size is Size.SMALL else min(LONGEST, self.high + 2)
        return self._of_length(rng.randint(self.shortest, max(self.shortest, most)), rng, size)

    def _of_length(self, length: int, rng: random.Random, size: Size) -> dict[Any, Any]:
        if self.key is None or self.value is None:
            return {}
        return {self.key.draw(rng, size): self.value.draw(rng, size) for _ in range(length)}

    def change(self, value: Any, rng: random.Random, size: Size) -> Any:
        """A value or a key changed, a pair more or fewer, or another order."""
        if not value:
            return self.draw(rng, size)
        made, key = dict(value), rng.choice(list(value))
        if self.fields or rng.random() < 0.5:
            shape = self.fields.get(key, self.value)
            return made if shape is None else made | {key: shape.change(made[key], rng, size)}
        if self.key is None or self.value is None:
            return made
        if rng.random() < 0.3:
            return made | self._of_length(1, rng, size)
        if len(made) > self.shortest and rng.random() < 0.4:
            del made[key]
            return made
        if rng.random() < 0.3:
            return dict(reversed(made.items()))
        other = self.key.change(key, rng, size)
        return {other if name == key else name: item for name, item in made.items() if name != other or name == key}

    def grow(self, length: int, rng: random.Random) -> Any:
        """One with many keys; None where the keys are fixed."""
        if self.fields or self.key is None:
            return None
        return self._of_length(min(length, LARGE_TEXT // 20), rng, Size.LARGE)
