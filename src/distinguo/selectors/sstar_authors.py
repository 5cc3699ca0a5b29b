"""`sstar-authors`: the rules of the released code of S* (Li et al. 2025, arXiv 2502.14382); the paper's are in `sstar`.

One suite of inputs is written. On each input the samples are clustered by their outputs, clusters that crashed are left
out, and every two samples of different clusters play a match, the same one on every input. The members of the cluster
that won most, if only one did, get a point for the input. The first sample with most points is chosen. Where nobody
has a point, as when all behave alike, every sample is judged against every other by code alone.

A match is played between programs, not samples: equal programs share it, as equal prompts share an answer there. A pair
that had a match keeps its result in the last resort, so that three calls for a pair are the most it costs. Where no
input could be found for a pair, its judge sees the written inputs on which the two differ. Predicted outputs, which
reach the judge's prompt there, are shown to nobody here.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import ClassVar

from distinguo.problem import Program
from distinguo.records import Cluster
from distinguo.selectors.clustering import by_outputs, same_program
from distinguo.selectors.matches import Pair, Points, judged, sought
from distinguo.selectors.protocol import Compare, Decision, Distinguish, Inputs, Question, State, WriteInputs
from distinguo.selectors.written import INPUTS

Results = dict[Pair, Points]
"""The matches played, each by the lowest sample of its two programs, the lower first."""


class SStarAuthors:
    """The authors' selector: matches between samples, counted input by input."""

    name: ClassVar[str] = "sstar-authors"

    def next(self, state: State) -> Decision | Sequence[Question]:
        """Play all matches at once, then count."""
        decision = same_program(state)
        if decision is not None:
            return decision
        question = WriteInputs(INPUTS)
        if question not in state.answers:
            return (question,)
        answer = state.answers[question]
        inputs = answer.texts if isinstance(answer, Inputs) else ()

        stands_for = _lowest(state)
        clusters = [_working(state, text) for text in inputs]
        results, questions = Results(), list[Question]()
        for pair in _pairs(clusters, stands_for):
            result = sought(state, pair, inputs)
            if isinstance(result, Points):
                results[pair] = result
            else:
                questions += result
        if questions:
            return questions
        scores = dict.fromkeys(state.samples, 0.0)
        for on_input in clusters:
            for sample in _best(on_input, stands_for, results):
                scores[sample] += 1
        if any(scores.values()):
            return _decide(state, by_outputs(state.samples, state.rows, inputs), scores, len(inputs))
        return _last_resort(state, stands_for, results, len(inputs))

    def most_questions(self, candidates: int) -> Mapping[str, int]:
        """Each pair takes one request and two verdicts, or two verdicts alone."""
        pairs = candidates * (candidates - 1) // 2
        return {WriteInputs.kind: min(1, candidates - 1), Distinguish.kind: pairs, Compare.kind: 2 * pairs}


def _lowest(state: State) -> dict[int, int]:
    """For each sample the lowest one with the same program."""
    first: dict[Program, int] = {}
    return {candidate.sample: first.setdefault(candidate.program, candidate.sample) for candidate in state.candidates}


def _working(state: State, text: str) -> tuple[tuple[int, ...], ...]:
    """The clusters by the outputs on one input, without those that crashed."""
    return by_outputs((sample for sample in state.samples if state.rows[sample][text].works), state.rows, (text,))


def _pairs(clusters: Iterable[Sequence[Sequence[int]]], stands_for: Mapping[int, int]) -> list[Pair]:
    """The matches to play: programs that some input puts into different clusters."""
    pairs = dict[Pair, None]()
    for on_input in clusters:
        for one, other in combinations(on_input, 2):
            for first in dict.fromkeys(stands_for[sample] for sample in one):
                for second in dict.fromkeys(stands_for[sample] for sample in other):
                    pairs[min(first, second), max(first, second)] = None
    return list(pairs)


def _best(clusters: Sequence[Sequence[int]], stands_for: Mapping[int, int], results: Results) -> Sequence[int]:
    """The cluster on one input whose members won most against those of the others; nobody where several did."""
    won = dict.fromkeys(range(len(clusters)), 0.0)
    for one, other in combinations(won, 2):
        for first in clusters[one]:
            for second in clusters[other]:
                points = _result(results, stands_for[first], stands_for[second])
                won[one] += points.first
                won[other] += points.second
    leaders = [place for place, points in won.items() if points == max(won.values())]
    return clusters[leaders[0]] if len(leaders) == 1 and len(clusters) > 1 else ()


def _result(results: Results, first: int, second: int) -> Points:
    return results[first, second] if first < second else Points(*reversed(results[second, first]))


def _last_resort(
    state: State, stands_for: Mapping[int, int], results: Results, inputs: int
) -> Decision | Sequence[Question]:
    """A round robin by code alone between the pairs that had no match."""
    results, questions = dict(results), list[Question]()
    for pair in combinations(dict.fromkeys(stands_for.values()), 2):
        if pair not in results:
            result = judged(state, pair, ())
            if isinstance(result, Points):
                results[pair] = result
            else:
                questions += result
    if questions:
        return questions
    scores = dict.fromkeys(state.samples, 0.0)
    for first, second in combinations(state.samples, 2):
        if stands_for[first] != stands_for[second]:
            points = _result(results, stands_for[first], stands_for[second])
            scores[first] += points.first
            scores[second] += points.second
    programs: dict[int, list[int]] = {}
    for sample, lowest in stands_for.items():
        programs.setdefault(lowest, []).append(sample)
    return _decide(state, [tuple(samples) for samples in programs.values()], scores, inputs, last_resort=True)


def _decide(
    state: State,
    clusters: Sequence[tuple[int, ...]],
    scores: Mapping[int, float],
    inputs: int,
    *,
    last_resort: bool = False,
) -> Decision:
    """The first sample with most points. Members of a cluster have the same ones."""
    ranked = sorted(clusters, key=lambda cluster: (-scores[cluster[0]], cluster[0]))
    best = scores[ranked[0][0]]
    on_inputs = f"on {inputs} generated inputs" if inputs else "without any usable input"
    if not last_resort:
        reason = (
            f"It is in the cluster that won most comparisons on {best:g} of {inputs} generated inputs; "
            f"{len(ranked[0])} of {len(state.samples)} candidates give the same outputs on all of them."
        )
    elif best:
        reason = f"No cluster won {on_inputs}; comparing every two by their code, it won {best:g} points."
    else:
        reason = f"No cluster won {on_inputs}, and no comparison gave a verdict: it is the first candidate."
    if sum(scores[cluster[0]] == best for cluster in ranked) > 1 and best:
        reason += " It is the first of several with as many."
    return Decision(ranked[0][0], tuple(Cluster(cluster, scores[cluster[0]]) for cluster in ranked), reason)
