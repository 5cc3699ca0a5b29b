"""Runs of test code: one judges many programs, and what never ends or cannot be held is only its own program's."""

import ast
import inspect
from collections.abc import Sequence
from dataclasses import replace

import pytest
from fakes.executors import InProcessExecutor
from fakes.grading import CHECK, DOUBLE, LIMITS, function

from distinguo import values
from distinguo.grading import Grader, driver, examiner, grade
from distinguo.problem import HiddenTests, Limits, Program
from distinguo.protocols import Decided, Executor
from distinguo.records import CallsExecution, Verdict
from distinguo.tasks import all_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_driver_and_the_values_that_it_uses_share_no_name() -> None:
    """Both are one text in the sandbox."""
    texts = map(inspect.getsource, (values, driver))
    names = [{name for node in ast.parse(text).body for name in _defined(node)} for text in texts]
    assert names[0] & names[1] == set()
    assert {"dumps", "loads"} <= names[0]
    assert "replay" in names[1]


def _defined(node: ast.stmt) -> list[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
    return []


SPOILING = {  # (what the test code does with a result, a result that it cannot do it with, the verdict)
    "a message that cannot be shown": ("assert result == 2, result", "1 << 200_000", Verdict.WA),
    "a key that cannot be shown": ("assert {2: True}[result]", "1 << 200_000", Verdict.WA),
    "more memory than there is": ("assert [0] * result == [0, 0]", "1 << 40", Verdict.MLE),
}


@pytest.mark.parametrize("kind", SPOILING)
async def test_a_result_that_test_code_chokes_on_is_its_programs_alone(kind: str, box: Executor) -> None:
    statement, result, verdict = SPOILING[kind]
    hidden = HiddenTests("double", assertions=f"def check(candidate):\n    result = candidate(1)\n    {statement}\n")
    grader = Grader(box)
    programs = [function(f"return {result}"), function("return 2 * x"), function("return 3 * x")]
    grades = [await grader.grade(program, DOUBLE, hidden) for program in programs]
    assert [one.verdict for one in grades] == [verdict, Verdict.AC, Verdict.WA]
    at_once = await all_of(Grader(box).grade(program, DOUBLE, hidden) for program in programs)
    assert [one.verdict for one in at_once] == [verdict, Verdict.AC, Verdict.WA]


async def test_endless_test_code_gives_no_verdict(box: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examiner, "TEST_LIMITS", replace(LIMITS, cpu_seconds=0.3))
    hidden = HiddenTests("p", assertions="def check(candidate):\n    while True: pass\n")
    result = await grade(function("return x"), DOUBLE, hidden, box)
    assert result.verdict is None
    assert "TLE" in result.detail


async def test_results_with_which_test_code_never_ends_are_the_programs_fault(
    box: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examiner, "TEST_LIMITS", replace(LIMITS, cpu_seconds=0.3))
    hidden = HiddenTests("p", assertions="def check(candidate):\n    y = candidate(1)\n    while y != 2: pass\n")
    grader = Grader(box)
    programs = [function("return 3"), function("return 2 * x"), function("return 4")]
    grades = await all_of(grader.grade(program, DOUBLE, hidden) for program in programs)
    assert [one.verdict for one in grades] == [Verdict.TLE, Verdict.AC, Verdict.TLE]


async def test_results_that_the_test_code_never_ends_with_are_tle(box: Executor) -> None:
    body = "def check(candidate):\n    x = 1\n    while x < 100: x = candidate(x)\n"
    hidden = HiddenTests("double", assertions=body)
    assert (await grade(function("return 2 * x"), DOUBLE, hidden, box)).verdict is Verdict.AC
    endless = await grade(function("return x"), DOUBLE, hidden, InProcessExecutor())
    assert (endless.verdict, "still asked for new calls" in endless.detail) == (Verdict.TLE, True)


async def test_calls_behind_one_that_hangs_are_not_made(box: Executor) -> None:
    body = "\n".join(f"    assert candidate({n}) == {n}" for n in range(500))
    hidden = HiddenTests("p", assertions=f"def check(candidate):\n{body}\n")
    problem = replace(DOUBLE, limits=Limits(cpu_seconds=0.3, wall_seconds=10))
    result = await grade(function("while x > 3: pass\n    return x"), problem, hidden, box)
    assert result.verdict is Verdict.TLE


async def test_a_run_is_ended_once_the_verdict_is_known(box: Executor) -> None:
    body = "assert candidate(1) == 2\n    assert candidate(2) == 4"
    hidden = HiddenTests("p", assertions=f"def check(candidate):\n    {body}\n")
    problem = replace(DOUBLE, limits=Limits(cpu_seconds=30, wall_seconds=60))
    result = await grade(function("while x == 2: pass\n    return 7"), problem, hidden, box)
    assert result.verdict is Verdict.WA
    assert result.cpu_seconds < 20


async def test_programs_with_equal_results_are_judged_once() -> None:
    executor = InProcessExecutor()
    grader = Grader(executor)
    bodies = ["return 2 * x", "return x + x", "return x * 2", "return x", "return 1 * x", "return x - 0"]
    grades = [await grader.grade(function(body), DOUBLE, CHECK) for body in bodies]
    assert [one.verdict for one in grades] == [Verdict.AC] * 3 + [Verdict.WA] * 3
    judged = [stdin for program, stdin in executor.runs if program.entry == "replay"]
    assert len(judged) == 3  # the plan, one that is right, one that is wrong


async def test_results_that_come_at_once_are_judged_in_one_run(box: Executor) -> None:
    runs = list[int]()

    class Counting:
        async def run_calls(
            self, program: Program, calls: Sequence[str], limits: Limits, *, decided: Decided | None = None
        ) -> CallsExecution:
            if program.entry == "replay":
                runs.append(len(calls))
            return await box.run_calls(program, calls, limits, decided=decided)

    grader = Grader(Counting())  # type: ignore[arg-type]
    grades = await all_of(grader.grade(function(f"return {n} * x"), DOUBLE, CHECK) for n in range(40))
    assert [one.verdict for one in grades] == [Verdict.AC if n == 2 else Verdict.WA for n in range(40)]
    assert sum(runs) == 41
    assert len(runs) < 20
