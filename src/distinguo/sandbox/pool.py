"""The executor: a bounded set of workers behind any number of waiting runs."""

import asyncio
import logging
import os
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import TypeVar

from distinguo.errors import InputError, JudgeFailed, SandboxError
from distinguo.problem import USUAL_LIMITS, CallStyle, Limits, Program
from distinguo.protocols import Decided
from distinguo.records import CallsExecution, Execution
from distinguo.sandbox.files import RunFiles
from distinguo.sandbox.inside.wire import Answer
from distinguo.sandbox.isolation import Isolation
from distinguo.sandbox.turnstile import Turnstile
from distinguo.sandbox.verdict import Replies, calls_execution, execution, starved
from distinguo.sandbox.worker import Worker, WorkerDied

_ATTEMPTS = 2  # a run whose worker fails is repeated once
_FIRST_LOOK, _LAST_LOOK = 0.05, 1.0  # seconds between looks at the results of a run that goes on
_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")


def usable_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0))


class Pool:
    """Runs programs in warm workers: `run` and `run_calls` of protocols.Executor, for Python.

    Workers are started when runs need them, up to `size`, and kept. Belongs to one event loop.

    as_root: False keeps to an ordinary user's means even for root.
    namespaces: False does without, True insists; unless given, the first worker decides for all.
    turnstile: shared with others whose runs count among these.
    interpreter: the path of the Python that runs the programs; the one that runs distinguo unless given.
    preload: packages beside the standard library that programs may import, imported before they start (`numpy`).
    """

    def __init__(
        self,
        size: int,
        *,
        as_root: bool = True,
        namespaces: bool | None = None,
        turnstile: Turnstile | None = None,
        interpreter: str | None = None,
        preload: tuple[str, ...] = (),
    ) -> None:
        self._size = size
        self._as_root = as_root
        self._namespaces = namespaces
        self._interpreter = interpreter
        self._preload = preload
        self.isolation: Isolation | None = None
        self._workers: set[Worker] = set()
        self._idle: list[Worker] = []
        self._waiting: deque[asyncio.Future[Worker]] = deque()
        self._turnstile = turnstile or Turnstile()
        self._chores: set[asyncio.Task[None]] = set()
        self._starting = 0
        self._closed = False

    async def open(self) -> None:
        """Start the first worker. Raises SandboxUnavailable where that is impossible."""
        worker = await self._start()
        self.isolation = worker.isolation
        self._namespaces = worker.ready.namespaces  # none of the others may be weaker
        self._workers.add(worker)
        self._idle.append(worker)

    async def _start(self) -> Worker:
        return await Worker.start(
            as_root=self._as_root,
            namespaces=self._namespaces,
            interpreter=self._interpreter,
            preload=self._preload,
        )

    async def aclose(self) -> None:
        """End all workers and wait until no process of theirs is left. Runs still going end with JudgeFailed."""
        self._closed = True
        await asyncio.gather(*self._chores)  # starts and ends under way are seen through
        await asyncio.gather(*(worker.aclose() for worker in self._workers))
        self._fail_waiting(JudgeFailed("the sandbox was closed during a run"))

    async def run(self, program: Program, stdin: str = "", limits: Limits = USUAL_LIMITS) -> Execution:
        """Run a program once, as protocols.Executor has it.

        Any number of runs may wait; as many go at once as there are workers. A run that reaches its wall limit and may
        have lacked a core is repeated once, with no other beside it, before it counts as TLE. A cancelled run's
        processes are dead when CancelledError comes out.

        Raises JudgeFailed when the worker failed twice or the sandbox was closed, InputError for a language or a call
        that it does not know.
        """
        _check(program)

        async def once(worker: Worker) -> tuple[Answer, Execution]:
            with RunFiles(program, stdin) as files:
                answer = await worker.run(files, limits)
                return answer, execution(answer, files, program.style, limits, worker.ready)

        return await self._see_through(once, limits)

    async def run_calls(
        self,
        program: Program,
        calls: Sequence[str],
        limits: Limits = USUAL_LIMITS,
        *,
        decided: Decided | None = None,
    ) -> CallsExecution:
        """Start a program once and call its function with each argument tuple, as protocols.Executor has it.

        An Exception ends its call; SystemExit, a limit or a signal ends the run, and `called` holds what had ended.
        `Solution.method` is called on a fresh instance each time. `decided` is asked after 50 ms and at growing
        intervals; a run that it ends is AC, because nothing had failed as far as it was needed. `output_bytes` bounds
        the results of all calls together, a few bytes of framing for each included.

        Waits, repeats and raises as `run` does; an exception of `decided` ends the run and comes out.
        """
        _check(program, several=True)

        async def once(worker: Worker) -> tuple[Answer, CallsExecution]:
            with RunFiles(program, "", calls) as files:
                replies = Replies(files, len(calls), limits)
                watch = _Watch(worker, replies, decided) if decided else None
                try:
                    answer = await worker.run(files, limits)
                finally:
                    if watch:
                        watch.end()
                return answer, calls_execution(answer, files, replies, len(calls), limits, worker.ready)

        return await self._see_through(once, limits)

    async def _see_through(
        self, once: Callable[[Worker], Awaitable[tuple[Answer, _Result]]], limits: Limits
    ) -> _Result:
        failure: Exception | None = None
        for _ in range(_ATTEMPTS):
            if self._closed:
                raise JudgeFailed("the sandbox is closed")
            try:
                return await self._attempt(once, limits)
            except (WorkerDied, SandboxError) as error:
                failure = error
        raise JudgeFailed(
            f"the sandbox failed twice on one run ({failure}); repeat the command, which goes on from here"
        ) from failure

    async def _attempt(self, once: Callable[[Worker], Awaitable[tuple[Answer, _Result]]], limits: Limits) -> _Result:
        worker = await self._take()
        try:
            async with self._turnstile.enter():
                answer, result = await once(worker)
            if starved(answer, limits):
                async with self._turnstile.enter(alone=True):
                    answer, result = await once(worker)
            return result
        finally:
            self._give_back(worker)

    async def _take(self) -> Worker:
        while self._idle:
            worker = self._idle.pop()
            if worker.usable:
                return worker
            self._drop(worker)  # it died while it had nothing to do
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
            self._drop(worker)
            self._start_worker()  # those who wait were counting on it
            return
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(worker)
                return
        self._idle.append(worker)

    def _drop(self, worker: Worker) -> None:
        self._workers.discard(worker)
        self._do(worker.aclose())

    def _start_worker(self) -> None:
        self._starting += 1
        self._do(self._finish_start())

    async def _finish_start(self) -> None:
        try:
            worker = await self._start()
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


