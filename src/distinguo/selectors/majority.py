"""`majority`: execution-based majority (MBR-Exec with hard agreement) over inputs that a model wrote."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from distinguo.records import Cluster
from distinguo.selectors.protocol import Decision, Question, State, WriteInputs
from distinguo.selectors.written import Clustered, clustered


class Majority:
    """The largest cluster of equal outputs; a run that fails never wins over one that works; ties: the earliest."""

    name: ClassVar[str] = "majority"

    def next(self, state: State) -> Decision | Sequence[Question]:
        """Ask for inputs once, then decide."""
        known = clustered(state)
        if not isinstance(known, Clustered):
            return known

        def works(cluster: Sequence[int]) -> int:
            return sum(state.rows[cluster[0]][text].works for text in known.inputs)

        ranked = sorted(known.clusters, key=lambda cluster: (-works(cluster), -len(cluster), cluster[0]))
        best = ranked[0]
        return Decision(
            best[0],
            tuple(Cluster(cluster, float(len(cluster))) for cluster in ranked),
            f"{len(best)} of {len(state.samples)} candidates give the same outputs as it does on "
            f"{len(known.inputs)} generated inputs, working on {works(best)} of them.",
        )

    def most_questions(self, candidates: int) -> Mapping[str, int]:
        """One request for inputs."""
        return {WriteInputs.kind: min(1, candidates - 1)}
