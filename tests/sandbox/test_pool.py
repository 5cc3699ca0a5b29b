"""The pool: waiting, cancelling, failing workers, repeated runs, and that nothing outlives it."""

import asyncio
import contextlib
import errno
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import NoReturn

import pytest
import pytest_asyncio
from contracts.processes import living

import distinguo.sandbox
from distinguo.errors import JudgeFailed, SandboxUnavailable
from distinguo.problem import CallStyle, Limits, Program
from distinguo.records import Called, Verdict
from distinguo.sandbox.files import RunFiles
from distinguo.sandbox.hostile.traps import processes_below
from distinguo.sandbox.inside.wire import Answer, Ready
from distinguo.sandbox.pool import Pool
from distinguo.sandbox.turnstile import Turnstile
from distinguo.sandbox.worker import Worker, WorkerDied

HELLO = Program("print('hello')")
BUSY = Program("while True: pass")
ASLEEP = Program("import time\ntime.sleep(60)")
SLOW = Program("import time\nwhile time.process_time() < 0.1: pass\ntime.sleep(60)")


@pytest_asyncio.fixture
async def pool() -> AsyncIterator[Pool]:
    pool = Pool(2)
    await pool.open()
    yield pool
    await pool.aclose()


def open_files() -> int:
    """How many descriptors this process has open."""
    return len([*Path("/proc/self/fd").iterdir()])


async def until(condition: Callable[[], object]) -> None:
    """Wait until a callable says true; the test's own time limit ends it otherwise."""
    while not condition():  # noqa: ASYNC110  other processes have no event to wait for
        await asyncio.sleep(0.01)


def supervisor(worker: Worker) -> int:
    return processes_below(worker._process.pid)[0]


def count_runs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    original, running, seen = Worker.run, 0, []

    async def counted(self: Worker, files: RunFiles, limits: Limits) -> Answer:
        nonlocal running
        running += 1
        seen.append(running)
        try:
            return await original(self, files, limits)
        finally:
            running -= 1

    monkeypatch.setattr(Worker, "run", counted)
    return seen


async def test_open_starts_one_worker_and_more_when_needed(pool: Pool) -> None:
    assert len(pool._workers) == 1
    await asyncio.gather(*(pool.run(HELLO, "", Limits()) for _ in range(8)))
    await until(lambda: len(pool._workers) == 2)
    await asyncio.gather(*(pool.run(HELLO, "", Limits()) for _ in range(8)))
    assert len(pool._workers) == 2


async def test_no_more_runs_at_once_than_workers(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = count_runs(monkeypatch)
    await asyncio.gather(*(pool.run(HELLO, "", Limits()) for _ in range(30)))
    assert len(seen) == 30
    assert max(seen) <= 2


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


async def test_worker_whose_waiting_child_is_killed_is_replaced(pool: Pool) -> None:
    await pool.run(HELLO)
    (worker,) = pool._workers
    parent = supervisor(worker)

    def waiting() -> list[int]:
        stats = []
        for entry in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):  # another process ended while we looked
                stats.append(entry.read_text().rpartition(")"))
        return [int(before.split()[0]) for before, _, after in stats if after.split()[1] == str(parent)]

    await until(waiting)
    os.kill(waiting()[0], signal.SIGKILL)
    await until(lambda: not worker.usable)
    assert (await pool.run(HELLO)).output == "hello\n"
    assert worker not in pool._workers


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


async def test_worker_that_died_idle_is_replaced(pool: Pool) -> None:
    (worker,) = pool._workers
    os.kill(supervisor(worker), signal.SIGKILL)
    assert (await pool.run(HELLO, "", Limits())).output == "hello\n"
    assert worker not in pool._workers


async def test_workers_that_died_idle_do_no_harm_however_many() -> None:
    pool = Pool(3)
    await pool.open()
    try:
        await asyncio.gather(*(pool.run(Program("import time\ntime.sleep(0.2)"), "", Limits()) for _ in range(3)))
        workers = {*pool._workers}
        for worker in workers:
            os.kill(supervisor(worker), signal.SIGKILL)
        await until(lambda: not any(worker.usable for worker in workers))
        assert (await pool.run(HELLO, "", Limits())).output == "hello\n"
    finally:
        await pool.aclose()


