"""Runs whose candidates are known programs of a small data set, and the command that exports them."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from distinguo import cli_bench
from distinguo.bench.records import Result, RoundGrade, SampleGrade, State
from distinguo.problem import CallStyle, Program
from distinguo.records import Verdict
from distinguo.store import Store
from fakes import bench

PROMPT = 'def twice(x):\n    """ Twice. """\n'
HELPED = 'import math\n\n\ndef root(x, *, digits=2):\n    """ The square root. """\n'
TASKS = [
    {"task_id": "HumanEval/0", "prompt": PROMPT, "entry_point": "twice", "test": "def check(candidate):\n    pass\n"},
    {"task_id": "HumanEval/1", "prompt": HELPED, "entry_point": "root", "test": "def check(candidate):\n    pass\n"},
]
PROGRAMS = {
    "HumanEval/0": [
        PROMPT + "    return 2 * x\n",
        "def twice(x):\n    'Both.'\n    # both\n    return x + x\n",
        "def twice(x): return x\n",
    ],
    "HumanEval/1": [
        "import math\n\ndef root(x, *, digits=2):\n    return round(math.sqrt(x), digits)\n",
        "def half(x):\n    return x / 2\n\ndef root(x, *, digits=2):\n    return half(x)\n",
        HELPED.replace("\n\n\n", "\n") + "    return x\n",
    ],
}  # fmt: skip


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def solved(tmp_path: Path, programs: dict[str, list[str | None]], language: str = "python") -> Path:
    """The file of a run of one arm whose samples have these programs; the last one is chosen."""
    arm = bench.arm("sstar", n=len(next(iter(programs.values()))), rounds=0)
    empty = bench.run([arm], list(programs), path=tmp_path / "solved.sqlite")
    results = {
        (arm.key, problem): Result(
            arm.key,
            problem,
            State.DONE,
            chosen=len(sources) - 1 if sources[-1] is not None else None,
            samples=tuple(
                SampleGrade(i, (RoundGrade(source or "", 0, Verdict.WA),), None if source is None else 0)
                for i, source in enumerate(sources)
            ),
        )
        for problem, sources in programs.items()
    }
    path = bench.write(tmp_path / "solved.sqlite", replace(empty, results=results), rounds=False)
    with Store(path) as store:
        for problem, sources in programs.items():
            for i, source in enumerate(sources):
                program = None if source is None else asdict(Program(source, CallStyle.FUNCTION, "f", language))
                body = {"sample": i, "index": 0, "program": program, "error": "", "passed": 0, "finish_reason": "stop"}
                store.record("round", f"{arm.key}/{problem}/{i}.0", body)
    return path


def command(*arguments: object) -> tuple[int, bytes, str]:
    done = CliRunner().invoke(cli_bench.app, ["export", *map(str, arguments)])
    return done.exit_code, done.stdout_bytes, done.stderr
