"""What every selector must keep, told by worlds without models or programs: a table says what each program does."""

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import strategies as st

from distinguo import selectors
from distinguo.problem import Program, Test
from distinguo.records import Candidate, Execution, Outcome, Verdict, Vote
from distinguo.selectors.evidence import Evidence
from distinguo.selectors.protocol import (
    Answer,
    Choose,
    Chosen,
    Compare,
    Decision,
    Distinguish,
    Failed,
    Generate,
    GeneratedTest,
    Inputs,
    Mutate,
    Observed,
    Question,
    Ran,
    RunOn,
    Selector,
    Stress,
    Tests,
    WriteInputs,
    WriteTests,
)

CRASH = "crash"


@dataclass(frozen=True)
class World:
    """A pool and all that asking about it would bring.

    programs: for each sample the name of its program. does: for each program its output on each input, or CRASH.
    public: for each program its outputs on the public tests, of which "right" is right.
    written, generated, distinguishing: the inputs that a model writes (None: its calls fail); mutated: those made
    without one. tests, stressed: the tests that a model writes, each passed by a program that prints what stands behind
    the "=" on all inputs before it ("i0,i1=a"), or that has this name where no input does ("=p"). recorded: whether the
    tests were there before, so that asking for tests or inputs calls no model. judge: 0 prefers the program, or the
    output, that comes first in the alphabet, 1 the first shown, 2 always says tie, or that no output is right, 3 always
    fails.
    """

    programs: tuple[str, ...]
    does: dict[str, dict[str, str]]
    public: dict[str, tuple[str, ...]]
    written: tuple[str, ...] | None = ()
    distinguishing: tuple[str, ...] | None = ()
    generated: tuple[str, ...] | None = ()
    mutated: tuple[str, ...] = ()
    tests: tuple[str, ...] | None = ()
    stressed: tuple[str, ...] | None = ()
    recorded: bool = False
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

    def passes(self, sample: int, test: str) -> bool:
        name = self.programs[sample]
        inputs, _, expected = test.partition("=")
        return all(self.does[name][text] == expected for text in inputs.split(",")) if inputs else name == expected

    def calls(self, question: Question) -> bool:
        return question.calls_model and not (self.recorded and isinstance(question, WriteInputs | WriteTests))

    def answer(self, question: Question) -> Answer:
        match question:
            case WriteInputs():
                return as_inputs(self.written) if not self.recorded else Inputs(within(as_tests(self.tests)))
            case WriteTests():
                return as_tests(self.tests)
            case Stress():
                return as_tests(self.stressed)
            case Generate():
                return as_inputs(self.generated)
            case Mutate():
                return as_inputs(self.mutated)
            case RunOn():
                return Ran()
            case Distinguish(first, second):
                return self._distinguish(first, second)
            case Compare(first, second):
                return self._judge(self.programs[first], self.programs[second])
            case Choose(text, samples):
                return self._choose(text, samples)

    def _distinguish(self, first: int, second: int) -> Answer:
        if self.distinguishing is None:
            return Failed("call failed")
        return Inputs(tuple(t for t in self.distinguishing if self.observed(first, t) != self.observed(second, t)))

    def _judge(self, first: str, second: str) -> Answer:
        best = Vote.FIRST if first < second else Vote.SECOND
        answers: list[Answer] = [best, Vote.FIRST, Vote.TIE, Failed("call failed")]
        return answers[self.judge]

    def _choose(self, text: str, samples: Sequence[int]) -> Answer:
        first = min(samples, key=lambda sample: self.does[self.programs[sample]][text])
        answers: list[Answer] = [Chosen(first), Chosen(samples[0]), Chosen(None), Failed("call failed")]
        return answers[self.judge]


def as_inputs(texts: tuple[str, ...] | None) -> Inputs | Failed:
    return Failed("call failed") if texts is None else Inputs(texts)


def as_tests(texts: tuple[str, ...] | None) -> Tests | Failed:
    if texts is None:
        return Failed("call failed")
    before = [text.partition("=")[0] for text in texts]
    return Tests(
        tuple(
            GeneratedTest(text, tuple(names.split(",")) if names else ())
            for text, names in zip(texts, before, strict=True)
        )
    )


def within(answer: Tests | Failed) -> tuple[str, ...]:
    given = answer.tests if isinstance(answer, Tests) else ()
    return tuple(dict.fromkeys(text for test in given for text in test.inputs))


def seen(output: str) -> Observed:
    return Observed(Verdict.RTE, "RTE") if output == CRASH else Observed(Verdict.AC, output)


