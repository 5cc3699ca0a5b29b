"""One arm on one problem: S* with the arm's settings, then every program graded."""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from distinguo import pipeline, prices
from distinguo.bench.nobody import NoModel
from distinguo.bench.records import Arm, Result, RoundGrade, SampleGrade, State, Used
from distinguo.bench.runfile import CALLS
from distinguo.budget import Budget
from distinguo.config import Settings
from distinguo.errors import InputError
from distinguo.grading.choosing import limited
from distinguo.grading.grade import Grade
from distinguo.grading.kept import KeptGrader
from distinguo.grading.recorded import RecordedVerdicts
from distinguo.pipeline import Solved
from distinguo.problem import HiddenTests, Problem, Program
from distinguo.protocols import Client, Executor, Observer, Run
from distinguo.records import Role, Round
from distinguo.selectors.protocol import RecordedTests
from distinguo.store import Section, Store
from distinguo.tasks import all_of

SAID = 3  # errors that a result repeats
SAID_CHARACTERS = 300  # of each


@dataclass(frozen=True, slots=True)
class Task:
    """A problem as arms are given it. rank: its place among the problems, see ask.Asker.

    drafts: programs that somebody else's model wrote, in the place of first drafts. recorded: see pipeline.solve.
    verdicts: of recorded programs, which come before what hidden tests say; with them there may be no hidden tests.
    grading_seconds: CPU seconds of a run that grades, in the place of the problem's own limit.
    """

    problem: Problem
    hidden: HiddenTests
    rank: int
    drafts: tuple[Program, ...] = ()
    recorded: Callable[[Run], RecordedTests] | None = None
    grading_seconds: float | None = None
    verdicts: RecordedVerdicts | None = None


class Arms:
    """Runs arms on problems. What arms have in common is asked for and run once: it is found in the run's file."""

    def __init__(
        self,
        executor: Executor,
        grader: KeptGrader,
        clients: Mapping[str, Mapping[Role, Client]],
        store: Store,
        budget: Budget,
        observe: Observer,
    ) -> None:
        """clients: by the arm's key. budget: of the whole run; an arm's own settings limit each problem."""
        self._executor, self._grader, self._clients = executor, grader, clients
        self._store, self._budget, self._observe = store, budget, observe

    async def run(self, arm: Arm, settings: Settings, task: Task) -> Result:
        """What the arm comes to on the problem. The records that led there are kept with the next commit.

        Raises ModelUnavailable, ReplayMiss, JudgeFailed, InputError.
        """
        started = time.monotonic()
        section = Section(self._store, f"{arm.key}/{task.problem.id}")
        solved = await pipeline.solve(
            task.problem,
            settings,
            self._clients[arm.key],
            self._executor,
            section,
            Budget(settings, {}, parent=self._budget),
            self._observe,
            recorded=task.recorded,
            rank=task.rank,
            drafts=task.drafts,
        )
        grades = await self._grades(solved.rounds, task)
        section.record(CALLS, "", {"calls": [*section.calls]})
        return _result(arm, settings, task, solved, grades, section, self._used(section, settings), started)

    async def _grades(self, rounds: Sequence[Round], task: Task) -> dict[Program, Grade]:
        """The grade of every program that was written, chosen or not."""
        graded = self._grader.of(limited(task.problem, task.grading_seconds), task.hidden)

        async def grade(program: Program) -> Grade:
            known = None if task.verdicts is None else task.verdicts.grade(program)
            if known is None and not has_tests(task.hidden):
                known = Grade(None, 0, 0, "it has no recorded verdict, and there are no hidden tests")
            return known or await graded(program)

        programs = list(dict.fromkeys(round.program for round in rounds if round.program is not None))
        return dict(zip(programs, await all_of(map(grade, programs)), strict=True))

    def _used(self, section: Section, settings: Settings) -> dict[str, Used]:
        used: dict[str, Used] = {}
        for (role, model), (usage, seconds) in self._store.usage_of(section.calls).items():
            usd = prices.cost(model, usage.prompt_tokens, usage.completion_tokens, settings.prices)
            spent = Used(usage.calls, usage.prompt_tokens, usage.completion_tokens, round(seconds, 6), usd)
            used[role] = used.get(role, Used()) + spent
        return used


