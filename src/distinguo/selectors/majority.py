"""`majority`: execution-based majority (MBR-Exec with hard agreement, Shi et al. 2022, arXiv 2204.11454)."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from distinguo.records import Cluster
from distinguo.selectors.protocol import Decision, Question, State
from distinguo.selectors.ranking import best_first, ranked, unranked
from distinguo.selectors.written import Clustered, clustered, opening


class Majority:
    """The largest cluster of equal outputs on generated inputs; ties: the earliest.

    Candidates whose every run fails are not ranked: they never win over one that prints something.
    """

    name: ClassVar[str] = "majority"

    def next(self, state: State) -> Decision | Sequence[Question]:
        """Ask for inputs once, then decide."""
        known = clustered(state)
        if not isinstance(known, Clustered):
            return known

        def works(cluster: Sequence[int]) -> int:
            return sum(state.rows[cluster[0]][text].works for text in known.inputs)

        sized = [Cluster(cluster, float(len(cluster))) for cluster in known.clusters if works(cluster)]
        if not sized:
            return unranked(state, f"Every candidate fails on all of {len(known.inputs)} generated inputs.")
        best = best_first(sized)[0].samples
        return ranked(
            sized,
            f"{len(best)} of {len(state.samples)} candidates give the same outputs as it does on "
            f"{len(known.inputs)} generated inputs, working on {works(best)} of them.",
        )

    def most_questions(self, candidates: int) -> Mapping[str, int]:
        """Those for inputs."""
        return opening(candidates)
