"""LeetCode's functions: `Solution.method` with JSON values, lists and trees of nodes where the signature says so."""

import ast
import re
from typing import Any

from distinguo import values
from distinguo.datasets.calls import Function, parameters, signature
from distinguo.datasets.settings import last_function
from distinguo.errors import InputError
from distinguo.problem import Test

_STARRED = """
    string re datetime collections heapq bisect copy math random statistics itertools functools operator io sys json
    builtins typing
""".split()  # noqa: SIM905  what comes later hides what comes before: builtins goes behind math and operator
_MODULES = [name for name in _STARRED if name not in ("builtins", "typing")]

HEADER = "\n".join(
    [
        *(f"from {name} import *" for name in _STARRED),
        *(f"import {name}" for name in _MODULES),
        "sys.setrecursionlimit(50000)",
        "",
    ]
)
"""What stands in front of every program on LeetCode's and LiveCodeBench's side, so that `List`, `deque` are known."""

_FUTURE = re.compile(r"^from __future__ import .*\n", re.MULTILINE)


def behind_header(source: str) -> str:
    """The program behind the header, but for what must stand first."""
    if HEADER in source:
        return source
    futures = "".join(_FUTURE.findall(source))
    return f"{futures}{HEADER}\n{_FUTURE.sub('', source)}"


_MAKERS = {"ListNode": values.make_list, "TreeNode": values.make_tree}
_LISTS = ("List", "list", "Sequence", "Iterable", "Collection")


class Signature:
    """The method that a starter announces, and how JSON values become its arguments and result."""

    def __init__(self, starter: str, function: str = "") -> None:
        """function: the method's name where the data give it. Raises InputError where the starter announces none."""
        last = last_function(starter)
        if last is None:
            raise InputError("the starter code announces no function")
        owner = last.rpartition(".")[0]
        self.entry = ".".join(filter(None, (owner, function or last.rpartition(".")[2])))
        definition = signature(starter, self.entry)
        self.parameters = parameters(definition)
        self._annotations = _annotations(definition)
        self.returns = definition.returns if definition else None

    def test(self, name: str, arguments: list[Any], expected: Any) -> Test:
        """A test from JSON values. Raises InputError where they do not fit the signature."""
        kinds = [*self._annotations, *[None] * len(arguments)]
        try:
            given = tuple(_typed(value, kind) for value, kind in zip(arguments, kinds, strict=False))
            return Test(name, values.dumps(given), values.dumps(_typed(expected, self.returns)))
        except values.ValueTextError as error:
            raise InputError(f"test {name} does not fit the signature: {error}") from error


def _annotations(function: Function | None) -> list[ast.expr | None]:
    if function is None:
        return []
    arguments = [*function.args.posonlyargs, *function.args.args]
    return [argument.annotation for argument in arguments if argument.arg != "self"]


def _typed(value: Any, kind: ast.expr | None) -> Any:
    """A JSON value as the annotation wants it: `Optional[ListNode]`, `ListNode | None`, `List[TreeNode]` and so on."""
    match kind:
        case ast.Constant(value=str(text)):
            return _typed(value, _annotation(text))
        case ast.Name(id=("ListNode" | "TreeNode") as name) if isinstance(value, list):
            return _MAKERS[name](value)
        case ast.Subscript(value=ast.Name(id=name), slice=inner) if name in _LISTS and isinstance(value, list):
            return [_typed(item, inner) for item in value]
        case ast.Subscript(value=ast.Name(id="Optional"), slice=inner):
            return _typed(value, inner)
        case ast.Subscript(value=ast.Name(id="Union"), slice=ast.Tuple(elts=kinds)):
            return _typed(value, _only(kinds))
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _typed(value, _only([left, right]))
    return value


def _annotation(text: str) -> ast.expr | None:
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _only(kinds: list[ast.expr]) -> ast.expr | None:
    """The one kind beside None."""
    found = [kind for kind in kinds if not (isinstance(kind, ast.Constant) and kind.value is None)]
    return found[0] if len(found) == 1 else None
