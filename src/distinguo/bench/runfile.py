"""A run's file as reports and exports read it: its arms, the facts about its problems, their results."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from distinguo.bench.records import Arm, Facts, Result, result
from distinguo.errors import InputError

# Kinds of records
ARM, PROBLEM, RESULT, LEFT_OUT = "bench-arm", "bench-problem", "bench-result", "bench-left-out"
CALLS = "bench-calls"  # the numbers of the calls whose answers an arm used on a problem


@dataclass(frozen=True, slots=True)
class Run:
    """What a run's file holds. dataset: the data set's name. chosen: how its problems were chosen, in a sentence or "".

    arms and facts: by their keys, in the order in which they were begun; facts has every problem that is to be solved,
    also those without a result. results: by arm and problem. left_out: why problems
    could not be run. sandbox: how programs were isolated. version: distinguo's. command: that began or
    went on with it last, "" from Python.
    """

    path: Path
    dataset: str
    chosen: str
    arms: dict[str, Arm]
    facts: dict[str, Facts]
    results: dict[tuple[str, str], Result]
    left_out: dict[str, str] = field(default_factory=dict)
    sandbox: str = ""
    version: str = ""
    command: str = ""

    def of(self, arm: str) -> dict[str, Result]:
        """The results of an arm, by problem."""
        return {problem: found for (key, problem), found in self.results.items() if key == arm}


def read(path: Path) -> Run:
    """Read a run's file, which another process may be writing.

    Raises InputError when it is missing, is no run of `bench`, or holds nothing yet.
    """
    with reading(path) as db:
        facts = {name: json.loads(value) for name, value in db.execute("SELECT name, value FROM facts")}
        if "bench" not in facts:
            raise InputError(f"{path} is no run of distinguo bench; `bench report` takes what --out named")
        arms = {key: Arm(**body) for key, body in _records(db, ARM)}
        problems = {key: Facts(**body) for key, body in _records(db, PROBLEM)}
        left_out = {key: body["why"] for key, body in _records(db, LEFT_OUT)}
        results = [result(body) for _, body in _records(db, RESULT)]
    if not results:
        raise InputError(f"{path} holds no results yet; the same `bench run` command goes on with it")
    return Run(
        path=path,
        arms=arms,
        facts=problems,
        results={(one.arm, one.problem): one for one in results},
        left_out=left_out,
        **facts["bench"],
    )


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """The file's database, to read only. Raises InputError where that fails."""
    if not path.is_file():
        raise InputError(f"there is no run at {path}; `distinguo bench run --out {path}` makes one")
    try:
        db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        try:
            yield db
        finally:
            db.close()
    except (sqlite3.DatabaseError, TypeError, KeyError, ValueError) as error:
        raise InputError(f"{path} is not a run of distinguo, or another version wrote it ({error})") from error


def _records(db: sqlite3.Connection, kind: str) -> Iterator[tuple[str, Any]]:
    for key, body in db.execute("SELECT key, body FROM records WHERE kind = ? ORDER BY id", (kind,)):
        yield key, json.loads(body)