class _Watch:
    """Looks at the results of a run while it goes on, and ends it where `decided` says so."""

    def __init__(self, worker: Worker, replies: Replies, decided: Decided) -> None:
        self._worker = worker
        self._replies = replies
        self._decided = decided
        self._failure: Exception | None = None
        self._pause = _FIRST_LOOK
        self._timer = self._set_timer()

    def _set_timer(self) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(self._pause, self._look)

    def _look(self) -> None:
        try:
            self._replies.read()
            enough = self._decided(self._replies.called)  # each time: it may have learnt more since
        except Exception as error:  # noqa: BLE001  raised again by `end`
            self._failure, enough = error, True
        if enough:
            self._worker.cancel()
            return
        self._pause = min(2 * self._pause, _LAST_LOOK)
        self._timer = self._set_timer()

    def end(self) -> None:
        """Look no more. Raises what `decided` raised."""
        self._timer.cancel()
        if self._failure:
            raise self._failure


def _check(program: Program, *, several: bool = False) -> None:
    if program.language.partition(":")[0] != "python":
        raise InputError(f"programs in {program.language!r} cannot be run: the sandbox knows python only")
    if several and program.style is not CallStyle.FUNCTION:
        raise InputError("only a program with a function to call can be called several times")
    if program.style is CallStyle.FUNCTION and not program.entry:
        raise InputError("a program that is called as a function needs the function's name as its entry")
