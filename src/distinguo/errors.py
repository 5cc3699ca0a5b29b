"""Every error that distinguo raises on purpose, and the exit status the command line gives it.

DistinguoError
├── InputError            2   a bad flag, problem, file or setting; the message says what to change
├── BudgetExhausted       3   the next call would exceed a budget
├── ModelError            4   a model or the network failed
│   ├── CallError             this one call failed; the run goes on without it
│   ├── ModelUnavailable      no call can succeed (wrong key, unknown model, server down)
│   └── ReplayMiss            a recorded run holds no answer to this request
└── SandboxError          5   running programs is impossible
    ├── SandboxUnavailable    this machine offers no isolation that distinguo accepts
    └── JudgeFailed           the judge, not the program, failed on a run

A message is one sentence that says what happened and what to do about it.
"""

from typing import ClassVar


class DistinguoError(Exception):
    """Base of all of distinguo's errors; `exit_status` is what the command line exits with."""

    exit_status: ClassVar[int] = 1


class InputError(DistinguoError):
    """Bad usage or bad input."""

    exit_status = 2


class BudgetExhausted(DistinguoError):
    """A budget (calls, tokens, dollars, seconds) leaves no room for the next call."""

    exit_status = 3


class ModelError(DistinguoError):
    """A model or the network to it failed."""

    exit_status = 4


class CallError(ModelError):
    """One call failed for good; others may succeed. Never a verdict on a program.

    refused: the endpoint turned the call down, so nothing is paid for it. prompt_tokens, completion_tokens: what the
    endpoint counted for an answer that is of no use; 0 where it did not say.
    """

    def __init__(
        self, message: str, *, refused: bool = False, prompt_tokens: int = 0, completion_tokens: int = 0
    ) -> None:
        super().__init__(message)
        self.refused = refused
        self.prompt_tokens = prompt_tokens
        self.completion_tokens = completion_tokens


class ModelUnavailable(ModelError):
    """No call to this model can succeed, so the run stops and keeps what it has."""


class ReplayMiss(ModelError):
    """The recorded run holds no completion for this request."""


class SandboxError(DistinguoError):
    """Programs cannot be run."""

    exit_status = 5


class SandboxUnavailable(SandboxError):
    """This machine offers no isolation that distinguo accepts."""


class JudgeFailed(SandboxError):
    """The judge failed on a run. Says nothing about the program."""
