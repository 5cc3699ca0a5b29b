"""Workers that die, talk nonsense or cannot be replaced: the pool serves on, or says what is wrong."""

import asyncio
import contextlib
import errno
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest
from fakes.pools import HELLO, supervisor, until

from distinguo.errors import JudgeFailed
from distinguo.problem import Limits, Program
from distinguo.sandbox.files import RunFiles
from distinguo.sandbox.hostile.traps import processes_below
from distinguo.sandbox.inside.wire import Answer, Ready
from distinguo.sandbox.pool import Pool
from distinguo.sandbox.worker import Worker, WorkerDied


def open_files() -> int:
    """How many descriptors this process has open."""
    return len([*Path("/proc/self/fd").iterdir()])


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
