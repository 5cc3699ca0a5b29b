"""Problems from where they lie: each importer returns a problem and, apart from it, its hidden tests.

`load` reads one problem: a folder (folder.py), a problem package (kattis.py), a Markdown file or standard input
(markdown.py), or a task of a data set, `DATASET:ID`. `open` gives a whole data set (dataset.py, named.py), and
samples.py reads other people's programs for it.
"""

import re
from pathlib import Path

from distinguo.datasets import markdown, named
from distinguo.datasets.dataset import DataSet
from distinguo.datasets.fetching import Hub, HuggingFace
from distinguo.datasets.files import decode, read_text
from distinguo.datasets.loaded import Loaded
from distinguo.datasets.named import NAMES, is_name
from distinguo.datasets.samples import Sample
from distinguo.errors import InputError

__all__ = ["NAMES", "DataSet", "Loaded", "Sample", "load", "open"]

_HUB = HuggingFace()
_TASK = re.compile(r"([A-Za-z][\w@.+-]*):(.*)", re.DOTALL)
_FORMS = "a folder with a problem.md or problem.yaml, a Markdown file, DATASET:ID or - for standard input"


def open(name: str, data: Path | None = None, *, hub: Hub = _HUB) -> DataSet:
    """The data set of this name.

    name: one of NAMES, with `@` and a release or split where it has several (`livecodebench@release_v2`,
    `codecontests@valid`; docs/datasets.md); a folder that is a problem or holds problems, in problem packages or
    folders of one's own; or the path of a data set's file, recognised by its fields.
    data: where data sets lie. Without it, what has a name is looked for in the user's cache and else fetched from hub.
    Raises InputError in one sentence for whatever is missing or wrong.
    """
    return named.open_named(name, data, hub) if is_name(name) else named.open_path(Path(name))


def load(spec: str, *, data: Path | None, stdin: str | None = None, hub: Hub = _HUB) -> Loaded:
    """The problem that `spec` names, with its hidden tests where there are any.

    spec: a folder, a Markdown file, `humaneval:HumanEval/7`, or `-` for the text `stdin`.
    data: where data sets lie, hub: where they are fetched from, as for `open`.
    Raises InputError in one sentence for whatever is missing or wrong.
    """
    if spec == "-":
        return markdown.load(_checked(stdin or ""), "stdin", "standard input")
    path = Path(spec)
    task = _TASK.fullmatch(spec)
    if task and is_name(task.group(1)):
        return named.open_named(task.group(1), data, hub).get(task.group(2))
    try:
        if path.is_dir():
            return named.load_folder(path)
        if path.exists():
            return markdown.load(read_text(path), path.stem, str(path))
    except (OSError, ValueError) as error:
        raise InputError(f"{spec!r} cannot be opened: {error}") from error
    if task:
        known = ", ".join(f"{name}:ID" for name in NAMES)
        raise InputError(f"there is no data set {task.group(1)!r}; the data sets are {known}")
    raise InputError(f"{spec} does not exist; give {_FORMS}")


def _checked(text: str) -> str:
    """A text that arrived on standard input, where bytes that are not UTF-8 may have become surrogates."""
    return decode(text.encode("utf-8", "surrogateescape"), "standard input")
