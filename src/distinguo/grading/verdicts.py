"""Grades that are kept, so that no program is graded twice on the same tests.

One SQLite file for a user, in his cache folder: grades are found by content, whatever file of samples a program came
in. Deleting it costs time only. A grade is on disk before it is told (a killed process loses none), and any number of
processes may use the file at once. What the judge failed on is never kept.
"""

import hashlib
import json
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from distinguo import folders
from distinguo.errors import InputError
from distinguo.grading.grade import Grade, GroupGrade
from distinguo.problem import HiddenTests, Problem, Program
from distinguo.records import Verdict

_VERSION = 3  # raised whenever grading may judge the same runs differently than before
_LARGEST = 1 << 30  # bytes; a larger file is begun anew
_BUSY_SECONDS = 30.0
_TABLE = (
    "CREATE TABLE IF NOT EXISTS grades (key BLOB PRIMARY KEY, grade TEXT NOT NULL, pass TEXT NOT NULL) WITHOUT ROWID"
)


def usual_place() -> Path:
    """The file in the user's cache folder. Raises InputError for a user without one."""
    return folders.cache() / "verdicts.sqlite"


def task_key(problem: Problem, hidden: HiddenTests, distinguo: str) -> bytes:
    """What a grade depends on beside the program: tests, limits, how outputs are compared, distinguo's version."""
    how = {name: value for name, value in asdict(problem).items() if name not in ("id", "statement", "public_tests")}
    return _digest([_VERSION, distinguo, how, asdict(hidden) | {"problem_id": ""}])


def grade_key(task: bytes, program: Program, identity: str) -> bytes:
    """What makes two gradings the same; `identity` is what the executor says of the program's language."""
    return _digest([task.hex(), identity, asdict(program)])


def _digest(value: Any) -> bytes:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).digest()


class Verdicts:
    """The file. A context manager; closing twice is harmless."""

    def __init__(self, path: Path, *, fresh: bool = False) -> None:
        """Open or create it; with `fresh` only grades that are kept from now on are found.

        Raises InputError where that is impossible.
        """
        self._path = path
        self._pass, self._fresh = secrets.token_hex(8), fresh
        with self._errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists() and path.stat().st_size > _LARGEST:
                path.unlink()
            self._db = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.execute(_TABLE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def find(self, key: bytes) -> Grade | None:
        """The grade kept under this key."""
        with self._errors():
            row = self._db.execute("SELECT grade, pass FROM grades WHERE key = ?", (key,)).fetchone()
        if row is None or (self._fresh and row[1] != self._pass):
            return None
        return _read(row[0])

    def keep(self, key: bytes, grade: Grade) -> None:
        """Keep a grade; it is on its way to the disk when this returns."""
        text = json.dumps(asdict(grade))
        with self._errors():
            self._db.execute("INSERT OR REPLACE INTO grades VALUES (?, ?, ?)", (key, text, self._pass))

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise InputError(
                f"verdicts cannot be kept in {self._path} ({error}); make room, delete it, or set XDG_CACHE_HOME to"
                " another folder"
            ) from error


def _read(text: str) -> Grade | None:
    """The grade; None where the file was damaged or another version wrote it, so that the program is graded anew."""
    try:
        fields = json.loads(text)
        verdict, groups = Verdict(fields.pop("verdict")), tuple(GroupGrade(**group) for group in fields.pop("groups"))
        return Grade(verdict, groups=groups, **fields)
    except (ValueError, TypeError, LookupError, AttributeError):
        return None
