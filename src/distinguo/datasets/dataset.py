"""Data sets as a whole: the problems of a file or folder by id, each made when it is asked for."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from distinguo.datasets.loaded import Loaded
from distinguo.datasets.rows import Table
from distinguo.errors import InputError
from distinguo.problem import HiddenTests, Problem

Record = dict[str, Any]


class Source(Protocol):
    """Where the problems of a data set come from."""

    @property
    def ids(self) -> Sequence[str]:
        """The ids in order."""

    def problem(self, task_id: str) -> Problem:
        """The problem of one of the ids. Raises InputError where its data are wrong."""

    def hidden(self, task_id: str) -> HiddenTests | None:
        """Its hidden tests. Raises InputError where its data are wrong."""

    def by_prompt(self, prompt: str) -> str | None:
        """The id of the task whose prompt this is: equal, or else one that announces the same function.

        The latter is for prompts that others cut: their examples are missing, but not the lines before the docstring
        and how its first line begins. None where no task or more than one is meant.
        """

    def program(self, task_id: str, source: str) -> str:
        """A whole program as the data set's authors would run it, with what they put in front."""


class DataSet:
    """Problems with their hidden tests. Nothing but ids and places is held; each problem is made anew when asked for.

    name: as reports show it. ids: in order.
    """

    def __init__(self, name: str, source: Source) -> None:
        self.name = name
        self.ids = tuple(source.ids)
        self.source = source
        self._spelled: dict[str, str] = {}
        ambiguous = set[str]()
        for task_id in self.ids:
            for spelling in _spellings(task_id):
                if self._spelled.setdefault(spelling, task_id) != task_id:
                    ambiguous.add(spelling)
        for spelling in ambiguous:
            del self._spelled[spelling]
        self._spelled.update((task_id, task_id) for task_id in self.ids)

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[Loaded]:
        return map(self.get, self.ids)

    def find(self, task_id: str | int) -> str | None:
        """The id that is meant: `HumanEval/7`, `7`, `Mbpp/2` for `MBPP/2`; None where no task or more than one is."""
        task_id = str(task_id)
        return self._spelled.get(task_id) or self._spelled.get(_spellings(task_id)[0])

    def by_prompt(self, prompt: str) -> str | None:
        """The id of the task whose prompt this is; see Source."""
        return self.source.by_prompt(prompt)

    def problem(self, task_id: str | int) -> Problem:
        """The problem without its hidden tests. Raises InputError as `get` does."""
        return self.source.problem(self._found(task_id))

    def get(self, task_id: str | int) -> Loaded:
        """A task by any spelling of its id. Raises InputError where it is not there or its data are wrong."""
        found = self._found(task_id)
        return Loaded(self.source.problem(found), self.source.hidden(found))

    def _found(self, task_id: str | int) -> str:
        found = self.find(task_id)
        if found is None:
            example = next(iter(self.ids), None)
            such_as = "none" if example is None else f"{len(self.ids)}, such as {example}"
            raise InputError(f"{self.name} has no task {str(task_id)!r}: there are {such_as}")
        return found


def _spellings(task_id: str) -> tuple[str, ...]:
    """An id as others write it: in any case, with another paper's name of the set, without the set's name."""
    folded = task_id.casefold().replace("mbppeval/", "mbpp/")
    return folded, folded.rpartition("/")[2], folded.rpartition("__")[2]


@dataclass(frozen=True, slots=True)
class Format:
    """How the records of a file become problems. The functions raise InputError for what is wrong in a record.

    fields: the names of a record's fields by which the format is recognised.
    key: a record's id; it also checks that the fields are there.
    program: what the authors put in front of a whole program, joined to it.
    """

    name: str
    fields: tuple[str, ...]
    key: Callable[[Any], str]
    problem: Callable[[Record], Problem]
    hidden: Callable[[Record], HiddenTests | None]
    program: Callable[[str], str] = str

    def recognises(self, record: Any) -> bool:
        """Whether a record has the fields of this format."""
        return isinstance(record, dict) and all(field in record for field in self.fields)


class Records:
    """A source of problems in files of one format."""

    def __init__(self, paths: Iterable[Path], form: Format) -> None:
        """Raises InputError where a file cannot be read or holds something else."""
        self._format = form
        self._prompts: dict[int, str] = {}
        self._announced: dict[int, list[str]] = {}
        self._table = Table(paths, form.key, self._remember)

    def _remember(self, task_id: str, record: Record) -> None:
        prompt = record.get("prompt")
        if isinstance(prompt, str):
            self._prompts.setdefault(hash(prompt), task_id)
            self._announced.setdefault(hash(_announced(prompt)[0]), []).append(task_id)

    @property
    def ids(self) -> Sequence[str]:
        """See Source."""
        return self._table.keys

    def problem(self, task_id: str) -> Problem:
        """See Source."""
        return self._format.problem(self._table[task_id])

    def hidden(self, task_id: str) -> HiddenTests | None:
        """See Source."""
        return self._format.hidden(self._table[task_id])

    def by_prompt(self, prompt: str) -> str | None:
        """See Source."""
        task_id = self._prompts.get(hash(prompt))
        if task_id is not None and self._table[task_id]["prompt"] == prompt:
            return task_id
        given = _announced(prompt)
        alike = [
            other
            for other in self._announced.get(hash(given[0]), ())
            if _same_function(given, _announced(self._table[other]["prompt"]))
        ]
        return alike[0] if len(alike) == 1 else None

    def program(self, task_id: str, source: str) -> str:
        """See Source."""
        return self._format.program(source)


_QUOTES = re.compile("\"\"\"|'''")


def _announced(prompt: str) -> tuple[str, str]:
    """What stands before a prompt's docstring, and the docstring's first line."""
    before, *texts = _QUOTES.split(prompt, maxsplit=2)
    return before.strip(), "".join(texts[:1]).strip().partition("\n")[0].strip()


def _same_function(one: tuple[str, str], other: tuple[str, str]) -> bool:
    short, long = sorted((one[1], other[1]), key=len)
    return one[0] == other[0] != "" and short != "" and long.startswith(short)


class Folders:
    """A source of problems that lie in a folder each."""

    def __init__(self, folders: Iterable[Path], load: Callable[[Path], Loaded]) -> None:
        self._folders = {folder.resolve().name: folder for folder in folders}
        self._load = load

    @property
    def ids(self) -> Sequence[str]:
        """See Source."""
        return tuple(self._folders)

    def problem(self, task_id: str) -> Problem:
        """See Source."""
        return self._load(self._folders[task_id]).problem

    def hidden(self, task_id: str) -> HiddenTests | None:
        """See Source."""
        return self._load(self._folders[task_id]).hidden

    def by_prompt(self, prompt: str) -> str | None:
        """See Source."""
        return None

    def program(self, task_id: str, source: str) -> str:
        """See Source."""
        return source
