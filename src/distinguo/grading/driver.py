"""Runs test code in the sandbox against a stand-in for the program, which is not there.

This text follows that of values.py in one source and uses its names. The stand-in answers from the results that the
program gave when it was called in this order. For the first call that is not among them it returns a value that
nothing can be asked of; from then on failures decide nothing and only serve to reach further calls, until the host
has run them and asks anew.

One process judges many programs, each in a namespace of its own. All that it holds of a program is data.
"""

import builtins
import contextlib
import marshal
import random
from collections.abc import Sequence
from types import CodeType
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from distinguo.values import ValueTextError, dumps, loads

_DETAIL_LENGTH = 500
_CALLS = 5_000  # up to which calls are looked for
_RESULT_LENGTH = 1 << 18  # characters; a longer result equals nothing
_KEPT_LENGTH = 1 << 12  # characters up to which a result is kept, to be parsed once
_KEPT = 4_096

Result = tuple[str | None, str, str]  # records.Called: value, error, arguments
Told = tuple[str, Any, int]


class _Undecided(BaseException):
    """The answer depends on a call whose result is not known."""


class _Ended(BaseException):
    """The program's run came to its end in this call."""


class _Stuck(BaseException):
    """A call cannot be made outside this interpreter."""


class ProgramError(Exception):
    """The program raised an exception of its own type."""


def _undecided(*_: Any) -> NoReturn:
    raise _Undecided


_OPERATORS = """
    abs bool call complex contains delitem enter eq float format ge getattr getitem gt hash index int invert iter le
    len lt ne neg next pos repr reversed round setitem str trunc
    add and divmod floordiv lshift matmul mod mul or pow rshift sub truediv xor
    radd rand rdivmod rfloordiv rlshift rmatmul rmod rmul ror rpow rrshift rsub rtruediv rxor
""".split()  # noqa: SIM905  sixty lines as a list
_Unknown = type("_Unknown", (), {f"__{name}__": _undecided for name in _OPERATORS})


class _NoLiteral:
    """A result without a literal form; equal to nothing."""


class _TestCode:
    """The test code of a problem as testcode.py compiled it, behind the starter, whose helpers it may use."""

    def __init__(self, starter: CodeType, assertions: CodeType, entry: str, leaves_check: bool) -> None:
        self.starter, self.assertions = starter, assertions
        self.entry, self.leaves_check = entry, leaves_check
        self.calls: Sequence[str] = ()  # those asked about last

    def run(self, candidate: Any, missing: list[str]) -> None:
        random.seed(0)  # each run must ask the same as the one before it
        scope: dict[str, Any] = {"__name__": "tests", "__missing__": missing}
        exec(self.starter, scope)
        scope[self.entry] = scope["candidate"] = candidate
        exec(self.assertions, scope)
        if self.leaves_check:
            scope["check"](candidate)


class _StandIn:
    """Answers the test code's calls, in order, as the program did."""

    def __init__(self, calls: Sequence[str], results: Sequence[Result], end: str) -> None:
        self.calls, self.results, self.end = calls, results, end
        self.made = 0
        self.missing: list[str] = []
        self.stuck = ""  # why a call cannot be made
        self.raised: list[BaseException] = []
        self.last: BaseException | None = None  # what no result can lead past

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        if self.last is not None:
            raise self.last
        text = self._text(arguments, named)
        place = self.made
        if self.missing or place >= len(self.calls) or text != self.calls[place]:
            return self._unknown(text)
        if place < len(self.results):
            self.made += 1
            return self._answer(arguments, *self.results[place])
        if not self.end:
            return self._unknown(text)
        self.last = _Ended()
        raise self.last

    def _unknown(self, text: str) -> Any:
        if len(self.missing) >= _CALLS:
            raise _Undecided
        self.missing.append(text)
        return _Unknown()

    def _text(self, arguments: tuple[Any, ...], named: dict[str, Any]) -> str:
        try:
            if named:
                raise ValueTextError("it has keyword arguments")
            _require_plain(arguments, set())
            return dumps(arguments)
        except ValueTextError as error:
            if self.missing and self.results:  # a call that may not come
                raise _Undecided from None
            self.stuck = f"a call of the test code cannot leave it: {error}"
            self.last = _Stuck()
            raise self.last from None

    def _answer(self, arguments: tuple[Any, ...], value: str | None, error: str, after: str) -> Any:
        if after:
            with contextlib.suppress(ValueTextError):  # what they have become cannot be told; they stay as they were
                _change(arguments, loads(after))
        if value is None:
            self.raised.append(_exception(error))
            raise self.raised[-1]
        return _value(value)


