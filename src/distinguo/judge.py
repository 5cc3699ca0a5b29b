"""Programs on inputs: each pair is run once, kept, and judged outside the program's sandbox."""

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

    def __init__(self, problem: Problem, executor: Executor, store: Store, budget: Budget) -> None:
        checkers.get(problem.checker)  # an unknown name is said before anything is run
        self._problem = problem
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
        limits = self._problem.limits
        key = execution_key(program, stdin, limits, self._executor.identity(program.language))
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
            execution = await self._executor.run(program, stdin, self._problem.limits)
            self._store.keep_execution(key, program, stdin, execution)
            return execution
        finally:
            del self._running[key]

    async def test(self, program: Program, tests: Sequence[Test]) -> tuple[Outcome, ...]:
        """One outcome per test, in order. All tests are run: debugging wants to see every failure."""
        return tuple(await all_of(self._outcome(program, test) for test in tests))

    async def _outcome(self, program: Program, test: Test) -> Outcome:
        execution = await self(program, test.input)
        judged, _ = await verdict(self._problem, test, execution, self._executor)
        return Outcome(test, judged, execution)
