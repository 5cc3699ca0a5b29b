"""Runs of `distinguo bench run` as processes that are killed at random moments, against a deterministic model."""

import json
import random
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from fakes import coder
from fakes.command import Cli

METHODS = ("--method", "zero-shot", "--method", "majority", "--method", "sstar", "--method", "distinguo")


def problems(folder: Path, number: int) -> Path:
    """A folder with so many problems, each a little other than the next."""
    for index in range(number):
        problem = folder / f"largest-{index}"
        (problem / "tests").mkdir(parents=True)
        (problem / "hidden").mkdir()
        (problem / "problem.md").write_text(f"{coder.STATEMENT}\nThis is task {index}.\n")
        for name, (given, expected) in {
            "tests/1": coder.TEST,
            "hidden/1": ("9 2 1\n", "9\n"),
            "hidden/2": ("-3 -2 -5\n", "-2\n"),
        }.items():
            (problem / name).with_suffix(".in").write_text(given)
            (problem / name).with_suffix(".out").write_text(expected)
    return folder


def command(folder: Path, out: Path) -> tuple[object, ...]:
    """What `distinguo` is called with."""
    asked = ("--model", "openai/fake", "-n", 4, "--rounds", 1, "--set", "slots=8")
    return ("bench", "run", "--dataset", folder, *METHODS, *asked, "--out", out, "--json")


def whole(cli: Cli, folder: Path, out: Path) -> None:
    """A run that nothing interrupts."""
    done = cli.run(*command(folder, out))
    assert done.returncode == 0, done.stderr


def killed(cli: Cli, folder: Path, out: Path, kills: int, *, seed: int, longest: float) -> int:
    """A run that is killed so often, after up to `longest` seconds of work each time, and then left to end.

    Returns how often it was killed before it was done.
    """
    draw, cut = random.Random(seed), 0
    for _ in range(kills):
        process = cli.start(*command(folder, out))
        while process.poll() is None and not _calls(out):
            time.sleep(0.05)
        time.sleep(draw.uniform(0, longest))
        cut += process.poll() is None
        process.kill()
        with_output(process)
    whole(cli, folder, out)
    return cut


def with_output(process: subprocess.Popen[str]) -> None:
    """Wait for its end and read what it said."""
    process.communicate(timeout=60)


def _calls(out: Path) -> int:
    try:
        with closing(sqlite3.connect(f"{out.as_uri()}?mode=ro", uri=True)) as db:
            return int(db.execute("SELECT COUNT(*) FROM calls WHERE state = 'arrived'").fetchone()[0])
    except sqlite3.Error:
        return 0


def records(out: Path) -> dict[Any, Any]:
    """Everything that a run came to, but for times and the numbers of calls; and the calls that arrived."""
    with closing(sqlite3.connect(f"{out.as_uri()}?mode=ro", uri=True)) as db:
        found: dict[Any, Any] = {
            (kind, key): timeless(json.loads(body))
            for kind, key, body in db.execute("SELECT kind, key, body FROM records WHERE kind != 'bench-calls'")
        }
        found["calls"] = sorted(db.execute("SELECT key, text FROM calls WHERE state = 'arrived'"))
    return found


def timeless(body: Any) -> Any:
    """Plain data without what differs from run to run."""
    if isinstance(body, dict):
        return {name: timeless(value) for name, value in body.items() if not _is_time(name)}
    return [timeless(value) for value in body] if isinstance(body, list) else body


def _is_time(name: str) -> bool:
    return name.endswith("seconds") or name in ("seconds", "memory_mb")