@pytest.mark.parametrize("left", range(4))
async def test_a_process_without_descriptors_says_so_and_loses_none(
    left: int, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, made = os.memfd_create, list[str]()

    def scarce(name: str, flags: int) -> int:
        if len(made) == left:
            raise OSError(errno.EMFILE, "Too many open files")
        made.append(name)
        return make(name, flags)

    before = open_files()
    with monkeypatch.context() as patch:
        patch.setattr(os, "memfd_create", scarce)
        with pytest.raises(JudgeFailed, match="Too many open files"):
            await pool.run(HELLO, "", Limits())
    assert open_files() == before
    assert (await pool.run(HELLO, "", Limits())).output == "hello\n"


async def test_a_worker_that_cannot_be_replaced_ends_the_runs_that_wait(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> NoReturn:
        raise OSError(errno.EMFILE, "Too many open files")

    task = asyncio.create_task(pool.run(Program("import time\ntime.sleep(0.5)"), "", Limits()))
    (worker,) = pool._workers
    await until(lambda: len(processes_below(worker._process.pid)) == 2)
    monkeypatch.setattr(socket, "socketpair", none)
    os.kill(supervisor(worker), signal.SIGKILL)
    with pytest.raises(JudgeFailed, match="Too many open files"):
        await asyncio.wait_for(task, 20)


async def test_run_whose_worker_dies_is_retried(pool: Pool) -> None:
    task = asyncio.create_task(pool.run(Program("import time\ntime.sleep(0.5)\nprint('done')"), "", Limits()))
    (worker,) = pool._workers
    await until(lambda: len(processes_below(worker._process.pid)) == 2)
    os.kill(supervisor(worker), signal.SIGKILL)
    assert (await task).output == "done\n"


async def test_worker_that_fails_twice_is_the_judges_failure(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    async def die(self: Worker, files: RunFiles, limits: Limits) -> Answer:
        raise WorkerDied("it hung up")

    with monkeypatch.context() as patch:
        patch.setattr(Worker, "run", die)
        with pytest.raises(JudgeFailed, match=r"failed twice.*it hung up"):
            await pool.run(HELLO, "", Limits())
    assert (await pool.run(HELLO, "", Limits())).output == "hello\n"


async def test_waiting_runs_fail_when_no_worker_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Pool(1)
    await pool.open()
    (worker,) = pool._workers
    os.kill(supervisor(worker), signal.SIGKILL)
    monkeypatch.setattr(sys, "_base_executable", "/bin/false")
    results = await asyncio.gather(*(pool.run(HELLO, "", Limits()) for _ in range(5)), return_exceptions=True)
    assert [type(result) for result in results] == [JudgeFailed] * 5
    await pool.aclose()


@pytest.mark.parametrize("nonsense", [b"", b"?", b"A" + b"\0" * 5, Answer(77, 0, 0, 0, 0, 0).pack()])  # type: ignore[arg-type]
async def test_nonsense_from_a_worker_is_its_death(nonsense: bytes) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    process = subprocess.Popen(["sleep", "0"], stderr=subprocess.PIPE)  # noqa: ASYNC220
    worker = Worker(process, ours, Ready(0, 0, True, True))
    theirs.send(nonsense) if nonsense else theirs.shutdown(socket.SHUT_WR)
    with RunFiles(HELLO, "") as files, pytest.raises(WorkerDied):
        await worker.run(files, Limits())
    assert not worker.usable
    await worker.aclose()
    theirs.close()


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


def test_any_descriptor_numbers_serve() -> None:
    script = """
        import asyncio, os
        from distinguo.problem import Program
        from distinguo.sandbox.pool import Pool

        async def main():
            next_free = os.dup(0)
            os.close(next_free)
            for number in range(max(next_free, 6), 14):
                pool = Pool(1)
                await pool.open()
                print((await pool.run(Program("print(input())"), "hello")).output, end="")
                await pool.aclose()
                os.dup2(0, number)

        asyncio.run(main())
    """
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True)
    assert run.stdout.startswith("hello\n"), run.stderr
    assert set(run.stdout.split()) == {"hello"}


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


async def test_pools_with_one_turnstile_keep_its_limit_together(monkeypatch: pytest.MonkeyPatch) -> None:
    turnstile = Turnstile(2)
    pools = [Pool(2, turnstile=turnstile) for _ in range(2)]
    seen = count_runs(monkeypatch)
    await asyncio.gather(*(pool.run(HELLO) for pool in pools for _ in range(15)))
    assert len(seen) == 30
    assert max(seen) <= 2
    for pool in pools:
        await pool.aclose()


async def test_machine_that_cannot_start_a_worker_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "_base_executable", "/bin/false")
    with pytest.raises(SandboxUnavailable, match="cannot be isolated"):
        async with distinguo.sandbox.open():
            pass


async def test_other_systems_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(SandboxUnavailable, match="Linux"):
        async with distinguo.sandbox.open():
            pass


async def test_ordinary_user_gets_a_user_namespace_and_root_another_uid(pool: Pool) -> None:
    (worker,) = pool._workers
    execution = await pool.run(Program("import os\nprint(os.getuid())"), "", Limits())
    uid = int(execution.output)
    assert worker.ready.user_namespace == (uid == 65534)
    if os.geteuid() == 0 and not worker.ready.user_namespace:
        assert uid > 2_000_000_000


async def test_preloaded_numpy_computes_the_same_in_every_run() -> None:
    pytest.importorskip("numpy", reason="numpy is not installed here")
    pool = Pool(1, preload=("numpy",))
    await pool.open()
    source = (
        "import os, sys, threading\nassert 'numpy' in sys.modules\nimport numpy as np\n"
        "a = np.arange(10000.).reshape(100, 100)\n"
        "print((a @ a).shape, round(np.linalg.det(np.eye(3))), np.random.randint(1 << 30))\n"
        "print(threading.active_count(), list(os.environ))"
    )
    first, second = [await pool.run(Program(source)) for _ in range(2)]
    await pool.aclose()
    assert first.status is Verdict.AC, first.error
    assert first.output.splitlines()[0].startswith("(100, 100) 1 ")
    assert first.output == second.output


async def test_package_that_is_not_installed_cannot_be_preloaded() -> None:
    with pytest.raises(SandboxUnavailable, match="nosuchpackage is not installed"):
        await Pool(1, preload=("nosuchpackage",)).open()
