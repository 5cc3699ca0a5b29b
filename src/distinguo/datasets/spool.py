"""Texts by task, however many: kept in a file that vanishes, and read again task by task."""

import sqlite3
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from distinguo.errors import InputError


class Spool:
    """A context manager; what it holds is gone at its end."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("")  # a file without a name, in memory while it is small
        self._db.execute("CREATE TABLE texts (id INTEGER PRIMARY KEY, task TEXT NOT NULL, text TEXT NOT NULL)")
        self._db.execute("CREATE INDEX by_task ON texts (task)")
        self._counts: dict[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._db.close()

    def add(self, task_id: str, text: str) -> None:
        """Keep a text, which holds no lone surrogates. Raises InputError where the disk is full."""
        try:
            self._db.execute("INSERT INTO texts (task, text) VALUES (?, ?)", (task_id, text))
        except sqlite3.Error as error:
            raise InputError(f"no room for the file's records ({error}); free some in the temporary folder") from error
        self._counts[task_id] = self._counts.get(task_id, 0) + 1

    def count(self, task_id: str) -> int:
        """How many texts a task has."""
        return self._counts.get(task_id, 0)

    def __len__(self) -> int:
        return sum(self._counts.values())

    def read(self, task_id: str) -> Iterator[str]:
        """A task's texts in the order in which they came."""
        for (text,) in self._db.execute("SELECT text FROM texts WHERE task = ? ORDER BY id", (task_id,)):
            yield text
