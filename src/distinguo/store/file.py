"""The file of a run, for the one process that writes it."""

import asyncio
import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from distinguo.errors import InputError
from distinguo.problem import Program
from distinguo.records import Completion, Execution, FinishReason, Request, Usage, Verdict
from distinguo.store.files import file_errors, lock_file, no_space, unlock_file
from distinguo.store.keys import prompt_key
from distinguo.store.schema import COMPLETION, NAMED, SHORT, STEPS, completion, restored, storable

HEADROOM = 8 << 20  # bytes on disk, for the answers to all calls in flight, before another call is sent


class Store:
    """A run's file. One process at a time may write it; all methods return at once and belong to one thread."""

    def __init__(self, path: Path) -> None:
        """Open or create the file and lock it.

        Raises InputError when the place cannot be written, the file is no run, or another process works on it.
        """
        self.path = path
        self._lock = lock_file(path)
        try:
            self._db = sqlite3.connect(path)
            self._run("PRAGMA journal_mode=WAL")
            self._run("PRAGMA synchronous=NORMAL")  # see `flush`
            self._committed = self._flushed = 0
            self._flushing = asyncio.Lock()
            self._session: int | None = None
            self._opened = 0.0
            self._upgrade()
            self._run("UPDATE calls SET state = 'lost' WHERE state = 'in flight'")
            self._commit()
            self._log = os.open(f"{path}-wal", os.O_RDONLY | os.O_CLOEXEC)  # SQLite holds no lock on this file
        except InputError:
            self._db.close()
            unlock_file(path, self._lock)
            raise

    def _run(self, statement: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        with file_errors(self.path):
            return self._db.execute(statement, values)

    def _commit(self) -> None:
        if self._session is not None:
            self._run("UPDATE sessions SET seconds = ? WHERE id = ?", (time.monotonic() - self._opened, self._session))
        with file_errors(self.path):
            self._db.commit()
        self._committed += 1

    async def flush(self) -> None:
        """Wait until all that is committed has reached the disk itself: then it survives the machine's end, too.

        Those who wait at the same time share one flush. Raises InputError where the disk fails.
        """
        mine = self._committed
        async with self._flushing:
            if self._flushed >= mine:
                return
            covered = self._committed
            try:
                await asyncio.to_thread(os.fsync, self._log)
            except OSError as error:
                raise InputError(f"{self.path} cannot be written ({error.strerror}); choose another --out") from error
            self._flushed = covered

    def _upgrade(self) -> None:
        version = self._run("PRAGMA user_version").fetchone()[0]
        if version > len(STEPS):
            raise InputError(f"{self.path} was written by a newer version of distinguo; upgrade to read it")
        for number, step in enumerate(STEPS[version:], version + 1):
            with file_errors(self.path):
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
            os.close(self._log)
            self._db.close()
            unlock_file(self.path, self._lock)
            self._lock = -1

    def clear(self) -> None:
        """Forget everything, so that the run is drawn anew."""
        for table in ("facts", "calls", "executions", "records", "sessions", "texts"):
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
            f"SELECT {COMPLETION}, estimated FROM calls WHERE key = ? AND state = 'arrived'", (key,)
        ).fetchone()
        return None if row is None else completion(row)

    def arrived(self, key: str) -> int | None:
        """The number of the call that brought the completion for this key, if one did."""
        row = self._run("SELECT id FROM calls WHERE key = ? AND state = 'arrived'", (key,)).fetchone()
        return None if row is None else int(row[0])

    def call_started(self, key: str, model: str, request: Request, prompt_tokens: int = 0) -> int:
        """Note that a call is about to be sent; returns its number.

        prompt_tokens: an estimate, which stands until the call tells better. Raises InputError where the disk has no
        room for an answer.
        """
        if not self.has_room():
            raise InputError(no_space(self.path))
        cursor = self._run(
            "INSERT INTO calls (key, prompt_key, model, role, sample, round, request, state, started, prompt_tokens,"
            " estimated) VALUES (?, ?, ?, ?, ?, ?, ?, 'in flight', ?, ?, ?)",
            (key, prompt_key(request), model, request.role, request.sample, request.round,
             json.dumps(asdict(request)), time.time(), prompt_tokens, prompt_tokens > 0),
        )  # fmt: skip
        self._commit()
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def has_room(self) -> bool:
        """Whether the disk has room for the answers to calls in flight."""
        disk = os.fstatvfs(self._lock)
        return not disk.f_blocks or disk.f_bavail * disk.f_frsize >= HEADROOM

    def call_arrived(self, call: int, completion: Completion) -> None:
        """Keep a completion. It survives this process when this returns, and the machine after `flush`."""
        self._run(
            "UPDATE calls SET state = 'arrived', seconds = ?, text = ?, reasoning = ?, finish_reason = ?,"
            " prompt_tokens = ?, completion_tokens = ?, estimated = ? WHERE id = ?",
            (completion.seconds, storable(completion.text), storable(completion.reasoning), completion.finish_reason,
             completion.prompt_tokens, completion.completion_tokens, completion.estimated, call),
        )  # fmt: skip
        self._commit()

    def call_failed(self, call: int, error: str, used: Usage | None = None) -> None:
        """Keep a call's error, and what it used; None where nobody said, so that the estimate stands."""
        self._run("UPDATE calls SET state = 'failed', error = ? WHERE id = ?", (storable(error), call))
        if used is not None:
            self._run(
                "UPDATE calls SET prompt_tokens = ?, completion_tokens = ?, estimated = ? WHERE id = ?",
                (used.prompt_tokens, used.completion_tokens, used.estimated, call),
            )
        self._commit()

    def usage_of(self, calls: Iterable[int]) -> dict[tuple[str, str], tuple[Usage, float]]:
        """What these calls used, and their seconds, summed by role and model."""
        found = dict[tuple[str, str], tuple[Usage, float]]()
        for call in calls:
            role, model, prompt, answer, estimated, seconds = self._run(
                "SELECT role, model, prompt_tokens, completion_tokens, estimated, seconds FROM calls WHERE id = ?",
                (call,),
            ).fetchone()
            usage, spent = found.get((role, model), (Usage(), 0.0))
            found[role, model] = usage + Usage(1, prompt, answer, estimated), spent + (seconds or 0.0)
        return found

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
        return Execution(Verdict(status), restored(output), restored(error), restored(printed), *numbers)

    def keep_execution(self, key: str, program: Program, stdin: str, execution: Execution) -> None:
        """Keep an execution with the next commit."""
        self._run(
            "INSERT OR REPLACE INTO executions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (key, self._once(program.source), self._once(stdin), execution.status, storable(execution.output),
             storable(execution.error), storable(execution.printed), execution.cpu_seconds, execution.wall_seconds,
             execution.memory_mb),
        )  # fmt: skip

    def _once(self, text: str) -> str | bytes:
        """A program or an input as its rows have it: a long one is kept once, and named."""
        if len(text) <= SHORT and not text.startswith(NAMED):
            return storable(text)
        name = NAMED + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        self._run("INSERT OR IGNORE INTO texts VALUES (?, ?)", (name, storable(text)))
        return name

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

    def each_record(self, kind: str) -> Iterator[dict[str, Any]]:
        """The bodies of a kind's records one after another, oldest first."""
        for (body,) in self._run("SELECT body FROM records WHERE kind = ? ORDER BY id", (kind,)):
            yield json.loads(body)

    def one_record(self, kind: str, key: str) -> dict[str, Any]:
        """The body of one record; empty where there is none."""
        row = self._run("SELECT body FROM records WHERE kind = ? AND key = ?", (kind, key)).fetchone()
        return {} if row is None else json.loads(row[0])

    def drop_record(self, kind: str, key: str) -> None:
        """Forget one record."""
        self._run("DELETE FROM records WHERE kind = ? AND key = ?", (kind, key))

    def forget(self, kind: str, section: str = "") -> None:
        """Drop the records of a kind, or those of them in a section (see section.py)."""
        if section:
            # "0" is the letter behind "/": a range that the index finds, whatever letters the name has
            within = (kind, section, f"{section}/", f"{section}0")
            self._run("DELETE FROM records WHERE kind = ? AND (key = ? OR (key >= ? AND key < ?))", within)
        else:
            self._run("DELETE FROM records WHERE kind = ?", (kind,))
        self._commit()

    def commit(self) -> None:
        """Put on disk what waits for the next commit."""
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
