"""`srank`: clusters weighed by those that overlap with them (To et al. 2023, arXiv 2311.03366)."""

from typing import ClassVar

from distinguo.selectors.agreement import agreement, outputs
from distinguo.selectors.generated import ByTests, counted
from distinguo.selectors.matrix import Group, Matrix


class SRank(ByTests):
    """Clusters of equal outputs by I x V.

    I[a][b] is the share of inputs on which clusters a and b give the same output (a failed run gives none; I[a][a] is
    1), V[a] the share of candidates in cluster a, duplicates counted, times the share of tests that they pass.
    """

    name: ClassVar[str] = "srank"

    def scored(self, known: Matrix) -> list[tuple[Group, float]]:
        """Whole numbers up to the last division: scores do not depend on the order of programs."""
        groups = known.by_outputs()
        printed = [outputs(known.row(group), known.inputs) for group in groups]
        values = [len(group.samples) * group.passes for group in groups]
        most = len(known.inputs) * sum(len(group.samples) for group in groups) * known.tests
        return [
            (group, (agrees + seen.count(None) * value) / most if most else float(value))
            for group, value, seen, agrees in zip(groups, values, printed, agreement(printed, values), strict=True)
        ]

    def why(self, best: Group, known: Matrix, groups: int) -> str:
        """The size of its cluster."""
        alike = f"with equal outputs on {counted(len(known.inputs), 'input')}"
        return f"; its cluster, {counted(len(best.samples), 'candidate')} {alike}, is SRank's best of {groups}."
