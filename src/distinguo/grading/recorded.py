"""Verdicts that recorded programs came with. They grade, as hidden tests do, and are as secret."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from distinguo.grading.grade import Grade
from distinguo.problem import Program
from distinguo.records import Verdict


@dataclass(frozen=True, slots=True)
class RecordedVerdicts:
    """Whether recorded programs of one problem are right, as their files say.

    A type of its own, as HiddenTests is: nothing in generate, selectors or pipeline takes it.
    """

    problem_id: str
    _right: Mapping[Program, bool] = field(repr=False)

    @classmethod
    def of(cls, problem_id: str, told: Iterable[tuple[Program, bool | None]]) -> Self:
        """From what each record says. Where records of equal programs contradict one another there is no verdict."""
        said: dict[Program, set[bool]] = {}
        for program, right in told:
            if right is not None:
                said.setdefault(program, set()).add(right)
        return cls(problem_id, {program: next(iter(found)) for program, found in said.items() if len(found) == 1})

    def grade(self, program: Program) -> Grade | None:
        """The program's grade, or None. It counts as one test, and WA says that it is wrong, whatever the reason."""
        right = self._right.get(program)
        if right is None:
            return None
        return Grade(Verdict.AC, 1, 1, "") if right else Grade(Verdict.WA, 0, 1, "its record says that it is wrong")
