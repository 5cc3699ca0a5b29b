"""`soft-mbr`: the candidate whose outputs agree most with those of all (Shi et al. 2022, arXiv 2204.11454)."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from distinguo.records import Cluster, Verdict
from distinguo.selectors.protocol import Decision, Observed, Question, State
from distinguo.selectors.ranking import best_first, ranked, unranked
from distinguo.selectors.written import Clustered, clustered, opening


def outputs(row: Mapping[str, Observed], inputs: Sequence[str]) -> list[str | None]:
    """What a program printed on each input, None where the run failed."""
    return [seen.key if seen.status is Verdict.AC else None for seen in map(row.__getitem__, inputs)]


def agreement(clusters: Sequence[Sequence[str | None]], weights: Sequence[int]) -> list[int]:
    """For each cluster the summed weight, over the inputs, of the clusters that give the same output on the input.

    clusters: their outputs on the same inputs. Itself counts; a failed run agrees with none, not even with itself.
    """
    totals = [0] * len(clusters)
    for seen in zip(*clusters, strict=True):
        shared: dict[str | None, int] = {}
        for output, weight in zip(seen, weights, strict=True):
            shared[output] = shared.get(output, 0) + weight
        shared[None] = 0
        totals = [total + shared[output] for total, output in zip(totals, seen, strict=True)]
    return totals


class SoftMBR:
    """Candidates by the summed share of inputs on which each of all candidates, itself included, gives their output.

    Candidates whose every run fails are not ranked.
    """

    name: ClassVar[str] = "soft-mbr"

    def next(self, state: State) -> Decision | Sequence[Question]:
        """Ask for inputs once, then decide."""
        known = clustered(state)
        if not isinstance(known, Clustered):
            return known
        printed = [outputs(state.rows[cluster[0]], known.inputs) for cluster in known.clusters]
        agreed = agreement(printed, [len(cluster) for cluster in known.clusters])
        scored = [
            Cluster(cluster, agrees / len(known.inputs))
            for cluster, agrees in zip(known.clusters, agreed, strict=True)
            if agrees
        ]
        if not scored:
            return unranked(state, f"Every candidate fails on all of {len(known.inputs)} generated inputs.")
        best = best_first(scored)[0]
        return ranked(
            scored,
            f"On {len(known.inputs)} generated inputs its outputs agree most with those of all {len(state.samples)} "
            f"candidates: on average with {best.score:.1f} of them.",
        )

    def most_questions(self, candidates: int) -> Mapping[str, int]:
        """Those for inputs."""
        return opening(candidates)
