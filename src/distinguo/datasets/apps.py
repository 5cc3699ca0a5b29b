"""APPS (Hendrycks et al. 2021, arXiv 2105.09938) and TACO (Li et al. 2023, arXiv 2312.14852), which has its form.

A record's `input_output` is JSON text with inputs, outputs and, for a function, fn_name: the hidden tests. Public tests
are the examples of the statement; a problem whose statement has none that can be read has no public tests. The inputs
of a function are lists of arguments; its outputs are values, in most problems each wrapped in a list. Keys of dicts,
which JSON has as texts, are whole numbers again where all of them look so, as APPS' own evaluation has it. Neither data
set marks the problems that accept several answers.
"""

import ast
import json
import re
from collections.abc import Iterator
from typing import Any

from distinguo.datasets.about import About, day, word
from distinguo.datasets.examples import as_tests, examples
from distinguo.datasets.formats import NUMBERED, Format, Record
from distinguo.datasets.leetcode import HEADER, Signature, behind_header
from distinguo.datasets.limits import of_python
from distinguo.datasets.sections import sample_tests
from distinguo.datasets.statements import printed_checker, returned_tests
from distinguo.errors import InputError
from distinguo.problem import CallStyle, HiddenTests, Problem, Test

_FIELDS = ("question", "input_output", "starter_code", "difficulty", "url")
_LARGEST_TESTS = 1 << 28  # characters of one problem's tests
_PLATFORMS = """
    codeforces atcoder leetcode codechef codewars hackerrank hackerearth kattis aizu geeksforgeeks
""".split()  # noqa: SIM905
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)\s*s")
_MEMORY = re.compile(r"(\d+(?:\.\d+)?)\s*([kmg])", re.IGNORECASE)
_MEBIBYTES = {"k": 1 / 1024, "m": 1.0, "g": 1024.0}


def _key(record: Any) -> str:
    number = record.get("problem_id", record.get("id")) if isinstance(record, dict) else None
    if isinstance(number, bool) or not isinstance(number, (int, str)):
        raise InputError("an APPS problem has a number problem_id or id")
    return f"APPS/{number}"


def _taco_key(record: Any) -> str:
    if not isinstance(record, dict):
        raise InputError(f"a TACO problem has the fields {', '.join(_FIELDS)}")
    return "TACO"


def _id(record: Record) -> str:
    return str(record[NUMBERED]) if NUMBERED in record else _key(record)


def _problem(record: Record) -> Problem:
    task_id, question = _id(record), record.get("question")
    if not isinstance(question, str) or not question.strip():
        raise InputError(f"{task_id} has no question")
    title = word(record.get("name"))
    statement = (f"# {title}\n\n{question.strip()}\n" if title else f"{question.strip()}\n").replace("\r\n", "\n")
    limits = of_python(*_stated_limits(record))
    signature = _signature(record, _cases(record))
    if signature is None:
        tests = sample_tests(question)
        return Problem(task_id, statement, public_tests=tests, limits=limits, checker=printed_checker(question))
    starter = word(record.get("starter_code"))
    return Problem(
        id=task_id,
        statement=statement if starter else f"{statement}\nWrite a function named `{signature.entry}`.\n",
        style=CallStyle.FUNCTION,
        entry=signature.entry,
        starter=f"{HEADER}\n\n{record['starter_code']}" if starter else "",
        public_tests=_examples(question, signature),
        limits=limits,
        checker="json",
    )


def _examples(question: str, signature: Signature) -> tuple[Test, ...]:
    """The examples of a function: LeetCode's `Input: a = 1` with `Output: 2`, or else calls with their values."""
    try:
        stated = returned_tests(question, signature)
    except InputError:  # an example that does not fit the signature is none
        stated = ()
    plain = question.replace("`", "")
    return stated or as_tests(examples(plain, signature.entry, signature.parameters))


def _stated_limits(record: Record) -> tuple[float, float]:
    """The seconds and MiB of `2.0 seconds` and `256.0 megabytes`; 0 where there are none."""
    time, memory = (_SECONDS.search(word(record.get("time_limit"))), _MEMORY.search(word(record.get("memory_limit"))))
    room = float(memory.group(1)) * _MEBIBYTES[memory.group(2).lower()] if memory else 0.0
    return float(time.group(1)) if time else 0.0, room


# --- hidden tests


def _hidden(record: Record) -> HiddenTests | None:
    cases, task_id = _cases(record), _id(record)
    inputs, outputs = cases.get("inputs") or [], cases.get("outputs") or []
    if not isinstance(inputs, list) or not isinstance(outputs, list) or len(inputs) != len(outputs):
        raise InputError(f"the tests of {task_id} are no inputs with an output each")
    signature = _signature(record, cases)
    if signature is None:
        pairs = zip(inputs, outputs, strict=True)
        tests = tuple(
            Test(str(number), _printed(given), _printed(expected)) for number, (given, expected) in enumerate(pairs, 1)
        )
    else:
        tests = tuple(_returned(inputs, outputs, signature, task_id))
    return HiddenTests(task_id, tests) if tests else None


