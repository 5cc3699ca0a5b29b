"""A part of a run's file: records of its own, calls and executions shared with the other parts."""

from collections.abc import Mapping
from typing import Any

from distinguo.problem import Program
from distinguo.records import Completion, Execution, Request, Usage
from distinguo.store.file import Store


class Section:
    """A Keeper whose records stand under a name, and that takes note of the calls and executions it was asked for.

    calls: numbers of the calls whose answers were used, whoever sent them. executions: CPU seconds of the runs that
    were used, by key.
    """

    def __init__(self, store: Store, name: str) -> None:
        self.calls: dict[int, None] = {}
        self.executions: dict[str, float] = {}
        self._store, self._name = store, name

    def completion(self, key: str) -> Completion | None:
        """See Keeper."""
        call = self._store.arrived(key)
        if call is None:
            return None
        self.calls[call] = None
        return self._store.completion(key)

    def call_started(self, key: str, model: str, request: Request, prompt_tokens: int = 0) -> int:
        """See Keeper."""
        return self._store.call_started(key, model, request, prompt_tokens)

    def call_arrived(self, call: int, completion: Completion) -> None:
        """See Keeper."""
        self._store.call_arrived(call, completion)
        self.calls[call] = None

    async def flush(self) -> None:
        """See Keeper."""
        await self._store.flush()

    def call_failed(self, call: int, error: str, used: Usage | None = None) -> None:
        """See Keeper."""
        self._store.call_failed(call, error, used)

    def execution(self, key: str) -> Execution | None:
        """See Keeper."""
        found = self._store.execution(key)
        if found is not None:
            self.executions[key] = found.cpu_seconds
        return found

    def keep_execution(self, key: str, program: Program, stdin: str, execution: Execution) -> None:
        """See Keeper."""
        self._store.keep_execution(key, program, stdin, execution)
        self.executions[key] = execution.cpu_seconds

    def record(self, kind: str, key: str, body: Mapping[str, Any]) -> None:
        """See Keeper. The record's key begins with the section's name."""
        self._store.record(kind, f"{self._name}/{key}" if key else self._name, body)

    def forget(self, kind: str) -> None:
        """See Keeper. Only records of this section are dropped."""
        self._store.forget(kind, self._name)
