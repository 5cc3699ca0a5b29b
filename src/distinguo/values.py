"""Python values as text: Python literals, extended by nan, inf, set(), frozenset({...}) and LeetCode's nodes.

It serves as test input, as expected answer, and as a program's result on its way out of the sandbox. Sets are written
in a fixed order, dictionaries in their own, which a program can see; comparing values is the work of checkers.
`ListNode([1, 2])` is a linked list, `TreeNode([1, None, 2])` a binary tree in level order without the empty ends.
This file imports only the standard library because the sandbox's child loads it too.
"""

import ast
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_DEPTH = 180  # below the 200 nested brackets that CPython's own parser accepts
_DECIMAL_DIGITS = 4000  # below the length at which int() refuses decimal text
_NODES = 1_000_000  # in one list or tree
_COLLISIONS = 2_000  # hashes in one set or dictionary that others have too; the time that more take grows as the square


class ValueTextError(ValueError):
    """A value has no literal text, or a text is no literal."""


class ListNode:
    """A node of a linked list. Lists with equal values are equal."""

    def __init__(self, val: Any = 0, next: "ListNode | None" = None) -> None:
        self.val = val
        self.next = next

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ListNode) and node_values(self) == node_values(other)

    __hash__ = None  # type: ignore[assignment]  # equal nodes may change

    def __repr__(self) -> str:
        return f"ListNode({node_values(self)})"


class TreeNode:
    """A node of a binary tree. Trees of the same shape with equal values are equal."""

    def __init__(self, val: Any = 0, left: "TreeNode | None" = None, right: "TreeNode | None" = None) -> None:
        self.val = val
        self.left = left
        self.right = right

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TreeNode) and node_values(self) == node_values(other)

    __hash__ = None  # type: ignore[assignment]  # equal nodes may change

    def __repr__(self) -> str:
        return f"TreeNode({node_values(self)})"


NodeClasses = Mapping[str, Callable[[Any], Any]]
"""For `ListNode` and `TreeNode`, what makes a node from its value."""

NODES: NodeClasses = {"ListNode": ListNode, "TreeNode": TreeNode}


def node_values(node: Any) -> list[Any]:
    """The values of a list, or of a tree in level order with None for a child that is missing.

    node: an object whose class is named as in NODES and has its attributes. Raises ValueTextError where it has not,
    for a list or tree that contains itself, and for a tree's value None, which would be read as a missing child.
    """
    is_tree = type(node).__name__ == "TreeNode"
    found, seen, waiting = list[Any](), set[int](), [node]
    for node in waiting:
        if node is None:
            found.append(None)
            continue
        if id(node) in seen or len(seen) == _NODES:
            raise ValueTextError("a list or tree is too long or contains itself")
        seen.add(id(node))
        try:
            found.append(node.val)
            if is_tree:
                waiting += (node.left, node.right)
            elif node.next is not None:
                waiting.append(node.next)
        except Exception as error:
            raise ValueTextError(f"a {type(node).__name__} lacks an attribute") from error
        if is_tree and found[-1] is None:
            raise ValueTextError("a tree's value None has no literal form")
    while is_tree and found[-1] is None:
        found.pop()
    return found


def make_list(items: Sequence[Any], classes: NodeClasses = NODES) -> Any:
    """The linked list of these values; None for none."""
    head = None
    for item in reversed(items):
        node = classes["ListNode"](item)
        node.next = head
        head = node
    return head


