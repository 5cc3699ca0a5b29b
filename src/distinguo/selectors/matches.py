"""A match between two samples that behave differently, as a judge decides it: both orders, on inputs that matter."""

import random
from collections.abc import Sequence
from typing import NamedTuple

from distinguo.records import Vote
from distinguo.selectors.protocol import Answer, Compare, Distinguish, Inputs, Question, State

DISTINGUISHING = 3  # inputs asked for, and shown to the judge, for one pair

Pair = tuple[int, int]


class Points(NamedTuple):
    """What a match brings the two of a pair: a win 1, two ties half a point each, verdicts that disagree nothing."""

    first: float
    second: float


def draw(cluster: Sequence[int], seed: str) -> int:
    """A random member of a cluster, the same whenever it is drawn under this seed."""
    return cluster[0] if len(cluster) == 1 else random.Random(seed).choice(cluster)


def different(state: State, pair: Pair, inputs: Sequence[str]) -> tuple[str, ...]:
    """The first few of these inputs on which the pair's outputs differ. Both must have been run on all of them."""
    first, second = (state.rows[sample] for sample in pair)
    return tuple(text for text in inputs if first[text].key != second[text].key)[:DISTINGUISHING]


def sought(state: State, pair: Pair, known: Sequence[str]) -> Points | Sequence[Question]:
    """A match on inputs made to tell the two apart; where none could be made, on known ones that do."""
    question = Distinguish(*pair, DISTINGUISHING)
    if question not in state.answers:
        return (question,)
    answer = state.answers[question]
    made = answer.texts if isinstance(answer, Inputs) else ()
    return judged(state, pair, made or different(state, pair, known))


def judged(state: State, pair: Pair, inputs: tuple[str, ...]) -> Points | Sequence[Question]:
    """A match on these inputs, or the verdicts that it still lacks."""
    both_orders = Compare(*pair, inputs), Compare(*pair[::-1], inputs)
    unanswered = [question for question in both_orders if question not in state.answers]
    if unanswered:
        return unanswered
    forward, backward = (state.answers[question] for question in both_orders)
    return points(forward, backward)


def points(forward: Answer, backward: Answer) -> Points:
    """What a pair's two verdicts bring, the second one asked in the reverse order; a win needs both to agree."""
    if (forward, backward) == (Vote.FIRST, Vote.SECOND):
        return Points(1.0, 0.0)
    if (forward, backward) == (Vote.SECOND, Vote.FIRST):
        return Points(0.0, 1.0)
    if (forward, backward) == (Vote.TIE, Vote.TIE):
        return Points(0.5, 0.5)
    return Points(0.0, 0.0)
