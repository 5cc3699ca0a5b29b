"""Runs that are cancelled or decided early and pools that end: nothing outlives them, and the workers serve on."""

import asyncio
import contextlib
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

import pytest
from contracts.processes import living
from fakes.pools import BUSY, HELLO, until

from distinguo.errors import JudgeFailed
from distinguo.problem import CallStyle, Limits, Program
from distinguo.records import Called, Verdict
from distinguo.sandbox.hostile.traps import processes_below
from distinguo.sandbox.pool import Pool


async def test_cancelled_run_leaves_no_child_and_the_worker_serves_on(pool: Pool) -> None:
    (worker,) = pool._workers
    task = asyncio.create_task(pool.run(BUSY, "", Limits(cpu_seconds=60, wall_seconds=60)))
    await until(lambda: len(processes_below(worker._process.pid)) == 2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(processes_below(worker._process.pid)) == 1
    assert (await pool.run(HELLO, "", Limits())).output == "hello\n"
    assert worker in pool._workers


async def test_cancellation_that_comes_after_the_end_is_passed_over(pool: Pool) -> None:
    await pool.run(HELLO)
    (worker,) = pool._workers
    worker.cancel()
    assert (await pool.run(HELLO)).output == "hello\n"
    assert worker in pool._workers


async def test_run_cancelled_twice_leaves_no_child(pool: Pool) -> None:
    task = asyncio.create_task(pool.run(BUSY, "", Limits(cpu_seconds=60, wall_seconds=60)))
    (worker,) = pool._workers
    await until(lambda: len(processes_below(worker._process.pid)) == 2)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await until(lambda: len(processes_below(worker._process.pid)) <= 1)
    assert (await pool.run(HELLO, "", Limits())).output == "hello\n"


async def test_cancelled_waiting_run_takes_no_worker_away(pool: Pool) -> None:
    tasks = [asyncio.create_task(pool.run(HELLO, "", Limits())) for _ in range(20)]
    await asyncio.sleep(0)
    for task in tasks[1::2]:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert sum(isinstance(result, asyncio.CancelledError) for result in results) == 10
    assert (await pool.run(HELLO, "", Limits())).output == "hello\n"


CALLED = Program("def f(n):\n    while n < 0: pass\n    return n", CallStyle.FUNCTION, "f")


async def test_run_that_goes_on_is_ended_where_its_results_decide(pool: Pool) -> None:
    result = await pool.run_calls(
        CALLED, ["(1,)", "(2,)", "(-1,)"], Limits(60, 60), decided=lambda called: len(called) == 2
    )
    assert result.execution.status is Verdict.AC
    assert [called.value for called in result.called] == ["1", "2"]
    (worker,) = pool._workers
    assert len(processes_below(worker._process.pid)) == 1
    assert (await pool.run(HELLO)).output == "hello\n"


async def test_run_goes_on_while_its_results_do_not_decide(pool: Pool) -> None:
    asked = []

    def never(called: Sequence[Called]) -> bool:
        asked.append(len(called))
        return False

    result = await pool.run_calls(CALLED, ["(1,)", "(-1,)"], Limits(0.3, 60), decided=never)
    assert (result.execution.status, [called.value for called in result.called]) == (Verdict.TLE, ["1"])
    assert asked
    assert set(asked) <= {0, 1}


async def test_exception_of_the_one_who_decides_ends_the_run_and_comes_out(pool: Pool) -> None:
    with pytest.raises(ZeroDivisionError):
        await pool.run_calls(CALLED, ["(1,)", "(-1,)"], Limits(60, 60), decided=lambda called: bool(1 // 0))
    (worker,) = pool._workers
    assert len(processes_below(worker._process.pid)) == 1
    assert (await pool.run(HELLO)).output == "hello\n"


async def test_cancelled_calls_leave_no_child_and_the_worker_serves_on(pool: Pool) -> None:
    task = asyncio.create_task(pool.run_calls(CALLED, ["(-1,)"], Limits(60, 60), decided=lambda called: True))
    (worker,) = pool._workers
    await until(lambda: len(processes_below(worker._process.pid)) == 2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(processes_below(worker._process.pid)) == 1
    assert (await pool.run_calls(CALLED, ["(1,)"])).called[0].value == "1"


async def test_close_ends_runs_and_leaves_no_process() -> None:
    pool = Pool(2)
    await pool.open()
    tasks = [asyncio.create_task(pool.run(BUSY, "", Limits(60, 60))) for _ in range(4)]
    await until(lambda: len(pool._workers) == 2)
    workers = [worker._process.pid for worker in pool._workers]
    await until(lambda: all(len(processes_below(pid)) == 2 for pid in workers))
    descendants = [pid for worker in workers for pid in processes_below(worker)]
    await pool.aclose()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [JudgeFailed] * 4
    assert not living(workers + descendants)
    with pytest.raises(JudgeFailed, match="closed"):
        await pool.run(HELLO, "", Limits())


async def test_nothing_outlives_a_host_that_is_killed() -> None:
    script = """
        import asyncio
        import distinguo.sandbox
        from distinguo.problem import Limits, Program

        async def main():
            async with distinguo.sandbox.open(1) as box:
                print("open", flush=True)
                await box.run(Program("while True: pass"), "", Limits(60, 60))

        asyncio.run(main())
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    host = subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: ASYNC220
    assert host.stdout is not None
    assert host.stdout.readline() == b"open\n"
    await until(lambda: len(processes_below(host.pid)) == 3)
    descendants = processes_below(host.pid)
    host.kill()
    host.wait()
    host.stdout.close()
    await until(lambda: not living(descendants))


async def test_descriptors_do_not_leak(pool: Pool) -> None:
    def used() -> int:
        return sum(1 for _ in Path("/proc/self/fd").iterdir())

    await asyncio.gather(*(pool.run(HELLO, "", Limits()) for _ in range(8)))
    await until(lambda: len(pool._workers) == 2)
    before = used()
    await asyncio.gather(*(pool.run(HELLO, "", Limits()) for _ in range(50)))
    assert used() == before
