"""The executor: a bounded set of workers behind any number of waiting runs."""

import asyncio
import logging
import os
from collections import deque
from collections.abc import Coroutine

from distinguo.errors import InputError, JudgeFailed, SandboxError
from distinguo.problem import CallStyle, Limits, Program
from distinguo.records import Execution
from distinguo.sandbox.files import RunFiles
from distinguo.sandbox.inside.wire import Answer, End
from distinguo.sandbox.turnstile import Turnstile
from distinguo.sandbox.verdict import execution
from distinguo.sandbox.worker import Worker, WorkerDied

_ATTEMPTS = 2  # a run whose worker fails is repeated once
_log = logging.getLogger(__name__)


def usable_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0))


class Pool:
    """Implements protocols.Executor; `distinguo.sandbox.open` makes one.

    Workers are started when runs need them, up to `size`, and kept. Belongs to one event loop.
    """

    def __init__(self, size: int, *, as_root: bool = True) -> None:
        self._size = size
        self._as_root = as_root
        self._workers: set[Worker] = set()
        self._idle: list[Worker] = []
        self._waiting: deque[asyncio.Future[Worker]] = deque()
        self._turnstile = Turnstile()
        self._chores: set[asyncio.Task[None]] = set()
        self._starting = 0
        self._closed = False

    async def open(self) -> None:
        """Start the first worker. Raises SandboxUnavailable where that is impossible."""
        worker = await Worker.start(as_root=self._as_root)
        self._workers.add(worker)
        self._idle.append(worker)

    async def aclose(self) -> None:
        """End all workers and wait until no process of theirs is left. Runs still going end with JudgeFailed."""
        self._closed = True
        await asyncio.gather(*self._chores)  # starts and ends under way are seen through
        await asyncio.gather(*(worker.aclose() for worker in self._workers))
        self._fail_waiting(JudgeFailed("the sandbox was closed during a run"))

    async def run(self, program: Program, stdin: str, limits: Limits) -> Execution:
        """Run a program once, as protocols.Executor has it.

        Any number of runs may wait; as many go at once as there are workers. A run that reaches its wall limit below
        its CPU limit is repeated once, with no other beside it, before it counts as TLE. A cancelled run's processes
        are dead when CancelledError comes out.

        Raises JudgeFailed when the worker failed twice or the sandbox was closed, InputError for a language or a call
        that it does not know.
        """
        _check(program)
        failure: Exception | None = None
        for _ in range(_ATTEMPTS):
            if self._closed:
                raise JudgeFailed("the sandbox is closed")
            try:
                return await self._attempt(program, stdin, limits)
            except (WorkerDied, SandboxError) as error:
                failure = error
        raise JudgeFailed(
            f"the sandbox failed twice on one run ({failure}); repeat the command, which goes on from here"
        ) from failure

    async def _attempt(self, program: Program, stdin: str, limits: Limits) -> Execution:
        worker = await self._take()
        try:
            async with self._turnstile.enter():
                answer, result = await self._run_on(worker, program, stdin, limits)
            if answer.end is End.WALL:
                async with self._turnstile.enter(alone=True):
                    answer, result = await self._run_on(worker, program, stdin, limits)
            return result
        finally:
            self._give_back(worker)

    @staticmethod
    async def _run_on(worker: Worker, program: Program, stdin: str, limits: Limits) -> tuple[Answer, Execution]:
        with RunFiles(program, stdin) as files:
            answer = await worker.run(files, limits)
            return answer, execution(answer, files, program.style, limits, worker.ready)

    async def _take(self) -> Worker:
        if self._idle:
            return self._idle.pop()
        if len(self._workers) + self._starting < self._size:
            self._start_worker()
        turn: asyncio.Future[Worker] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and not turn.exception():
                self._give_back(turn.result())
            raise

    def _give_back(self, worker: Worker) -> None:
        if self._closed:
            return
        if not worker.usable:
            self._workers.discard(worker)
            self._do(worker.aclose())
            self._start_worker()  # those who wait were counting on it
            return
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(worker)
                return
        self._idle.append(worker)

    def _start_worker(self) -> None:
        self._starting += 1
        self._do(self._finish_start())

    async def _finish_start(self) -> None:
        try:
            worker = await Worker.start(as_root=self._as_root)
        except SandboxError as error:
            if self._workers or self._starting > 1:
                _log.warning("one worker fewer: %s", error)
            else:
                self._fail_waiting(error)
        else:
            self._workers.add(worker)
            self._give_back(worker)
        finally:
            self._starting -= 1

    def _fail_waiting(self, error: SandboxError) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_exception(error)

    def _do(self, chore: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(chore)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)


def _check(program: Program) -> None:
    if program.language != "python":
        raise InputError(f"programs in {program.language!r} cannot be run: the sandbox knows python only")
    if program.style is CallStyle.FUNCTION and not program.entry:
        raise InputError("a program that is called as a function needs the function's name as its entry")
