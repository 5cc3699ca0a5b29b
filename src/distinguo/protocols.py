"""The seams between the method and the outside world. The method sees these, never a concrete client or executor."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from distinguo.events import Event
from distinguo.problem import USUAL_LIMITS, Limits, Program, Validator
from distinguo.records import Called, CallsExecution, Completion, Execution, Message, Request, Role, Validation

Decided = Callable[[Sequence[Called]], bool]
"""Told the results of the calls made so far: whether no further one can matter."""

Enough = Callable[[str], bool]
"""Told an answer's text so far, each time with more of it: whether the answer may end there."""

Sending = Callable[[str], None]
"""Told right before a request is sent, each time: "", or why the try before failed where that may have to be paid for.

Raises BudgetExhausted where it may not be sent.
"""


class Client(Protocol):
    """A model. Safe to call concurrently from one event loop; a call may be cancelled."""

    @property
    def model(self) -> str:
        """The model's full name (`local`, `openai/gpt-4o-mini`), part of every completion's key."""

    @property
    def context_tokens(self) -> int | None:
        """How many tokens prompt and completion may have together, where that is known."""

    async def complete(
        self, request: Request, *, enough: Enough | None = None, rank: int = 0, sending: Sending | None = None
    ) -> Completion:
        """Answer one request.

        The answer ends where `enough` says so, as if the model had stopped there; it is asked in any one thread, and
        not at all by a client that gets answers whole. Where calls wait for each other, those with a lower `rank` go
        first, then those that continue a sample or choose between samples. `sending` is told on the event loop's
        thread; what it raises ends the call. Raises CallError when this call failed for good, ModelUnavailable when
        no call can succeed, ReplayMiss when a recording holds no answer.
        """

    async def aclose(self) -> None:
        """Free what the client holds; calls in flight are cancelled. May be called more than once."""


class Runner(Protocol):
    """Runs untrusted programs, each isolated from the host and from every other run.

    Any number of runs may be asked for at once; they wait for a free worker. Whatever a program does is a record;
    JudgeFailed is raised when the sandbox itself fails, InputError for a language or a call that it does not know.
    """

    async def run(self, program: Program, stdin: str = "", limits: Limits = USUAL_LIMITS) -> Execution:
        """Run a program once. `stdin` is the standard input, or the argument tuple's literal for a function."""

    async def run_calls(
        self,
        program: Program,
        calls: Sequence[str],
        limits: Limits = USUAL_LIMITS,
        *,
        decided: Decided | None = None,
    ) -> CallsExecution:
        """Start a program once and call its function with each argument tuple's literal, in order, in one process.

        State that the program keeps is kept between the calls. The limits hold for all of them together. A run that
        goes on for long is ended where `decided` says that the calls made so far are enough.
        """


class Executor(Runner, Protocol):
    """A Runner that can also judge, and says on what its results depend."""

    def identity(self, language: str) -> str:
        """What results depend on beside the program, its input and limits: compiler or interpreter, and sandbox.

        Part of every key under which a result is kept. Raises InputError for a language that cannot be run.
        """

    async def validate(self, validator: Validator, test_input: str, answer: str, output: str) -> Validation:
        """Have a validator judge an output. Raises JudgeFailed when it neither accepts nor rejects."""


class Ask(Protocol):
    """Ask a model in a role: what has arrived before is answered from the store, budgets are enforced."""

    async def __call__(
        self,
        role: Role,
        messages: Sequence[Message],
        *,
        sample: int,
        round: int,
        temperature: float | None = None,
        schema: dict[str, Any] | None = None,
        enough: Enough | None = None,
    ) -> Completion:
        """Return the completion.

        `temperature` is the run's unless given; `enough` may end the answer (see Client.complete). Raises CallError,
        ModelUnavailable, ReplayMiss, BudgetExhausted.
        """


class Run(Protocol):
    """Run a program on an input under the problem's limits; equal runs happen once."""

    async def __call__(self, program: Program, stdin: str) -> Execution:
        """Raises JudgeFailed when the sandbox itself fails, BudgetExhausted when the run's time is over."""

    async def many(self, program: Program, inputs: Sequence[str]) -> Sequence[Execution]:
        """Run a program on each input, in order; much faster than one by one for a function.

        Statuses and outputs are those of single runs. What calls that share a process have in common cannot be told
        apart: `error` may be the last line alone, `printed` is "", and seconds are a call's share. Raises as a call.
        """

    async def again(self, program: Program, stdin: str) -> Execution:
        """Run a program a second time on an input, in a process of its own: whether it then does the same.

        Random numbers that every run begins with are others. Equal second runs happen once, too. Raises as a call.
        """


Observer = Callable[[Event], None]
"""Told of progress as it happens; must return at once."""
