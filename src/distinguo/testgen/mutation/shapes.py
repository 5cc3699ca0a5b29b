"""The shape of the known inputs' values: what they have in common, inferred, and kept by the values made from it.

Kinds and nesting; sorted or different items, equal lengths of rows, squares, records of a fixed length, dictionaries
with fixed keys. Numbers are in `leaves`, texts in `texts`. What a few known values have in common by chance is not
taken for a rule: each rule needs evidence, stated below.
"""

import itertools
import math
from collections.abc import Sequence
from typing import Any

from distinguo import values
from distinguo.testgen.mutation.containers import Items, Mapping, OneOf, Record, is_sorted, kind_of, ordered
from distinguo.testgen.mutation.leaves import Constant, Number, Shape
from distinguo.testgen.mutation.nodes import LinkedList, Tree, inorder
from distinguo.testgen.mutation.texts import Numeral, Text

ORDER_EVIDENCE = 3.0  # log of how many orders the sorted values could have had: one of twenty by chance
DIFFERENT_EVIDENCE = 4  # items that could have repeated an earlier one
RECORDS = 2  # lists of one length from which on they are records
SQUARE = 2  # rows up to which lists of as many are rather pairs
IN_ORDER = 4  # records that show which of their numbers are greater
RECORD_LENGTH = 4  # of a list that is a record at most

FREEDOMS = ("order", "bounds", "lengths")
"""The rules that inference can be told to leave out."""


def infer(known: Sequence[Any], free: str = "", inner: bool = False) -> Shape:
    """What these values, at least one, have in common.

    free: one of FREEDOMS, which is not kept. inner: they are items, not arguments, so that a length that all of them
    share is no accident.
    """
    groups: dict[str, list[Any]] = {}
    for value in known:
        groups.setdefault(kind_of(value), []).append(value)
    shapes = {kind: _infer_kind(kind, group, free, inner) for kind, group in groups.items()}
    if len(shapes) == 1:
        return next(iter(shapes.values()))
    return OneOf(tuple(shapes), tuple(shapes.values()), tuple(len(group) for group in groups.values()))


def _infer_kind(kind: str, known: list[Any], free: str, inner: bool) -> Shape:
    match kind:
        case "int" | "float":
            return Number.of(known, free == "bounds")
        case "str":
            return Numeral.of(known, free == "bounds") or Text.of(known, free == "lengths")
        case "dict":
            return _mapping(known, free)
        case "ListNode":
            return LinkedList(_items("list", [values.node_values(node) for node in known], free))
        case "TreeNode":
            return _tree(known, free)
        case "other":
            seen = {values.dumps(value): value for value in known}
            if any(isinstance(value, bool) for value in known):
                seen |= {"False": False, "True": True}
            return Constant(tuple(seen.values()))
    lists = [ordered(value) for value in known]
    if kind == "tuple" or inner:
        record = _record(kind, lists, free)
        if record is not None:
            return record
    return _items(kind, lists, free)


def _are_sorted(lists: Sequence[Sequence[Any]]) -> bool:
    """Whether all are, and could have been otherwise."""
    if not all(is_sorted(items) for items in lists):
        return False
    return sum(math.lgamma(len(set(map(values.dumps, items))) + 1) for items in lists) >= ORDER_EVIDENCE


def _are_different(lists: Sequence[Sequence[Any]]) -> bool:
    """Whether no list repeats an item, though it could."""
    if any(len(set(map(values.dumps, items))) < len(items) for items in lists):
        return False
    return sum(max(0, len(items) - 1) for items in lists) >= DIFFERENT_EVIDENCE


def _record(kind: str, known: Sequence[Sequence[Any]], free: str) -> Record | None:
    """The record that these sequences are; None where they are none."""
    length = len(known[0])
    if kind not in ("list", "tuple") or length == 0 or any(len(items) != length for items in known):
        return None
    columns = [list(column) for column in zip(*known, strict=True)]
    mixed = len({frozenset(map(kind_of, column)) for column in columns}) > 1
    if kind == "list" and not mixed and (length > RECORD_LENGTH or len(known) < RECORDS):
        return None
    places = tuple(infer(column, free, inner=True) for column in columns)
    numbers = [place for place in range(length) if all(kind_of(item) in ("int", "float") for item in columns[place])]
    if free == "order" or len(known) < IN_ORDER:
        return Record(kind, places, False, ())
    orders = [
        (low, high)
        for low, high in itertools.permutations(numbers, 2)
        if all(one <= other for one, other in zip(columns[low], columns[high], strict=True))
    ]
    return Record(kind, places, length == len(numbers) == 2 and _are_different(known), tuple(orders))


def _items(kind: str, known: Sequence[Sequence[Any]], free: str) -> Items:
    lengths = [len(items) for items in known]
    items = [item for sequence in known for item in sequence]
    sized = free != "lengths" and bool(items) and all(isinstance(item, (list, str)) for item in items)
    alike = sized and all(len({len(item) for item in sequence}) <= 1 for sequence in known) and max(lengths) > 1
    square = alike and all(len(item) == len(sequence) for sequence in known for item in sequence)
    if alike and not (square and max(lengths) > SQUARE) and _of_one_length(items):
        alike = False  # single letters, or records
    in_order = free != "order" and kind in ("list", "tuple")
    return Items(
        kind,
        item=infer(items, free, inner=not alike) if items else None,
        shortest=0 if free == "lengths" else min(1, *lengths),
        high=max(lengths),
        ascending=in_order and _are_sorted(known),
        descending=in_order and _are_sorted([sequence[::-1] for sequence in known]),
        different=in_order and _are_different(known),
        alike=alike,
        square=square and alike and (len(known) > 1 or max(lengths) > SQUARE),
    )


def _of_one_length(items: Sequence[Any]) -> bool:
    """Whether these items, texts or lists, are single letters or as short as records."""
    most = 1 if isinstance(items[0], str) else RECORD_LENGTH
    return len({len(item) for item in items}) == 1 and len(items) >= RECORDS and len(items[0]) <= most


def _mapping(known: Sequence[dict[Any, Any]], free: str) -> Mapping:
    keys = list(known[0])
    if keys and len(known) > 1 and all(list(each) == keys for each in known):
        return Mapping({key: infer([each[key] for each in known], free, inner=True) for key in keys})
    pairs = [pair for each in known for pair in each.items()]
    if not pairs:
        return Mapping()
    lengths = [len(each) for each in known]
    key, value = (infer([pair[side] for pair in pairs], free, inner=True) for side in (0, 1))
    return Mapping({}, key, value, 0 if free == "lengths" else min(1, *lengths), max(lengths))


def _tree(known: Sequence[Any], free: str) -> Tree:
    nodes = [inorder(tree) for tree in known]
    searched = free != "order" and _are_sorted(nodes) and _are_different(nodes)
    item = infer([value for each in nodes for value in each], free, inner=True)
    return Tree(item, max(map(len, nodes)), searched)
