"""Grading with what is known already: no program is graded twice on the same tests."""

from collections.abc import Callable, Coroutine
from typing import Any

from distinguo.grading import verdicts
from distinguo.grading.grade import Grade, Grader
from distinguo.problem import HiddenTests, Problem, Program
from distinguo.protocols import Executor


class KeptGrader:
    """Grades programs up to the first hidden test that they fail, and keeps the grades that have a verdict."""

    def __init__(self, executor: Executor, kept: verdicts.Verdicts, version: str) -> None:
        """kept: grades known already, and those found now. version: distinguo's, on which they depend."""
        self._executor, self._kept, self._version = executor, kept, version
        self._grader = Grader(executor)

    def of(self, problem: Problem, hidden: HiddenTests) -> Callable[[Program], Coroutine[Any, Any, Grade]]:
        """What grades programs of this problem. The verdict is None where there is none; raises as grade.grade does."""
        task = verdicts.task_key(problem, hidden, self._version)

        async def grade(program: Program) -> Grade:
            key = verdicts.grade_key(task, program, self._executor.identity(program.language))
            grade = self._kept.find(key)
            if grade is None:
                grade = await self._grader.grade(program, problem, hidden, stop=True)
                if grade.verdict is not None:
                    self._kept.keep(key, grade)
            return grade

        return grade
