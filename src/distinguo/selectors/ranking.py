"""From scores to a decision, alike for every selector that scores clusters."""

from collections.abc import Iterable
from dataclasses import replace

from distinguo.records import Cluster
from distinguo.selectors.clustering import best_by_public
from distinguo.selectors.protocol import Decision, State


def best_first(clusters: Iterable[Cluster]) -> tuple[Cluster, ...]:
    """By score; of equal scores the larger cluster, then the one with the lowest index."""
    return tuple(sorted(clusters, key=lambda cluster: (-cluster.score, -len(cluster.samples), cluster.samples[0])))


def ranked(clusters: Iterable[Cluster], reason: str) -> Decision:
    """The first member of the best cluster. Clusters that score alike stay apart, next to each other."""
    order = best_first(clusters)
    tied = sum(cluster.score == order[0].score for cluster in order)
    if tied > 1:
        reason = f"{reason} {tied} clusters tie, and it is the first of the largest of them."
    return Decision(order[0].samples[0], order, reason)


def unranked(state: State, why: str) -> Decision:
    """The best by public tests, where a selector's own evidence says nothing: all clusters then have the same score.

    So whoever evaluates rankings sees that this selector made none.
    """
    fallback = best_by_public(state)
    clusters = tuple(replace(cluster, score=0.0) for cluster in fallback.clusters)
    return Decision(fallback.chosen, clusters, f"{why} {fallback.reason}")