_MUTABLE = (list, dict, set)
_PLAIN = {type(None), bool, int, float, complex, str, bytes}


def _require_plain(value: Any, seen: set[int]) -> None:
    """Raises ValueTextError for a value that its literal would not bring back as it is."""
    kind = type(value)
    if kind in _PLAIN or kind.__name__ in ("ListNode", "TreeNode"):
        return
    if kind is _Unknown:
        raise _Undecided
    if kind in _MUTABLE:
        if id(value) in seen:
            raise ValueTextError("one object stands in it twice")
        seen.add(id(value))
    elif kind not in (tuple, frozenset):
        raise ValueTextError(f"a value of type {kind.__name__} is not one of the built-in types")
    for item in value:
        _require_plain(item, seen)
    if kind is dict:
        for item in value.values():
            _require_plain(item, seen)


def _change(mine: Any, theirs: Any) -> Any:
    """Make the test code's own objects what the program made of them; returns what stands in the place."""
    if type(mine) is not type(theirs):
        return theirs
    match mine:
        case tuple() if len(mine) == len(theirs):
            return tuple(_change(*pair) for pair in zip(mine, theirs, strict=True))
        case list():
            mine[:] = [*map(_change, mine, theirs), *theirs[len(mine) :]]
        case dict():
            items = [(key, _change(mine[key], item) if key in mine else item) for key, item in theirs.items()]
            mine.clear()
            mine.update(items)
        case set():
            mine.clear()
            mine.update(theirs)
        case _:
            return theirs
    return mine


_values: dict[str, bytes] = {}


def _value(text: str) -> Any:
    """The value of a literal; of each text a fresh one, so that no test can change another's."""
    kept = _values.get(text)
    if kept is not None:
        return marshal.loads(kept)
    if len(text) > _RESULT_LENGTH:
        return _NoLiteral()
    try:
        value = loads(text)
    except ValueTextError:
        return _NoLiteral()
    if len(text) <= _KEPT_LENGTH and len(_values) < _KEPT:
        try:
            _values[text] = marshal.dumps(value)
        except ValueError:  # a class of values.py's own
            return value
    return value


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


_codes: dict[str, _TestCode] = {}


def replay(question: str) -> Told:
    """Run test code once.

    question: what examiner.py marshals, in hexadecimal digits: a text without escapes is read fastest. Its parts are
    key: the test code's name; material: what testcode.py compiled, None for a key that was named before.
    calls, results: the calls that the program was given (None: the same as the last time), and what those that it came
    to the end of came to.
    end: how its run ended where that was before the end of the calls, or "".
    Returns an outcome, its detail, and the number of results that it rests on: ("passed", ""), ("failed", why),
    ("raised", error of the program), ("ended", ""), ("missing", calls to make), ("stuck", why a call cannot leave it)
    or ("broken", why no program could pass it).
    """
    try:
        return _replay(*marshal.loads(bytes.fromhex(question)))
    except MemoryError:  # perhaps others left too little: asked first, it shows who is to blame
        raise SystemExit("MemoryError") from None


def _replay(key: str, material: bytes | None, calls: Sequence[str] | None, results: Sequence[Result], end: str) -> Told:
    if material is not None:
        _codes[key] = _TestCode(*marshal.loads(material))
    code = _codes[key]
    if calls is not None:
        code.calls = calls
    candidate = _StandIn(code.calls, results, end)
    outcome = _outcome(code, candidate)
    if candidate.stuck:
        return "stuck", candidate.stuck, candidate.made
    if candidate.missing:
        return "missing", [*code.calls[: candidate.made], *candidate.missing], candidate.made
    if candidate.last is not None:
        return "ended", "", candidate.made
    return *outcome, candidate.made


def _outcome(code: _TestCode, candidate: _StandIn) -> tuple[str, str]:
    try:
        code.run(candidate, candidate.missing)
    except BaseException as error:  # whatever test code raises is a verdict on the program
        text = _said(error)
        if any(error is its_own for its_own in candidate.raised):
            return "raised", text
        if isinstance(error, MemoryError):
            raise
        return ("failed", text) if candidate.made else ("broken", f"the test code failed before its first call: {text}")
    return "passed", ""


def _said(error: BaseException) -> str:
    """Its type and words, if it has any: a result in them may be one that cannot be shown, as a huge integer."""
    try:
        text = f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001  only the words are missing
        text = type(error).__name__
    return text.rstrip(": ")[:_DETAIL_LENGTH]
