"""Programs on inputs: run once, kept, compared outside the sandbox."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.executors import InProcessExecutor

from distinguo.budget import Budget
from distinguo.config import Settings
from distinguo.errors import BudgetExhausted, JudgeFailed
from distinguo.judge import Judge, verdict
from distinguo.problem import USUAL_LIMITS, Limits, Problem, Program, Test, Validator
from distinguo.records import Execution, Validation, Verdict
from distinguo.store import Store

DOUBLE = Program("print(2 * int(input()))")
PROBLEM = Problem("double", "Print twice the number.")
UNLIMITED = Budget(Settings(), {})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "run.sqlite") as opened:
        yield opened


class BrokenExecutor(InProcessExecutor):
    """A sandbox that fails."""

    async def run(self, program: Program, stdin: str = "", limits: Limits = USUAL_LIMITS) -> Execution:
        raise JudgeFailed("the worker died twice")


async def test_the_same_run_asked_for_at_once_happens_once(store: Store) -> None:
    executor = InProcessExecutor(seconds=0.02)
    async with Judge(PROBLEM, executor, store, UNLIMITED) as judge:
        first, second = await asyncio.gather(judge(DOUBLE, "4"), judge(DOUBLE, "4"))
    assert first == second
    assert len(executor.runs) == 1


async def test_what_was_run_in_an_earlier_session_is_not_run_again(tmp_path: Path) -> None:
    path, executor = tmp_path / "run.sqlite", InProcessExecutor()
    for _ in range(2):
        with Store(path) as store:
            async with Judge(PROBLEM, executor, store, UNLIMITED) as judge:
                assert (await judge(DOUBLE, "4")).output == "8\n"
    assert len(executor.runs) == 1


async def test_other_limits_are_another_run(store: Store) -> None:
    executor = InProcessExecutor()
    for seconds in (1.0, 2.0):
        problem = Problem("double", "", limits=Limits(cpu_seconds=seconds))
        async with Judge(problem, executor, store, UNLIMITED) as judge:
            await judge(DOUBLE, "4")
    assert len(executor.runs) == 2


async def test_one_who_stops_waiting_does_not_stop_the_run_for_others(store: Store) -> None:
    executor = InProcessExecutor(seconds=0.1)
    async with Judge(PROBLEM, executor, store, UNLIMITED) as judge:
        leaves, stays = asyncio.create_task(judge(DOUBLE, "4")), asyncio.create_task(judge(DOUBLE, "4"))
        await asyncio.sleep(0.02)
        leaves.cancel()
        assert (await stays).output == "8\n"
    assert leaves.cancelled()


async def test_a_failure_of_the_sandbox_is_no_verdict(store: Store) -> None:
    async with Judge(PROBLEM, BrokenExecutor(), store, UNLIMITED) as judge:
        with pytest.raises(JudgeFailed, match="died twice"):
            await judge.test(DOUBLE, [Test("1", "4", "8")])


async def test_outcomes_come_in_the_order_of_the_tests(store: Store) -> None:
    tests = [Test("a", "4", "8"), Test("b", "4", "9"), Test("c", "x", "8"), Test("d", "5")]
    async with Judge(PROBLEM, InProcessExecutor(), store, UNLIMITED) as judge:
        outcomes = await judge.test(DOUBLE, tests)
    assert [outcome.test.name for outcome in outcomes] == ["a", "b", "c", "d"]
    assert [outcome.verdict for outcome in outcomes] == [Verdict.AC, Verdict.WA, Verdict.RTE, Verdict.AC]


async def test_the_deadline_ends_waiting_for_a_run(store: Store) -> None:
    budget = Budget(Settings(max_seconds=0.05), {})
    async with Judge(PROBLEM, InProcessExecutor(seconds=30), store, budget) as judge:
        with pytest.raises(BudgetExhausted, match="seconds"):
            await judge(DOUBLE, "4")
    assert budget.ended


class ValidatingExecutor(InProcessExecutor):
    """Accepts even numbers, and notes what validators were asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, str, str]] = []

    async def validate(self, validator: Validator, test_input: str, answer: str, output: str) -> Validation:
        self.asked.append((test_input, answer, output))
        return Validation(int(output) % 2 == 0, "line 1 is odd\nand more")


VALIDATED = Problem("even", "Print an even number.", validator=Validator((("v.py", ""),)))


async def test_verdict_of_a_run_that_ended_badly_says_the_last_line_of_its_error() -> None:
    execution = Execution(Verdict.RTE, "", "Traceback\nValueError: no digits\n")
    judged = await verdict(PROBLEM, Test("1", "", "8"), execution, InProcessExecutor())
    assert judged == (Verdict.RTE, "ValueError: no digits")


async def test_verdict_of_a_run_that_says_nothing_is_its_status() -> None:
    judged = await verdict(PROBLEM, Test("1", "", "8"), Execution(Verdict.TLE, ""), InProcessExecutor())
    assert judged == (Verdict.TLE, "TLE")


async def test_wrong_answer_comes_with_the_difference() -> None:
    judged = await verdict(PROBLEM, Test("1", "", "8"), Execution(Verdict.AC, "9\n"), InProcessExecutor())
    assert judged[0] is Verdict.WA
    assert "9" in judged[1]
    assert "8" in judged[1]


async def test_validator_judges_in_the_checkers_place() -> None:
    executor, test = ValidatingExecutor(), Test("1", "the input", "2")
    assert await verdict(VALIDATED, test, Execution(Verdict.AC, "4"), executor) == (Verdict.AC, "")
    assert await verdict(VALIDATED, test, Execution(Verdict.AC, "5"), executor) == (Verdict.WA, "line 1 is odd")
    assert executor.asked == [("the input", "2", "4"), ("the input", "2", "5")]


async def test_validator_is_not_asked_about_a_run_that_failed_or_without_an_answer() -> None:
    executor = ValidatingExecutor()
    assert await verdict(VALIDATED, Test("1", "", "2"), Execution(Verdict.OLE, "4"), executor) == (Verdict.OLE, "OLE")
    assert await verdict(VALIDATED, Test("1", ""), Execution(Verdict.AC, "5"), executor) == (Verdict.AC, "")
    assert executor.asked == []


async def test_public_tests_are_judged_by_the_validator(store: Store) -> None:
    async with Judge(VALIDATED, ValidatingExecutor(), store, UNLIMITED) as judge:
        outcomes = await judge.test(DOUBLE, [Test("1", "4", "0")])
    assert [outcome.verdict for outcome in outcomes] == [Verdict.AC]


async def test_another_compiler_or_interpreter_is_another_run(store: Store) -> None:
    class Upgraded(InProcessExecutor):
        def identity(self, language: str) -> str:
            return f"{language} 4"

    for executor in (InProcessExecutor(), Upgraded()):
        async with Judge(PROBLEM, executor, store, UNLIMITED) as judge:
            await judge(DOUBLE, "4")
        assert len(executor.runs) == 1
