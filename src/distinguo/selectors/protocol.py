"""What a selector is: a pure state machine without I/O, what it may ask, and what it gets to see.

A selector is called again and again with all that is known. It answers with a Decision, or with every question that
is worth asking now. The driver starts those that were not asked before, all at once, and calls again when an answer
arrives, so a chain of questions never waits for another chain. An empty sequence means: wait for what is under way.
What is decided must not depend on the order in which answers arrive.

Programs are named by sample index, inputs by their text (`Test.input`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from distinguo.records import Candidate, Cluster, Verdict, Vote


@dataclass(frozen=True, slots=True)
class WriteInputs:
    """Have a model write test inputs for the problem; all candidates are run on the usable ones.

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


Question = WriteInputs | RunOn | Distinguish | Compare


@dataclass(frozen=True, slots=True)
class Inputs:
    """Inputs that were gathered and run."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ran:
    """The runs are done; State.rows holds them."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The question got no usable answer (a call failed, the budget ended, the answer said nothing)."""

    why: str


Answer = Inputs | Ran | Vote | Failed


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

    candidates: the pool to choose from, ascending by sample index, never empty.
    public_tests: how many public tests the problem has.
    public: for each sample what it did on each public test's input, in the problem's order.
    rows: for each sample what it did on each input it was run on; identical programs share one row.
    answers: the questions that were answered, in no meaningful order.
    seed: of every random choice.
    """

    candidates: tuple[Candidate, ...]
    public_tests: int
    public: Mapping[int, tuple[Observed, ...]]
    rows: Mapping[int, Mapping[str, Observed]]
    answers: Mapping[Question, Answer]
    seed: int

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
            for text in _gathered(question, self.answers[question]):
                sources.setdefault(text, []).append(question)
        return tuple(Input(text, tuple(questions)) for text, questions in sources.items())


def _gathered(question: Question, answer: Answer) -> tuple[str, ...]:
    if isinstance(answer, Inputs):
        return answer.texts
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
