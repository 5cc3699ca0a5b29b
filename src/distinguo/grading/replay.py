"""Grading by test code (HumanEval's `check(candidate)`, MBPP's asserts) that never meets the program.

An interpreter that holds both lets the program read the expected values from stack frames, answer with objects that
equal everything, or end the process before the first assert. So the test code runs in one sandboxed child with a
stand-in for the program and tells the calls that it makes; the program runs in another and is told arguments only, all
in one process, in order; and the test code judges what came of them. Calls that depend on results (or on arguments that
the program changes) are asked for in a further run of the program, from the first call on.

So state that a program keeps between calls and what it does to its arguments are seen as in one interpreter. What that
does not carry over: a result without a literal form (a generator, an object of the program's own class) equals nothing;
an exception of the program's own class is none that test code could name.

Test code that needs more of the program than one function, or gives it arguments that no literal describes, runs whole:
behind the program in one child. A program that wants to forge its verdict can do so there, and the result says so. That
is found out before any program runs, so that none can bring it about.
"""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from distinguo import values
from distinguo.grading.examiner import Examiner, Outcome
from distinguo.grading.testcode import TestCode
from distinguo.problem import CallStyle, Limits, Program
from distinguo.protocols import Executor
from distinguo.records import Called, CallsExecution, Execution, Verdict

_PASSES = 200  # runs of a program; each knows at least one more call
_CALLS = 5_000
_VERDICTS = {"passed": Verdict.AC, "failed": Verdict.WA, "stuck": Verdict.WA, "raised": Verdict.RTE, "broken": None}


@dataclass(frozen=True, slots=True)
class Replayed:
    """The verdict of test code, None where none is possible, why, and the program's runs that it rests on.

    whole: program and test code ran in one process.
    """

    verdict: Verdict | None
    detail: str
    runs: tuple[Execution, ...] = ()
    whole: bool = False


async def run_assertions(
    program: Program, code: TestCode, limits: Limits, executor: Executor, examiner: Examiner
) -> Replayed:
    """Judge a program by test code. Raises JudgeFailed when the sandbox itself fails."""
    if code.foreign and not code.broken:
        return await _run_whole(program, code, limits, executor)
    program = Program(program.source, CallStyle.FUNCTION, code.entry, program.language)
    outcome, runs = await examiner.plan(code), list[Execution]()
    if outcome.kind == "stuck":
        return await _run_whole(program, code, limits, executor)
    if outcome.kind == "limit":
        return Replayed(None, f"the test code itself ended with {outcome.detail}")
    if outcome.kind == "broken":
        return Replayed(None, outcome.detail)
    for _ in range(_PASSES):
        calls = outcome.calls
        if len(calls) > _CALLS:
            return _endless(f"the test code makes more than {_CALLS} calls", runs)
        run = await _call(program, code, calls, limits, executor, examiner)
        runs.append(run.execution)
        if run.execution.status is not Verdict.AC and not run.called:
            return Replayed(run.execution.status, _last_line(run.execution), tuple(runs))
        outcome = await examiner.ask(code, calls, run.called, _end(calls, run))
        if outcome.kind != "missing":
            return _judged(outcome, runs)
    return _endless(f"the test code still asked for new calls after {_PASSES} runs", runs)


def _endless(detail: str, runs: Sequence[Execution]) -> Replayed:
    """TLE where it was the program's results that the test code could not come to an end with."""
    return Replayed(Verdict.TLE if runs else None, detail, tuple(runs))


def _end(calls: Sequence[str], run: CallsExecution) -> str:
    """How a run ended before its last call; "" where it came to the end of all, or was ended because it had decided."""
    status = run.execution.status
    return status.value if len(run.called) < len(calls) and status is not Verdict.AC else ""


async def _call(
    program: Program, code: TestCode, calls: Sequence[str], limits: Limits, executor: Executor, examiner: Examiner
) -> CallsExecution:
    """Run the program; no longer than until the calls that it has come to the end of decide."""
    asking = list[asyncio.Task[Outcome]]()
    asked = 0

    def decided(called: Sequence[Called]) -> bool:
        nonlocal asked
        if examiner.recall(code, calls, called):
            return True
        if len(called) > asked:  # the answer will be known when this is asked the next time
            asked = len(called)
            asking.append(asyncio.create_task(examiner.ask(code, calls, tuple(called), "")))
        return False

    try:
        return await executor.run_calls(program, calls, limits, decided=decided)
    finally:
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)  # a failure comes up again when the whole run is judged


def _judged(outcome: Outcome, runs: list[Execution]) -> Replayed:
    end = runs[-1]
    verdict, detail = _VERDICTS.get(outcome.kind), outcome.detail
    if outcome.kind == "limit":
        verdict, detail = Verdict(outcome.detail), "the test code reached a limit with what the program returned"
    elif outcome.kind == "raised" and detail.startswith("MemoryError"):
        verdict = Verdict.MLE
    elif outcome.kind == "ended" or (verdict is Verdict.AC and end.status is not Verdict.AC):
        verdict, detail = end.status, f"call {outcome.used + 1}: {_last_line(end)}"
    return Replayed(verdict, detail, tuple(runs))


async def _run_whole(program: Program, code: TestCode, limits: Limits, executor: Executor) -> Replayed:
    """Run program and test code in one process; only a program that lets the test code come to its end passes."""
    owner, _, name = code.entry.rpartition(".")
    function = f"{owner}().{name}" if owner else name
    last = f"check({function})" if code.leaves_check else "pass"
    end = f"def _tests_end(token):\n    {last}\n    return token\n"
    token = secrets.token_hex(16)
    whole = Program(
        f"{program.source}\n\n{code.assertions}\n\n{end}", CallStyle.FUNCTION, "_tests_end", program.language
    )
    run = await executor.run(whole, values.dumps((token,)), limits)
    verdict, detail = run.status, _last_line(run)
    if verdict is Verdict.AC and run.output == values.dumps(token):
        return Replayed(Verdict.AC, "", (run,), whole=True)
    if verdict is Verdict.AC:
        verdict, detail = Verdict.WA, "the test code was not allowed to come to its end"
    elif verdict is Verdict.RTE and detail.startswith("AssertionError"):
        verdict = Verdict.WA
    return Replayed(verdict, detail, (run,), whole=True)


def _last_line(run: Execution) -> str:
    return run.error.strip().rpartition("\n")[2][:500] or run.status.value
