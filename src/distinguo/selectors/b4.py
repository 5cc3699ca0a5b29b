"""`b4`: the tests' evidence for a set of programs under Beta priors (Chen et al. 2024, arXiv 2409.08692).

A set x of programs, passing the tests y, is scored by the probability of the whole matrix where x are the right
programs and y the right tests: how many of either there are has the prior Beta(ALPHA, 1), that a wrong program passes
a right test Beta(1, 1), and that it passes a wrong one Beta(1, BETA0). Equal programs and equal tests count once, as in
the authors' code.
"""

import math
from collections.abc import Sequence
from typing import ClassVar

from distinguo.selectors.agreement import agreement, outputs
from distinguo.selectors.generated import ByTests, counted
from distinguo.selectors.matrix import Columns, Group, Matrix

ALPHA = 1e3
BETA0 = 1e5
TIE_BREAK = 50.0


class B4(ByTests):
    """Consensus sets by B4's score."""

    name: ClassVar[str] = "b4"

    def groups(self, known: Matrix) -> tuple[Group, ...]:
        """What is scored."""
        return known.by_passes()

    def scored(self, known: Matrix) -> list[tuple[Group, float]]:
        """The logarithm of B4's score for each group."""
        groups = self.groups(known)
        return list(zip(groups, log_scores(known, groups), strict=True))

    def why(self, best: Group, known: Matrix, groups: int) -> str:
        """The number of programs in its consensus set."""
        alike = f"as its consensus set of {counted(best.programs, 'program')} does"
        return f", {alike}, by B4 the likeliest of {groups} to be right."


class B4Clusters(B4):
    """Clusters of equal outputs on the inputs inside the tests, by B4's score."""

    name: ClassVar[str] = "b4-clusters"

    def groups(self, known: Matrix) -> tuple[Group, ...]:
        """Output clusters."""
        return known.by_outputs()

    def why(self, best: Group, known: Matrix, groups: int) -> str:
        """The number of programs in its cluster."""
        alike = f"{counted(best.programs, 'program')} with equal outputs on {counted(len(known.inputs), 'input')}"
        return f"; its cluster, {alike}, is by B4 the likeliest of {groups} to be right."


class B4ClustersMBR(B4Clusters):
    """The same with `tie_break` x ln(soft MBR) added, so that agreement decides between scores that are close."""

    name: ClassVar[str] = "b4-clusters-mbr"

    def __init__(self, tie_break: float = TIE_BREAK) -> None:
        """tie_break: nats for each e-fold of agreement."""
        self._tie_break = tie_break

    def scored(self, known: Matrix) -> list[tuple[Group, float]]:
        """B4's score for each output cluster, and its agreement with all candidates, duplicates counted.

        A cluster whose every run fails counts as if it agreed half a time: there is no ln 0.
        """
        scored = super().scored(known)
        sizes = [len(group.samples) for group, _ in scored]
        agreed = agreement([outputs(known.row(group), known.inputs) for group, _ in scored], sizes)
        most = max(1, len(known.inputs)) * sum(sizes)
        return [
            (group, score + self._tie_break * math.log(max(0.5, agrees) / most))
            for (group, score), agrees in zip(scored, agreed, strict=True)
        ]


def log_scores(known: Matrix, groups: Sequence[Group]) -> list[float]:
    """ln S of each group; its members pass exactly the tests in `passed`, and the groups are all that there are."""
    n, m = len(known.programs), known.distinct.bit_count()
    columns = Columns(program.passed for program in known.programs)
    scores = []
    for group in groups:
        right, wrong = known.distinct & group.passed, known.distinct & ~group.passed
        x, y = group.programs, right.bit_count()
        passed_right = columns.total(right) - x * y  # ones of E[not x, y]
        passed_wrong = columns.total(wrong)  # ones of E[not x, not y]: x passes none of them
        scores.append(
            log_beta(y + ALPHA, m - y + 1)
            + log_beta(x + ALPHA, n - x + 1)
            + log_beta(passed_right + 1, (n - x) * y - passed_right + 1)
            + log_beta(passed_wrong + 1, (n - x) * (m - y) - passed_wrong + BETA0)
        )
    return scores


def log_beta(a: float, b: float) -> float:
    """The logarithm of Euler's beta function."""
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
