"""The seams between the method and the outside world. The method sees these, never a concrete client or executor."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from distinguo.events import Event
from distinguo.problem import Limits, Program
from distinguo.records import Completion, Execution, Message, Request, Role

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


class Executor(Protocol):
    """Runs untrusted programs, each isolated from the host and from every other run."""

    async def run(self, program: Program, stdin: str, limits: Limits) -> Execution:
        """Run a program once. `stdin` is the standard input, or the argument tuple's literal for a function.

        Any number may be called at once; runs wait for a free worker. Raises JudgeFailed when the sandbox
        itself fails; whatever the program does is an Execution.
        """


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


Observer = Callable[[Event], None]
"""Told of progress as it happens; must return at once."""
