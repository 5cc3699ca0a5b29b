"""Problems from where they lie: each importer returns a problem and, apart from it, its hidden tests.

A folder (folder.py), a Markdown file or standard input (markdown.py), or a task of a data set, `DATASET:ID`.
"""

import re
from collections.abc import Callable
from pathlib import Path

from distinguo.datasets import folder, humaneval, markdown
from distinguo.datasets.files import decode, read_text
from distinguo.datasets.loaded import Loaded
from distinguo.errors import InputError

__all__ = ["DATASETS", "Loaded", "load"]

DATASETS: dict[str, Callable[[str, Path | None], Loaded]] = {"humaneval": humaneval.load}
"""The data sets by name: a task's id and the place of the data to the task. Each raises InputError."""

_TASK = re.compile(r"([A-Za-z][\w@.+-]*):(.*)", re.DOTALL)
_FORMS = "a folder with a problem.md, a Markdown file, DATASET:ID or - for standard input"


def load(spec: str, *, data: Path | None, stdin: str | None = None) -> Loaded:
    """The problem that `spec` names, with its hidden tests where there are any.

    spec: a folder, a Markdown file, `humaneval:HumanEval/7`, or `-` for the text `stdin`. data: where data sets lie.
    Raises InputError in one sentence for whatever is missing or wrong.
    """
    if spec == "-":
        return markdown.load(_checked(stdin or ""), "stdin", "standard input")
    path = Path(spec)
    task = _TASK.fullmatch(spec)
    if task and task.group(1) in DATASETS:
        return DATASETS[task.group(1)](task.group(2), data)
    try:
        if path.is_dir():
            return folder.load(path)
        if path.exists():
            return markdown.load(read_text(path), path.stem, str(path))
    except (OSError, ValueError) as error:
        raise InputError(f"{spec!r} cannot be opened: {error}") from error
    if task:
        known = ", ".join(f"{name}:ID" for name in DATASETS)
        raise InputError(f"there is no data set {task.group(1)!r}; the data sets are {known}")
    raise InputError(f"{spec} does not exist; give {_FORMS}")


def _checked(text: str) -> str:
    """A text that arrived on standard input, where bytes that are not UTF-8 may have become surrogates."""
    return decode(text.encode("utf-8", "surrogateescape"), "standard input")
