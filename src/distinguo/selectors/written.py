"""The opening that selectors on generated inputs share: have inputs written or made, then cluster by the outputs.

Inputs come from every source that is on and needs a model. Where none of them is usable, or no model is asked, the
public tests' inputs are changed instead.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from distinguo.selectors.clustering import by_outputs, same_program
from distinguo.selectors.protocol import Decision, Generate, Mutate, Question, State, Stress, WriteInputs, brought
from distinguo.selectors.ranking import unranked

INPUTS = 8  # asked for in one request: a small model's answer must not run out of tokens
MUTANTS = 24
LARGE = 2  # inputs that expose slow programs, beside the usual ones
_WRITTEN: Question = WriteInputs(INPUTS)
_MADE: Mapping[str, Question] = {"generated": Generate(INPUTS), "stress": Stress(INPUTS)}  # by their source
_OWN: tuple[Question, ...] = (Mutate(MUTANTS), Mutate(LARGE, large=True))


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
    for questions in (_models(state.sources), _OWN):
        waiting = tuple(question for question in questions if question not in state.answers)
        if waiting:
            return waiting
        texts = dict.fromkeys(text for question in questions for text in brought(question, state.answers[question]))
        if texts:
            return Clustered(tuple(texts), by_outputs(state.samples, state.rows, tuple(texts)))
    return unranked(state, "No usable test input could be written or made.")


def _models(on: Collection[str]) -> tuple[Question, ...]:
    """The questions to models: for inputs written out, and where they are on for generators and a brute force."""
    return (_WRITTEN, *(question for source, question in _MADE.items() if source in on))


def opening(candidates: int) -> Mapping[str, int]:
    """The most questions that `clustered` asks about so many candidates."""
    return {} if candidates < 2 else Counter(question.kind for question in (_WRITTEN, *_MADE.values(), *_OWN))
