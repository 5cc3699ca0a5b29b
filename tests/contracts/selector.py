"""What every selector must keep, told by worlds without models or programs: a table says what each program does."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import strategies as st

from distinguo.problem import Program, Test
from distinguo.records import Candidate, Execution, Outcome, Verdict, Vote
from distinguo.selectors.evidence import Evidence
from distinguo.selectors.protocol import (
    Answer,
    Compare,
    Decision,
    Distinguish,
    Failed,
    Inputs,
    Observed,
    Question,
    Ran,
    RunOn,
    Selector,
    WriteInputs,
)

CRASH = "crash"


@dataclass(frozen=True)
class World:
    """A pool and all that asking about it would bring.

    programs: for each sample the name of its program. does: for each program its output on each input, or CRASH.
    public: for each program its outputs on the public tests, of which "right" is right.
    written, distinguishing: the inputs that a model writes (None: its calls fail). judge: 0 prefers the program that
    comes first in the alphabet, 1 the first shown, 2 always says tie, 3 always fails.
    """

    programs: tuple[str, ...]
    does: dict[str, dict[str, str]]
    public: dict[str, tuple[str, ...]]
    written: tuple[str, ...] | None = ()
    distinguishing: tuple[str, ...] | None = ()
    judge: int = 0
    seed: int = 0

    def candidates(self) -> list[Candidate]:
        return [
            Candidate(sample, Program(name), tuple(self._outcome(index, seen) for index, seen in enumerate(public)))
            for sample, name in enumerate(self.programs)
            for public in [self.public[name]]
        ]

    @staticmethod
    def _outcome(index: int, seen: str) -> Outcome:
        status = Verdict.RTE if seen == CRASH else Verdict.AC
        verdict = Verdict.AC if seen == "right" else Verdict.RTE if seen == CRASH else Verdict.WA
        return Outcome(Test(str(index), f"public {index}", "right"), verdict, Execution(status, seen))

    def observed(self, sample: int, text: str) -> Observed:
        return seen(self.does[self.programs[sample]][text])

    def answer(self, question: Question) -> Answer:
        match question:
            case WriteInputs():
                return Failed("call failed") if self.written is None else Inputs(self.written)
            case RunOn():
                return Ran()
            case Distinguish(first, second):
                return self._distinguish(first, second)
            case Compare(first, second):
                return self._judge(self.programs[first], self.programs[second])

    def _distinguish(self, first: int, second: int) -> Answer:
        if self.distinguishing is None:
            return Failed("call failed")
        return Inputs(tuple(t for t in self.distinguishing if self.observed(first, t) != self.observed(second, t)))

    def _judge(self, first: str, second: str) -> Answer:
        best = Vote.FIRST if first < second else Vote.SECOND
        answers: list[Answer] = [best, Vote.FIRST, Vote.TIE, Failed("call failed")]
        return answers[self.judge]


def seen(output: str) -> Observed:
    return Observed(Verdict.RTE, "RTE") if output == CRASH else Observed(Verdict.AC, output)


@dataclass
class Played:
    """A selector's decision, and all that it asked, in order."""

    decision: Decision
    asked: list[Question] = field(default_factory=list)

    def calls(self) -> list[Question]:
        return [question for question in self.asked if question.calls_model]


def play(selector: Selector, world: World, order: int = 0, candidates: Sequence[Candidate] | None = None) -> Played:
    """Answer a selector's questions from the world, one at a time, in an order drawn from `order`."""
    pool = world.candidates() if candidates is None else candidates
    public = {
        candidate.sample: [seen(outcome.execution.output) for outcome in candidate.outcomes] for candidate in pool
    }
    evidence = Evidence(pool, public, len(pool[0].outcomes), world.seed)
    arrivals, asked, waiting = random.Random(order), list[Question](), list[Question]()
    while True:
        step = selector.next(evidence.state())
        if isinstance(step, Decision):
            return Played(step, asked)
        new = [question for question in dict.fromkeys(step) if question not in asked]
        asked += new
        waiting += new
        assert waiting, "the selector neither asks nor decides"
        question = waiting.pop(arrivals.randrange(len(waiting)))
        answer = world.answer(question)
        for sample, text in _runs(question, answer, evidence.state().samples):
            evidence.observe(sample, text, world.observed(sample, text))
        evidence.answer(question, answer)


def _runs(question: Question, answer: Answer, pool: Sequence[int]) -> list[tuple[int, str]]:
    match question, answer:
        case WriteInputs(), Inputs(texts):
            return [(sample, text) for sample in pool for text in texts]
        case RunOn(samples, inputs), _:
            return [(sample, text) for sample in samples for text in inputs]
        case Distinguish(first, second), Inputs(texts):
            return [(sample, text) for sample in (first, second) for text in texts]
        case Compare(first, second, inputs), _:
            return [(sample, text) for sample in (first, second) for text in inputs]
    return []


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Worlds of up to seven samples: ties, one cluster, no passing program, no tests, all crashes, failing calls."""
    names = [f"p{index}" for index in range(draw(st.integers(1, 5)))]
    inputs = ("i0", "i1", "i2")
    outputs = st.sampled_from(draw(st.sampled_from([["a", "b", CRASH], ["a"], [CRASH]])))
    tests = draw(st.integers(0, 2))
    public = st.tuples(*[st.sampled_from(["right", "wrong", CRASH])] * tests)
    texts = st.one_of(st.none(), st.sets(st.sampled_from(inputs)).map(lambda chosen: tuple(sorted(chosen))))
    return World(
        programs=tuple(draw(st.lists(st.sampled_from(names), min_size=1, max_size=7))),
        does={name: {text: draw(outputs) for text in inputs} for name in names},
        public={name: draw(public) for name in names},
        written=draw(texts),
        distinguishing=draw(texts),
        judge=draw(st.integers(0, 3)),
        seed=draw(st.integers(0, 3)),
    )
