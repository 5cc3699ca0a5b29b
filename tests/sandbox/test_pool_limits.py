"""A run at a limit: what is repeated alone, what decides, and what is reported of it."""

import asyncio
import time

import pytest
from fakes.pools import BUSY, HELLO, count_runs, until

from distinguo.problem import CallStyle, Limits, Program
from distinguo.records import Verdict
from distinguo.sandbox.files import RunFiles
from distinguo.sandbox.inside.wire import Answer
from distinguo.sandbox.pool import Pool
from distinguo.sandbox.worker import Worker

ASLEEP = Program("import time\ntime.sleep(60)")
SLOW = Program("import time\nwhile time.process_time() < 0.1: pass\ntime.sleep(60)")


async def test_run_at_its_cpu_limit_is_not_repeated(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = count_runs(monkeypatch)
    execution = await pool.run(BUSY, "", Limits(cpu_seconds=0.2, wall_seconds=30))
    assert (execution.status, len(seen)) == (Verdict.TLE, 1)
    assert 0.2 <= execution.cpu_seconds < 1


async def test_run_at_its_wall_limit_is_repeated_alone(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    await asyncio.gather(*(pool.run(HELLO, "", Limits()) for _ in range(8)))
    await until(lambda: len(pool._workers) == 2)
    seen = count_runs(monkeypatch)
    others = [asyncio.create_task(pool.run(HELLO, "", Limits())) for _ in range(40)]
    execution = await pool.run(SLOW, "", Limits(cpu_seconds=5, wall_seconds=0.3))
    assert execution.status is Verdict.TLE
    assert {other.status for other in await asyncio.gather(*others)} == {Verdict.AC}
    assert len(seen) == 42
    assert seen.count(1) >= 1


async def test_run_that_only_slept_is_not_repeated(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = count_runs(monkeypatch)
    execution = await pool.run(ASLEEP, "", Limits(cpu_seconds=5, wall_seconds=2))
    assert (execution.status, len(seen)) == (Verdict.TLE, 1)


async def test_second_try_alone_decides(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    original, tries = Worker.run, []

    async def slow_at_first(self: Worker, files: RunFiles, limits: Limits) -> Answer:
        tries.append(1)
        wall = 0.2 if len(tries) == 1 else limits.wall_seconds
        return await original(self, files, Limits(limits.cpu_seconds, wall))

    monkeypatch.setattr(Worker, "run", slow_at_first)
    execution = await pool.run(
        Program("import time\nwhile time.process_time() < 0.3: pass\nprint('late')"), "", Limits(4, 5)
    )
    assert (execution.status, execution.output, len(tries)) == (Verdict.AC, "late\n", 2)


async def test_usage_is_reported(pool: Pool) -> None:
    begin = time.monotonic()
    execution = await pool.run(Program("x = bytearray(64 << 20)\nimport time\ntime.sleep(0.2)"), "", Limits())
    assert 0.2 <= execution.wall_seconds <= time.monotonic() - begin
    assert execution.cpu_seconds > 0
    assert 60 < execution.memory_mb < 80


async def test_output_of_exactly_the_limit_is_accepted(pool: Pool) -> None:
    limits = Limits(output_bytes=1000)
    full = await pool.run(Program("print('x' * 999)"), "", limits)
    assert (full.status, len(full.output)) == (Verdict.AC, 1000)
    over = await pool.run(Program("print('x' * 1000)"), "", limits)
    assert (over.status, len(over.output)) == (Verdict.OLE, 1000)
    value = await pool.run(Program("def f(): return 'x' * 998", CallStyle.FUNCTION, "f"), "()", limits)
    assert (value.status, len(value.output)) == (Verdict.AC, 1000)
