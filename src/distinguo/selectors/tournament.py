"""`tournament`: clusters' representatives, each against some of the others, ranked by wins (GenCluster, NVIDIA 2025).

The clusters stand in a random circle, and each meets those next to it on both sides: all have as many opponents, so
that wins can be compared, and no more than ten, so that the calls grow with the clusters and not with their square.
"""

import random
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import ClassVar

from distinguo.records import Cluster
from distinguo.selectors.matches import Points, different, draw, judged
from distinguo.selectors.protocol import Compare, Decision, Question, State
from distinguo.selectors.ranking import best_first
from distinguo.selectors.written import Clustered, clustered, opening

OPPONENTS = 10  # of each cluster, at most; even, since they stand on two sides


class Tournament:
    """The cluster whose representative won most matches; the judge sees real outputs, in both orders."""

    name: ClassVar[str] = "tournament"

    def next(self, state: State) -> Decision | Sequence[Question]:
        """Ask for inputs, play all matches at once, then count."""
        known = clustered(state)
        if not isinstance(known, Clustered):
            return known
        circle = list(known.clusters)
        random.Random(f"{state.seed}/circle").shuffle(circle)
        player = {cluster: draw(cluster, f"{state.seed}/player/{cluster[0]}") for cluster in circle}
        wins, questions, played = dict.fromkeys(circle, 0.0), list[Question](), 0
        for one, other in _matches(len(circle)):
            pair = player[circle[one]], player[circle[other]]
            result = judged(state, pair, different(state, pair, known.inputs))
            if isinstance(result, Points):
                wins[circle[one]] += result.first
                wins[circle[other]] += result.second
                played += sum(result) > 0
            else:
                questions += result
        if questions:
            return questions
        ranked = best_first(Cluster(cluster, won) for cluster, won in wins.items())
        return Decision(player[ranked[0].samples], ranked, _reason(state, known, ranked, played))

    def most_questions(self, candidates: int) -> Mapping[str, int]:
        """Every candidate may be a cluster of its own; each match takes two verdicts."""
        return {**opening(candidates), Compare.kind: 2 * len(_matches(candidates))}


def _matches(players: int) -> list[tuple[int, int]]:
    """Who meets whom, by places in the circle."""
    if players <= OPPONENTS + 1:
        return list(combinations(range(players), 2))
    return [(place, (place + step) % players) for place in range(players) for step in range(1, OPPONENTS // 2 + 1)]


def _reason(state: State, known: Clustered, ranked: Sequence[Cluster], played: int) -> str:
    best = ranked[0]
    if len(ranked) == 1:
        return f"All {len(best.samples)} candidates give the same outputs on {len(known.inputs)} generated inputs."
    found = f"{len(ranked)} clusters on {len(known.inputs)} generated inputs"
    size = f"its cluster has {len(best.samples)} of {len(state.samples)} candidates"
    if played == 0:
        return f"The candidates form {found}, and no match of two gave a verdict, so the largest decides: {size}."
    tied = " It ties with another cluster and is the larger or earlier one." if ranked[1].score == best.score else ""
    return (
        f"Of {found} its own won {best.score:g} points in {min(OPPONENTS, len(ranked) - 1)} matches of its "
        f"representative; {size}.{tied}"
    )
