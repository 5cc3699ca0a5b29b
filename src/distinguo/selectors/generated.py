"""Choosing by generated tests: the opening that such selectors share, and `generated-tests`, which counts passed ones.

Programs that pass no generated test are not ranked, as in CodeT's code; where no program passes any, or there is no
test, the public tests choose and nothing is ranked.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

from distinguo.records import Cluster
from distinguo.selectors.clustering import same_program
from distinguo.selectors.matrix import Group, Matrix, matrix
from distinguo.selectors.protocol import Decision, Question, State, Tests, WriteTests
from distinguo.selectors.ranking import best_first, ranked, unranked

TESTS = 8  # asked for in one request: a small model's answer must not run out of tokens


class ByTests(ABC):
    """A selector that has tests written once, then ranks groups of programs by who passes what."""

    def next(self, state: State) -> Decision | Sequence[Question]:
        """Ask for tests where there are none, then decide."""
        decision = same_program(state)
        if decision is not None:
            return decision
        question = WriteTests(TESTS)
        if question not in state.answers and not any(isinstance(answer, Tests) for answer in state.answers.values()):
            return (question,)
        known = matrix(state)
        if not known.tests:
            return unranked(state, "No usable test could be written.")
        if not any(program.passed for program in known.programs):
            return unranked(state, f"No candidate passes any of {counted(known.tests, 'generated test')}.")
        groups = {group.samples: (group, score) for group, score in self.scored(known) if group.passed}
        clusters = best_first(Cluster(samples, score) for samples, (_, score) in groups.items())
        best, _ = groups[clusters[0].samples]
        passed = f"It passes {best.passes} of {counted(known.tests, 'generated test')}"
        return ranked(clusters, f"{passed}{self.why(best, known, len(clusters))}")

    def most_questions(self, candidates: int) -> Mapping[str, int]:
        """One request for tests."""
        return {WriteTests.kind: min(1, candidates - 1)}

    @abstractmethod
    def scored(self, known: Matrix) -> list[tuple[Group, float]]:
        """Every group with its score; the order does not matter, nor do the scores of groups that pass nothing."""

    @abstractmethod
    def why(self, best: Group, known: Matrix, groups: int) -> str:
        """How the sentence goes on that begins with the tests passed by the best of so many groups."""


class GeneratedTests(ByTests):
    """Most generated tests passed, equal ones counted as often as they were written (MaxPass)."""

    name: ClassVar[str] = "generated-tests"

    def scored(self, known: Matrix) -> list[tuple[Group, float]]:
        """Consensus sets by the number of tests passed."""
        return [(group, float(group.passes)) for group in known.by_passes()]

    def why(self, best: Group, known: Matrix, groups: int) -> str:
        """That nobody passes more."""
        alike = "no other passes" if len(best.samples) == 1 else f"{len(best.samples)} candidates pass"
        return f", which no candidate exceeds; {alike} the same ones."


def counted(number: int, what: str) -> str:
    """A number of things: "1 input", "2 inputs"."""
    return f"{number} {what}{'s' * (number != 1)}"
