"""What a selector is: a pure state machine without I/O, what it may ask, and what it gets to see.

A selector is called again and again with all that is known. It answers with a Decision, or with every question that
is worth asking now. The driver starts those that were not asked before, all at once, and calls again when an answer
arrives, so a chain of questions never waits for another chain. An empty sequence means: wait for what is under way.
What is decided must not depend on the order in which answers arrive.

Programs are named by sample index, inputs by their text (`Test.input`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from distinguo.config import USUAL_INPUTS
from distinguo.problem import Program
from distinguo.records import Candidate, Cluster, Verdict, Vote


@dataclass(frozen=True, slots=True)
class WriteInputs:
    """Have a model write test inputs for the problem; all candidates are run on the usable ones.

    Where the run has recorded tests, the inputs inside them are the answer to batch 0, each once, without a call.
    Answer: Inputs, none where nothing usable was written after bounded repeats; or Failed.
    Another `batch` is another question.
    """

    kind: ClassVar[str] = "inputs"
    calls_model: ClassVar[bool] = True

    count: int
    batch: int = 0


@dataclass(frozen=True, slots=True)
class RunOn:
    """Run these samples' programs on these inputs. Answer: Ran."""

    kind: ClassVar[str] = "run"
    calls_model: ClassVar[bool] = False

    samples: tuple[int, ...]
    inputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Distinguish:
    """Have a model write inputs that tell two samples' programs apart; both are run on them.

    Answer: Inputs, those on which their outputs really differ, none after bounded repeats; or Failed.
    """

    kind: ClassVar[str] = "distinguish"
    calls_model: ClassVar[bool] = True

    first: int
    second: int
    count: int


@dataclass(frozen=True, slots=True)
class Compare:
    """Have a model judge two samples' programs by their real outputs on these inputs, shown in this order.

    Answer: a Vote, or Failed. A judge may prefer a place: ask Compare(b, a, inputs) as well. The inputs that
    have not been run on both are run first.
    """

    kind: ClassVar[str] = "compare"
    calls_model: ClassVar[bool] = True

    first: int
    second: int
    inputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WriteTests:
    """Have a model write tests for the problem: inputs and the outputs it expects; all candidates are run on them.

    Where the run has recorded tests, they are the answer to batch 0, all of them, without a call.
    Answer: Tests, none where nothing usable was written; or Failed.
    """

    kind: ClassVar[str] = "tests"
    calls_model: ClassVar[bool] = True

    count: int
    batch: int = 0


@dataclass(frozen=True, slots=True)
class Mutate:
    """Make inputs by changing those of the public tests, without a model; all candidates are run on them.

    large: such as expose slow programs, where the statement says how large they may be; a run on one may take the whole
    limit of time. Answer: Inputs, none where nothing could be made.
    """

    kind: ClassVar[str] = "mutate"
    calls_model: ClassVar[bool] = False

    count: int
    large: bool = False
    batch: int = 0


@dataclass(frozen=True, slots=True)
class Generate:
    """Have a model write programs that print inputs, and validators of them; all candidates are run on what passes.

    Answer: Inputs, those that at least three of four validators accept; or Failed.
    """

    kind: ClassVar[str] = "generate"
    calls_model: ClassVar[bool] = True

    count: int
    batch: int = 0


@dataclass(frozen=True, slots=True)
class Stress:
    """Have a model write a slow, obviously right program; its outputs on small inputs are what tests expect.

    Answer: Tests, on which all candidates were run; or Failed.
    """

    kind: ClassVar[str] = "stress"
    calls_model: ClassVar[bool] = True

    count: int
    batch: int = 0


@dataclass(frozen=True, slots=True)
class Choose:
    """Have a model say which output on an input is right, or that none is; it sees no program.

    samples: one for each distinct output, in the order shown; all have been run on the input. Answer: Chosen or Failed.
    """

    kind: ClassVar[str] = "choose"
    calls_model: ClassVar[bool] = True

    input: str
    samples: tuple[int, ...]


Question = WriteInputs | RunOn | Distinguish | Compare | WriteTests | Mutate | Generate | Stress | Choose


@dataclass(frozen=True, slots=True)
class GeneratedTest:
    """A test that nobody has checked. text: what it says, which is its identity. inputs: what it runs programs on."""

    text: str
    inputs: tuple[str, ...]


