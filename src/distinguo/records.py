"""The frozen records that flow from a sample to a selection; each one is stored and can be read back."""

from dataclasses import dataclass, field
from enum import StrEnum

from distinguo.problem import Program, Test


class Role(StrEnum):
    """Who is asked: each role may be another model."""

    GENERATOR = "generator"
    DEBUGGER = "debugger"
    TEST_GENERATOR = "test_generator"
    JUDGE = "judge"


class FinishReason(StrEnum):
    """Why a model stopped."""

    STOP = "stop"
    LENGTH = "length"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message; `role` is system, user or assistant."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Request:
    """One call to a model, complete: equal requests get equal answers from the store.

    role, sample and round are the call's place in the run; they keep the store from answering two samples
    with one completion. `schema` is a JSON schema that the answer's text must fit, where the endpoint can
    enforce it. `max_tokens` counts completion tokens. `reasoning_effort` is a reasoning model's (`low`, `high`), None
    for its own default.
    """

    role: Role
    sample: int
    round: int
    messages: tuple[Message, ...]
    temperature: float
    seed: int
    max_tokens: int
    stop: tuple[str, ...] = ()
    schema: str | None = None  # JSON text
    reasoning_effort: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What calls used: `calls` counts every one sent, failed ones too; the tokens of `estimated` ones are estimates."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    estimated: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.estimated + other.estimated,
        )


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model answered. `reasoning` is its thinking where it came apart from the text.

    estimated: the endpoint gave no count of tokens, so the numbers are estimates.
    """

    text: str
    reasoning: str
    finish_reason: FinishReason
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    estimated: bool = False


class Verdict(StrEnum):
    """What a run amounts to. Without an expected answer only the run itself is judged: AC then means it ended well."""

    AC = "AC"  # accepted
    WA = "WA"  # wrong answer
    TLE = "TLE"  # time limit exceeded
    MLE = "MLE"  # memory limit exceeded
    OLE = "OLE"  # output limit exceeded
    RTE = "RTE"  # runtime error
    CE = "CE"  # compile error


@dataclass(frozen=True, slots=True)
class Execution:
    """One run of a program on one input, before any comparison.

    status: AC when it ended by itself and well, else TLE, MLE, OLE, RTE or CE; never WA.
    output: for CallStyle.STDIN what it printed; for CallStyle.FUNCTION the value returned, as a literal (values.dumps).
    error: the end of standard error, the traceback's last lines included.
    printed: for CallStyle.FUNCTION what it printed, cut; else "".
    cpu_seconds, wall_seconds, memory_mb: what the run used; memory is the peak resident size in MiB.
    """

    status: Verdict
    output: str
    error: str = ""
    printed: str = ""
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    memory_mb: float = 0.0


@dataclass(frozen=True, slots=True)
class Called:
    """What one call of a function came to.

    value: the value returned, as a literal (values.dumps) or a text that equals none (`<object of type map>`); None
    when the call raised.
    error: the last line of the exception's traceback (`ValueError: no digits`), or "".
    arguments: the argument tuple's literal after the call, where the call changed it; else "".
    """

    value: str | None
    error: str = ""
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class CallsExecution:
    """One run of a program in which its function was called several times, in order, in one process.

    execution: the whole run; its status is AC when every call returned or raised an Exception. `output` is "".
    called: one for each call that came to its end, in order; fewer than were asked for where the run ended before.
    """

    execution: Execution
    called: tuple[Called, ...]


@dataclass(frozen=True, slots=True)
class Validation:
    """What a validator said of an output. message: what it wrote for the judge, cut; else why it rejected."""

    accepted: bool
    message: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One program on one test: the verdict and the run behind it."""

    test: Test
    verdict: Verdict
    execution: Execution


@dataclass(frozen=True, slots=True)
class Round:
    """One generation of a sample: the draft (index 0) or a debugging round.

    program: None when the answer held no code, was cut before its end, or the call failed; `error` then says why.
    outcomes: one per public test, in the problem's order; empty without a program.
    generated: one per test that a model wrote, where debugging goes by these too; no count of tests includes them.
    stopped: a budget ended the round: before the answer came, or before its program was tested (which then stands for
    nothing, since it has no outcomes).
    """

    sample: int
    index: int
    program: Program | None
    outcomes: tuple[Outcome, ...] = ()
    error: str = ""
    stopped: bool = False
    generated: tuple[Outcome, ...] = ()

    @property
    def passed(self) -> int:
        """How many public tests the program passes."""
        return sum(outcome.verdict is Verdict.AC for outcome in self.outcomes)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sample after debugging: the program that stands for it and the rounds that led there."""

    sample: int
    program: Program
    outcomes: tuple[Outcome, ...]
    rounds: tuple[Round, ...] = ()

    @property
    def passed(self) -> int:
        """How many public tests the program passes."""
        return sum(outcome.verdict is Verdict.AC for outcome in self.outcomes)

    @property
    def passes_all(self) -> bool:
        """Whether it passes every public test there is (true when there is none)."""
        return self.passed == len(self.outcomes)


@dataclass(frozen=True, slots=True)
class Cluster:
    """Candidates (by sample index, ascending) whose outputs are equal on every input, and the cluster's score."""

    samples: tuple[int, ...]
    score: float = 0.0


class Vote(StrEnum):
    """A judge's answer about two programs."""

    FIRST = "first"
    SECOND = "second"
    TIE = "tie"


@dataclass(frozen=True, slots=True)
class Selection:
    """The choice and why. `chosen` is a sample index; `steps` counts how often each step of stage 2 succeeded.

    stopped: the budget that ended the selection early, or "". decided_by: the sources of the inputs (config.INPUTS, or
    `public`) on which the chosen program differs from the runner-up.
    """

    selector: str
    chosen: int
    clusters: tuple[Cluster, ...]
    reason: str
    steps: dict[str, int] = field(default_factory=dict)
    stopped: str = ""
    decided_by: tuple[str, ...] = ()
