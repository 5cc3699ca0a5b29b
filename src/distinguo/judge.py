"""Programs on inputs: each pair is run once, kept, and compared with what is expected outside the sandbox."""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from distinguo import checkers
from distinguo.budget import Budget
from distinguo.problem import Problem, Program, Test
from distinguo.protocols import Executor
from distinguo.records import Execution, Outcome, Verdict
from distinguo.store import Store, execution_key
from distinguo.tasks import all_of


class Judge:
    """The `Run` of one problem, and verdicts on its public tests. An async context manager: leaving it cancels runs."""

    def __init__(self, problem: Problem, executor: Executor, store: Store, budget: Budget) -> None:
        self._limits = problem.limits
        self._checker = checkers.get(problem.checker)
        self._executor = executor
        self._store = store
        self._budget = budget
        self._running: dict[str, asyncio.Task[Execution]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def __call__(self, program: Program, stdin: str) -> Execution:
        """See protocols.Run. Runs asked for while the same one is under way wait for it.

        Raises BudgetExhausted when the run's time is over.
        """
        key = execution_key(program, stdin, self._limits)
        stored = self._store.execution(key)
        if stored is not None:
            return stored
        if key not in self._running:
            self._running[key] = asyncio.create_task(self._execute(key, program, stdin))
        try:
            async with asyncio.timeout(self._budget.seconds_left) as deadline:
                return await asyncio.shield(self._running[key])
        except TimeoutError:
            if not deadline.expired():
                raise
            raise self._budget.end_of_time() from None

    async def _execute(self, key: str, program: Program, stdin: str) -> Execution:
        try:
            execution = await self._executor.run(program, stdin, self._limits)
            self._store.keep_execution(key, program, stdin, execution)
            return execution
        finally:
            del self._running[key]

    async def test(self, program: Program, tests: Sequence[Test]) -> tuple[Outcome, ...]:
        """One outcome per test, in order. All tests are run: debugging wants to see every failure."""
        executions = await all_of(self(program, test.input) for test in tests)
        return tuple(
            Outcome(test, self.verdict(test, execution), execution)
            for test, execution in zip(tests, executions, strict=True)
        )

    def verdict(self, test: Test, execution: Execution) -> Verdict:
        """How the run ended, and where it ended well and an answer is expected, whether it is that answer."""
        if execution.status is not Verdict.AC or test.expected is None:
            return execution.status
        return Verdict.AC if self._checker.accepts(execution.output, test.expected) else Verdict.WA
