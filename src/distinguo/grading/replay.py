"""Grading by test code (HumanEval's `check(candidate)`) that never meets the program in one interpreter.

An interpreter that holds both lets the program read the expected values from stack frames, answer with objects that
equal everything, or end the process before the first assert. So the test code runs in one sandboxed child with a
stand-in for the program, and notes the calls it makes; the host makes these calls to the program, each in a run of its
own; and the test code runs again with their results, until no call is missing. The program sees only arguments.

What that does not carry over: changes that a call makes to its arguments, and state that a program keeps between
calls. A result without a literal form (a generator, an object of the program's own class) equals nothing.
"""

import ast
import asyncio
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from distinguo import values
from distinguo.datasets.calls import parsed
from distinguo.problem import CallStyle, Limits, Problem, Program
from distinguo.protocols import Executor
from distinguo.records import Execution, Verdict
from distinguo.tasks import all_of

_PASSES = 200  # runs of the test code; each knows at least one more call
_CALLS = 5_000
_AT_ONCE = 8  # calls handed to the executor at once, so that those behind a hanging one are never made
_RESULT_LENGTH = 1 << 18  # characters; a longer result equals nothing
_RESULTS_LENGTH = 64 << 20  # characters of all results together
TEST_LIMITS = Limits(cpu_seconds=20, wall_seconds=60, memory_mb=1024, output_bytes=8 << 20)  # of one run of test code
_ENDS = (Verdict.TLE, Verdict.MLE, Verdict.OLE, Verdict.CE)


@dataclass(frozen=True, slots=True)
class Replayed:
    """The verdict of test code, None where none is possible, and why."""

    verdict: Verdict | None
    detail: str


async def run_assertions(program: Program, problem: Problem, assertions: str, executor: Executor) -> Replayed:
    """Run `assertions` against the program. Raises JudgeFailed when the sandbox itself fails."""
    entry = program.entry or ""
    tree = parsed(problem.starter)
    driver = Program(_driver_source(), CallStyle.FUNCTION, "replay")
    known: dict[str, tuple[str, str]] = {}
    for _ in range(_PASSES):
        arguments = values.dumps((ast.unparse(tree) if tree else "", assertions, entry, known))
        run = await executor.run(driver, arguments, TEST_LIMITS)
        if run.status is not Verdict.AC:
            return Replayed(None, f"the test code itself ended with {run.status}: {_last_line(run.error)}")
        told = _read(run.output)
        if isinstance(told, Replayed):
            return told
        if len(known) + len(told) > _CALLS:
            return Replayed(None, f"the test code makes more than {_CALLS} calls")
        known |= await _make_calls(program, told, problem.limits, executor)
        if sum(len(text) for _, text in known.values()) > _RESULTS_LENGTH:
            return Replayed(Verdict.OLE, f"its results have more than {_RESULTS_LENGTH} characters")
    return Replayed(None, f"the test code still asked for new calls after {_PASSES} passes")


@cache
def _driver_source() -> str:
    package = files("distinguo")
    return package.joinpath("values.py").read_text() + package.joinpath("grading", "driver.py").read_text()


def _read(output: str) -> Replayed | list[str]:
    """What the driver tells: a verdict, or the calls that it misses. Test code shares its process, so it is checked."""
    verdicts = {"passed": Verdict.AC, "failed": Verdict.WA, "raised": Verdict.RTE, "stuck": None}
    try:
        told = values.loads(output)
    except values.ValueTextError:
        told = None
    match told:
        case ("missing", list(calls)) if all(isinstance(call, str) for call in calls):
            return calls
        case ("ended", str(verdict)) if verdict in _ENDS:
            return Replayed(Verdict(verdict), f"a call ended with {verdict}")
        case (str(kind), str(detail)) if kind in verdicts:
            return Replayed(verdicts[kind], detail)
    return Replayed(None, "the test code gave an answer that cannot be read")


async def _make_calls(
    program: Program, calls: list[str], limits: Limits, executor: Executor
) -> dict[str, tuple[str, str]]:
    """The results of calls, in their order up to the first that was stopped, which is where the test code will end."""
    stopped, gate = len(calls), asyncio.Semaphore(_AT_ONCE)

    async def call(place: int, arguments: str) -> tuple[str, str] | None:
        nonlocal stopped
        async with gate:
            if place > stopped:
                return None
            run = await executor.run(program, arguments, limits)
        if run.status in _ENDS:
            stopped = min(stopped, place)
        return _result(run)

    results = await all_of(call(place, arguments) for place, arguments in enumerate(calls))
    return {arguments: result for arguments, result in zip(calls, results, strict=True) if result is not None}


def _result(run: Execution) -> tuple[str, str]:
    if run.status in _ENDS:
        return (run.status.value, "")
    if run.status is not Verdict.AC:
        return ("error", _last_line(run.error))
    return ("value", run.output if len(run.output) <= _RESULT_LENGTH else "")


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2][:500]
