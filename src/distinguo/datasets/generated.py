"""Tests that models wrote in other people's runs, for the problems of a data set.

{"prompt", "samples"}    CodeT: what a model wrote behind `# check the correctness of f` and `assert `
{"task_id", "tests"}     distinguo's own: each test is an assert as text, or {"input", "expected"}

as JSON lines or one JSON array, plain or compressed by gzip. CodeT's texts are cut as its authors do (Chen et al. 2023,
arXiv 2207.10397, and their code): split at "assert ", each part up to where the function is left, kept where it names
the entry point and compiles; the first five of each sample. Equal tests stay as often as they were written.

A problem on standard input is tested by `solution("input") == "output"`, as CodeT has CodeContests, or by
{"input", "expected"}.
"""

import ast
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from distinguo import values
from distinguo.datasets.calls import arguments, parameters, parse, signature
from distinguo.datasets.dataset import DataSet
from distinguo.datasets.rows import opened, rows
from distinguo.datasets.samples import OnWarning, end_of_function
from distinguo.errors import InputError
from distinguo.problem import CallStyle, Problem

_OF_A_SAMPLE = 5  # of CodeT's asserts
_LONGEST = 1 << 16  # characters of an assert
_ANNOUNCED = "    pass\n\n# check the correctness of"  # what follows the prompt of a task
_FORMS = "task_id with tests, or prompt with samples"


@dataclass(frozen=True, slots=True)
class WrittenTest:
    """A test as a model wrote it.

    text: what it says, which is its identity.
    inputs: what it runs the program on, as Test.input has it, as far as its text shows that.
    expected: where it compares one run with a value, that value, as Test.expected has it; None where only its code
    can tell. code: the assert; "" where it was written as input and expected output, which the checker compares.
    """

    text: str
    inputs: tuple[str, ...]
    expected: str | None
    code: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """The tests of one record. dropped: how many of its texts are no test."""

    task_id: str
    tests: tuple[WrittenTest, ...]
    dropped: int


def read(file: Path | BinaryIO, dataset: DataSet, *, on_warning: OnWarning) -> Iterator[Recorded]:
    """The tests of a file, record by record; a task may have several.

    on_warning: told (line, message) of each record that is passed over: it is no JSON, in neither of the forms above,
    or belongs to no task of the data set. Raises InputError where the file cannot be opened.
    """
    if isinstance(file, Path):
        with opened(file) as stream:
            yield from read(stream, dataset, on_warning=on_warning)
        return
    for row in rows(file):
        try:
            if row.error:
                raise _Wrong(row.error)
            yield _recorded(row.value, dataset)
        except (_Wrong, InputError) as error:
            on_warning(row.place, str(error))


class _Wrong(Exception):
    """The record is passed over; the message says why."""


def _recorded(record: Any, dataset: DataSet) -> Recorded:
    if not isinstance(record, dict):
        raise _Wrong(f"generated tests are a JSON object with {_FORMS}")
    if isinstance(record.get("samples"), list) and isinstance(record.get("prompt"), str):
        prompt = record["prompt"]
        task_id = dataset.by_prompt(prompt) or dataset.by_prompt(prompt.partition(_ANNOUNCED)[0])
        if task_id is None:
            raise _Wrong(f"no task of {dataset.name} has this prompt")
        reader = _Reader(dataset.problem(task_id))
        return _summed(task_id, (reader.sample(text) for text in record["samples"]))
    tests, given = record.get("tests"), record.get("task_id")
    if not isinstance(tests, list) or isinstance(given, bool) or not isinstance(given, (str, int)):
        raise _Wrong(f"no generated tests: they need {_FORMS}")
    own = dataset.find(given)
    if own is None:
        raise _Wrong(f"{dataset.name} has no task {str(given)!r}")
    reader = _Reader(dataset.problem(own))
    return _summed(own, ([reader.own(test)] for test in tests))