def _cases(record: Record) -> dict[str, Any]:
    """The record's tests as they stand in it; empty where it has none."""
    text = record.get("input_output")
    if not text or not isinstance(text, (str, dict)):
        return {}
    if isinstance(text, str) and len(text) > _LARGEST_TESTS:
        raise InputError(f"the tests of {_id(record)} are larger than {_LARGEST_TESTS >> 20} MiB")
    try:
        cases = json.loads(text) if isinstance(text, str) else text
    except (ValueError, RecursionError) as error:
        raise InputError(f"the tests of {_id(record)} cannot be read: {error}") from error
    if not isinstance(cases, dict):
        raise InputError(f"the tests of {_id(record)} cannot be read: they are no JSON object")
    return cases


def _signature(record: Record, cases: dict[str, Any]) -> Signature | None:
    """The function that is asked for; None for a program on standard input."""
    name = cases.get("fn_name")
    if not name:
        return None
    if not isinstance(name, str) or not name.isidentifier():
        raise InputError(f"the tests of {_id(record)} name no function that can be: {str(name)[:50]!r}")
    try:
        return Signature(word(record.get("starter_code")), name)
    except InputError:  # no starter, so nothing is known of the parameters
        return Signature(f"def {name}(*arguments): ...", name)


def _printed(given: Any) -> str:
    """Standard input or output: a text, or a list of lines."""
    if isinstance(given, list):
        return "".join(f"{line}\n" for line in given)
    return given if isinstance(given, str) else f"{given}\n"


def _returned(inputs: list[Any], outputs: list[Any], signature: Signature, task_id: str) -> Iterator[Test]:
    expected = _unwrapped([_numbered(output) for output in outputs], signature.returns)
    for number, (given, value) in enumerate(zip(inputs, expected, strict=True), 1):
        if not isinstance(given, list):
            raise InputError(f"the tests of {task_id}, input {number}: a function's arguments must be a list")
        try:
            yield signature.test(str(number), [_numbered(argument) for argument in given], value)
        except InputError as error:
            raise InputError(f"the tests of {task_id}: {error}") from error


def _numbered(value: Any) -> Any:
    """A value with the keys of a dict as whole numbers, where they all are; in a list of one item too."""
    match value:
        case dict():
            try:
                return {int(key): item for key, item in value.items()}
            except ValueError:
                return value
        case [dict() as only]:
            return [_numbered(only)]
    return value


def _unwrapped(outputs: list[Any], kind: ast.expr | None) -> list[Any]:
    """The values out of their lists, where each is a list of one item and the signature does not speak against it."""
    if not all(isinstance(output, list) and len(output) == 1 for output in outputs):
        return outputs
    items = [output[0] for output in outputs]
    as_they_are = kind is not None and all(_fits(output, kind) for output in outputs)
    return outputs if as_they_are and not all(_fits(item, kind) for item in items) else items


def _fits(value: Any, kind: ast.expr | None) -> bool:
    """Whether a JSON value can be what an annotation says; what it says otherwise fits everything."""
    match kind:
        case ast.Name(id="int"):
            return isinstance(value, int) and not isinstance(value, bool)
        case ast.Name(id="float"):
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case ast.Name(id="str"):
            return isinstance(value, str)
        case ast.Name(id="bool"):
            return isinstance(value, bool)
        case ast.Name(id="List" | "list"):
            return isinstance(value, list)
        case ast.Subscript(value=ast.Name(id="List" | "list"), slice=inner):
            return isinstance(value, list) and all(_fits(item, inner) for item in value)
    return True


# --- what is known beside


def _about(record: Record) -> About:
    difficulty, url = word(record.get("difficulty")), word(record.get("url")).lower()
    source = word(record.get("source")).lower() or next((name for name in _PLATFORMS if name in url), "")
    return About("" if difficulty.startswith("UNKNOWN") else difficulty, source, day(record.get("date")))


APPS = Format(
    "APPS", _FIELDS, _key, _problem, _hidden, behind_header, _about,
    unread=("solutions",), late=("question", "input_output", "starter_code"),
)  # fmt: skip
"""Its problems, whose ids are APPS/NUMBER."""

TACO = Format(
    "TACO", (*_FIELDS, "source", "tags"), _taco_key, _problem, _hidden, behind_header, _about, numbered=True,
    unread=("solutions",), late=("question", "input_output", "starter_code"),
)  # fmt: skip
"""Its problems, which have no ids; theirs here are TACO/PLACE, from 0."""
