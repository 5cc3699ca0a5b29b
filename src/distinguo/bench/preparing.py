"""Problems as arms are given them: with their tests, and with what somebody else's model wrote for them."""

from collections import Counter
from collections.abc import Iterator

from distinguo.api.recorded import Recorded
from distinguo.bench.problems import Task, beyond_public, graded_on, has_tests
from distinguo.datasets import DataSet
from distinguo.errors import InputError
from distinguo.grading.asserted import Asserted
from distinguo.grading.choosing import limited
from distinguo.grading.examiner import Examiner
from distinguo.grading.recorded import RecordedVerdicts
from distinguo.problem import Problem, Program
from distinguo.protocols import Executor, Run


class Preparing:
    """Makes the tasks of a run."""

    def __init__(
        self,
        dataset: DataSet,
        executor: Executor,
        recorded: Recorded | None,
        *,
        verdicts: bool = False,
        time_limit: float | None = None,
        timeout: float | None = None,
    ) -> None:
        """recorded: programs and tests, or None. verdicts: whether programs are graded by what their records say.

        time_limit, timeout: CPU seconds of a program's run, and of one that grades, in the place of the problems' own.
        """
        self._dataset, self._executor, self._recorded = dataset, executor, recorded
        self._verdicts, self._time_limit, self._timeout = verdicts, time_limit, timeout
        self._examiner = Examiner(executor)
        self._unknown = Counter[str]()  # why recorded programs cannot be run
        self._tested = 0

    def notes(self) -> Iterator[str]:
        """What a reader should know of recorded programs."""
        if self._recorded is not None:
            yield from self._recorded.notes
        for why, number in self._unknown.items():
            yield f"{number} programs left out: {why.rstrip('.')}"
        if self._tested:
            yield f"{self._tested} programs have no recorded verdict; they are graded by the hidden tests"

    def task(self, rank: int, task_id: str) -> Task:
        """A problem as arms are given it. Raises InputError where it cannot be run or graded."""
        problem, hidden = self._dataset.get(task_id)
        hidden = beyond_public(problem, hidden) if self._verdicts else graded_on(problem, hidden)
        problem = limited(problem, self._time_limit)
        if self._recorded is None:
            return Task(problem, hidden, rank, grading_seconds=self._timeout)
        drafts = self._drafts(task_id, problem)
        verdicts = RecordedVerdicts.of(problem.id, drafts) if self._verdicts else None
        programs = tuple(program for program, _ in drafts)
        if verdicts is not None:
            self._check(programs, verdicts, has_tests=has_tests(hidden))
        written = self._recorded.tests(task_id)

        def recorded(run: Run) -> Asserted:
            return Asserted(problem, written, run, self._executor, self._examiner)

        return Task(problem, hidden, rank, programs, recorded if written else None, self._timeout, verdicts)

    def _drafts(self, task_id: str, problem: Problem) -> list[tuple[Program, bool | None]]:
        """The recorded programs that can be run, each with whether its record says that it is right."""
        assert self._recorded is not None
        found = list[tuple[Program, bool | None]]()
        rights = self._recorded.rights(task_id)
        for (source, language), right in zip(self._recorded.sources(task_id), rights, strict=True):
            try:
                self._executor.identity(language or "python")
            except InputError as error:
                self._unknown[str(error)] += 1
            else:
                found.append((Program(source, problem.style, problem.entry, language or "python"), right))
        if not found:
            raise InputError("not one of its recorded programs can be run")
        return found

    def _check(self, programs: tuple[Program, ...], verdicts: RecordedVerdicts, *, has_tests: bool) -> None:
        unknown = sum(verdicts.grade(program) is None for program in programs)
        if unknown and not has_tests:
            of = f"{unknown} of its {len(programs)} programs"
            raise InputError(f"there is no recorded verdict on {of}, and no hidden test beyond the public ones")
        self._tested += unknown
