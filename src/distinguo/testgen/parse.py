"""What a model wrote, as inputs and tests: tolerant of all that stands round the JSON, strict about the values."""

import ast
import json
import re
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from distinguo import values
from distinguo.problem import CallStyle, Problem
from distinguo.testgen.signatures import Signature

_INPUTS = re.compile(r'"inputs"\s*:\s*\[|\[(?=\s*")')
_TESTS = re.compile(r'"tests"\s*:\s*\[|\[(?=\s*["{])')
_BETWEEN = re.compile(r"[\s,]*")
_EXPECTED = ("output", "expected", "expected_output", "result", "returns")  # names that models give to one thing
_PREDICTION = re.compile(r"^[ \t]*(expected[ _])?output\s*:", re.IGNORECASE | re.MULTILINE)
_DECODER = json.JSONDecoder(strict=False)


@dataclass(frozen=True, slots=True)
class Dropped:
    """An input that is of no use, as the model wrote it, and why, in words for a model or a person."""

    text: str
    why: str


@dataclass(frozen=True, slots=True)
class WrittenTest:
    """An input in the form of Test.input, and in the form of Test.expected the output that a model expects on it."""

    input: str
    expected: str

    @property
    def text(self) -> str:
        """The test as one canonical text, by which it is known: JSON of both."""
        return json.dumps({"input": self.input, "expected": self.expected})


class _Unusable(Exception):
    """Why an input or a test cannot be used."""


Item = TypeVar("Item")


def parse_inputs(
    text: str, problem: Problem, signature: Signature | None = None
) -> tuple[tuple[str, ...], tuple[Dropped, ...]]:
    """The inputs in a model's answer, in the form of `Test.input`, and what was dropped.

    Accepts the JSON object that the prompts ask for with prose or fences round it, trailing commas, or its end
    cut off; predicted outputs are ignored. Drops what is malformed, a repetition, or a public test's input.
    """
    public = _public_inputs(problem)

    def read(item: Any) -> str:
        found = _input(item, problem, signature)
        if found in public:
            raise _Unusable("it is already one of the public tests")
        return found

    return _read(_items(text, _INPUTS), read, "it repeats another input")


def parse_tests(
    text: str, problem: Problem, signature: Signature | None = None
) -> tuple[tuple[WrittenTest, ...], tuple[Dropped, ...]]:
    """The tests in a model's answer, and what was dropped.

    Accepts the JSON object that the prompts ask for as parse_inputs does, and `assert f(1) == 2` for a test of a
    function. Drops what is malformed, a repetition within the answer, or a public test's input. Tests with one input
    and several outputs are all kept, since nobody knows which is right.
    """
    public = _public_inputs(problem)

    def read(item: Any) -> WrittenTest:
        given, expected = _halves(item)
        found = _input(given, problem, signature)
        if found in public:
            raise _Unusable("its input is already one of the public tests")
        if problem.style is CallStyle.STDIN:
            return WrittenTest(found, _printed(expected))
        return WrittenTest(found, _returned(expected, problem))

    return _read(_items(text, _TESTS), read, "it repeats another test")


def _read(
    items: Iterable[Any], read: Callable[[Any], Item], repeated: str
) -> tuple[tuple[Item, ...], tuple[Dropped, ...]]:
    found: dict[Item, None] = {}
    dropped = []
    for item in items:
        try:
            one = read(item)
            if one in found:
                raise _Unusable(repeated)
            found[one] = None
        except _Unusable as why:
            dropped.append(Dropped(item if isinstance(item, str) else repr(item), str(why)))
    return tuple(found), tuple(dropped)


def _items(text: str, begins: re.Pattern[str]) -> list[Any]:
    """The elements of the last non-empty JSON list that begins so, as far as they can be read; a named one first."""
    text = text.rpartition("</think>")[2]
    named, unnamed, end = list[Any](), list[Any](), 0
    for start in begins.finditer(text):
        if start.start() < end:
            continue  # inside a list that was read
        found, end = _elements(text, start.end())
        if start[0] == "[":
            unnamed = found or unnamed
        else:
            named = found or named
    return named or unnamed


def _elements(text: str, position: int) -> tuple[list[Any], int]:
    """The elements of a list from a position on, and where reading ended."""
    elements: list[Any] = []
    while True:
        position = _skip(text, position)
        try:
            element, position = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError):
            return elements, position
        elements.append(element)


def _skip(text: str, position: int) -> int:
    between = _BETWEEN.match(text, position)
    return position if between is None else between.end()


def _public_inputs(problem: Problem) -> set[str]:
    return {_literal(problem, test.input) for test in problem.public_tests}


def _input(item: Any, problem: Problem, signature: Signature | None) -> str:
    if isinstance(item, dict):
        item = item.get("input")
    return _stdin(item) if problem.style is CallStyle.STDIN else _arguments(item, problem, signature)


def _stdin(item: Any) -> str:
    """Standard input as text that ends in one newline."""
    text = _lines(item, "it")
    if not text.strip():
        raise _Unusable("it is empty")
    if _PREDICTION.search(text):
        raise _Unusable("it names an output: give the input alone")
    return text


