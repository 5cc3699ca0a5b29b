"""What happens during a run, as told to an observer (the command line's progress display, a log)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from distinguo.records import Completion, Request, Role, Selection, Usage


@dataclass(frozen=True, slots=True)
class Note:
    """One sentence for the user (a model is being downloaded, debugging is skipped)."""

    text: str


@dataclass(frozen=True, slots=True)
class RunStarted:
    """Work on a problem begins, or goes on. `run` is the run's file; `models` by role."""

    problem: str
    run: str
    models: dict[str, str]
    settings: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CallFinished:
    """A try of a call to a model ended, or the store answered it (`cached`).

    error: "" when it succeeded; `repeated`: the same request is sent again. request and completion are what was sent
    and what came back.
    """

    role: Role
    usage: Usage
    seconds: float = 0.0
    error: str = ""
    cached: bool = False
    model: str = ""
    request: Request | None = None
    completion: Completion | None = None
    repeated: bool = False


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


@dataclass(frozen=True, slots=True)
class Decided:
    """A program was chosen."""

    selection: Selection


@dataclass(frozen=True, slots=True)
class RunFinished:
    """Work on a problem ended. `result` is what the run arrived at, as plain data; without one, `error` says why."""

    result: dict[str, Any]
    error: str = ""


Event = (
    Note
    | RunStarted
    | CallFinished
    | RoundFinished
    | SampleFinished
    | SelectionStarted
    | QuestionAnswered
    | Decided
    | RunFinished
)


def told_to(observers: Sequence[Callable[[Event], None]]) -> Callable[[Event], None]:
    """One observer for several, told in their order."""

    def tell(event: Event) -> None:
        for observer in observers:
            observer(event)

    return tell
