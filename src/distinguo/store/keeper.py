"""What the method needs of a run's file: a whole one, or the section of one."""

from collections.abc import Mapping
from typing import Any, Protocol

from distinguo.problem import Program
from distinguo.records import Completion, Execution, Request, Usage


class Keeper(Protocol):
    """Keeps calls, executions and records. See file.Store for what each method promises."""

    def completion(self, key: str) -> Completion | None:
        """The completion that arrived for this key, if one did."""

    def call_started(self, key: str, model: str, request: Request, prompt_tokens: int = 0) -> int:
        """Note that a call is about to be sent; returns its number."""

    def call_arrived(self, call: int, completion: Completion) -> None:
        """Keep a completion."""

    async def flush(self) -> None:
        """Wait until all that is committed has reached the disk itself."""

    def call_failed(self, call: int, error: str, used: Usage | None = None) -> None:
        """Keep a call's error, and what it used."""

    def execution(self, key: str) -> Execution | None:
        """The stored execution for this key, if there is one."""

    def keep_execution(self, key: str, program: Program, stdin: str, execution: Execution) -> None:
        """Keep an execution with the next commit."""

    def record(self, kind: str, key: str, body: Mapping[str, Any]) -> None:
        """Keep one record with the next commit."""

    def forget(self, kind: str) -> None:
        """Drop the records of a kind."""
