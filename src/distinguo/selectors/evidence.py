"""What is known about the candidates while a selector works: grows by observations and answers, shown as a State."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from distinguo.config import USUAL_INPUTS
from distinguo.problem import Program
from distinguo.records import Candidate
from distinguo.selectors.protocol import Answer, Observed, Question, State


class Evidence:
    """Grows; `state()` shows it to a selector in constant time. Identical programs are observed together."""

    def __init__(
        self,
        candidates: Iterable[Candidate],
        public: Mapping[int, Sequence[Observed]],
        public_tests: int,
        seed: int,
        sources: Collection[str] = USUAL_INPUTS,
    ) -> None:
        """`public` has for each sample what it did on each public test's input."""
        pool = tuple(sorted(candidates, key=lambda candidate: candidate.sample))
        shared: dict[Program, dict[str, Observed]] = {}
        self._rows = {candidate.sample: shared.setdefault(candidate.program, {}) for candidate in pool}
        tested: dict[Program, dict[str, bool]] = {}
        self._passes = {candidate.sample: tested.setdefault(candidate.program, {}) for candidate in pool}
        self._answers: dict[Question, Answer] = {}
        self._state = State(
            candidates=pool,
            public_tests=public_tests,
            public={candidate.sample: tuple(public[candidate.sample]) for candidate in pool},
            rows=MappingProxyType({sample: MappingProxyType(row) for sample, row in self._rows.items()}),
            passes=MappingProxyType({sample: MappingProxyType(row) for sample, row in self._passes.items()}),
            answers=MappingProxyType(self._answers),
            seed=seed,
            sources=sources,
        )

    def observe(self, sample: int, text: str, observed: Observed) -> None:
        """A sample's program was run on an input."""
        self._rows[sample][text] = observed

    def passed(self, sample: int, test: str, passes: bool) -> None:
        """Whether a sample's program passes a generated test, by the test's text."""
        self._passes[sample][test] = passes

    def answer(self, question: Question, answer: Answer) -> None:
        """A question was answered; what was run for it has been observed before."""
        self._answers[question] = answer

    def leave_out(self, samples: Collection[int]) -> None:
        """Take candidates out of the pool, unless nobody would be left. What they did stays known."""
        staying = tuple(each for each in self._state.candidates if each.sample not in samples)
        if staying:
            self._state = replace(self._state, candidates=staying)

    def state(self) -> State:
        """All that is known now."""
        return self._state
