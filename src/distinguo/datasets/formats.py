"""Files of records as a source of problems: what a format says of its records, and the problems found by it."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from distinguo.datasets.about import About, sizes
from distinguo.datasets.table import Table
from distinguo.problem import HiddenTests, Problem

Record = dict[str, Any]

_NOTHING = About()


@dataclass(frozen=True, slots=True)
class Format:
    """How the records of a file become problems. The functions raise InputError for what is wrong in a record.

    fields: the names of a record's fields by which the format is recognised.
    key: a record's id; it also checks that the fields are there. numbered: the records have none of their own, so that
    `key` gives the first part of it and the place among all records, from 0, the second.
    program: what the authors put in front of a whole program, joined to it.
    about, erratum: what is known of a problem, and what is wrong with it or "". length: lines of the reference program
    where there is one, for data sets that know no difficulty. None of the three sees the fields in `late`.
    unread: fields that nobody needs. late: those that only the making of a problem needs.
    """

    name: str
    fields: tuple[str, ...]
    key: Callable[[Any], str]
    problem: Callable[[Record], Problem]
    hidden: Callable[[Record], HiddenTests | None]
    program: Callable[[str], str] = str
    about: Callable[[Record], About] = lambda record: _NOTHING
    erratum: Callable[[Record], str] = lambda record: ""
    length: Callable[[Record], int] = lambda record: 0
    numbered: bool = False
    unread: tuple[str, ...] = ()
    late: tuple[str, ...] = ()

    def recognises(self, record: Any) -> bool:
        """Whether a record has the fields of this format."""
        return isinstance(record, dict) and all(field in record for field in self.fields)


NUMBERED = " id"
"""The field in which a record without an id of its own finds the one that it was given."""


class Records:
    """A source of problems in files of one format."""

    def __init__(self, paths: Iterable[Path], form: Format) -> None:
        """Raises InputError where a file cannot be read or holds nothing but something else."""
        self._format = form
        self._prompts: dict[int, str] = {}
        self._announced: dict[int, list[str]] = {}
        self._about: dict[str, About] = {}
        self._errata: dict[str, str] = {}
        self._lengths: dict[str, int] = {}
        self._table = Table(paths, self._key, self._remember, unread=form.unread, late=form.late)
        for task_id, size in sizes(self._lengths).items():
            self._about[task_id] = replace(self.about(task_id), size=size)

    def _key(self, record: Any, number: int) -> str:
        key = self._format.key(record)
        return f"{key}/{number}" if self._format.numbered else key

    def _remember(self, task_id: str, record: Record) -> None:
        about, erratum = self._format.about(record), self._format.erratum(record)
        if about != _NOTHING:
            self._about[task_id] = about
        if erratum:
            self._errata[task_id] = erratum
        if length := self._format.length(record):
            self._lengths[task_id] = length
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
        return self._format.problem(self._record(task_id))

    def hidden(self, task_id: str) -> HiddenTests | None:
        """See Source."""
        return self._format.hidden(self._record(task_id))

    def _record(self, task_id: str) -> Record:
        record: Record = self._table[task_id]
        return {**record, NUMBERED: task_id} if self._format.numbered else record

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

    def about(self, task_id: str) -> About:
        """See Source."""
        return self._about.get(task_id, _NOTHING)

    @property
    def errata(self) -> Mapping[str, str]:
        """See Source."""
        return self._errata

    @property
    def warnings(self) -> Sequence[str]:
        """See Source."""
        return self._table.warnings


_QUOTES = re.compile("\"\"\"|'''")


def _announced(prompt: str) -> tuple[str, str]:
    """What stands before a prompt's docstring, and the docstring's first line."""
    before, *texts = _QUOTES.split(prompt, maxsplit=2)
    return before.strip(), "".join(texts[:1]).strip().partition("\n")[0].strip()


def _same_function(one: tuple[str, str], other: tuple[str, str]) -> bool:
    short, long = sorted((one[1], other[1]), key=len)
    return one[0] == other[0] != "" and short != "" and long.startswith(short)
