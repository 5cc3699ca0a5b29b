"""`sstar`: adaptive input synthesis, algorithm 1 of S* (Li et al. 2025, arXiv 2502.14382, section 3.2).

Where the paper is silent: the judge is asked in both orders, and a win counts only if both agree (tie and tie give
half a point each); where no input could be found for a pair, the judge sees the generated inputs on which the two
differ; ties between clusters go to the larger one, then to the lowest index; one cluster costs no further call.
"""

import random
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import ClassVar

from distinguo.records import Cluster, Vote
from distinguo.selectors.protocol import Answer, Compare, Decision, Distinguish, Inputs, Question, State, WriteInputs
from distinguo.selectors.written import Clustered, clustered

DISTINGUISHING = 3  # inputs asked for, and shown to the judge, for one pair

Pair = tuple[int, int]  # one sample of each of two clusters


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
            pair = _draw(one, f"{state.seed}/{one[0]}/{other[0]}"), _draw(other, f"{state.seed}/{other[0]}/{one[0]}")
            inputs = _distinguishing(state, pair, known.inputs)
            if isinstance(inputs, Distinguish):
                questions.append(inputs)
                continue
            both_orders = Compare(*pair, inputs), Compare(*pair[::-1], inputs)
            unanswered = [question for question in both_orders if question not in state.answers]
            if unanswered:
                questions += unanswered
                continue
            points = _points(*(state.answers[question] for question in both_orders))
            scores[one] += points[0]
            scores[other] += points[1]
            compared += sum(points) > 0
        return questions or _decide(state, known, scores, compared)

    def most_questions(self, candidates: int) -> Mapping[str, int]:
        """Every candidate may be a cluster of its own; each pair takes one request and two verdicts."""
        pairs = candidates * (candidates - 1) // 2
        return {WriteInputs.kind: min(1, candidates - 1), Distinguish.kind: pairs, Compare.kind: 2 * pairs}


def _draw(cluster: Sequence[int], seed: str) -> int:
    """A random member of a cluster, the same whenever it is drawn under this seed."""
    return cluster[0] if len(cluster) == 1 else random.Random(seed).choice(cluster)


def _distinguishing(state: State, pair: Pair, written: Sequence[str]) -> Distinguish | tuple[str, ...]:
    """Inputs on which the pair's outputs differ, or the question that brings them."""
    question = Distinguish(*pair, DISTINGUISHING)
    answer = state.answers.get(question)
    if answer is None:
        return question
    if isinstance(answer, Inputs) and answer.texts:
        return answer.texts
    first, second = (state.rows[sample] for sample in pair)
    return tuple(text for text in written if first[text].key != second[text].key)[:DISTINGUISHING]


def _points(forward: Answer, backward: Answer) -> tuple[float, float]:
    """What a pair's two verdicts bring its two clusters; the second verdict was asked in the reverse order."""
    if (forward, backward) == (Vote.FIRST, Vote.SECOND):
        return 1.0, 0.0
    if (forward, backward) == (Vote.SECOND, Vote.FIRST):
        return 0.0, 1.0
    if (forward, backward) == (Vote.TIE, Vote.TIE):
        return 0.5, 0.5
    return 0.0, 0.0


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
    return Decision(_draw(best, f"{state.seed}/chosen"), clusters, reason)


def _tied(ranked: Sequence[tuple[int, ...]], scores: dict[tuple[int, ...], float]) -> bool:
    return scores[ranked[0]] == scores[ranked[1]]
