"""Official "wrong" verdicts of LiveCodeBench on programs that read standard input, looked at again.

    python benchmarks/rejudge.py FOLDER OUT

FOLDER holds results of submissions, MODEL/*eval_all.json(.gz). Their `metadata` shows the test that a wrong program
failed, cut at 300 characters. Where input and expected output are whole, the program is run on them and on the tests of
its statement, in the sandbox, for up to six CPU seconds each as its authors have it, and the outputs are compared by
the data set's checker. Passing all of them makes the verdict "right", though of its other hidden tests nothing is known
here.

The authors' harness loses what a thread prints that the program does not wait for: a verdict on such a program, where
output is missing, says nothing. Where its test is cut, it becomes unknown (null). Other verdicts whose tests are cut
stand. Programs that are functions are not looked at: their recorded arguments may have been changed in place.

OUT gets a copy of each file with the verdicts changed, which `distinguo bench run --recorded-verdicts` reads.
"""

import argparse
import ast
import asyncio
import gzip
import json
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from distinguo import datasets, judge, sandbox
from distinguo.datasets import DataSet
from distinguo.problem import CallStyle, Problem, Program, Test
from distinguo.protocols import Executor
from distinguo.records import Verdict
from distinguo.tasks import all_of

CUT = "...(truncated) ..."
AT_ONCE = 16
SECONDS = 6.0
_WALL = 5  # the machine may be busy
WRONG_ANSWER, TIME_LIMIT = -2, -3  # of metadata's error_code
RIGHT, UNKNOWN, WRONG = "right", "unknown", "wrong"


@dataclass(frozen=True)
class Failed:
    """The hidden test that a program failed officially. given, expected: None where they are cut or missing.

    lost: whether the program left a thread alone and output is missing, so that the harness may have lost it.
    """

    kind: str
    given: str | None
    expected: str | None
    lost: bool


@dataclass(frozen=True)
class Again:
    """A verdict, looked at again. group: what kind of failure it was. told: why it stands or not."""

    verdict: str
    group: str
    told: str


def failed(code: str, metadata: Sequence[str]) -> Failed:
    """What is recorded of a failure; `metadata` is a record's list of one JSON text."""
    try:
        told = json.loads(metadata[0])
    except (ValueError, LookupError, TypeError):
        told = {}
    error = told.get("error_code")
    kind = {WRONG_ANSWER: "wrong answer", TIME_LIMIT: "time limit"}.get(error, "crash")
    missing = not str(told.get("output", "")).strip() or "output length" in str(told.get("error_message"))
    lost = error == WRONG_ANSWER and missing and leaves_thread(code)
    return Failed("lost output" if lost else kind, _whole(told, "inputs"), _whole(told, "expected"), lost)


def _whole(told: Mapping[str, Any], name: str) -> str | None:
    text = told.get(name)
    return text if isinstance(text, str) and CUT not in text else None


def leaves_thread(code: str) -> bool:
    """Whether a program starts a thread and never waits for one; a `join` of texts has an argument."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    except (SyntaxError, ValueError, RecursionError):
        return False
    methods = {call.func.attr for call in calls if isinstance(call.func, ast.Attribute) and not call.args}
    made = {call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "") for call in calls}
    return "Thread" in made and "start" in methods and "join" not in methods


async def again(problem: Problem, program: Program, known: Failed, box: Executor) -> Again:
    """Run the program on the test that it failed, and on those of its statement."""
    if known.given is None or known.expected is None:
        return Again(UNKNOWN if known.lost else WRONG, known.kind, "the test is cut")
    tests = [Test("the failed test", known.given, known.expected), *problem.public_tests]
    for test in tests:
        run = await box.run(program, test.input, problem.limits)
        verdict, detail = await judge.verdict(problem, test, run, box)
        if verdict is not Verdict.AC:
            which = "the same test" if test is tests[0] else f"test {test.name} of the statement"
            return Again(WRONG, known.kind, f"{verdict} on {which}: {detail}")
    return Again(RIGHT, known.kind, "it passes the test that it failed and those of its statement")


async def rejudged(data: DataSet, record: dict[str, Any], box: Executor) -> list[Again | None]:
    """For each program of a record what its verdict is now; None where nobody looked."""
    problem = data.problem(record["question_id"])
    if problem.style is not CallStyle.STDIN:
        return [None] * len(record["code_list"])
    problem = replace(problem, limits=replace(problem.limits, cpu_seconds=SECONDS, wall_seconds=_WALL * SECONDS))
    found = list[Again | None]()
    for code, right, metadata in zip(record["code_list"], record["graded_list"], record["metadata"], strict=True):
        program = Program(data.source.program(problem.id, code), problem.style, problem.entry)
        found.append(None if right is not False else await again(problem, program, failed(code, [metadata]), box))
    return found


def changed(record: dict[str, Any], found: Sequence[Again | None]) -> dict[str, Any]:
    """The record with the verdicts as they are now."""
    verdicts = {RIGHT: True, UNKNOWN: None, WRONG: False}
    graded = [
        old if new is None else verdicts[new.verdict] for old, new in zip(record["graded_list"], found, strict=True)
    ]
    share = None if None in graded or not graded else graded.count(True) / len(graded)
    return record | {"graded_list": graded, "pass@1": share}


async def run(files: Sequence[Path], out: Path) -> None:
    """Look at every file, write its copy, and print what there is to say."""
    async with sandbox.open() as box:
        for file in files:
            await _file(file, out / file.parent.name / file.name, box)


async def _file(file: Path, copy: Path, box: Executor) -> None:
    data = datasets.open(str(file))
    records = json.loads(_read(file))
    counts, new = Counter[tuple[str, str]](), list[dict[str, Any]]()
    for start in range(0, len(records), AT_ONCE):
        part = records[start : start + AT_ONCE]
        for record, found in zip(part, await all_of(rejudged(data, one, box) for one in part), strict=True):
            new.append(changed(record, found))
            for one in filter(None, found):
                counts[one.group, one.verdict if one.told != "the test is cut" else f"{one.verdict}, cut"] += 1
                if one.verdict != WRONG:
                    print(f"{file.parent.name} {record['question_id']}: {one.group}, now {one.verdict}: {one.told}")
    _write(copy, json.dumps(new))
    before, after = (Counter(right for one in each for right in one["graded_list"]) for each in (records, new))
    print(f"{file.parent.name}: {before[True]} of {len(records)} right before; now {after[True]} right,")
    print(f"  {after[False]} wrong, {after[None]} unknown. Wrong verdicts on programs that read standard input:")
    for (group, verdict), count in sorted(counts.items()):
        print(f"  {group}: {count} now {verdict}")


def _read(file: Path) -> bytes:
    return gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(gzip.compress(text.encode(), mtime=0) if file.suffix == ".gz" else text.encode())


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    files = sorted(arguments.folder.glob("*/*eval_all.json*"))
    if not files:
        parser.error(f"{arguments.folder} holds no MODEL/*eval_all.json")
    if arguments.folder.resolve() == arguments.out.resolve():
        parser.error("OUT must be another folder than FOLDER")
    asyncio.run(run(files, arguments.out))


if __name__ == "__main__":
    main()
