"""One program on all its hidden tests."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from distinguo.grading.examiner import Examiner
from distinguo.grading.replay import run_assertions
from distinguo.grading.testcode import TestCode, test_code
from distinguo.judge import verdict
from distinguo.problem import HiddenTests, Problem, Program, Test, TestGroup
from distinguo.protocols import Executor
from distinguo.records import Execution, Verdict
from distinguo.tasks import all_of

_CODES = 512  # problems whose test code is kept ready


@dataclass(frozen=True, slots=True)
class GroupGrade:
    """How a program did on a group of tests. score: the group's where it passed all, else 0."""

    name: str
    passed: int
    total: int
    score: float


@dataclass(frozen=True, slots=True)
class Grade:
    """How a program did on hidden tests.

    verdict: of the first test that it fails, AC when it passes all there are; None when it could not be graded.
    passed, total: tests that have an answer; test code (`check(candidate)`) counts as one.
    detail: one line about the first failure (the first difference, the exception's last line), or why there is no
    verdict; "" for AC. test: the name of the test that it is about, "" for test code.
    cpu_seconds, wall_seconds, memory_mb: the most that one of its runs used.
    groups, score: where the tests are scored by groups; score is the sum.
    whole: whether test code had to run in one process with the program, which could then forge its verdict.
    """

    verdict: Verdict | None
    passed: int
    total: int
    detail: str
    test: str = ""
    cpu_seconds: float = field(default=0.0, compare=False)
    wall_seconds: float = field(default=0.0, compare=False)
    memory_mb: float = field(default=0.0, compare=False)
    groups: tuple[GroupGrade, ...] = ()
    score: float | None = None
    whole: bool = False


class _Result(NamedTuple):
    """Of one test. answered: whether it can tell a right program from a wrong one."""

    name: str
    verdict: Verdict | None
    detail: str = ""
    runs: tuple[Execution, ...] = ()
    answered: bool = True
    whole: bool = False


_Step = Callable[[], Coroutine[Any, Any, _Result]]


async def grade(
    program: Program, problem: Problem, hidden: HiddenTests, executor: Executor, *, stop: bool = False
) -> Grade:
    """Run a program on all hidden tests, or with `stop` up to the first that it fails (in each group, where scored).

    Answers are compared outside the program's process; see replay.py for test code. A test without an expected answer
    is run; only a run that ends badly counts.
    Raises JudgeFailed when the sandbox itself fails, InputError for a language or test that cannot be run.
    """
    return await Grader(executor).grade(program, problem, hidden, stop=stop)


class Grader:
    """Grades many programs: what was found out about one is of use to the next."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._examiner = Examiner(executor)
        self._codes: dict[tuple[str, str, str], TestCode] = {}

    async def grade(self, program: Program, problem: Problem, hidden: HiddenTests, *, stop: bool = False) -> Grade:
        """See the function of this name."""
        if not program.source.strip():
            return _summed([_Result("", Verdict.CE, "the program is empty")], hidden)
        parts = self._parts(program, problem, hidden)
        taken = [_until_failure(steps) if stop else all_of(step() for step in steps) for steps in parts]
        return _summed([result for part in await all_of(taken) for result in part], hidden)

    def _parts(self, program: Program, problem: Problem, hidden: HiddenTests) -> list[list[_Step]]:
        """The tests, apart by the groups that they belong to."""
        parts: dict[tuple[str, ...], list[_Step]] = {}
        for test in hidden.tests:
            groups = tuple(group.name for group in hidden.groups if _belongs(test.name, group))
            parts.setdefault(groups, []).append(partial(self._test, program, problem, test))
        if hidden.assertions:
            parts.setdefault((), []).append(partial(self._assertions, program, problem, hidden.assertions))
        return list(parts.values())

    async def _test(self, program: Program, problem: Problem, test: Test) -> _Result:
        run = await self._executor.run(program, test.input, problem.limits)
        judged, detail = await verdict(problem, test, run, self._executor)
        answered = test.expected is not None or judged is not Verdict.AC
        return _Result(test.name, judged, detail, (run,), answered)

    async def _assertions(self, program: Program, problem: Problem, assertions: str) -> _Result:
        key = (problem.starter, assertions, program.entry or problem.entry or "")
        code = self._codes.get(key)
        if code is None:
            if len(self._codes) >= _CODES:
                self._codes.clear()
            code = self._codes[key] = test_code(*key)
        told = await run_assertions(program, code, problem.limits, self._executor, self._examiner)
        return _Result("", told.verdict, told.detail, told.runs, whole=told.whole)


async def _until_failure(steps: list[_Step]) -> list[_Result]:
    results = list[_Result]()
    for step in steps:
        results.append(await step())
        if results[-1].answered and results[-1].verdict is not Verdict.AC:
            break
    return results


def _belongs(test: str, group: TestGroup) -> bool:
    return test.startswith(f"{group.name.rstrip('/')}/")


def _summed(results: list[_Result], hidden: HiddenTests) -> Grade:
    answered = [result for result in results if result.answered]
    failed = [result for result in answered if result.verdict is not Verdict.AC]
    first = next((result for result in failed if result.verdict is not None), failed[0] if failed else None)
    if not results:
        first = _Result("", None, "there are no hidden tests")
    elif not answered:
        first = _Result("", None, "no hidden test has an expected answer")
    runs = [run for result in results for run in result.runs]
    groups = tuple(_group_grade(group, answered, hidden) for group in hidden.groups)
    return Grade(
        verdict=Verdict.AC if first is None else first.verdict,
        passed=len(answered) - len(failed),
        total=sum(test.expected is not None for test in hidden.tests) + bool(hidden.assertions),
        detail="" if first is None else first.detail,
        test="" if first is None else first.name,
        cpu_seconds=max((run.cpu_seconds for run in runs), default=0.0),
        wall_seconds=max((run.wall_seconds for run in runs), default=0.0),
        memory_mb=max((run.memory_mb for run in runs), default=0.0),
        groups=groups,
        score=sum(group.score for group in groups) if groups else None,
        whole=any(result.whole for result in results),
    )


def _group_grade(group: TestGroup, results: list[_Result], hidden: HiddenTests) -> GroupGrade:
    total = sum(_belongs(test.name, group) for test in hidden.tests)
    passed = sum(_belongs(result.name, group) and result.verdict is Verdict.AC for result in results)
    return GroupGrade(group.name, passed, total, group.score if passed == total else 0.0)
