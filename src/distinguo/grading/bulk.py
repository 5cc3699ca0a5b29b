"""Grades any number of samples of a data set's problems: as many at once as pay, in little memory, each program once.

Samples are read one after another and written in that order. What is held: samples that are under way or wait for one
before them (a bounded number), the problems graded last, and two counters for each problem.
"""

import asyncio
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from distinguo.datasets import DataSet, Sample
from distinguo.errors import InputError, JudgeFailed
from distinguo.grading import results, verdicts
from distinguo.grading.grade import Grade, Grader
from distinguo.problem import HiddenTests, Limits, Problem, Program
from distinguo.protocols import Executor
from distinguo.records import Verdict
from distinguo.tasks import all_of

_UNDER_WAY = 64  # samples graded at once for each worker: enough for test code to judge many in one run
_HELD = 8_192  # samples under way or waiting for one before them
_HELD_LENGTH = 64 << 20  # characters of their lines
_TASKS = 1_000  # problems kept ready
_TASKS_LENGTH = 256 << 20  # characters of their tests
_FAILURES = 10  # of the judge, one after another, after which it is given up
_WALL_SHARE = 3  # wall seconds for each CPU second, as Limits has it
_BREATH = 0.02  # seconds after which others get their turn, however fast samples are answered
_REASONS = 20  # different ones that are told


class Progress(NamedTuple):
    """What has been done so far.

    kept: how many of the samples had been graded before. share: how much of the samples' file is done, from 0 to 1, as
    far as can be told; None where it cannot.
    """

    samples: int
    kept: int
    verdicts: Counter[Verdict]
    share: float | None


@dataclass(slots=True)
class Tally:
    """What came of the samples.

    counts: for each problem with samples [graded, accepted]. kept: samples whose verdict was there already.
    unjudged: why samples have no verdict, and how many; failures: programs on which the judge failed.
    whole: problems whose test code ran in one process with the program. on_public: problems without hidden tests, whose
    public tests were used.
    """

    samples: int = 0
    kept: int = 0
    failures: int = 0
    counts: dict[str, list[int]] = field(default_factory=dict)
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    unjudged: Counter[str] = field(default_factory=Counter)
    whole: set[str] = field(default_factory=set)
    on_public: set[str] = field(default_factory=set)


class _Task(NamedTuple):
    problem: Problem
    hidden: HiddenTests
    key: bytes
    length: int


class _Held:
    """A sample that is under way or waits for one before it; `line` is what will be written of it."""

    __slots__ = ("length", "line")

    def __init__(self, sample: Sample) -> None:
        self.line: str | None = None
        self.length = len(sample.source)


