"""Runs test code in the sandbox against a stand-in for the program, which is not there.

This text follows that of values.py in one source and uses its names. The stand-in answers from results that are known
already. For a call that is not among them it notes the arguments and returns a value that nothing can be asked of; from
then on failures decide nothing and only serve to reach further calls, until the host has run them and starts anew.
"""

import ast
import builtins
import random
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from distinguo.values import ValueTextError, dumps, loads

_DETAIL_LENGTH = 500

Known = dict[
    str, tuple[str, str]
]  # the argument tuple's literal -> ("value", literal) | ("error", text) | (verdict, "")
Result = tuple[str, Any]


class _Undecided(BaseException):
    """The answer depends on a call whose result is not known."""


class _Ended(BaseException):
    """The program was stopped in a call (by a limit, or it does not compile)."""


class _Stuck(BaseException):
    """A call cannot be made outside this interpreter."""


class ProgramError(Exception):
    """The program raised an exception of its own type."""


def _undecided(*_: Any) -> NoReturn:
    raise _Undecided


_OPERATORS = (
    *(
        "abs",
        "bool",
        "call",
        "complex",
        "contains",
        "delitem",
        "enter",
        "float",
        "format",
        "getattr",
        "getitem",
        "hash",
    ),
    *(
        "index",
        "int",
        "invert",
        "iter",
        "len",
        "neg",
        "next",
        "pos",
        "repr",
        "reversed",
        "round",
        "setitem",
        "str",
        "trunc",
    ),
    *("eq", "ge", "gt", "le", "lt", "ne"),
    *(side + name for side in ("", "r") for name in ("add", "and", "divmod", "floordiv", "lshift", "matmul", "mod")),
    *(side + name for side in ("", "r") for name in ("mul", "or", "pow", "rshift", "sub", "truediv", "xor")),
)
_Unknown = type("_Unknown", (), {f"__{name}__": _undecided for name in _OPERATORS})


class _NoLiteral:
    """A result without a literal form; equal to nothing."""


class _Decisive(ast.NodeTransformer):
    """Lets the test code go on behind an assert that fails while calls are missing."""

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        decides = ast.parse("try:\n    pass\nexcept BaseException:\n    if not __missing__:\n        raise").body[0]
        assert isinstance(decides, ast.Try)
        decides.body = [node]
        return ast.copy_location(decides, node)


def replay(starter: str, assertions: str, entry: str, known: Known) -> Result:
    """Run the test code once.

    starter: code whose helpers the test code may use; the entry's own name is bound to the stand-in.
    Returns ("missing", argument tuples), ("passed", ""), ("failed", why), ("raised", error of the program),
    ("ended", verdict) or ("stuck", why no verdict is possible).
    """
    missing: dict[str, None] = {}
    raised: list[BaseException] = []

    def candidate(*arguments: Any, **named: Any) -> Any:
        if named:
            raise _Stuck("the test code calls the program with keyword arguments")
        try:
            key = dumps(arguments)
        except ValueTextError as error:
            raise _Stuck(f"the test code passes an argument that cannot leave it: {error}") from None
        kind, text = known.get(key, ("missing", ""))
        if kind == "missing":
            missing[key] = None
            return _Unknown()
        if kind == "value":
            try:
                return loads(text)
            except ValueTextError:
                return _NoLiteral()
        if kind == "error":
            raised.append(_exception(text))
            raise raised[-1]
        raise _Ended(kind)

    calls = "the test code failed before its first call"
    try:
        _run(starter, assertions, entry, candidate, missing)
        outcome = ("passed", "")
    except _Ended as error:
        outcome = ("ended", str(error))
    except _Stuck as error:
        outcome = ("stuck", str(error))
    except BaseException as error:  # noqa: BLE001  # whatever test code raises is a verdict on the program
        text = f"{type(error).__name__}: {error}".rstrip(": ")[:_DETAIL_LENGTH]
        if any(error is its_own for its_own in raised):
            outcome = ("raised", text)
        else:
            outcome = ("failed", text) if known else ("stuck", f"{calls}: {text}")
    return ("missing", list(missing)) if missing else outcome


def _run(starter: str, assertions: str, entry: str, candidate: Any, missing: dict[str, None]) -> None:
    random.seed(0)  # a pass must ask the same as the one before it
    scope: dict[str, Any] = {"__name__": "tests", "__missing__": missing}
    exec(compile(starter, "starter.py", "exec"), scope)
    scope[entry.partition(".")[0]] = candidate
    tree = _Decisive().visit(ast.parse(assertions))
    exec(compile(ast.fix_missing_locations(tree), "tests.py", "exec"), scope)
    if callable(check := scope.get("check")):
        check(candidate)


def _exception(text: str) -> BaseException:
    """The exception that the last line of a traceback names."""
    name, _, message = text.partition(":")
    kind = getattr(builtins, name.strip(), None)
    if isinstance(kind, type) and issubclass(kind, Exception):
        try:
            return kind(message.strip())
        except TypeError:  # UnicodeDecodeError and others want more than a message
            pass
    return ProgramError(text)
