"""What happens during a run, as told to an observer (the command line's progress display, a log)."""

from dataclasses import dataclass

from distinguo.records import Role, Usage


@dataclass(frozen=True, slots=True)
class Note:
    """One sentence for the user (a model is being downloaded, debugging is skipped)."""

    text: str


@dataclass(frozen=True, slots=True)
class CallFinished:
    """A call to a model ended. `error` is "" when it succeeded; `cached` when the store answered."""

    role: Role
    usage: Usage
    seconds: float
    error: str = ""
    cached: bool = False


@dataclass(frozen=True, slots=True)
class RoundFinished:
    """A sample's round was run on the public tests."""

    sample: int
    index: int
    passed: int
    total: int
    error: str = ""


@dataclass(frozen=True, slots=True)
class SampleFinished:
    """A sample will not be debugged further."""

    sample: int
    passes_all: bool


@dataclass(frozen=True, slots=True)
class SelectionStarted:
    """Stage 2 begins, with this many candidates in the pool."""

    selector: str
    candidates: int


@dataclass(frozen=True, slots=True)
class QuestionAnswered:
    """Stage 2 put a question and got an answer; `ok` says whether it was usable."""

    kind: str
    ok: bool


Event = Note | CallFinished | RoundFinished | SampleFinished | SelectionStarted | QuestionAnswered
