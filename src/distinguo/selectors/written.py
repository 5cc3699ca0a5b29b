"""The opening that selectors on generated inputs share: have inputs written, then cluster by the outputs on them."""

from collections.abc import Sequence
from dataclasses import dataclass

from distinguo.selectors.clustering import by_outputs, same_program
from distinguo.selectors.protocol import Decision, Inputs, Question, State, WriteInputs
from distinguo.selectors.ranking import unranked

INPUTS = 8  # asked for in one request: a small model's answer must not run out of tokens


@dataclass(frozen=True, slots=True)
class Clustered:
    """The inputs that a model wrote, and the clusters of equal outputs on them, ordered by lowest index."""

    inputs: tuple[str, ...]
    clusters: tuple[tuple[int, ...], ...]


def clustered(state: State) -> Clustered | Decision | Sequence[Question]:
    """The clusters, or the question to ask first, or the decision where there is nothing to ask or to go by."""
    decision = same_program(state)
    if decision is not None:
        return decision
    question = WriteInputs(INPUTS)
    answer = state.answers.get(question)
    if answer is None:
        return (question,)
    if not isinstance(answer, Inputs) or not answer.texts:
        return unranked(state, "No usable test input could be written.")
    return Clustered(answer.texts, by_outputs(state.samples, state.rows, answer.texts))
