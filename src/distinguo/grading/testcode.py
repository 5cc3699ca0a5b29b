"""Test code as data sets have it: HumanEval's `check(candidate)`, MBPP's asserts that name the function.

It is parsed and compiled here, once for all programs; the sandbox only executes it (driver.py).
"""

import ast
import builtins
import hashlib
import marshal
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from distinguo import values
from distinguo.datasets.calls import parsed

_LONGEST = 8 << 20  # characters: the compiler takes up to half a minute and some gigabytes for so many
_COLLISIONS = 2_000  # numbers with hashes that others have too; the time that the compiler takes grows as the square
_REFUSALS = (SyntaxError, ValueError, RecursionError, MemoryError)  # of the compiler
_DETAIL_LENGTH = 500


@dataclass(frozen=True, eq=False)
class TestCode:
    """The test code of one problem.

    starter: code whose helpers it may use. entry: the function that it calls.
    foreign: names that it uses and that only the program can define, other than the function.
    leaves_check: whether it leaves it to others to call the `check` that it defines. numpy: whether it imports numpy.
    compiled: what the driver executes, its `material`. broken: why there is no such thing, or "".
    """

    __test__ = False

    starter: str
    assertions: str
    entry: str
    foreign: frozenset[str] = frozenset()
    leaves_check: bool = False
    numpy: bool = False
    compiled: bytes = b""
    broken: str = ""
    key: str = field(init=False)

    def __post_init__(self) -> None:
        text = values.dumps((self.starter, self.assertions, self.entry))
        object.__setattr__(self, "key", digest(text).hexdigest())


def digest(text: str) -> "hashlib.blake2b":
    """Begin a short digest with this text."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16)


def test_code(starter: str, assertions: str, entry: str) -> TestCode:
    """Find out what test code calls, and compile it.

    Where it never names the entry, but calls one other name that it does not define, it is that function that it tests.
    """
    if len(starter) + len(assertions) > _LONGEST:
        return TestCode(starter, assertions, entry, broken=f"the test code is longer than {_LONGEST:,} characters")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the user of a data set cannot mend what is odd in its code
        helpers = parsed(starter) or ast.Module([], [])
        try:
            code = ast.parse(assertions)
        except _REFUSALS as error:
            return TestCode(starter, assertions, entry, broken=_refused(error))
        nodes = list(ast.walk(code))
        function = entry.partition(".")[0]
        known = _bound(nodes) | _bound(ast.walk(helpers)) | set(dir(builtins)) | {"__name__", "candidate"}
        used = {node.id for node in nodes if isinstance(node, ast.Name)}
        foreign = set[str]() if "*" in known else used - known - {function}  # a star import may bind anything
        if len(foreign) == 1 and function not in used and _only_calls(code, nodes, *foreign):
            entry = foreign.pop()
        numpy, leaves_check = any(map(_imports_numpy, nodes)), _leaves_check(code)
        try:
            compiled, broken = _compiled(helpers, code, nodes, entry, leaves_check), ""
        except _REFUSALS as error:
            compiled, broken = b"", _refused(error)
    return TestCode(starter, assertions, entry, frozenset(foreign), leaves_check, numpy, compiled, broken)


test_code.__test__ = False  # type: ignore[attr-defined]


def _refused(error: BaseException) -> str:
    return f"the test code does not compile: {error}"[:_DETAIL_LENGTH]


def _bound(nodes: Iterable[ast.AST]) -> set[str]:
    """The names that code binds anywhere."""
    names = set[str]()
    for node in nodes:
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name) | ast.ExceptHandler(name=str(name)):
                names.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names |= {(alias.asname or alias.name).partition(".")[0] for alias in aliases}
    return names


def _imports_numpy(node: ast.AST) -> bool:
    match node:
        case ast.Import(names=aliases):
            return any(alias.name.partition(".")[0] == "numpy" for alias in aliases)
        case ast.ImportFrom(module=str(module)):
            return module.partition(".")[0] == "numpy"
    return False


def _only_calls(code: ast.Module, nodes: list[ast.AST], name: str) -> bool:
    """Whether test code does nothing else with this name, and does not use what its `check` is given."""
    checks = (node for node in code.body if isinstance(node, ast.FunctionDef) and node.name == "check")
    given = {argument.arg for check in checks for argument in check.args.args}
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    names = [node for node in nodes if isinstance(node, ast.Name)]
    return all(node.id not in given and (node.id != name or id(node) in called) for node in names)


def _leaves_check(code: ast.Module) -> bool:
    """Whether test code leaves it to others to call the `check` that it defines."""
    defined = any(isinstance(node, ast.FunctionDef) and node.name == "check" for node in code.body)
    calls = (node.value for node in code.body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call))
    called = any(isinstance(call.func, ast.Name) and call.func.id == "check" for call in calls)
    return defined and not called


def _compiled(helpers: ast.Module, code: ast.Module, nodes: list[ast.AST], entry: str, leaves_check: bool) -> bytes:
    """What driver.py executes, for the same Python as this one. Changes the test code's tree, whose `nodes` these are.

    Asserts stay, however distinguo itself was started. Raises one of _REFUSALS where it cannot be compiled.
    """
    if _collide([*nodes, *ast.walk(helpers)]):
        raise ValueError("its numbers have the same hashes")
    _go_on(nodes)
    parts = [
        compile(tree, name, "exec", dont_inherit=True, optimize=0)
        for tree, name in ((helpers, "starter.py"), (code, "tests.py"))
    ]
    return marshal.dumps((*parts, entry.partition(".")[0], leaves_check))


def _collide(nodes: list[ast.AST]) -> bool:
    """Whether numbers were chosen to have the same hashes."""
    constants = (node.value for node in nodes if isinstance(node, ast.Constant))
    hashes = {hex(value): hash(value) for value in constants if type(value) is int}
    return len(hashes) - len(set(hashes.values())) > _COLLISIONS


_BLOCKS = (ast.Module, ast.stmt, ast.ExceptHandler, ast.match_case)
_TRY: Any = ast.parse("try:\n    pass\nexcept BaseException:\n    if not __missing__:\n        raise").body[0]


def _go_on(nodes: list[ast.AST]) -> None:
    """Let the test code go on behind a statement that fails while calls are missing."""
    for node in nodes:
        if isinstance(node, _BLOCKS):
            for name in ("body", "orelse", "finalbody"):
                statements: list[ast.stmt] = getattr(node, name, [])
                statements[:] = map(_decisive, statements)


def _decisive(node: ast.stmt) -> ast.stmt:
    match node:
        case ast.Expr(value=ast.Constant()):  # a docstring must stay the first
            return node
        case ast.Assert() | ast.Expr():
            return ast.copy_location(ast.Try([node], _TRY.handlers, [], []), node)
    return node
