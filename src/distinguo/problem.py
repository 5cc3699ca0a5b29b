"""A problem as every stage sees it, and, apart from it, the hidden tests that only grading may see."""

from dataclasses import dataclass, field
from enum import StrEnum


class CallStyle(StrEnum):
    """How a program is called."""

    STDIN = "stdin"  # a whole program: reads standard input, prints the answer
    FUNCTION = "function"  # a function or method: arguments in, a value out


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run of a program may use. Reaching a limit is a verdict, not an error.

    cpu_seconds: CPU time, user and system (TLE).
    wall_seconds: elapsed time, looser than the CPU time because machines are shared (TLE).
    memory_mb: memory in MiB, beside what the bare interpreter needs (MLE).
    output_bytes: size of what it prints, and of a returned value's text (OLE).
    """

    cpu_seconds: float = 4.0
    wall_seconds: float = 12.0
    memory_mb: int = 512
    output_bytes: int = 4 << 20


@dataclass(frozen=True, slots=True)
class Test:
    """One input and, where it is known, the answer that is expected.

    For CallStyle.STDIN both are the texts on standard input and output. For CallStyle.FUNCTION
    `input` is the tuple of positional arguments and `expected` the returned value, both as
    distinguo.values literals: `([1, 2], 'x')`.
    """

    __test__ = False  # not a test class for pytest

    name: str
    input: str
    expected: str | None = None


@dataclass(frozen=True, slots=True)
class Program:
    """Source text and how to call it. `entry` names the function (`f`, `Solution.f`) for CallStyle.FUNCTION."""

    source: str
    style: CallStyle = CallStyle.STDIN
    entry: str | None = None
    language: str = "python"


@dataclass(frozen=True, slots=True)
class Problem:
    """A task with what may be shown to a model: the statement, public tests and limits.

    starter: code that a program must contain or complete (imports, helpers, a signature), or "".
    checker: the name under which distinguo.checkers knows how outputs are compared.
    """

    id: str
    statement: str
    style: CallStyle = CallStyle.STDIN
    entry: str | None = None
    starter: str = ""
    public_tests: tuple[Test, ...] = ()
    limits: Limits = field(default_factory=Limits)
    checker: str = "tokens"


@dataclass(frozen=True, slots=True)
class HiddenTests:
    """The tests that only grading sees. Nothing in generate, select or solve accepts this type.

    tests: inputs with expected answers, as public tests have them.
    assertions: Python test code defining `check(candidate)` (HumanEval's form), or "".
    """

    problem_id: str
    tests: tuple[Test, ...] = ()
    assertions: str = ""


def call_text(entry: str, arguments: str) -> str:
    """A call as a person writes it: `f(2)` for entry `f` (or `Solution.f`) and the argument tuple's literal `(2,)`."""
    shown = arguments[:-2] + ")" if arguments.endswith(",)") else arguments
    return entry.rpartition(".")[2] + shown