@dataclass
class Played:
    """A selector's decision, all that it asked, in order, and what of it called a model."""

    decision: Decision
    world: World
    asked: list[Question] = field(default_factory=list)

    def calls(self) -> list[Question]:
        return [question for question in self.asked if self.world.calls(question)]


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
            return Played(step, world, asked)
        new = [question for question in dict.fromkeys(step) if question not in asked]
        asked += new
        waiting += new
        assert waiting, "the selector neither asks nor decides"
        question = waiting.pop(arrivals.randrange(len(waiting)))
        answer = world.answer(question)
        pool_samples = evidence.state().samples
        for sample, text in _runs(question, answer, pool_samples):
            evidence.observe(sample, text, world.observed(sample, text))
        if isinstance(answer, Tests):
            for sample, test in itertools.product(pool_samples, answer.tests):
                evidence.passed(sample, test.text, world.passes(sample, test.text))
        evidence.answer(question, answer)


def _runs(question: Question, answer: Answer, pool: Sequence[int]) -> list[tuple[int, str]]:
    match question, answer:
        case _, Tests():
            return [(sample, text) for sample in pool for text in within(answer)]
        case WriteInputs() | Mutate() | Generate(), Inputs(texts):
            return [(sample, text) for sample in pool for text in texts]
        case RunOn(samples, inputs), _:
            return [(sample, text) for sample in samples for text in inputs]
        case Distinguish(first, second), Inputs(texts):
            return [(sample, text) for sample in (first, second) for text in texts]
        case Compare(first, second, inputs), _:
            return [(sample, text) for sample in (first, second) for text in inputs]
    return []


def decision(name: str, world: World) -> Decision:
    return play(selectors.get(name), world).decision


def scores(name: str, world: World) -> dict[tuple[int, ...], float]:
    return {cluster.samples: cluster.score for cluster in decision(name, world).clusters}


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Worlds of up to seven samples: ties, one cluster, no passing program, no tests, all crashes, failing calls."""
    names = [f"p{index}" for index in range(draw(st.integers(1, 5)))]
    names_of_inputs = ("i0", "i1", "i2")
    outputs = st.sampled_from(draw(st.sampled_from([["a", "b", CRASH], ["a"], [CRASH]])))
    public_tests = draw(st.integers(0, 2))
    public = st.tuples(*[st.sampled_from(["right", "wrong", CRASH])] * public_tests)
    texts = st.sets(st.sampled_from(names_of_inputs)).map(lambda chosen: tuple(sorted(chosen)))
    possible = ["i0=a", "i0=b", "i1=a", "i2=b", "i0,i1=a", f"i2={CRASH}", "i1=c", "=p0", "=p1"]
    written_tests = st.lists(st.sampled_from(possible), max_size=6).map(tuple)
    return World(
        programs=tuple(draw(st.lists(st.sampled_from(names), min_size=1, max_size=7))),
        does={name: {text: draw(outputs) for text in names_of_inputs} for name in names},
        public={name: draw(public) for name in names},
        written=draw(st.one_of(st.none(), texts)),
        distinguishing=draw(st.one_of(st.none(), texts)),
        generated=draw(st.one_of(st.none(), texts)),
        mutated=draw(texts),
        tests=draw(st.one_of(st.none(), written_tests)),
        stressed=draw(st.one_of(st.none(), written_tests)),
        recorded=draw(st.booleans()),
        judge=draw(st.integers(0, 3)),
        seed=draw(st.integers(0, 3)),
    )


@st.composite
def pools(draw: st.DrawFn) -> World:
    """Worlds of up to twelve samples of six programs with tests that nobody has checked, and no public test."""
    names = [f"p{index}" for index in range(draw(st.integers(1, 6)))]
    texts = [f"i{index}" for index in range(draw(st.integers(1, 4)))]
    outputs = st.sampled_from(["a", "b", CRASH])
    possible = [f"{text}={output}" for text in texts for output in "ab"] + [f"{texts[0]},{texts[-1]}=a"]
    return World(
        programs=tuple(draw(st.lists(st.sampled_from(names), min_size=1, max_size=12))),
        does={name: {text: draw(outputs) for text in texts} for name in names},
        public=dict.fromkeys(names, ()),
        written=tuple(texts),
        tests=tuple(draw(st.lists(st.sampled_from(possible), min_size=1, max_size=8))),
    )


def large_pool(samples: int = 120, programs: int = 60, inputs: int = 12, tests: int = 40, seed: int = 0) -> World:
    """One world of the size that recorded samples have."""
    draw = random.Random(seed)
    names, texts = [f"p{index}" for index in range(programs)], [f"i{index}" for index in range(inputs)]
    habits = [{text: draw.choice(["a", "b", "c", CRASH]) for text in texts} for _ in range(programs // 3)]
    return World(
        programs=tuple(draw.choices(names, k=samples)),
        does={name: draw.choice(habits) | {draw.choice(texts): draw.choice("ab")} for name in names},
        public=dict.fromkeys(names, ()),
        written=tuple(texts),
        tests=tuple(f"{draw.choice(texts)}={draw.choice('abc')}" for _ in range(tests)),
    )
