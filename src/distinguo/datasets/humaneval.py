"""HumanEval (Chen et al. 2021, arXiv 2107.03374): 164 functions, each with a docstring and hidden assertions.

The whole prompt is the problem's starter: imports, helpers, signature and docstring. Examples of the docstring become
public tests. Read from `HumanEval.jsonl.gz` or `HumanEval.jsonl`, as its authors publish it.
"""

import ast
import gzip
import json
import os
import zlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from distinguo.datasets.calls import parameters, signature
from distinguo.datasets.examples import Example, as_tests, examples
from distinguo.datasets.files import read_bytes
from distinguo.datasets.loaded import Loaded
from distinguo.errors import InputError
from distinguo.problem import CallStyle, HiddenTests, Problem, Test

_FILES = ("HumanEval.jsonl.gz", "HumanEval.jsonl")
_FIELDS = ("task_id", "prompt", "entry_point", "test")

# Published examples that contradict the hidden tests.
ERRATA: dict[str, frozenset[Example]] = {
    "HumanEval/47": frozenset({("([-10, 4, 6, 1000, 10, 20],)", "15.0")}),
    "HumanEval/116": frozenset(
        {
            ("([1, 5, 2, 3, 4],)", "[1, 2, 3, 4, 5]"),
            ("([-2, -3, -4, -5, -6],)", "[-6, -5, -4, -3, -2]"),
        }
    ),
    "HumanEval/130": frozenset({("(1,)", "3"), ("(2,)", "2"), ("(3,)", "8"), ("(4,)", "3")}),
    "HumanEval/148": frozenset({("('Earth', 'Mercury')", "'Venus'")}),
}


def load(identifier: str, data: Path | None) -> Loaded:
    """One task by its id, `HumanEval/7` or `7`. Raises InputError where the file or the task is not there."""
    tasks = _tasks(_find(data))
    task = tasks.get(identifier) or tasks.get(f"HumanEval/{identifier}")
    if task is None:
        example = next(iter(tasks), "HumanEval/0")
        raise InputError(f"HumanEval has no task {identifier!r}: there are {len(tasks)}, such as humaneval:{example}")
    return Loaded(_problem(task), HiddenTests(task["task_id"], assertions=task["test"]))


def _find(data: Path | None) -> Path:
    hint = "give the folder that holds HumanEval.jsonl.gz with --data or DISTINGUO_DATA"
    if data is None:
        raise InputError(f"humaneval needs its file: {hint}")
    places = [data, *(folder / name for folder in (data, data / "human-eval") for name in _FILES)]
    for place in places:
        if os.path.isfile(place):  # noqa: PTH113 (Path.is_file raises for a name that is too long)
            return place
    raise InputError(f"{data} holds no HumanEval file: {hint}")


@lru_cache(maxsize=1)
def _tasks(path: Path) -> dict[str, dict[str, Any]]:
    content = read_bytes(path)
    try:
        text = (gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content).decode()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InputError(f"{path} is damaged, fetch it again: {error}") from error
    rows = [_row(path, number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not rows:
        raise InputError(f"{path} holds no tasks")
    return {row["task_id"]: row for row in rows}


def _row(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}, line {number}: not JSON ({error})") from error
    if not isinstance(row, dict) or not all(isinstance(row.get(field), str) for field in _FIELDS):
        raise InputError(f"{path}, line {number}: a HumanEval task has the texts {', '.join(_FIELDS)}")
    return row


def _problem(task: dict[str, Any]) -> Problem:
    return Problem(
        id=task["task_id"],
        statement="",
        style=CallStyle.FUNCTION,
        entry=task["entry_point"],
        starter=task["prompt"],
        public_tests=public_tests(task["task_id"], task["prompt"], task["entry_point"]),
        checker="values",
    )


def public_tests(task_id: str, prompt: str, entry: str) -> tuple[Test, ...]:
    """The examples of the docstring, without those that are known to be wrong."""
    function = signature(prompt, entry)
    wrong = ERRATA.get(task_id, frozenset())
    found = examples(_docstring(prompt, entry), entry, parameters(function))
    return as_tests(example for example in found if example not in wrong)


def _docstring(prompt: str, entry: str) -> str:
    """The source of the entry's docstring (its escapes as written), also where a statement stands before it."""
    function = signature(prompt, entry)
    texts = [node.value for node in function.body if isinstance(node, ast.Expr)] if function else []
    source = next((ast.get_source_segment(prompt, text) for text in texts if isinstance(text, ast.Constant)), None)
    return source.lstrip("rRbBuU").strip("\"'") if source else ""