def _printed(item: Any) -> str:
    """The output that a test expects, as text that ends in one newline; a program may well print nothing."""
    return _lines(item, "its output")


def _lines(item: Any, name: str) -> str:
    if isinstance(item, int | float) and not isinstance(item, bool):
        item = str(item)
    if not isinstance(item, str):
        raise _Unusable(f"{name} is not a string")
    # Escaped once too often: no line of standard input or output means a literal \n.
    text: str = item.replace("\\n", "\n") if "\n" not in item else item
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _Unusable(f"{name} is not valid Unicode text") from None
    return text.rstrip("\n") + "\n"


def _halves(item: Any) -> tuple[Any, Any]:
    """The input and the expected output of a test, as they were written."""
    if isinstance(item, str):
        tree = _parsed(item)
        match tree.body if tree else []:
            case [(ast.Assert(test=test) | ast.Expr(value=test))]:
                match test:
                    case ast.Compare(left=left, ops=[ast.Eq() | ast.Is()], comparators=[right]):
                        return ast.unparse(left), ast.unparse(right)
        raise _Unusable("it is not an object with an input and an output")
    if not isinstance(item, dict):
        raise _Unusable("it is not an object with an input and an output")
    for name in _EXPECTED:
        if name in item:
            return item.get("input"), item[name]
    raise _Unusable("it has no output")


def _returned(item: Any, problem: Problem) -> str:
    """The literal of the value that a test expects.

    A function whose public tests all return texts is expected to return one, whatever the model left out of quotes.
    """
    texts = problem.public_tests and all(_is_text(test.expected) for test in problem.public_tests)
    value = item
    try:
        if isinstance(item, str):
            try:
                value = values.loads(item)
            except values.ValueTextError:
                if not texts:
                    raise
            if texts and not isinstance(value, str):
                value = item
        literal = values.dumps(value)
        literal.encode()
    except (values.ValueTextError, UnicodeEncodeError, RecursionError):
        raise _Unusable("its output is not a Python literal (write the returned value out)") from None
    return literal


def _is_text(literal: str | None) -> bool:
    try:
        return literal is not None and isinstance(values.loads(literal), str)
    except values.ValueTextError:
        return False


def _parsed(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a model's odd escapes are no concern of the user's
            return ast.parse(text.strip().removeprefix(">>>").strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _arguments(item: Any, problem: Problem, signature: Signature | None) -> str:
    """The literal of the argument tuple of a call such as `f([1, 2], 'x')`."""
    if not isinstance(item, str):
        raise _Unusable(f"it is not a call of {_function(problem)} written in a string")
    tree = _parsed(item)
    if tree is None:
        raise _Unusable("it is not a Python expression")
    try:
        call = _call(tree, problem) or _bare(tree, signature)
        if call is None:
            raise _Unusable(f"it does not call {_function(problem)}")
        arguments = _positional(call, signature)
    except (values.ValueTextError, TypeError, RecursionError):
        raise _Unusable("its arguments are not literals (write every value out)") from None
    _check_count(len(arguments), signature)
    try:
        return values.dumps(arguments)
    except (values.ValueTextError, RecursionError):
        raise _Unusable("its arguments have no literal form") from None


def _function(problem: Problem) -> str:
    return (problem.entry or "").rpartition(".")[2]


def _call(tree: ast.AST, problem: Problem) -> ast.Call | None:
    """The first call of the function under test: in an assertion or a print it is the one that is meant."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name == _function(problem):
                return node
    return None


def _bare(tree: ast.Module, signature: Signature | None) -> ast.Call | None:
    """The arguments alone, `[1, 2], 'x'`, as a call, where their number fits what the function takes."""
    match tree.body:
        case [ast.Expr(value=ast.Tuple(elts=arguments))] if signature and len(signature.names) == len(arguments):
            return ast.Call(ast.Name("_"), arguments, [])
        case [ast.Expr(value=ast.expr() as argument)] if signature and len(signature.names) == 1:
            return ast.Call(ast.Name("_"), [argument], [])
    return None


def _positional(call: ast.Call, signature: Signature | None) -> tuple[Any, ...]:
    arguments = [values.loads(ast.unparse(argument)) for argument in call.args]
    named = {keyword.arg: values.loads(ast.unparse(keyword.value)) for keyword in call.keywords}
    if named and signature is None:
        raise _Unusable("it names its arguments: write them by position")
    for name in signature.names[len(arguments) :] if signature else ():
        if name not in named:
            break
        arguments.append(named.pop(name))
    if named:
        raise _Unusable(f"it gives an argument that does not fit: {next(iter(named))}")
    return tuple(arguments)


def _check_count(count: int, signature: Signature | None) -> None:
    if signature is None:
        return
    if count < signature.required or (count > len(signature.names) and not signature.more):
        raise _Unusable(f"it gives {count} arguments, the function takes {', '.join(signature.names) or 'none'}")


def _literal(problem: Problem, text: str) -> str:
    """A public test's input in the form that parsing gives."""
    if problem.style is CallStyle.STDIN:
        return text.rstrip("\n") + "\n"
    try:
        return values.dumps(values.loads(text))
    except values.ValueTextError:
        return text
