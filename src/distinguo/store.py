"""One SQLite file a run: every call, execution, round, question, the selection and its grade.

A completion is committed before it is used, with the write-ahead log flushed (`synchronous=FULL`): a crash at any
moment loses no completion that had arrived. Nor does a full disk: a call is sent only while there is room for what
comes back. What follows from completions (executions, records) costs nothing to repeat: it waits for the next commit.
The file holds problem texts, prompts and answers; never keys or addresses. Tables are made by numbered steps
that are never edited once released.
"""

import fcntl
import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from distinguo.errors import InputError
from distinguo.problem import Limits, Program
from distinguo.records import Completion, Execution, FinishReason, Request, Role, Usage, Verdict

_STEPS = (
    """
    CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE calls (
        id INTEGER PRIMARY KEY, key TEXT NOT NULL, prompt_key TEXT NOT NULL, model TEXT NOT NULL, role TEXT NOT NULL,
        sample INTEGER NOT NULL, round INTEGER NOT NULL, request TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('in flight', 'arrived', 'failed', 'lost')),
        started REAL NOT NULL, seconds REAL, error TEXT, text TEXT, reasoning TEXT, finish_reason TEXT,
        prompt_tokens INTEGER NOT NULL DEFAULT 0, completion_tokens INTEGER NOT NULL DEFAULT 0
    );
    CREATE UNIQUE INDEX calls_arrived ON calls (key) WHERE state = 'arrived';
    CREATE INDEX calls_prompt ON calls (prompt_key);
    CREATE TABLE executions (
        key TEXT PRIMARY KEY, program TEXT NOT NULL, stdin TEXT NOT NULL, status TEXT NOT NULL, output TEXT NOT NULL,
        error TEXT NOT NULL, printed TEXT NOT NULL, cpu_seconds REAL NOT NULL, wall_seconds REAL NOT NULL,
        memory_mb REAL NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE records (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL,
        UNIQUE (kind, key));
    """,
    """
    ALTER TABLE calls ADD COLUMN estimated INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE sessions (id INTEGER PRIMARY KEY, started REAL NOT NULL, seconds REAL NOT NULL DEFAULT 0);
    INSERT INTO sessions (started, seconds) SELECT 0, CAST(value AS REAL) FROM facts WHERE name = 'seconds';
    DELETE FROM facts WHERE name = 'seconds';
    """,
)

HEADROOM = 8 << 20  # bytes on disk, for the answers to all calls in flight, before another call is sent


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=True)


def _digest(value: Any) -> str:
    return hashlib.sha256(_json(value).encode()).hexdigest()


def completion_key(model: str, request: Request) -> str:
    """What makes two calls the same call: the model and everything in the request."""
    return _digest([model, asdict(request)])


def prompt_key(request: Request) -> str:
    """What a recording is searched by: the messages and the call's place in the run."""
    return _digest([request.role, request.sample, request.round, [asdict(message) for message in request.messages]])


def execution_key(program: Program, stdin: str, limits: Limits, identity: str) -> str:
    """What makes two runs of a program the same run; `identity` is what the executor says of its language."""
    return execution_keys(program, (stdin,), limits, identity)[stdin]


def execution_keys(program: Program, inputs: Iterable[str], limits: Limits, identity: str) -> dict[str, str]:
    """`execution_key` for each input; what they share is hashed once."""
    shared = hashlib.sha256(f"[{_json(asdict(program))}, ".encode())
    end = f", {_json(asdict(limits))}, {_json(identity)}]"
    keys = dict[str, str]()
    for text in inputs:
        digest = shared.copy()
        digest.update(f"{_json(text)}{end}".encode())
        keys[text] = digest.hexdigest()
    return keys


_held: set[Path] = set()  # files that this process has locked


def _lock(path: Path) -> int:
    """Lock a run's file for this process; returns the descriptor that holds the lock."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        place = path.resolve()
        # Closing any descriptor of a file drops SQLite's own locks on it, so a second one is never opened here.
        taken = place in _held
        lock = -1 if taken else os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}; choose another place with --out") from error
    if not taken:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            taken = True
    if taken:
        raise InputError(f"another process or task is working on {path}; wait for it or choose another --out")
    _held.add(place)
    return lock


def _unlock(path: Path, lock: int) -> None:
    """Give the file free; its database must be closed before."""
    os.close(lock)
    _held.discard(path.resolve())


@contextmanager
def _file_errors(path: Path) -> Iterator[None]:
    """SQLite's errors as sentences. What was committed before is safe in every case."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "full" in str(error):
            raise InputError(_no_space(path)) from error
        if "locked" in str(error):
            raise InputError(f"another program is writing {path}; close it and repeat the command") from error
        raise InputError(f"cannot work with {path} ({error}); choose another --out") from error
    except sqlite3.DatabaseError as error:
        raise InputError(f"{path} is not a run of distinguo, or damaged ({error}); choose another --out") from error


