"""`llm-judge`: a judge that reads code and sees no run picks among different programs, in a knockout."""

import random
from collections.abc import Mapping, Sequence
from typing import ClassVar

from distinguo.problem import Program
from distinguo.records import Cluster
from distinguo.selectors.clustering import same_program
from distinguo.selectors.matches import Points, judged
from distinguo.selectors.protocol import Compare, Decision, Question, State


class LLMJudge:
    """A knockout between the different programs, by a random draw; each match is asked in both orders.

    A match without a clear winner goes to the program that passes more public tests, then to the lower index.
    """

    name: ClassVar[str] = "llm-judge"

    def next(self, state: State) -> Decision | Sequence[Question]:
        """Play every match whose two sides are known."""
        decision = same_program(state)
        if decision is not None:
            return decision
        programs: dict[Program, list[int]] = {}
        for candidate in state.candidates:
            programs.setdefault(candidate.program, []).append(candidate.sample)
        entrants = [samples[0] for samples in programs.values()]
        random.Random(f"{state.seed}/draw").shuffle(entrants)
        knockout = _Knockout(state)
        winner = knockout.winner(entrants)
        if winner is None:
            return knockout.questions
        clusters = [Cluster(tuple(samples), float(knockout.won[samples[0]])) for samples in programs.values()]
        clusters.sort(key=lambda cluster: (-cluster.score, cluster.samples[0]))
        return Decision(winner, tuple(clusters), _reason(len(entrants), knockout.clear))

    def most_questions(self, candidates: int) -> Mapping[str, int]:
        """Every match knocks one program out, and takes two verdicts."""
        return {Compare.kind: 2 * (candidates - 1)}


class _Knockout:
    """Matches as far as the answers go.

    questions: what the matches that can be played still lack. won: for each program the size of the largest part of
    the draw that it has won, itself included. clear: how many matches had a clear winner.
    """

    def __init__(self, state: State) -> None:
        self.questions: list[Question] = []
        self.won = dict.fromkeys(state.samples, 1)
        self.clear = 0
        self._state = state
        self._passed = {candidate.sample: candidate.passed for candidate in state.candidates}

    def winner(self, entrants: Sequence[int]) -> int | None:
        """Who wins this part of the draw; None where that is not known yet."""
        if len(entrants) == 1:
            return entrants[0]
        half = len(entrants) // 2
        one, other = self.winner(entrants[:half]), self.winner(entrants[half:])
        if one is None or other is None:
            return None
        result = judged(self._state, (one, other), ())
        if not isinstance(result, Points):
            self.questions += result
            return None
        self.clear += result.first != result.second
        best = max((result.first, self._passed[one], -one, one), (result.second, self._passed[other], -other, other))[3]
        self.won[best] = len(entrants)
        return best


def _reason(programs: int, clear: int) -> str:
    verdicts = f"{clear} of {programs - 1} matches had a clear winner"
    if clear == 0:
        verdicts = "no match had a clear winner, so the public tests and then the order of the candidates decided"
    return f"It won the knockout of {programs} different programs, judged by their code; {verdicts}."
