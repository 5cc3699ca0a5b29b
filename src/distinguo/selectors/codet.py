"""`codet`: the dual execution agreement of CodeT (Chen et al. 2022, arXiv 2207.10397, and its code)."""

import math
from typing import ClassVar

from distinguo.selectors.generated import ByTests, counted
from distinguo.selectors.matrix import Group, Matrix


class CodeT(ByTests):
    """Consensus sets by sqrt(number of programs) x number of tests passed, duplicates of both counted."""

    name: ClassVar[str] = "codet"

    def scored(self, known: Matrix) -> list[tuple[Group, float]]:
        """One root of the whole, so that scores which are equal are equal as floats."""
        return [(group, math.sqrt(len(group.samples) * group.passes**2)) for group in known.by_passes()]

    def why(self, best: Group, known: Matrix, groups: int) -> str:
        """The size of its consensus set."""
        return f", as its consensus set of {counted(len(best.samples), 'candidate')} does, CodeT's best of {groups}."
