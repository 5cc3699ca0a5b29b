"""Where the data sets that have a name lie: the names of their files, and the repositories that publish them.

What stands behind the @ of a name (`livecodebench@release_v2`, `codecontests@valid`) says which files are meant.
"""

import fnmatch
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from distinguo.datasets import livecodebench
from distinguo.datasets.files import natural
from distinguo.errors import InputError

Files = tuple[str, ...]
"""Patterns of the files that make up a data set, in order."""

_SHARD = re.compile(r"-(\d{5})-of-(\d{5})(?!\d)")


@dataclass(frozen=True, slots=True)
class Place:
    """A data set's files.

    folders: those of a user's data folder that the files may lie in; the last is also theirs in the user's cache.
    repository: on the Hugging Face hub; fetched: names of the files there, of alternatives the first that is there.
    local: other names under which they are published, looked for first.
    forms: the formats that the records may have.
    Both tables hold one entry for each word that may stand behind an @, "" for none.
    """

    folders: tuple[str, ...]
    repository: str
    fetched: Mapping[str, Sequence[Files]]
    forms: tuple[str, ...]
    local: Mapping[str, Sequence[Files]] = field(default_factory=dict)
    revision: str = "main"

    def alternatives(self, part: str) -> tuple[Files, ...]:
        """What to look for in a user's data folder, in this order."""
        return (*self.local.get(part, ()), *self.fetched[part])


def _split(*patterns: str) -> Callable[[str], list[Files]]:
    return lambda split: [(pattern.format(split),) for pattern in patterns]


def _splits(default: str, others: Iterable[str], files: Callable[[str], list[Files]]) -> dict[str, list[Files]]:
    return {"": files(default), **{split: files(split) for split in (default, *others)}}


def _mbpp(folder: str) -> list[Files]:
    """All splits, in the order of the one file that its authors publish."""
    return [tuple(f"{folder}/{split}-*.parquet" for split in ("prompt", "test", "validation", "train"))]


_LIVE = {part: [files] for part, files in livecodebench.FILES.items()}
_AS_FAR_AS_THERE = [livecodebench.FILES[f"release_v{number}"] for number in range(6, 0, -1)]


PLACES: dict[str, Place] = {
    "humaneval": Place(
        ("human-eval",), "openai/openai_humaneval", {"": [("openai_humaneval/test-*.parquet",)]}, ("HumanEval",),
        {"": [("HumanEval.jsonl.gz",), ("HumanEval.jsonl",)]},
    ),
    "humaneval+": Place(
        ("evalplus", "humanevalplus"), "evalplus/humanevalplus", {"": [("data/test-*.parquet",)]},
        ("EvalPlus", "HumanEval"),
        {"": [("HumanEvalPlus.jsonl.gz",), ("HumanEvalPlus*.jsonl",), ("HumanEvalPlus*.jsonl.gz",)]},
    ),
    "mbpp": Place(
        ("mbpp",), "google-research-datasets/mbpp", {"": _mbpp("full"), "sanitized": _mbpp("sanitized")}, ("MBPP",),
        {"": [("mbpp.jsonl",), ("mbpp.jsonl.gz",), ("sanitized-mbpp.json",)], "sanitized": [("sanitized-mbpp.json",)]},
    ),
    "mbpp+": Place(
        ("evalplus", "mbppplus"), "evalplus/mbppplus", {"": [("data/test-*.parquet",)]}, ("EvalPlus", "MBPP"),
        {"": [("MbppPlus.jsonl.gz",), ("MbppPlus*.jsonl",), ("MbppPlus*.jsonl.gz",)]},
    ),
    "livecodebench": Place(
        ("code_generation_lite", "livecodebench/code_generation_lite", "livecodebench"),
        "livecodebench/code_generation_lite", _LIVE, ("LiveCodeBench",), {"": _AS_FAR_AS_THERE},
    ),
    "codecontests": Place(
        ("code_contests",), "deepmind/code_contests",
        _splits("test", ("valid", "train"), _split("data/{}-*.parquet")), ("CodeContests",),
        _splits(
            "test", ("valid", "train"), _split("{}-*.parquet", "code_contests_{}.jsonl", "code_contests_{}.jsonl.gz")
        ),
    ),
    "apps": Place(("apps",), "codeparrot/apps", _splits("test", ("train",), _split("{}.jsonl")), ("APPS",)),
    "taco": Place(
        ("taco",), "BAAI/TACO",
        _splits("test", ("train",), _split("ALL/{}-*.parquet", "{}/data-*.arrow")), ("TACO",),
        _splits("test", ("train",), _split("{}-*.parquet", "{}.jsonl")),
    ),
}  # fmt: skip
"""The data sets that have a name."""


def part_of(name: str) -> tuple[str, str]:
    """A name and what stands behind its @. Raises InputError for what no data set has behind it."""
    plain, at, part = name.partition("@")
    parts = [known for known in PLACES[plain].fetched if known]
    if part in parts or not at:
        return plain, part
    if not parts:
        raise InputError(f"{plain} has no releases; write {plain}")
    if plain == "livecodebench":
        if found := livecodebench.named_range(part):
            return plain, found
        known = ", ".join(livecodebench.RELEASES)
        raise InputError(f"LiveCodeBench has no {part!r}: its releases are {known}; a range of them is v2..v4")
    raise InputError(f"{plain} has no {part!r}: write {plain}, {', '.join(f'{plain}@{known}' for known in parts)}")


def find(parents: Sequence[Path], alternatives: Sequence[Files]) -> tuple[Path, ...]:
    """The files of the first alternative that is whole, in the first folder that holds one; none where none is begun.

    Raises InputError where only some of an alternative's files are there.
    """
    begun = ""
    for parent in parents:
        for files in alternatives:
            found = list[Path]()
            for pattern in files:
                matching, missing = _matching(parent, pattern)
                if missing:
                    if found or matching:
                        begun = begun or f"{missing} is missing beside {(matching or found)[-1]}"
                    break
                found += matching
            else:
                return tuple(found)
    if begun:
        raise InputError(begun)
    return ()


def _matching(parent: Path, pattern: str) -> tuple[list[Path], str]:
    """The files of a pattern, all of one that is split into numbered ones, else the last; and what is missing."""
    *inner, name = pattern.split("/")
    there = parent.joinpath(*inner)
    names = matching_names(_names(there), name)
    paths = [there / found for found in names[0]]
    return paths, names[1]


def matching_names(names: Iterable[str], pattern: str) -> tuple[list[str], str]:
    """The names that a pattern means, and one that is missing, or "".

    Of numbered names all that belong together, of others (versions) the last.
    """
    found = sorted(fnmatch.filter(names, pattern), key=natural)
    if not found:
        return [], pattern
    shard = _SHARD.search(found[-1])
    if shard is None:
        return found[-1:], ""
    whole = [name for name in found if (match := _SHARD.search(name)) and match[2] == shard[2]]
    numbers = {int(match[1]) for name in whole if (match := _SHARD.search(name))}
    absent = next((number for number in range(int(shard[2])) if number not in numbers), None)
    return whole, "" if absent is None else _SHARD.sub(f"-{absent:05}-of-{shard[2]}", found[-1])


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208  names are what is wanted
    except (OSError, ValueError):  # there is no such folder, or no such name can be
        return []
