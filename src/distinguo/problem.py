"""A problem as every stage sees it, and, apart from it, the hidden tests that only grading may see."""

from dataclasses import dataclass, field
from enum import StrEnum

from distinguo import values


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


USUAL_LIMITS = Limits()


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
    """Source text and how to call it.

    entry: the function's name (`f`, `Solution.f`) for CallStyle.FUNCTION.
    language: `python` (the interpreter that runs distinguo), `python:PATH` (another), or `c++`.
    """

    source: str
    style: CallStyle = CallStyle.STDIN
    entry: str | None = None
    language: str = "python"


@dataclass(frozen=True, slots=True)
class Validator:
    """A program that judges outputs where many are right, in the format of ICPC problem packages.

    It is called as `validator INPUT ANSWER FEEDBACK_DIR FLAGS... < OUTPUT`; exit status 42 accepts and 43 rejects.

    files: (name, text) of its sources, the one to start first. language: as Program.language.
    """

    files: tuple[tuple[str, str], ...]
    language: str = "python"
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """A task with what may be shown to a model: the statement, public tests and limits.

    starter: code that a program must contain or complete (imports, helpers, a signature), or "".
    checker: the name under which distinguo.checkers knows how outputs are compared.
    validator: judges the outputs in the checker's place; clusters are still formed by the checker.
    """

    id: str
    statement: str
    style: CallStyle = CallStyle.STDIN
    entry: str | None = None
    starter: str = ""
    public_tests: tuple[Test, ...] = ()
    limits: Limits = field(default_factory=Limits)
    checker: str = "tokens"
    validator: Validator | None = None

    @property
    def texts(self) -> tuple[str, str]:
        """Statement and starter as prompts show them: where one contains the other, the contained one is ""."""
        statement, starter = self.statement.strip(), self.starter.strip()
        if starter in statement:
            return statement, ""
        return ("" if statement in starter else statement), starter

    def shown_input(self, text: str) -> str:
        """A test's input as prompts show it: standard input as it is, an argument tuple `(2,)` as a call, `f(2)`."""
        if self.style is CallStyle.STDIN:
            return text
        name = (self.entry or "").rpartition(".")[2]
        try:
            arguments = values.loads(text)
        except values.ValueTextError:
            arguments = None
        if not isinstance(arguments, tuple):
            return f"{name}{text}"
        return f"{name}({', '.join(values.dumps(argument) for argument in arguments)})"


@dataclass(frozen=True, slots=True)
class TestGroup:
    """Tests that are scored together: all whose name begins with the group's and a slash (`secret/subtask1/`).

    score: what the group is worth when every test in it is accepted.
    """

    __test__ = False

    name: str
    score: float


@dataclass(frozen=True, slots=True)
class HiddenTests:
    """The tests that only grading sees. Nothing in generate, select or solve accepts this type.

    tests: inputs with expected answers, as public tests have them.
    assertions: Python test code, or "": it defines `check(candidate)` (HumanEval's form) or is a list of asserts that
    name the function (MBPP's form).
    groups: how the tests are scored, where they are.
    """

    problem_id: str
    tests: tuple[Test, ...] = ()
    assertions: str = ""
    groups: tuple[TestGroup, ...] = ()
