"""Test code as data sets have it: HumanEval's `check(candidate)`, MBPP's asserts that name the function."""

import ast
import builtins
import hashlib
from dataclasses import dataclass, field

from distinguo import values
from distinguo.datasets.calls import parsed
from distinguo.grading.driver import leaves_check


@dataclass(frozen=True, eq=False)
class TestCode:
    """The test code of one problem.

    starter: code whose helpers it may use. entry: the function that it calls.
    foreign: names that it uses and that only the program can define, other than the function.
    leaves_check: whether it leaves it to others to call the `check` that it defines. numpy: whether it imports numpy.
    """

    __test__ = False

    starter: str
    assertions: str
    entry: str
    foreign: frozenset[str] = frozenset()
    leaves_check: bool = False
    numpy: bool = False
    key: str = field(init=False)

    def __post_init__(self) -> None:
        text = values.dumps((self.starter, self.assertions, self.entry))
        object.__setattr__(self, "key", digest(text).hexdigest())


def digest(text: str) -> "hashlib.blake2b":
    """Begin a short digest with this text."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16)


def test_code(starter: str, assertions: str, entry: str) -> TestCode:
    """Find out what test code calls.

    Where it never names the entry, but calls one other name that it does not define, it is that function that it tests.
    """
    tree = parsed(starter)
    starter = ast.unparse(tree) if tree else ""
    try:
        code = ast.parse(assertions)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return TestCode(starter, assertions, entry)
    function = entry.partition(".")[0]
    known = _bound(code) | (_bound(tree) if tree else set()) | set(dir(builtins)) | {"__name__", "candidate"}
    used = {node.id for node in ast.walk(code) if isinstance(node, ast.Name)}
    foreign = set[str]() if "*" in known else used - known - {function}  # a star import may bind anything
    if len(foreign) == 1 and function not in used and not _uses_candidate(code) and _only_called(code, *foreign):
        entry = foreign.pop()
    numpy = any(_imports_numpy(node) for node in ast.walk(code))
    return TestCode(starter, assertions, entry, frozenset(foreign), leaves_check(code), numpy)


test_code.__test__ = False  # type: ignore[attr-defined]


def _bound(tree: ast.AST) -> set[str]:
    """The names that code binds anywhere."""
    names = set[str]()
    for node in ast.walk(tree):
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


def _uses_candidate(code: ast.Module) -> bool:
    checks = (node for node in code.body if isinstance(node, ast.FunctionDef) and node.name == "check")
    names = {argument.arg for check in checks for argument in check.args.args}
    return any(isinstance(node, ast.Name) and node.id in names for node in ast.walk(code))


def _only_called(code: ast.Module, name: str) -> bool:
    called = {id(node.func) for node in ast.walk(code) if isinstance(node, ast.Call)}
    return all(id(node) in called for node in ast.walk(code) if isinstance(node, ast.Name) and node.id == name)
