"""What the syntax tree of a piece of Python says; nothing here raises on any text or runs any of it."""

import ast
import re
import textwrap
import warnings
from collections.abc import Callable, Iterator

_CLAUSE = re.compile(r"(?:else|elif|except|finally|case)\b")
_CUTS_TRIED = 50

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def is_indented(source: str) -> bool:
    """Whether the first line that is not blank is indented."""
    return source.lstrip("\n \t") != source.lstrip("\n")


def dedent(source: str) -> str:
    """The source without the indentation that all its lines share; untouched where the first has none."""
    return textwrap.dedent(source) if is_indented(source) else source


def parse(source: str) -> ast.Module | None:
    """The syntax tree, or None where there is none."""
    return _parse(source)[0]


def _parse(source: str) -> tuple[ast.Module | None, int]:
    """The syntax tree, or the line (from 0) at which the parser gave up."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape in the program's texts
            return ast.parse(source), 0
    except SyntaxError as error:
        return None, max(0, (error.lineno or 1) - 1)
    except (ValueError, RecursionError, MemoryError):
        return None, 0


def longest_prefix(source: str, enough: Callable[[ast.Module], bool]) -> str | None:
    """The source without its last top-level statements, as few as make the rest parse; None unless it is enough."""
    lines = source.split("\n")
    for _ in range(_CUTS_TRIED):
        tree, end = _parse("\n".join(lines))
        if tree is not None:
            return "\n".join(lines) if enough(tree) else None
        end = min(end, len(lines) - 1)
        while end > 0 and (not lines[end].strip() or lines[end][0] in " \t)]}#" or _CLAUSE.match(lines[end])):
            end -= 1
        while end > 0 and lines[end - 1].startswith("@"):
            end -= 1
        lines = lines[:end]
    return None


def is_code(tree: ast.Module) -> bool:
    """Whether there is more than words that happen to be Python (`Sorry`, `yes, no`)."""
    return any(not isinstance(node, ast.Expr) or isinstance(node.value, ast.Call) for node in tree.body)


def speaks(tree: ast.Module) -> bool:
    """Whether a program writes anything."""
    return not {"print", "write"}.isdisjoint(mentioned(tree))


def own(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes below this one, but for those inside functions, classes and lambdas below it."""
    waiting = list(ast.iter_child_nodes(node))
    while waiting:
        child = waiting.pop()
        yield child
        if not isinstance(child, _SCOPES):
            waiting.extend(ast.iter_child_nodes(child))


def bound(nodes: list[ast.stmt]) -> set[str]:
    """The names that statements bind in their own scope."""
    names = set[str]()
    for node in own(ast.Module(nodes, [])):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.alias(name=name, asname=asname):
                names.add(asname or name.partition(".")[0])
            case ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
    return names


def mentioned(node: ast.AST) -> set[str]:
    """The names and attributes that appear anywhere below a node."""
    return {
        name.id if isinstance(name, ast.Name) else name.attr
        for name in ast.walk(node)
        if isinstance(name, (ast.Name, ast.Attribute))
    }


def called(node: ast.AST) -> set[str]:
    """The names and attributes that appear in what is called below a node."""
    calls = [mentioned(call.func) for call in ast.walk(node) if isinstance(call, ast.Call)]
    return set().union(*calls)


def returns(node: ast.AST) -> bool:
    """Whether a function returns or yields; of a module, whether its statements are the body of a function."""
    return any(isinstance(inner, (ast.Return, ast.Yield, ast.YieldFrom)) for inner in own(node))


def size(node: ast.AST | None) -> int:
    """How many statements a definition has, `pass` apart; 0 without one."""
    return 0 if node is None else sum(isinstance(n, ast.stmt) and not isinstance(n, ast.Pass) for n in own(node))


def is_stub(node: Definition) -> bool:
    """Whether a definition does nothing: its statements are texts, `...` or `pass`."""
    return all(
        isinstance(inner, ast.Pass) or (isinstance(inner, ast.Expr) and isinstance(inner.value, ast.Constant))
        for inner in node.body
    )


def definition(nodes: list[ast.stmt], name: str) -> Definition | None:
    """The last function or class of this name."""
    found = [node for node in nodes if isinstance(node, Definition) and node.name == name]
    return found[-1] if found else None


def lines_of(node: ast.stmt) -> range:
    """The lines of a statement from 0, its decorators among them."""
    decorators = node.decorator_list if isinstance(node, Definition) else []
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    return range(first - 1, node.end_lineno or node.lineno)