def _no_space(path: Path) -> str:
    return f"no space is left for {path}; free some, and the same command goes on"


class Store:
    """A run's file. One process at a time may write it; all methods return at once and belong to one thread."""

    def __init__(self, path: Path) -> None:
        """Open or create the file and lock it.

        Raises InputError when the place cannot be written, the file is no run, or another process works on it.
        """
        self.path = path
        self._lock = _lock(path)
        try:
            self._db = sqlite3.connect(path)
            self._run("PRAGMA journal_mode=WAL")
            self._run("PRAGMA synchronous=FULL")
            self._upgrade()
            self._run("UPDATE calls SET state = 'lost' WHERE state = 'in flight'")
            self._session: int | None = None
            self._opened = 0.0
            self._commit()
        except InputError:
            self._db.close()
            _unlock(path, self._lock)
            raise

    def _run(self, statement: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        with _file_errors(self.path):
            return self._db.execute(statement, values)

    def _commit(self) -> None:
        if self._session is not None:
            self._run("UPDATE sessions SET seconds = ? WHERE id = ?", (time.monotonic() - self._opened, self._session))
        with _file_errors(self.path):
            self._db.commit()

    def _upgrade(self) -> None:
        version = self._run("PRAGMA user_version").fetchone()[0]
        if version > len(_STEPS):
            raise InputError(f"{self.path} was written by a newer version of distinguo; upgrade to read it")
        for number, step in enumerate(_STEPS[version:], version + 1):
            with _file_errors(self.path):
                self._db.executescript(f"BEGIN; {step} PRAGMA user_version = {number}; COMMIT;")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Commit and close. May be called more than once."""
        if self._lock < 0:
            return
        try:
            self._commit()
        finally:
            self._db.close()
            _unlock(self.path, self._lock)
            self._lock = -1

    def clear(self) -> None:
        """Forget everything, so that the run is drawn anew."""
        for table in ("facts", "calls", "executions", "records", "sessions"):
            self._run(f"DELETE FROM {table}")
        self._session = None
        self._commit()

    # Time

    def begin(self) -> None:
        """Work on the run begins: from here to the last commit its seconds count, whatever ends the process."""
        self._opened = time.monotonic()
        self._session = self._run("INSERT INTO sessions (started) VALUES (?)", (time.time(),)).lastrowid
        self._commit()

    def seconds(self) -> float:
        """How long the run has been worked on, in this session and earlier ones."""
        if self._session is not None:
            self._commit()
        return float(self._run("SELECT TOTAL(seconds) FROM sessions").fetchone()[0])

    # Calls

    def completion(self, key: str) -> Completion | None:
        """The completion that arrived for this key, if one did."""
        row = self._run(
            f"SELECT {_COMPLETION}, estimated FROM calls WHERE key = ? AND state = 'arrived'", (key,)
        ).fetchone()
        return None if row is None else _completion(row)

    def call_started(self, key: str, model: str, request: Request, prompt_tokens: int = 0) -> int:
        """Note that a call is about to be sent; returns its number.

        prompt_tokens: an estimate, which stands until the call tells better. Raises InputError where the disk has no
        room for an answer.
        """
        disk = os.fstatvfs(self._lock)
        if disk.f_blocks and disk.f_bavail * disk.f_frsize < HEADROOM:
            raise InputError(_no_space(self.path))
        cursor = self._run(
            "INSERT INTO calls (key, prompt_key, model, role, sample, round, request, state, started, prompt_tokens,"
            " estimated) VALUES (?, ?, ?, ?, ?, ?, ?, 'in flight', ?, ?, ?)",
            (key, prompt_key(request), model, request.role, request.sample, request.round,
             json.dumps(asdict(request)), time.time(), prompt_tokens, prompt_tokens > 0),
        )  # fmt: skip
        self._commit()
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def call_arrived(self, call: int, completion: Completion) -> None:
        """Keep a completion; when this returns it is on disk."""
        self._run(
            "UPDATE calls SET state = 'arrived', seconds = ?, text = ?, reasoning = ?, finish_reason = ?,"
            " prompt_tokens = ?, completion_tokens = ?, estimated = ? WHERE id = ?",
            (completion.seconds, _storable(completion.text), _storable(completion.reasoning), completion.finish_reason,
             completion.prompt_tokens, completion.completion_tokens, completion.estimated, call),
        )  # fmt: skip
        self._commit()

    def call_failed(self, call: int, error: str, used: Usage | None = None) -> None:
        """Keep a call's error, and what it used; None where nobody said, so that the estimate stands."""
        self._run("UPDATE calls SET state = 'failed', error = ? WHERE id = ?", (_storable(error), call))
        if used is not None:
            self._run(
                "UPDATE calls SET prompt_tokens = ?, completion_tokens = ?, estimated = ? WHERE id = ?",
                (used.prompt_tokens, used.completion_tokens, used.estimated, call),
            )
        self._commit()

    def usage(self) -> Usage:
        """All calls sent for this run, in this session and earlier ones, and the tokens they used."""
        return sum(self.usage_by_model().values(), Usage())

    def usage_by_model(self) -> dict[str, Usage]:
        """The same, a model."""
        rows = self._run(
            "SELECT model, COUNT(*), SUM(prompt_tokens), SUM(completion_tokens), SUM(estimated) FROM calls"
            " GROUP BY model ORDER BY model"
        )
        return {model: Usage(*counts) for model, *counts in rows}

    def cut_answers(self) -> int:
        """How many answers the limit of tokens cut."""
        row = self._run("SELECT COUNT(*) FROM calls WHERE finish_reason = ?", (FinishReason.LENGTH,)).fetchone()
        return int(row[0])

    # Executions

    def execution(self, key: str) -> Execution | None:
        """The stored execution for this key, if there is one."""
        row = self._run(
            "SELECT status, output, error, printed, cpu_seconds, wall_seconds, memory_mb FROM executions WHERE key = ?",
            (key,),
        ).fetchone()
        if row is None:
            return None
        status, output, error, printed, *numbers = row
        return Execution(Verdict(status), _restored(output), _restored(error), _restored(printed), *numbers)

    def keep_execution(self, key: str, program: Program, stdin: str, execution: Execution) -> None:
        """Keep an execution with the next commit."""
        self._run(
            "INSERT OR REPLACE INTO executions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (key, _storable(program.source), _storable(stdin), execution.status, _storable(execution.output),
             _storable(execution.error), _storable(execution.printed), execution.cpu_seconds, execution.wall_seconds,
             execution.memory_mb),
        )  # fmt: skip

    # Records and facts

    def record(self, kind: str, key: str, body: Mapping[str, Any]) -> None:
        """Keep one record (a round, a question with its answer, the selection, the grade) with the next commit.

        A newer one of the same key replaces it.
        """
        self._run(
            "INSERT INTO records (kind, key, body) VALUES (?, ?, ?)"
            " ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body",
            (kind, key, json.dumps(body)),
        )

    def records(self, kind: str) -> dict[str, dict[str, Any]]:
        """All records of a kind, oldest first."""
        rows = self._run("SELECT key, body FROM records WHERE kind = ? ORDER BY id", (kind,))
        return {key: json.loads(body) for key, body in rows}

    def forget(self, kind: str) -> None:
        """Drop the records of a kind."""
        self._run("DELETE FROM records WHERE kind = ?", (kind,))
        self._commit()

    def set_facts(self, facts: Mapping[str, Any]) -> None:
        """Keep facts about the run: its problem, its settings."""
        for name, value in facts.items():
            self._run("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, json.dumps(value)))
        self._commit()

    def fact(self, name: str) -> Any:
        """A fact, or None."""
        row = self._run("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else json.loads(row[0])


_COMPLETION = "text, reasoning, finish_reason, prompt_tokens, completion_tokens, seconds"


def _completion(row: tuple[Any, ...]) -> Completion:
    text, reasoning, reason, prompt, answer, seconds, *estimated = row
    return Completion(
        _restored(text), _restored(reasoning), FinishReason(reason), prompt, answer, seconds, any(estimated)
    )


def _storable(text: str) -> str | bytes:
    """SQLite text is UTF-8; a text with lone surrogates is kept as bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def _restored(value: str | bytes) -> str:
    return value.decode("utf-8", "surrogatepass") if isinstance(value, bytes) else value


class Recording:
    """A finished or unfinished run, opened for reading only: what was answered to a request, or that it failed."""

    def __init__(self, path: Path) -> None:
        """Raises InputError when the file is missing or is no run."""
        if not os.path.isfile(path):  # noqa: PTH113 (Path.is_file raises for a name that is too long)
            raise InputError(f"there is no recorded run at {path}")
        try:
            self._db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
            self._db.execute("SELECT COUNT(*) FROM calls").fetchone()
        except sqlite3.DatabaseError as error:
            raise InputError(f"{path} is not a run of distinguo ({error})") from error

    def answer(self, request: Request) -> Completion | str | None:
        """The completion recorded for the same messages at the same place, its error's text, or None for a miss."""
        row = self._db.execute(
            f"SELECT state, error, {_COMPLETION} FROM calls WHERE prompt_key = ? AND state IN ('arrived', 'failed')"
            " ORDER BY state = 'arrived' DESC, id DESC LIMIT 1",
            (prompt_key(request),),
        ).fetchone()
        if row is None:
            return None
        state, error, *completion = row
        return _completion(tuple(completion)) if state == "arrived" else _restored(error)

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
