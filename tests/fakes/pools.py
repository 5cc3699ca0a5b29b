"""Programs for pools of workers, and a look at what the workers do."""

import asyncio
from collections.abc import Callable

import pytest

from distinguo.problem import Limits, Program
from distinguo.sandbox.files import RunFiles
from distinguo.sandbox.hostile.traps import processes_below
from distinguo.sandbox.inside.wire import Answer
from distinguo.sandbox.worker import Worker

HELLO = Program("print('hello')")
BUSY = Program("while True: pass")


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
