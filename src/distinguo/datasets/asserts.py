"""Asserts as data sets write them: `assert f(1) == 2`, read as examples of a function."""

import ast
from collections.abc import Iterator

from distinguo import values
from distinguo.datasets.calls import arguments, parsed
from distinguo.datasets.examples import Example


def examples_in(code: str, entry: str, parameters: tuple[str, ...]) -> Iterator[Example]:
    """The asserts of the form `f(arguments) == value`, either side first, or `assert f(x)`, `assert not f(x)`.

    Whatever says more than that (sets, tolerances, several calls) is passed over.
    """
    tree = parsed(code)
    for node in ast.walk(tree) if tree else ():
        if not isinstance(node, ast.Assert):
            continue
        for call, value in _sides(node.test):
            try:
                yield arguments(ast.unparse(call), entry, parameters), values.dumps(values.loads(value))
                break
            except values.ValueTextError:
                continue


def _sides(test: ast.expr) -> Iterator[tuple[ast.expr, str]]:
    match test:
        case ast.Compare(left=left, ops=[ast.Eq() | ast.Is()], comparators=[right]):
            yield left, ast.unparse(right)
            yield right, ast.unparse(left)
        case ast.UnaryOp(op=ast.Not(), operand=ast.Call() as call):
            yield call, "False"
        case ast.Call() as call:
            yield call, "True"


def first_assert(code: str) -> str:
    """The first assert of test code, or ""."""
    tree = parsed(code)
    found = next((node for node in tree.body if isinstance(node, ast.Assert)), None) if tree else None
    return ast.unparse(found) if found else ""


def called_names(code: str) -> list[str]:
    """The plain names that asserts call, outermost calls of each side first."""
    tree = parsed(code)
    names = []
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Assert):
            calls = [inner.func for inner in ast.walk(node.test) if isinstance(inner, ast.Call)]
            names += [function.id for function in calls if isinstance(function, ast.Name)]
    return names
