"""Programs on inputs: each pair is run once, kept, and judged outside the program's sandbox."""

import asyncio
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from distinguo import checkers
from distinguo.budget import Budget
from distinguo.judge.again import varied
from distinguo.judge.together import run_all
from distinguo.problem import Problem, Program, Test
from distinguo.protocols import Executor
from distinguo.records import Execution, Outcome, Verdict
from distinguo.store import Keeper, execution_keys
from distinguo.tasks import all_of


async def verdict(problem: Problem, test: Test, execution: Execution, executor: Executor) -> tuple[Verdict, str]:
    """The verdict on a program's run on a test, and one line about what is wrong, or "".

    That is how the run ended; where it ended well and an answer is expected, the problem's validator judges the output,
    or its checker where there is no validator. Raises JudgeFailed when the validator fails, InputError when it cannot
    be run at all.
    """
    if execution.status is not Verdict.AC:
        return execution.status, execution.error.strip().rpartition("\n")[2] or execution.status.value
    if test.expected is None:
        return Verdict.AC, ""
    if problem.validator is not None:
        judged = await executor.validate(problem.validator, test.input, test.expected, execution.output)
        return (Verdict.AC, "") if judged.accepted else (Verdict.WA, judged.message.strip().partition("\n")[0])
    checker = checkers.get(problem.checker)
    if checker.accepts(execution.output, test.expected):
        return Verdict.AC, ""
    return Verdict.WA, checker.difference(execution.output, test.expected)


class Judge:
    """The `Run` of one problem, and verdicts on its public tests. An async context manager: leaving it cancels runs."""

    def __init__(self, problem: Problem, executor: Executor, store: Keeper, budget: Budget) -> None:
        checkers.get(problem.checker)  # an unknown name is said before anything is run
        self._problem = problem
        self._executor = executor
        self._store = store
        self._budget = budget
        self._running: dict[str, asyncio.Future[Execution]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def __call__(self, program: Program, stdin: str) -> Execution:
        """See protocols.Run. Runs asked for while the same one is under way wait for it.

        Raises BudgetExhausted when the run's time is over.
        """
        (execution,) = await self.many(program, (stdin,))
        return execution

    async def many(self, program: Program, inputs: Sequence[str]) -> list[Execution]:
        """See protocols.Run: what is not known yet is run together, where together.py allows it."""
        return await self._runs(program, inputs, self._executor.identity(program.language))

    async def again(self, program: Program, stdin: str) -> Execution:
        """See protocols.Run: with other random numbers, and kept under a key of its own."""
        identity = f"{self._executor.identity(program.language)}, again"
        (execution,) = await self._runs(varied(program), (stdin,), identity)
        return execution

    async def _runs(self, program: Program, inputs: Sequence[str], identity: str) -> list[Execution]:
        """The runs kept under keys with this identity; the others are started, or waited for."""
        keys = execution_keys(program, inputs, self._problem.limits, identity)
        known = {text: stored for text, key in keys.items() if (stored := self._store.execution(key)) is not None}
        new = {text: key for text, key in keys.items() if text not in known and key not in self._running}
        if new:
            self._start(program, new)
        under_way = {text: self._running[key] for text, key in keys.items() if text not in known}
        for text, running in under_way.items():
            known[text] = await self._in_time(running)
        return [known[text] for text in inputs]

    async def _in_time(self, running: asyncio.Future[Execution]) -> Execution:
        if running.done():
            return running.result()
        try:
            async with asyncio.timeout(self._budget.seconds_left) as deadline:
                return await asyncio.shield(running)
        except TimeoutError:
            if not deadline.expired():
                raise
            raise self._budget.end_of_time() from None

    def _start(self, program: Program, keys: Mapping[str, str]) -> None:
        """Begin to run a program on inputs; `keys` has the key of each."""
        for key in keys.values():
            self._running[key] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._execute(program, keys))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _execute(self, program: Program, keys: Mapping[str, str]) -> None:
        def keep(text: str, execution: Execution) -> None:
            self._store.keep_execution(keys[text], program, text, execution)
            self._running.pop(keys[text]).set_result(execution)

        try:
            await run_all(self._executor, program, list(keys), self._problem.limits, keep)
        except asyncio.CancelledError:
            for key in keys.values():
                if key in self._running:
                    self._running.pop(key).cancel()
            raise
        except Exception as error:  # noqa: BLE001  raised where each run is waited for
            for key in keys.values():
                if key in self._running:
                    failed = self._running.pop(key)
                    failed.set_exception(error)
                    failed.exception()  # nobody may be waiting for it any longer

    async def test(self, program: Program, tests: Sequence[Test]) -> tuple[Outcome, ...]:
        """One outcome per test, in order. All tests are run: debugging wants to see every failure."""
        return tuple(await all_of(self._outcome(program, test) for test in tests))

    async def _outcome(self, program: Program, test: Test) -> Outcome:
        execution = await self(program, test.input)
        judged, _ = await verdict(self._problem, test, execution, self._executor)
        return Outcome(test, judged, execution)