class Bulk:
    """One pass over samples. Make one for each."""

    def __init__(
        self,
        dataset: DataSet,
        executor: Executor,
        *,
        workers: int,
        version: str,
        kept: verdicts.Verdicts,
        write: Callable[[str], None] | None = None,
        language: str | None = None,
        cpu_seconds: float | None = None,
        observe: Callable[[Progress], None] = lambda progress: None,
        share: Callable[[], float | None] = lambda: None,
    ) -> None:
        """workers: how many programs the executor runs at once. version: distinguo's, for what is kept.

        kept: grades known already. write: takes each line of results.
        language: of samples that do not say theirs. cpu_seconds: in the place of the problems' own limits.
        observe: told now and then. share: for Progress.
        """
        self.tally = Tally()
        self._dataset, self._executor = dataset, executor
        self._kept, self._write = kept, write
        self._version, self._language, self._cpu_seconds, self._observe = version, language, cpu_seconds, observe
        self._share = share
        self._taken = 0
        self._places = _UNDER_WAY * workers
        self._grader = Grader(executor)
        self._tasks: OrderedDict[str, _Task | str] = OrderedDict()
        self._tasks_length = 0
        self._held: deque[_Held] = deque()
        self._held_length = 0
        self._room = asyncio.Event()
        self._reading, self._waits = asyncio.Lock(), False
        self._grading: dict[bytes, asyncio.Future[Grade]] = {}
        self._failures = 0
        self._breath = time.monotonic()

    async def grade(self, samples: Iterator[Sample], *, waits: bool = False) -> Tally:
        """Grade all samples. Raises JudgeFailed when the sandbox fails again and again, InputError from `write`.

        waits: whether the next sample may be long in coming; then another thread waits for it.
        """
        self._waits = waits
        await all_of(self._work(samples) for _ in range(self._places))
        self._tell()
        return self.tally

    async def _work(self, samples: Iterator[Sample]) -> None:
        while True:
            await self._wait_for_room()
            sample = await self._next(samples)
            if sample is None:
                return
            self._taken += 1
            held = _Held(sample)
            self._held.append(held)
            self._held_length += held.length
            grade = await self._graded(sample)
            self._count(sample, grade)
            held.line = results.row(sample.task_id, sample.raw, grade)
            self._held_length += len(held.line) - held.length
            held.length = len(held.line)
            self._write_finished()
            await self._breathe()

    async def _next(self, samples: Iterator[Sample]) -> Sample | None:
        if not self._waits:
            return next(samples, None)
        async with self._reading:
            return await asyncio.to_thread(next, samples, None)

    async def _wait_for_room(self) -> None:
        while self._is_full():
            self._room.clear()
            await self._room.wait()

    def _is_full(self) -> bool:
        return len(self._held) >= _HELD or self._held_length >= _HELD_LENGTH

    def _write_finished(self) -> None:
        while self._held and self._held[0].line is not None:
            held = self._held.popleft()
            self._held_length -= held.length
            if self._write is not None and held.line is not None:
                self._write(held.line)
        if not self._is_full():
            self._room.set()

    async def _breathe(self) -> None:
        if time.monotonic() - self._breath > _BREATH:
            self._tell()
            await asyncio.sleep(0)
            self._breath = time.monotonic()

    def _tell(self) -> None:
        share, tally = self._share(), self.tally
        if share is not None:  # of what has been read some is under way
            share *= tally.samples / max(1, self._taken)
        self._observe(Progress(tally.samples, tally.kept, Counter(tally.verdicts), share))

    def _count(self, sample: Sample, grade: Grade) -> None:
        tally = self.tally
        tally.samples += 1
        if grade.whole:
            tally.whole.add(sample.task_id)
        counts = tally.counts.setdefault(sample.task_id, [0, 0])
        if grade.verdict is None:
            known = grade.detail in tally.unjudged or len(tally.unjudged) < _REASONS
            tally.unjudged[grade.detail if known else "other reasons"] += 1
            return
        counts[0] += 1
        counts[1] += grade.verdict is Verdict.AC
        tally.verdicts[grade.verdict] += 1

    async def _graded(self, sample: Sample) -> Grade:
        """The sample's grade; without a verdict, and with the reason, where it cannot be had."""
        task = self._task(sample.task_id)
        if isinstance(task, str):
            return Grade(None, 0, 0, task)
        language = self._language if self._language and "language" not in sample.raw else sample.language
        program = Program(sample.source, task.problem.style, task.problem.entry, language)
        try:
            key = verdicts.grade_key(task.key, program, self._executor.identity(language))
        except InputError as error:
            return Grade(None, 0, 0, str(error))
        known = self._kept.find(key)
        if known is None:
            return await self._grade_once(key, task, program)
        self.tally.kept += 1
        return known

    async def _grade_once(self, key: bytes, task: _Task, program: Program) -> Grade:
        """Of equal programs the first is run; the others wait for it."""
        under_way = self._grading.get(key)
        if under_way is not None:
            grade = await asyncio.shield(under_way)
            self.tally.kept += 1
            return grade
        running = self._grading[key] = asyncio.create_task(self._grade(task, program))
        try:
            grade = await running
        finally:
            running.cancel()
            del self._grading[key]
        if grade.verdict is not None:
            self._kept.keep(key, grade)
        return grade

    async def _grade(self, task: _Task, program: Program) -> Grade:
        try:
            grade = await self._grader.grade(program, task.problem, task.hidden, stop=True)
        except InputError as error:
            return Grade(None, 0, 0, str(error))
        except JudgeFailed as error:
            self.tally.failures += 1
            self._failures += 1
            if self._failures >= _FAILURES:
                raise
            return Grade(None, 0, 0, f"the judge failed: {error}")
        self._failures = 0
        return grade

    def _task(self, task_id: str) -> _Task | str:
        """The problem with its tests, or why it cannot be graded."""
        task = self._tasks.get(task_id)
        if task is None:
            task = self._tasks[task_id] = self._load(task_id)
            self._tasks_length += 0 if isinstance(task, str) else task.length
            while len(self._tasks) > 1 and (len(self._tasks) > _TASKS or self._tasks_length > _TASKS_LENGTH):
                _, oldest = self._tasks.popitem(last=False)
                self._tasks_length -= 0 if isinstance(oldest, str) else oldest.length
        self._tasks.move_to_end(task_id)
        return task

    def _load(self, task_id: str) -> _Task | str:
        try:
            problem, hidden = self._dataset.get(task_id)
        except InputError as error:
            return str(error)
        if hidden is None:
            hidden = HiddenTests(problem.id, problem.public_tests)
            if not hidden.tests:
                return f"{task_id} has no tests"
            self.tally.on_public.add(task_id)
        if self._cpu_seconds is not None:
            wall = self._cpu_seconds * _WALL_SHARE
            limits: Limits = replace(problem.limits, cpu_seconds=self._cpu_seconds, wall_seconds=wall)
            problem = replace(problem, limits=limits)
        length = len(hidden.assertions) + sum(len(test.input) + len(test.expected or "") for test in hidden.tests)
        return _Task(problem, hidden, verdicts.task_key(problem, hidden, self._version), length)
