"""Programs on inputs: run once, kept, compared outside the sandbox."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.executors import InProcessExecutor

from distinguo.budget import Budget
from distinguo.config import Settings
from distinguo.errors import BudgetExhausted, JudgeFailed
from distinguo.judge import Judge
from distinguo.problem import Limits, Problem, Program, Test
from distinguo.records import Execution, Verdict
from distinguo.store import Store

DOUBLE = Program("print(2 * int(input()))")
PROBLEM = Problem("double", "Print twice the number.")
UNLIMITED = Budget(Settings(), {})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "run.sqlite") as opened:
        yield opened


class BrokenExecutor:
    """A sandbox that fails."""

    async def run(self, program: Program, stdin: str, limits: Limits) -> Execution:
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
