"""`sstar`: adaptive input synthesis, algorithm 1 of S* (Li et al. 2025, arXiv 2502.14382, section 3.2).

Where the paper is silent: the judge is asked in both orders, and a win counts only if both agree (tie and tie give
half a point each); where no input could be found for a pair, the judge sees the generated inputs on which the two
differ; ties between clusters go to the larger one, then to the lowest index; one cluster costs no further call.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import ClassVar

from distinguo.records import Cluster
from distinguo.selectors.matches import Points, draw, sought
from distinguo.selectors.protocol import Compare, Decision, Distinguish, Question, State
from distinguo.selectors.written import Clustered, clustered, opening


class SStar:
    """The paper's selector: every pair of clusters is compared on inputs made to tell the two apart."""

    name: ClassVar[str] = "sstar"

    def next(self, state: State) -> Decision | Sequence[Question]:
        """Take algorithm 1 as far as the answers allow."""
        known = clustered(state)  # T <- LLM's test inputs; clusters <- samples with equal outputs on T
        if not isinstance(known, Clustered):
            return known

        questions: list[Question] = []
        scores = dict.fromkeys(known.clusters, 0.0)
        compared = 0
        for one, other in combinations(known.clusters, 2):
            pair = draw(one, f"{state.seed}/{one[0]}/{other[0]}"), draw(other, f"{state.seed}/{other[0]}/{one[0]}")
            match sought(state, pair, known.inputs):
                case Points(first, second):
                    scores[one] += first
                    scores[other] += second
                    compared += first + second > 0
                case unanswered:
                    questions += unanswered
        return questions or _decide(state, known, scores, compared)

    def most_questions(self, candidates: int) -> Mapping[str, int]:
        """Every candidate may be a cluster of its own; each pair takes one request and two verdicts."""
        pairs = candidates * (candidates - 1) // 2
        return {**opening(candidates), Distinguish.kind: pairs, Compare.kind: 2 * pairs}


def _decide(state: State, known: Clustered, scores: dict[tuple[int, ...], float], compared: int) -> Decision:
    """A random member of the cluster with most points."""
    ranked = sorted(scores, key=lambda cluster: (-scores[cluster], -len(cluster), cluster[0]))
    best = ranked[0]
    size = f"its cluster has {len(best)} of {len(state.samples)} candidates"
    if len(ranked) == 1:
        reason = f"All {len(best)} candidates give the same outputs on {len(known.inputs)} generated inputs."
    elif compared == 0:
        reason = (
            f"The candidates form {len(ranked)} clusters on {len(known.inputs)} generated inputs, and no comparison of "
            f"two gave a verdict, so the largest cluster decides: {size}."
        )
    else:
        pairs = len(ranked) * (len(ranked) - 1) // 2
        tied = " It ties with another cluster and is the larger or earlier one." if _tied(ranked, scores) else ""
        reason = (
            f"Of {len(ranked)} clusters on {len(known.inputs)} generated inputs its own won {scores[best]:g} points "
            f"in comparisons on distinguishing inputs ({compared} of {pairs} pairs got a verdict); {size}.{tied}"
        )
    clusters = tuple(Cluster(cluster, scores[cluster]) for cluster in ranked)
    return Decision(draw(best, f"{state.seed}/chosen"), clusters, reason)


def _tied(ranked: Sequence[tuple[int, ...]], scores: dict[tuple[int, ...], float]) -> bool:
    return scores[ranked[0]] == scores[ranked[1]]