def _result(
    arm: Arm,
    settings: Settings,
    task: Task,
    solved: Solved,
    grades: Mapping[Program, Grade],
    section: Section,
    used: dict[str, Used],
    started: float,
) -> Result:
    ungraded = Counter(grade.detail for grade in grades.values() if grade.verdict is None)
    errors = [error for error in dict.fromkeys(solved.errors) if NoModel.WHY not in error]
    samples = _samples(settings, solved, grades)
    chosen = None if solved.selection is None else solved.selection.chosen
    of_chosen = next((sample for sample in samples if sample.sample == chosen), None)
    state = State.DONE
    if solved.stopped:
        state = State.UNFINISHED
    elif errors:
        state = State.API_ERROR
    elif ungraded:
        state = State.JUDGE_ERROR
    selection = solved.selection
    return Result(
        arm=arm.key,
        problem=task.problem.id,
        state=state,
        chosen=chosen,
        right=of_chosen is not None and of_chosen.right,
        samples=samples,
        public_passed=0 if solved.candidate is None else solved.candidate.passed,
        clusters=0 if selection is None else len(selection.clusters),
        reason="" if selection is None else selection.reason,
        decided_by=() if selection is None else selection.decided_by,
        steps={} if selection is None else selection.steps,
        stopped=solved.stopped,
        used=used,
        executions=len(section.executions),
        execution_seconds=round(sum(section.executions.values()), 6),
        wall_seconds=round(time.monotonic() - started, 3),
        errors=tuple(text[:SAID_CHARACTERS] for text in [*errors, *ungraded][:SAID]),
    )


def _samples(settings: Settings, solved: Solved, grades: Mapping[Program, Grade]) -> tuple[SampleGrade, ...]:
    of_sample: dict[int, list[Round]] = {}
    for one in solved.rounds:
        of_sample.setdefault(one.sample, []).append(one)
    kept = {candidate.sample: candidate for candidate in solved.candidates}
    return tuple(
        SampleGrade(
            sample,
            tuple(_round(one, grades) for one in sorted(rounds, key=lambda one: one.index)),
            _kept(rounds, kept[sample].program, settings.keep) if sample in kept else None,
        )
        for sample, rounds in sorted(of_sample.items())
    )


def _kept(rounds: Sequence[Round], program: Program, keep: str) -> int:
    """The round whose program stands for the sample: the last, or of the best the last, that wrote this program."""
    same = [one for one in rounds if one.program == program and not one.stopped]
    return max(same, key=lambda one: (0 if keep == "last" else one.passed, one.index)).index


def _round(one: Round, grades: Mapping[Program, Grade]) -> RoundGrade:
    if one.program is None:
        return RoundGrade("", 0, None)
    return RoundGrade(digest(one.program), one.passed, grades[one.program].verdict)


def digest(program: Program) -> str:
    """What tells a program from others in a report: sixteen hexadecimal digits."""
    return hashlib.sha256(program.source.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def graded_on(problem: Problem, hidden: HiddenTests | None) -> HiddenTests:
    """The tests that grade; without hidden ones these are the public ones. Raises InputError without any."""
    found = HiddenTests(problem.id, problem.public_tests) if hidden is None else hidden
    if not has_tests(found):
        raise InputError("it has no tests to grade programs by")
    return found


def beyond_public(problem: Problem, hidden: HiddenTests | None) -> HiddenTests:
    """The hidden tests where they ask more than the public ones do, else none at all.

    What passes the public tests says nothing of the programs that a selector chooses among: they do.
    """
    public = {test.input for test in problem.public_tests}
    if hidden is None or (not hidden.assertions and all(test.input in public for test in hidden.tests)):
        return HiddenTests(problem.id)
    return hidden


def has_tests(hidden: HiddenTests) -> bool:
    """Whether there is anything to grade by."""
    return bool(hidden.tests or hidden.assertions)