class RecordedTests(Protocol):
    """Generated tests that somebody wrote before the run, and who passes them."""

    @property
    def tests(self) -> tuple[GeneratedTest, ...]:
        """All of them, equal ones as often as they were written."""

    async def passes(self, program: Program) -> Mapping[str, bool]:
        """For each test's text whether the program passes it. Raises JudgeFailed when the sandbox itself fails."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """Inputs that were gathered and run."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tests:
    """Generated tests, equal ones as often as they were written; State.passes says who passes them."""

    __test__ = False  # not a test class for pytest

    tests: tuple[GeneratedTest, ...]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The sample whose output the judge holds for right; None if it holds none of them for right."""

    sample: int | None


@dataclass(frozen=True, slots=True)
class Ran:
    """The runs are done; State.rows holds them."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The question got no usable answer (a call failed, the budget ended, the answer said nothing)."""

    why: str


Answer = Inputs | Tests | Ran | Vote | Chosen | Failed


@dataclass(frozen=True, slots=True)
class Observed:
    """What a program did on an input, as far as it can tell programs apart.

    status: AC when it ended well, else TLE, MLE, OLE, RTE or CE.
    key: equal for outputs that the problem's checker does not tell apart; runs with the same failing status share one.
    """

    status: Verdict
    key: str

    @property
    def works(self) -> bool:
        """Whether it ended well."""
        return self.status is Verdict.AC


@dataclass(frozen=True, slots=True)
class Input:
    """An input that was gathered, and every question whose answer brought it."""

    text: str
    sources: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class State:
    """All that is known. A read-only view on growing evidence: use it within one call of `next`.

    candidates: the pool to choose from, ascending by sample index, never empty. When inputs arrive, candidates whose
    programs do not do the same twice leave it, unless all would, and none once a question named a sample.
    public_tests: how many public tests the problem has.
    public: for each sample what it did on each public test's input, in the problem's order.
    rows: for each sample what it did on each input it was run on; identical programs share one row.
    passes: for each sample whether it passes each generated test, by the test's text; shared likewise.
    answers: the questions that were answered, in no meaningful order.
    seed: of every random choice on this problem.
    sources: those of config.INPUTS that are on; a question to another brings nothing.
    """

    candidates: tuple[Candidate, ...]
    public_tests: int
    public: Mapping[int, tuple[Observed, ...]]
    rows: Mapping[int, Mapping[str, Observed]]
    passes: Mapping[int, Mapping[str, bool]]
    answers: Mapping[Question, Answer]
    seed: int
    sources: Collection[str] = USUAL_INPUTS

    @property
    def samples(self) -> tuple[int, ...]:
        """The sample indices of the pool, ascending."""
        return tuple(candidate.sample for candidate in self.candidates)

    @property
    def distinct_programs(self) -> int:
        """How many different programs the pool holds."""
        return len({candidate.program for candidate in self.candidates})

    def inputs(self) -> tuple[Input, ...]:
        """Every input gathered so far, in an order that does not depend on when answers arrived."""
        sources: dict[str, list[Question]] = {}
        for question in sorted(self.answers, key=repr):
            for text in brought(question, self.answers[question]):
                sources.setdefault(text, []).append(question)
        return tuple(Input(text, tuple(questions)) for text, questions in sources.items())


def brought(question: Question, answer: Answer) -> tuple[str, ...]:
    """The inputs that a question's answer brought, equal ones as often as they are in it."""
    if isinstance(answer, Inputs):
        return answer.texts
    if isinstance(answer, Tests):
        return tuple(text for test in answer.tests for text in test.inputs)
    return question.inputs if isinstance(question, RunOn) else ()


@dataclass(frozen=True, slots=True)
class Decision:
    """The chosen sample, the clusters (best first, where they were ranked), and why, in one or two plain sentences."""

    chosen: int
    clusters: tuple[Cluster, ...]
    reason: str


class Selector(Protocol):
    """Chooses one candidate. Holds no state of its own between calls."""

    @property
    def name(self) -> str:
        """The name under which users ask for it."""

    def next(self, state: State) -> Decision | Sequence[Question]:
        """Decide, or return every question worth asking now (asking one again is harmless)."""

    def most_questions(self, candidates: int) -> Mapping[str, int]:
        """How many questions of each kind it may ask at most about so many candidates: the bound on its cost."""
