"""A log as JSON lines: one object for each call, round, question, decision and run, in the order of events.

Every line has `time` (UTC) and `event`. Prompts and answers are in it only when asked for; keys never are, since no
event holds one. Several processes may write one file: each line is one append.
"""

import json
import logging
import os
import threading
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from distinguo.errors import InputError
from distinguo.events import (
    CallFinished,
    Decided,
    Event,
    Note,
    QuestionAnswered,
    RoundFinished,
    RunFinished,
    RunStarted,
    SampleFinished,
    SelectionStarted,
)

_NAMES: dict[type[Event], str] = {
    Note: "note",
    RunStarted: "run_started",
    CallFinished: "call",
    RoundFinished: "round",
    SampleFinished: "sample",
    SelectionStarted: "selection_started",
    QuestionAnswered: "question",
    Decided: "decision",
    RunFinished: "run_finished",
}


class JsonLines:
    """An observer that writes a line for each event, and for what the package's own loggers say. A context manager."""

    def __init__(self, path: Path, *, prompts: bool = False) -> None:
        """`prompts`: with the messages that were sent and the texts that came back.

        Raises InputError when the file cannot be written.
        """
        self._path = path
        self._prompts = prompts
        self._lock = threading.Lock()
        self._handler = _Handler(self)
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._unwritable(error) from error

    def __enter__(self) -> Self:
        logger = logging.getLogger("distinguo")
        logger.setLevel(logging.INFO)
        logger.addHandler(self._handler)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        logging.getLogger("distinguo").removeHandler(self._handler)
        os.close(self._file)

    def __call__(self, event: Event) -> None:
        """Write an event. Raises InputError when the file cannot be written any more."""
        self.write(
            _NAMES[type(event)], _call(event, self._prompts) if isinstance(event, CallFinished) else asdict(event)
        )

    def write(self, event: str, fields: dict[str, Any]) -> None:
        """Write one line. Raises InputError when the file cannot be written any more."""
        line = json.dumps({"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **fields})
        data = line.encode() + b"\n"
        with self._lock:
            try:
                if os.write(self._file, data) < len(data):
                    raise OSError("it is full")
            except OSError as error:
                raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> InputError:
        return InputError(f"cannot write the log {self._path}: {error.strerror or error}; choose another --log")


class _Handler(logging.Handler):
    def __init__(self, lines: JsonLines) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        fields = getattr(record, "fields", {})
        self._lines.write("log", {"logger": record.name, "message": record.getMessage(), **fields})


def _call(event: CallFinished, prompts: bool) -> dict[str, Any]:
    request, completion = event.request, event.completion
    fields: dict[str, Any] = {"role": event.role, "model": event.model}
    if request is not None:
        fields |= {"sample": request.sample, "round": request.round, "max_tokens": request.max_tokens}
    fields |= {
        "prompt_tokens": event.usage.prompt_tokens,
        "completion_tokens": event.usage.completion_tokens,
        "estimated": bool(event.usage.estimated),
        "seconds": round(event.seconds, 3),
        "finish_reason": None if completion is None else completion.finish_reason,
        "error": event.error,
        "cached": event.cached,
        "repeated": event.repeated,
    }
    if prompts and request is not None:
        fields["messages"] = [asdict(message) for message in request.messages]
    if prompts and completion is not None:
        fields |= {"text": completion.text, "reasoning": completion.reasoning}
    return fields
