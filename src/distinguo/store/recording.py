"""A run's file as a replay reads it."""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from distinguo.errors import InputError, ReplayMiss
from distinguo.records import Completion, Request, Role
from distinguo.store.keys import prompt_key
from distinguo.store.schema import COMPLETION, completion, restored


class Recording:
    """A finished or unfinished run, opened for reading only: what was answered to a request, or that it failed."""

    def __init__(self, path: Path) -> None:
        """Raises InputError when the file is missing or is no run."""
        if not os.path.isfile(path):  # noqa: PTH113 (Path.is_file raises for a name that is too long)
            raise InputError(f"there is no recorded run at {path}")
        self._path = path
        try:
            self._db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
            self._db.execute("SELECT COUNT(*) FROM calls").fetchone()
        except sqlite3.DatabaseError as error:
            raise InputError(f"{path} is not a run of distinguo ({error})") from error

    def answer(self, request: Request) -> Completion | str | None:
        """The completion recorded for the same messages at the same place, its error's text, or None for a miss.

        Of several, that of an equal request (a file may hold runs at several temperatures), else the latest.
        Raises ReplayMiss where several models were asked, since nothing tells which is meant.
        """
        rows = self._db.execute(
            f"SELECT model, request, state, error, {COMPLETION} FROM calls"
            " WHERE prompt_key = ? AND state IN ('arrived', 'failed') ORDER BY state = 'arrived' DESC, id DESC",
            (prompt_key(request),),
        ).fetchall()
        asked = json.loads(json.dumps(asdict(request)))
        rows = [row for row in rows if json.loads(row[1]) == asked] or rows
        models = sorted({row[0] for row in rows})
        if len(models) > 1:
            raise ReplayMiss(
                f"{self._path} holds answers of {' and of '.join(models)} to the same call; replay a run of one model"
            )
        if not rows:
            return None
        _, _, state, error, *kept = rows[0]
        return completion(tuple(kept)) if state == "arrived" else restored(error)

    def context_tokens(self, role: Role) -> int | None:
        """The context of the model that answered in this role, where it was known."""
        row = self._db.execute("SELECT value FROM facts WHERE name = 'context_tokens'").fetchone()
        known: dict[str, int | None] = {} if row is None else json.loads(row[0])
        return known.get(role)

    def close(self) -> None:
        """Close the file."""
        self._db.close()


@contextmanager
def recording(path: Path) -> Iterator[Recording]:
    """A Recording that is closed at the end."""
    opened = Recording(path)
    try:
        yield opened
    finally:
        opened.close()