def _summed(task_id: str, parts: Iterable[list[WrittenTest | None]]) -> Recorded:
    every = [test for part in parts for test in part]
    tests = tuple(test for test in every if test is not None)
    return Recorded(task_id, tests, len(every) - len(tests))


class _Reader:
    """Reads the tests of one problem; None stands for a text that is none."""

    def __init__(self, problem: Problem) -> None:
        self._is_function = problem.style is CallStyle.FUNCTION
        self._entry = problem.entry or "solution"
        self._name = self._entry.rpartition(".")[2]
        starter = problem.starter if self._is_function else "def solution(stdin): ..."
        self._parameters = parameters(signature(starter, self._entry))

    def sample(self, text: Any) -> list[WrittenTest | None]:
        """The first tests of what a model wrote behind `assert `, and a None for each that was cut in its middle."""
        if not isinstance(text, str):
            return [None]
        found = list[WrittenTest | None]()
        kept = 0
        for part in f"assert {text}".split("assert "):
            if self._name in part and kept < _OF_A_SAMPLE:
                whole = f"assert {part}".strip()
                test = self._assert(whole[: end_of_function(whole)].strip())
                found.append(test)
                kept += test is not None
        return found

    def own(self, test: Any) -> WrittenTest | None:
        """A test of distinguo's own form."""
        match test:
            case str():
                return self._assert(test.strip())
            case {"input": str(given), "expected": str(expected)}:
                return self._example(given, expected)
        return None

    def _example(self, given: str, expected: str) -> WrittenTest | None:
        if self._is_function:
            try:
                given = arguments(given, self._entry, self._parameters)
                expected = values.dumps(values.loads(expected))
            except values.ValueTextError:
                return None
        text = json.dumps({"input": given, "expected": expected})
        return WrittenTest(text, (given,), expected)

    def _assert(self, text: str) -> WrittenTest | None:
        tree = parse(text) if len(text) <= _LONGEST else None
        if tree is None or not any(isinstance(node, ast.Assert) for node in ast.walk(tree)):
            return None
        calls = dict.fromkeys(call for node in ast.walk(tree) if (call := self._call(node)) is not None)
        compared = self._compared(tree)
        if not self._is_function:
            if compared is None:
                return None
            given, expected = (values.loads(literal) for literal in compared)
            if len(given) != 1 or not isinstance(given[0], str) or not isinstance(expected, str):
                return None
            return WrittenTest(text, given, expected)
        if compared is None:
            return WrittenTest(text, tuple(calls), None, self._positional(tree, text))
        return WrittenTest(text, compared[:1], compared[1], text)

    def _positional(self, tree: ast.Module, text: str) -> str:
        """The code with the arguments that calls name put in their places, for a function's stand-in knows no names."""
        named = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.keywords]
        literals = {id(node): call for node in named if (call := self._call(node)) is not None}
        if not literals:
            return text
        for node in named:
            if id(node) in literals:
                positional = ast.parse(f"_{literals[id(node)]}", mode="eval").body
                assert isinstance(positional, ast.Call)
                node.args, node.keywords = positional.args, []
        return ast.unparse(tree)

    def _compared(self, tree: ast.Module) -> tuple[str, str] | None:
        """Arguments and value of `assert f(arguments) == value`, either side first, where it says nothing else."""
        match tree.body:
            case [ast.Assert(test=ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]))]:
                pass
            case _:
                return None
        for one, value in ((left, right), (right, left)):
            given = self._call(one)
            if given is not None:
                try:
                    return given, values.dumps(values.loads(ast.unparse(value)))
                except (values.ValueTextError, RecursionError):
                    return None
        return None

    def _call(self, node: ast.AST) -> str | None:
        """The argument tuple's literal of a call of the entry with nothing but literals."""
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name == self._name:
                try:
                    return arguments(ast.unparse(node), self._entry, self._parameters)
                except (values.ValueTextError, RecursionError):
                    return None
        return None
