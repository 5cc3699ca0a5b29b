"""Calls written by people: an argument tuple or a call expression, and the signature that it is meant for."""

import ast
import warnings

from distinguo import values

Function = ast.FunctionDef | ast.AsyncFunctionDef


def arguments(text: str, entry: str, parameters: tuple[str, ...] = ()) -> str:
    """The literal of the argument tuple that `([1, 2], 3)`, `f([1, 2], 3)` or `f(xs=[1, 2], k=3)` stands for.

    entry: `f` or `Solution.f`; only the function's own name must stand in a call. parameters: their names in order,
    to place keyword arguments. Raises values.ValueTextError for anything else.
    """
    try:
        call = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise values.ValueTextError("it is neither an argument tuple nor a call") from error
    if not isinstance(call, ast.Call) or _name(call.func) in ("set", "frozenset"):
        given = values.loads(text)
        if not isinstance(given, tuple):
            raise values.ValueTextError("one argument is written as (x,), with a comma")
        return values.dumps(given)
    name = entry.rpartition(".")[2]
    if _name(call.func) != name:
        raise values.ValueTextError(f"it calls something other than {name}")
    items = [*call.args, *_placed(call, parameters)]
    return values.dumps(tuple(values.loads(ast.unparse(item)) for item in items))


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _placed(call: ast.Call, parameters: tuple[str, ...]) -> list[ast.expr]:
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    expected = parameters[len(call.args) :][: len(named)]
    if set(named) != set(expected):
        raise values.ValueTextError("its keyword arguments do not fit the signature")
    return [named[name] for name in expected]


def signature(starter: str, entry: str) -> Function | None:
    """The definition of the entry in code whose last function may still lack its body; None without one."""
    body: list[ast.stmt] = (parsed(starter) or ast.Module([], [])).body
    *classes, name = entry.split(".")
    for outer in classes:
        body = next((node.body for node in body if isinstance(node, ast.ClassDef) and node.name == outer), [])
    return next((node for node in body[::-1] if isinstance(node, Function) and node.name == name), None)


def parsed(starter: str) -> ast.Module | None:
    """The syntax tree of code whose last function may still lack its body."""
    code = starter.rstrip()
    last = code.rpartition("\n")[2]
    indent = " " * (len(last) - len(last.lstrip()) + 4)
    trees = map(parse, (code, f"{code} pass", f"{code}\n{indent}pass"))
    return next((tree for tree in trees if tree is not None), None)


def parse(source: str) -> ast.Module | None:
    """The syntax tree, or None where there is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape in the texts of a program
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def parameters(function: Function | None) -> tuple[str, ...]:
    """The names of a function's positional parameters, `self` apart."""
    if function is None:
        return ()
    names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    return tuple(names[1:] if names[:1] == ["self"] else names)