def make_tree(items: Sequence[Any], classes: NodeClasses = NODES) -> Any:
    """The tree of these values in level order, None for a missing child; None for no values.

    Raises ValueTextError for values below a child that is missing.
    """
    if not items:
        return None
    root, *below = [None if item is None else classes["TreeNode"](item) for item in items]
    parents = [] if root is None else [root]
    for place, node in enumerate(below):
        if place // 2 == len(parents):
            raise ValueTextError("a tree's values do not hang together")
        setattr(parents[place // 2], "right" if place % 2 else "left", node)
        if node is not None:
            parents.append(node)
    return root


_MAKERS: Mapping[str, Callable[[Sequence[Any], NodeClasses], Any]] = {"ListNode": make_list, "TreeNode": make_tree}


def dumps(value: Any) -> str:
    """Write a value as a literal; subclasses of the built-in types are written as the built-in type.

    Raises ValueTextError for any other type, for cycles and for nesting deeper than 180.
    """
    return _dump(value, 0)


def _dump(value: Any, depth: int) -> str:
    if depth > _DEPTH:
        raise ValueTextError("the value is nested too deeply or refers to itself")
    if value is None or value is True or value is False:
        return str(value)
    if isinstance(value, int):
        return _int_text(int.__int__(value))
    if isinstance(value, float):
        return float.__repr__(value)
    if isinstance(value, complex):
        if not (math.isfinite(value.real) and math.isfinite(value.imag)):
            raise ValueTextError("a complex number that is not finite has no literal form")
        return repr(complex.__add__(value, 0j))  # literals cannot hold the sign of a complex number's zeros
    if isinstance(value, str):
        return str.__repr__(value)
    if isinstance(value, (bytes, bytearray)):
        return repr(bytes(value))
    if isinstance(value, list):
        return "[" + ", ".join([_dump(item, depth + 1) for item in list.__iter__(value)]) + "]"
    if isinstance(value, tuple):
        items = [_dump(item, depth + 1) for item in tuple.__iter__(value)]
        return "(" + ", ".join(items) + (",)" if len(items) == 1 else ")")
    if isinstance(value, dict):
        pairs = [f"{_dump(key, depth + 1)}: {_dump(item, depth + 1)}" for key, item in dict.items(value)]
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, (set, frozenset)):
        members = sorted([_dump(item, depth + 1) for item in iter(value)])
        if isinstance(value, frozenset):
            return "frozenset({" + ", ".join(members) + "})" if members else "frozenset()"
        return "{" + ", ".join(members) + "}" if members else "set()"
    name = type(value).__name__
    if name in NODES:
        return f"{name}({_dump(node_values(value), depth + 1)})"
    raise ValueTextError(f"a value of type {name} has no literal form")


def _int_text(value: int) -> str:
    return str(value) if value.bit_length() < _DECIMAL_DIGITS * 3 else hex(value)


def loads(text: str, classes: NodeClasses = NODES) -> Any:
    """Read a literal. Nothing is executed. classes: of the nodes.

    Raises ValueTextError when the text is no literal, and for a value that `dumps` would not write.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape in a text is no one's business here
            return _load(ast.parse(text.strip(), mode="eval").body, classes, 0)
    except ValueTextError:
        raise
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError, OverflowError) as error:
        raise ValueTextError(f"not a Python literal: {text[:80]!r}") from error


def _load(node: ast.expr, classes: NodeClasses, depth: int) -> Any:
    if depth > _DEPTH:
        raise ValueTextError("the value is nested too deeply")
    below = depth + 1
    match node:
        case ast.Constant(value=complex() as value):
            return _finite(value)
        case ast.Constant(value=value) if value is not Ellipsis:
            return value
        case ast.List(elts=items):
            return [_load(item, classes, below) for item in items]
        case ast.Tuple(elts=items):
            return tuple([_load(item, classes, below) for item in items])
        case ast.Set(elts=items):
            return set(_hashed([_load(item, classes, below) for item in items]))
        case ast.Dict(keys=keys, values=values) if None not in keys:
            found = _hashed([_load(key, classes, below) for key in keys if key is not None])
            return dict(zip(found, [_load(item, classes, below) for item in values], strict=True))
        case ast.Name(id="nan" | "inf" as name):
            return float(name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_number(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _number(operand)
        case ast.BinOp(left=left, op=ast.Add(), right=ast.Constant(value=complex()) as right):
            return _finite(_number(left) + _number(right))
        case ast.BinOp(left=left, op=ast.Sub(), right=ast.Constant(value=complex()) as right):
            return _finite(_number(left) - _number(right))
        case ast.Call(func=ast.Name(id="set"), args=[], keywords=[]):
            return set()
        case ast.Call(func=ast.Name(id="frozenset"), args=[], keywords=[]):
            return frozenset()
        case ast.Call(func=ast.Name(id="frozenset"), args=[ast.Set() as members], keywords=[]):
            return frozenset(_load(members, classes, depth))
        case ast.Call(func=ast.Name(id="ListNode" | "TreeNode" as name), args=[ast.List() as items], keywords=[]):
            return _MAKERS[name](_load(items, classes, below), classes)
    raise ValueTextError(f"{type(node).__name__} is not part of a Python literal")


def _hashed(items: list[Any]) -> list[Any]:
    """The members of a set or the keys of a dictionary, unless they were chosen to have the same hashes."""
    if len(items) > _COLLISIONS and len(items) - len({hash(item) for item in items}) > _COLLISIONS:
        raise ValueTextError("the members of a set have the same hashes")
    return items


def _finite(value: complex) -> complex:
    if not (math.isfinite(value.real) and math.isfinite(value.imag)):
        raise ValueTextError("a complex number that is not finite has no literal form")
    return value


def _number(node: ast.expr) -> Any:
    value = _load(node, NODES, 0)
    if isinstance(value, bool) or not isinstance(value, (int, float, complex)):
        raise ValueTextError("only a number can have a sign")
    return value
