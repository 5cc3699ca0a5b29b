"""The opening that selectors on generated inputs share: have inputs written, then cluster by the outputs on them.

Where a model writes none that is usable, or none is asked, the public tests' inputs are changed instead.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from distinguo.selectors.clustering import by_outputs, same_program
from distinguo.selectors.protocol import Decision, Inputs, Mutate, Question, State, WriteInputs
from distinguo.selectors.ranking import unranked

INPUTS = 8  # asked for in one request: a small model's answer must not run out of tokens
MUTANTS = 24


@dataclass(frozen=True, slots=True)
class Clustered:
    """The inputs that were written or made, and the clusters of equal outputs on them, ordered by lowest index."""

    inputs: tuple[str, ...]
    clusters: tuple[tuple[int, ...], ...]


def clustered(state: State) -> Clustered | Decision | Sequence[Question]:
    """The clusters, or the question to ask first, or the decision where there is nothing to ask or to go by."""
    decision = same_program(state)
    if decision is not None:
        return decision
    for question in (WriteInputs(INPUTS), Mutate(MUTANTS)):
        answer = state.answers.get(question)
        if answer is None:
            return (question,)
        if isinstance(answer, Inputs) and answer.texts:
            return Clustered(answer.texts, by_outputs(state.samples, state.rows, answer.texts))
    return unranked(state, "No usable test input could be written or made.")


def opening(candidates: int) -> Mapping[str, int]:
    """The most questions that `clustered` asks about so many candidates."""
    return {} if candidates < 2 else {WriteInputs.kind: 1, Mutate.kind: 1}
