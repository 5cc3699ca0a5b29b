"""A run's file read piece by piece: no more than one problem of one arm is held, however large the file."""

import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from distinguo.bench import runfile
from distinguo.bench.records import Arm, Facts, Result, result
from distinguo.config import derive_seed
from distinguo.errors import InputError
from distinguo.records import Role
from distinguo.store.schema import restored

_ROUND = re.compile(r"(\d+)\.(\d+)")

Body = dict[str, Any]
Place = tuple[int, int]  # a sample and one of its rounds


class Source:
    """What a run's file holds. dataset: the data set's name. arms: by key. problems: the ids, in their order."""

    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        """Another process may write the file: all that is read is as it was now.

        Raises InputError where it is no run of `bench`, or holds no results yet.
        """
        self._db = db
        db.execute("BEGIN")
        row = db.execute("SELECT value FROM facts WHERE name = 'bench'").fetchone()
        if row is None:
            raise InputError(f"{path} is no run of distinguo bench; `bench export` takes what --out named")
        self.dataset = str(json.loads(row[0])["dataset"])
        found = db.execute("SELECT key, body FROM records WHERE kind = ? ORDER BY id", (runfile.ARM,))
        self.arms = {key: Arm(**json.loads(body)) for key, body in found}
        kept = db.execute("SELECT key FROM records WHERE kind = ? ORDER BY id", (runfile.PROBLEM,))
        self.problems = tuple(key for (key,) in kept)
        if not self._body_exists(runfile.RESULT):
            raise InputError(f"{path} holds no results yet; the same `bench run` command goes on with it")

    def arm(self, wanted: str) -> Arm:
        """An arm by its key or name. Raises InputError where there is none, or several have the name."""
        named = [one for one in self.arms.values() if wanted in (one.key, one.name)]
        if len(named) == 1:
            return named[0]
        if named:
            raise InputError(
                f"several arms are called {wanted!r}; their keys are {', '.join(one.key for one in named)}"
            )
        raise InputError(f"there is no arm {wanted!r}; the arms are {', '.join(repr(n) for n in self._names())}")

    def only_arm(self) -> Arm:
        """The arm of a run that has one. Raises InputError where it has several."""
        if len(self.arms) > 1:
            raise InputError(f"choose one of its arms with --arm: {', '.join(repr(name) for name in self._names())}")
        return next(iter(self.arms.values()))

    def _names(self) -> list[str]:
        return [one.name for one in self.arms.values()]

    def facts(self, problem: str) -> Facts:
        """What is known about a problem."""
        return Facts(**(self._record(runfile.PROBLEM, problem) or {}))

    def result(self, arm: Arm, problem: str) -> Result | None:
        """What an arm came to on a problem, None where it has not come to it."""
        body = self._record(runfile.RESULT, f"{arm.key}/{problem}")
        return None if body is None else result(body)

    def selection(self, arm: Arm, problem: str) -> Body:
        """The choice as records.Selection has it, {} where there is none."""
        return self._record("selection", f"{arm.key}/{problem}") or {}

    def places(self, arm: Arm, problem: str) -> list[Place]:
        """The rounds of an arm's samples that the file holds, in order."""
        begin = f"{arm.key}/{problem}/"
        keys = self._db.execute(  # "0" comes right after "/"
            "SELECT key FROM records WHERE kind = 'round' AND key >= ? AND key < ?", (begin, f"{begin[:-1]}0")
        )
        found = [_ROUND.fullmatch(key, len(begin)) for (key,) in keys]
        return sorted((int(match[1]), int(match[2])) for match in found if match)

    def round(self, arm: Arm, problem: str, place: Place) -> Body | None:
        """A round as records.Round has it, with `passed` and `finish_reason`; None where the file does not hold it."""
        return self._record("round", f"{arm.key}/{problem}/{place[0]}.{place[1]}")

    # Calls

    def calls(self) -> Iterator[Body]:
        """Every try that was sent, by role, sample and round; `problem` is None where the file does not tell it."""
        numbers = self._db.execute("SELECT id, role, sample, round FROM calls ORDER BY role, sample, round, id")
        place, problems = None, dict[int, str]()
        for number, *here in numbers:
            if here != place:
                place, problems = here, self._seeds(Role(here[0]), here[1], here[2])
            row = self._db.execute(f"SELECT {', '.join(_CALL)} FROM calls WHERE id = ?", (number,)).fetchone()
            call = dict(zip(_CALL, map(_text, row), strict=True))
            request = json.loads(call.pop("request"))
            call |= {name: request[name] for name in ("temperature", "seed", "max_tokens", "messages")}
            yield call | {"problem": problems.get(request["seed"]), "estimated": bool(call["estimated"])}

    def _seeds(self, role: Role, sample: int, round: int) -> dict[int, str]:
        """The problem that a call is for, by the seed that was derived from it."""
        given = {int(one.settings["seed"]) for one in self.arms.values()}
        return {derive_seed(seed, name, role, sample, round): name for seed in given for name in self.problems}

    def answers(self, arm: Arm, problem: str) -> dict[Place, tuple[str, str]]:
        """The texts, each with its reasoning, that an arm's rounds took their programs from."""
        numbers = (self._record(runfile.CALLS, f"{arm.key}/{problem}") or {}).get("calls", ())
        found: dict[Place, tuple[str, str]] = {}
        for number in numbers:
            row = self._db.execute(
                "SELECT sample, round, text, reasoning FROM calls WHERE id = ? AND role IN (?, ?)",
                (number, Role.GENERATOR, Role.DEBUGGER),
            ).fetchone()
            if row is not None:
                found[row[0], row[1]] = restored(row[2]), restored(row[3])
        return found

    # Records

    def _record(self, kind: str, key: str) -> Body | None:
        row = self._db.execute("SELECT body FROM records WHERE kind = ? AND key = ?", (kind, key)).fetchone()
        return None if row is None else json.loads(row[0])

    def _body_exists(self, kind: str) -> bool:
        return self._db.execute("SELECT 1 FROM records WHERE kind = ? LIMIT 1", (kind,)).fetchone() is not None


_CALL = (
    "id", "model", "role", "sample", "round", "state", "started", "seconds", "request", "text", "reasoning",
    "finish_reason", "prompt_tokens", "completion_tokens", "estimated", "error",
)  # fmt: skip


def _text(value: Any) -> Any:
    return restored(value) if isinstance(value, bytes) else value
