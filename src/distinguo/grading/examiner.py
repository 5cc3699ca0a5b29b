"""Runs test code (HumanEval's `check(candidate)`) in the sandbox on what programs returned: driver.py from outside.

Whatever has arrived while one run of test code was under way goes into the next, so that a run judges many programs.
What was decided is remembered by the results that it rests on: programs that give the same results as far as the test
code looked are decided alike, without a run.
"""

import asyncio
import marshal
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from distinguo import values
from distinguo.grading.testcode import TestCode, digest
from distinguo.problem import CallStyle, Limits, Program
from distinguo.protocols import Executor
from distinguo.records import Called

TEST_LIMITS = Limits(cpu_seconds=20, wall_seconds=60, memory_mb=1024, output_bytes=16 << 20)  # of a run of test code
_BATCH = 256  # results judged in one run at most
_BATCH_LENGTH = 4 << 20  # characters of them
_REMEMBERED = 50_000  # decisions
_KINDS = ("passed", "failed", "raised", "ended", "stuck", "broken")


class Outcome(NamedTuple):
    """What test code came to.

    kind: passed, failed, raised (the program's own exception), ended (as the program's run did), missing (calls must be
    made first), stuck (a call cannot be made from outside the test code's interpreter), broken (the test code itself
    fails), limit (the test code's own run ended so with these results; detail is the verdict).
    used: the number of results that it rests on. calls: the argument tuples' literals to call, for missing.
    """

    kind: str
    detail: str = ""
    used: int = 0
    calls: tuple[str, ...] = ()


class _Question:
    """Results that wait for the test code. keys: what tells the first 0, 1, 2, ... of them from others."""

    def __init__(self, code: TestCode, calls: Sequence[str], called: Sequence[Called], end: str) -> None:
        self.code, self.calls, self.end = code, calls, end
        self.results = [(one.value, one.error, one.arguments) for one in called]
        self.keys = _keys(code, calls, called)
        self.outcome: Outcome | None = None

    @property
    def length(self) -> int:
        """How many characters the results have."""
        return sum(len(part or "") for result in self.results for part in result)


def _spoken(batch: Sequence[_Question]) -> list[str]:
    """The questions as the driver's arguments; what it has been told before is left out."""
    told: dict[str, Sequence[str]] = {}
    arguments = list[str]()
    for question in batch:
        code, before = question.code, told.get(question.code.key)
        material = code.compiled if before is None else None
        calls = None if question.calls == before else [*question.calls]
        content = marshal.dumps((code.key, material, calls, question.results, question.end))
        arguments.append(f"({content.hex()!r},)")
        told[code.key] = question.calls
    return arguments


class Examiner:
    """Asks test code, of any number of problems, what results amount to."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._waiting: list[_Question] = []
        self._asking = asyncio.Lock()
        self._decided: dict[bytes, Outcome] = {}

    async def plan(self, code: TestCode) -> Outcome:
        """What the test code asks of a program of which nothing is known: calls, or what no program can change."""
        return await self.ask(code, (), (), "")

    def recall(self, code: TestCode, calls: Sequence[str], called: Sequence[Called]) -> Outcome | None:
        """What was decided before on these results, or on the first of them."""
        return self._known(_keys(code, calls, called))

    def _known(self, keys: Sequence[bytes]) -> Outcome | None:
        return next((known for key in keys if (known := self._decided.get(key))), None)

    async def ask(self, code: TestCode, calls: Sequence[str], called: Sequence[Called], end: str) -> Outcome:
        """Have the test code judge what these calls came to; `end` says how the run ended if before the last, or "".

        Raises JudgeFailed when the sandbox itself fails.
        """
        if code.broken:
            return Outcome("broken", code.broken)
        question = _Question(code, calls, called, end)
        question.outcome = self._known(question.keys)
        if question.outcome is not None:
            return question.outcome
        self._waiting.append(question)
        try:
            while question.outcome is None:
                async with self._asking:
                    if question.outcome is None:
                        await self._ask_all()
        finally:
            if question.outcome is None:
                self._waiting.remove(question)
        return question.outcome

    async def _ask_all(self) -> None:
        """Judge the first questions that wait, in one run.

        A question that ends the run, by a limit, is asked again as the first of the next; one that ends it there is to
        blame. Of equal ones the first is asked.
        """
        batch: dict[bytes, _Question] = {}
        length = 0
        for question in self._waiting:
            question.outcome = self._known(question.keys)
            if question.outcome is not None or question.keys[-1] in batch:
                continue
            if batch and question.code.numpy != next(iter(batch.values())).code.numpy:
                continue
            length += question.length
            if batch and (length > _BATCH_LENGTH or len(batch) == _BATCH):
                break
            batch[question.keys[-1]] = question
        if batch:
            driver = _driver(numpy=next(iter(batch.values())).code.numpy)
            run = await self._executor.run_calls(driver, _spoken([*batch.values()]), TEST_LIMITS)
            for question, told in zip(batch.values(), run.called, strict=False):
                question.outcome = _read(told, len(question.keys) - 1)
                self._remember(question, question.outcome)
            if not run.called:
                next(iter(batch.values())).outcome = Outcome("limit", run.execution.status.value)
        self._waiting = [question for question in self._waiting if question.outcome is None]

    def _remember(self, question: _Question, outcome: Outcome) -> None:
        is_plan = not question.calls and outcome.kind == "missing"
        if is_plan or outcome.kind in ("passed", "failed", "raised", "stuck", "broken"):
            if len(self._decided) >= _REMEMBERED:
                self._decided.clear()
            self._decided[question.keys[min(outcome.used, len(question.keys) - 1)]] = outcome


@cache
def _driver(*, numpy: bool) -> Program:
    """The program that judges: driver.py behind values.py, compiled here, because every run of it starts afresh.

    numpy: whether it is for test code that wants numpy, by which the executor chooses who runs it.
    """
    package = files("distinguo")
    source = package.joinpath("values.py").read_text() + package.joinpath("grading", "driver.py").read_text()
    code = marshal.dumps(compile(source, "driver.py", "exec", dont_inherit=True, optimize=2))
    loader = f"import marshal\nexec(marshal.loads(bytes.fromhex({code.hex()!r})))"
    return Program(f"import numpy\n{loader}" if numpy else loader, CallStyle.FUNCTION, "replay")


def _keys(code: TestCode, calls: Sequence[str], called: Sequence[Called]) -> list[bytes]:
    """What tells the first 0, 1, 2, ... results of calls from other results."""
    running = digest(repr((code.key, *calls)))
    keys = [running.digest()]
    for one in called:
        running.update(repr((one.value, one.error, one.arguments)).encode("utf-8", "surrogatepass"))
        keys.append(running.digest())
    return keys


def _read(told: Called, results: int) -> Outcome:
    """What the driver tells of so many results. Test code shares its process, so it is checked.

    An answer that cannot be read says something of the test code only where there were no results to bring it about.
    """
    try:
        answer = values.loads(told.value or "")
    except values.ValueTextError:
        answer = None
    match answer:
        case ("missing", list(calls), int(used)) if all(isinstance(call, str) for call in calls):
            return Outcome("missing", "", used, tuple(calls))
        case (str(kind), str(detail), int(used)) if kind in _KINDS:
            return Outcome(kind, detail, used)
    if results:
        return Outcome("failed", "the test code could not work with the results", results)
    return Outcome("broken", "the test code gave an answer that cannot be read")
