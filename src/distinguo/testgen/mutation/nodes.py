"""Linked lists and binary trees as the known inputs hold them: drawn anew, or changed, by the rules they keep."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from distinguo import values
from distinguo.testgen.mutation.containers import LARGE_TEXT, Items, different_ones, in_order
from distinguo.testgen.mutation.leaves import LONGEST, SMALL_LENGTH, Shape, Size


@dataclass(frozen=True, slots=True)
class LinkedList:
    """Linked lists; an empty one is None."""

    items: Items

    def draw(self, rng: random.Random, size: Size) -> Any:
        """A new one."""
        return values.make_list(self.items.draw(rng, size))

    def change(self, value: Any, rng: random.Random, size: Size) -> Any:
        """The list changed as a list of values."""
        return values.make_list(self.items.change(values.node_values(value), rng, size))

    def grow(self, length: int, rng: random.Random) -> Any:
        """A long one."""
        return values.make_list(self.items.grow(length, rng) or [])


@dataclass(frozen=True, slots=True)
class Tree:
    """Binary trees of items of one shape. high: the most nodes. searched: they are search trees of different values."""

    item: Shape
    high: int
    searched: bool

    def draw(self, rng: random.Random, size: Size) -> Any:
        """A new one."""
        most = min(self.high, SMALL_LENGTH) if size is Size.SMALL else min(LONGEST, self.high + 3)
        return self._of_length(rng.randint(1, most), rng, size)

    def _of_length(self, length: int, rng: random.Random, size: Size, slender: float = 0.0) -> Any:
        items = [self.item.draw(rng, size) for _ in range(length)]
        return _searched(items) if self.searched else _grown(items, rng, slender)

    def change(self, value: Any, rng: random.Random, size: Size) -> Any:
        """One value changed, the last nodes cut off, a node more, or a new tree."""
        items = values.node_values(value)
        places = [place for place, item in enumerate(items) if item is not None]
        place = rng.choice(places)
        if self.searched:
            kept = [item for item in items if item is not None and rng.random() < 0.8]
            return _searched([*kept, self.item.draw(rng, size)])
        way = rng.random()
        if way < 0.5:
            items[place] = self.item.change(items[place], rng, size)
        elif way < 0.7:
            items = items[: max(1, place)]
        elif way < 0.9:
            items.append(self.item.draw(rng, size))
        else:
            return self.draw(rng, size)
        try:
            return values.make_tree(items)
        except values.ValueTextError:
            return value

    def grow(self, length: int, rng: random.Random) -> Any:
        """A large one, bushy or deep."""
        return self._of_length(min(length, LARGE_TEXT // 10), rng, Size.LARGE, rng.choice((0.0, 0.9)))


def inorder(tree: Any) -> list[Any]:
    """The values from left to right; trees may be deeper than Python's own stack."""
    found, above, node = list[Any](), list[Any](), tree
    while above or node is not None:
        while node is not None:
            above.append(node)
            node = node.left
        node = above.pop()
        found.append(node.val)
        node = node.right
    return found


def _grown(items: Sequence[Any], rng: random.Random, slender: float) -> Any:
    """A tree of these values: each goes below the node before it with this probability, else below any."""
    nodes = [values.TreeNode(items[0])]
    free = [(nodes[0], "left"), (nodes[0], "right")]
    for item in items[1:]:
        place = len(free) - 1 if rng.random() < slender else rng.randrange(len(free))
        free[place], free[-1] = free[-1], free[place]
        parent, side = free.pop()
        node = values.TreeNode(item)
        setattr(parent, side, node)
        free += [(node, "left"), (node, "right")]
    return nodes[0]


def _searched(items: Iterable[Any]) -> Any:
    """The search tree of these values' middles, different ones only."""
    ordered_items = in_order(different_ones(items))
    if not ordered_items:
        return None
    root = values.TreeNode()
    waiting = [(root, 0, len(ordered_items))]
    while waiting:
        node, low, high = waiting.pop()
        middle = (low + high) // 2
        node.val = ordered_items[middle]
        if low < middle:
            node.left = values.TreeNode()
            waiting.append((node.left, low, middle))
        if middle + 1 < high:
            node.right = values.TreeNode()
            waiting.append((node.right, middle + 1, high))
    return root
