"""Data sets by name, and files and folders recognised by what they hold."""

import os
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from distinguo import folders
from distinguo.datasets import apps, codecontests, evalplus, folder, humaneval, kattis, livecodebench, mbpp
from distinguo.datasets.about import About
from distinguo.datasets.dataset import DataSet, Folders
from distinguo.datasets.fetching import Hub, fetch
from distinguo.datasets.formats import Format, Records
from distinguo.datasets.loaded import Loaded
from distinguo.datasets.places import PLACES, Place, find, part_of
from distinguo.datasets.table import first_record
from distinguo.errors import InputError

FORMATS: tuple[Format, ...] = (
    humaneval.FORMAT,
    evalplus.FORMAT,
    mbpp.FORMAT,
    livecodebench.FORMAT,
    codecontests.FORMAT,
    apps.TACO,
    apps.APPS,
)
"""The formats of files; the first that recognises a record is taken."""

NAMES = tuple(PLACES)
"""The data sets that have a name."""


def is_name(name: str) -> bool:
    """Whether a data set has this name, a release or split behind it included."""
    return name.partition("@")[0] in NAMES


def open_named(name: str, data: Path | None, hub: Hub) -> DataSet:
    """A data set by its name, from the folder or file `data`; without one from the user's cache, or from the hub.

    Raises InputError where its files are not there, cannot be fetched, or hold something else.
    """
    plain, part = part_of(name)
    place = PLACES[plain]
    files = place.alternatives(part)
    hint = f"give the folder that holds {' and '.join(files[0])} with --data or DISTINGUO_DATA"
    if data is not None:
        if os.path.isfile(data):  # noqa: PTH113 (Path.is_file raises for a name that is too long)
            return _of_files(name, (data,))
        try:
            paths = find([*(data / folder for folder in place.folders), data], files)
        except InputError as error:
            raise InputError(f"{name} is not whole: {error}") from error
        if not paths:
            raise InputError(f"{data} holds no file of {name}: {hint}")
        return _of_files(name, paths, place)
    return _of_cache(name, place, part, hub, hint)


def _of_cache(name: str, place: Place, part: str, hub: Hub, hint: str) -> DataSet:
    cached = folders.cache() / "data" / place.folders[-1]
    paths = _fetched(cached, place, part)
    if not paths:
        fetch(name, place, part, cached, hub, hint)
        paths = _fetched(cached, place, part)
    try:
        return _of_files(name, paths, place)
    except InputError as error:
        raise InputError(f"{error}; delete {paths[0].parent} and the next run fetches it anew") from error


def _fetched(cached: Path, place: Place, part: str) -> tuple[Path, ...]:
    """The files that are in the cache, where they are all there."""
    try:
        return find([cached], place.fetched[part])
    except InputError:
        return ()


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


def _of_files(name: str, paths: tuple[Path, ...], place: Place | None = None) -> DataSet:
    """place: whose records the files must hold, where they were not named one by one."""
    forms = place.forms if place else ()
    return _read(name, paths, forms, tuple(path.stat().st_mtime_ns for path in paths))


@lru_cache(maxsize=2)
def _read(name: str, paths: tuple[Path, ...], forms: tuple[str, ...], changed: tuple[int, ...]) -> DataSet:
    """changed: when the files were, so that a file that is replaced is read again."""
    record = first_record(paths[0])
    form = next((form for form in FORMATS if form.recognises(record)), None)
    if form is None:
        fields = ", ".join(sorted(record)[:8]) if isinstance(record, dict) else type(record).__name__
        raise InputError(f"{paths[0]} is in no known data set's format: its first record holds {fields}")
    if forms and form.name not in forms:
        raise InputError(f"{paths[0]} holds records of {form.name}, not of {name}")
    source = Records(paths, form)
    if not source.ids:
        raise InputError(f"{paths[0]} holds no tasks")
    return DataSet(name, source)


def _of_folder(path: Path) -> DataSet:
    found = [path] if _is_problem(path) else sorted(filter(_is_problem, _folders(path)))
    if not found:
        raise InputError(f"{path} holds no problems: a problem is a folder with a problem.md or problem.yaml")
    return DataSet(path.resolve().name, Folders(found, load_folder, _about_folder))


def _about_folder(path: Path) -> About:
    return kattis.about(path) if kattis.is_package(path) else About()


def _folders(path: Path) -> Iterable[Path]:
    return (inner for inner in path.iterdir() if inner.is_dir())


def _is_problem(path: Path) -> bool:
    return any((path / name).is_file() for name in ("problem.md", "problem.yaml"))
