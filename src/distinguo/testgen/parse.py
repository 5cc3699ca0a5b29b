"""What a model wrote, as test inputs: tolerant of everything round the JSON, strict about the inputs themselves."""

import ast
import json
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from distinguo import values
from distinguo.problem import CallStyle, Problem, Program
from distinguo.records import Vote

_LIST = re.compile(r'"inputs"\s*:\s*\[|\[(?=\s*")')
_BETWEEN = re.compile(r"[\s,]*")
_BETTER = re.compile(r'better"?\s*[:=]\s*"?(first|second|tie)\b', re.IGNORECASE)
_PREDICTION = re.compile(r"^[ \t]*(expected[ _])?output\s*:", re.IGNORECASE | re.MULTILINE)
_DECODER = json.JSONDecoder(strict=False)


@dataclass(frozen=True, slots=True)
class Dropped:
    """An input that is of no use, as the model wrote it, and why, in words for a model or a person."""

    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Signature:
    """The positional parameters of a function: their names, how many are required, whether more are taken."""

    names: tuple[str, ...]
    required: int
    more: bool


class _Unusable(Exception):
    """Why an input cannot be used."""


def parse_inputs(
    text: str, problem: Problem, signature: Signature | None = None
) -> tuple[tuple[str, ...], tuple[Dropped, ...]]:
    """The inputs in a model's answer, in the form of `Test.input`, and what was dropped.

    Accepts the JSON object that the prompts ask for with prose or fences round it, trailing commas, or its end
    cut off; predicted outputs are ignored. Drops what is malformed, a repetition, or a public test's input.
    """
    public = {_literal(problem, test.input) for test in problem.public_tests}
    inputs: dict[str, None] = {}
    dropped = []
    for item in _items(text):
        try:
            found = _stdin(item) if problem.style is CallStyle.STDIN else _arguments(item, problem, signature)
            if found in public:
                raise _Unusable("it is already one of the public tests")
            if found in inputs:
                raise _Unusable("it repeats another input")
            inputs[found] = None
        except _Unusable as why:
            dropped.append(Dropped(item if isinstance(item, str) else repr(item), str(why)))
    return tuple(inputs), tuple(dropped)


def parse_vote(text: str) -> Vote | None:
    """The judge's verdict, or None where the answer names none: the last value given to "better"."""
    found = _BETTER.findall(text)
    return Vote(found[-1].lower()) if found else None


def _items(text: str) -> list[Any]:
    """The elements of the last non-empty JSON list of inputs, as far as they can be read."""
    text = text.rpartition("</think>")[2]
    named, unnamed, end = list[Any](), list[Any](), 0
    for start in _LIST.finditer(text):
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


def _stdin(item: Any) -> str:
    """Standard input as text that ends in one newline."""
    if isinstance(item, dict):
        item = item.get("input")
    if isinstance(item, int | float) and not isinstance(item, bool):
        item = str(item)
    if not isinstance(item, str):
        raise _Unusable("it is not a string")
    # Escaped once too often: no line of standard input means a literal \n.
    text: str = item.replace("\\n", "\n") if "\n" not in item else item
    if not text.strip():
        raise _Unusable("it is empty")
    if _PREDICTION.search(text):
        raise _Unusable("it names an output: give the input alone")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _Unusable("it is not valid Unicode text") from None
    return text.rstrip("\n") + "\n"


def _arguments(item: Any, problem: Problem, signature: Signature | None) -> str:
    """The literal of the argument tuple of a call such as `f([1, 2], 'x')`."""
    if isinstance(item, dict):
        item = item.get("input")
    if not isinstance(item, str):
        raise _Unusable(f"it is not a call of {_function(problem)} written in a string")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a model's odd escapes are no concern of the user's
            tree = ast.parse(item.strip().removeprefix(">>>").strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _Unusable("it is not a Python expression") from None
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


def signature(problem: Problem, programs: Sequence[Program]) -> Signature | None:
    """How the function under test is called, from the starter or else the first program that shows it."""
    if problem.style is CallStyle.STDIN:
        return None
    starters = (problem.starter, problem.starter.rstrip() + "\n        pass") if problem.starter else ()
    for source in (*starters, *(program.source for program in programs)):
        found = _find(source, (problem.entry or "").split("."))
        if found is not None:
            return found
    return None


def _find(source: str, path: Sequence[str]) -> Signature | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scope: list[ast.stmt] = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for name in path[:-1]:
        classes = [node for node in scope if isinstance(node, ast.ClassDef) and node.name == name]
        if not classes:
            return None
        scope = classes[-1].body
    functions = [node for node in scope if isinstance(node, ast.FunctionDef) and node.name == path[-1]]
    if not functions:
        return None
    function = functions[-1]
    static = any(isinstance(mark, ast.Name) and mark.id == "staticmethod" for mark in function.decorator_list)
    parameters = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    required = len(parameters) - len(function.args.defaults)
    own = 1 if len(path) > 1 and not static else 0
    return Signature(tuple(parameters[own:]), max(0, required - own), function.args.vararg is not None)
