"""Records of files by key: of JSON lines, JSON arrays and columnar files, however large."""

import os
import weakref
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from distinguo.datasets.columnar import Columnar, is_columnar
from distinguo.datasets.rows import Row, opened, parsed, rows, seekable
from distinguo.errors import InputError


class Place(NamedTuple):
    """Where a record stands: in which file, and there its offset and length, or its row group and row."""

    file: int
    first: int
    second: int


class Table:
    """The records of files by key. Only their places are held in memory: a file may be larger than it.

    A compressed file or a JSON array is laid out line by line in a temporary file of its own. A columnar file
    (columnar.py) is read in place.
    warnings: a sentence on the records that are passed over, where there are some.
    """

    def __init__(
        self,
        paths: Iterable[Path],
        key: Callable[[Any, int], str],
        seen: Callable[[str, Any], None],
        *,
        unread: Collection[str] = (),
        late: Collection[str] = (),
    ) -> None:
        """key: a record's key, from it and its number, counted from 0 through all files; of several the first counts.

        seen: told each record that counts. unread: fields that nobody needs; late: those that `key` and `seen` do not
        need; in columnar files neither costs anything.
        Raises InputError for a file that cannot be read, and for files without one record that `key` accepts.
        """
        self._files: list[_Lines | Columnar] = []
        self._places: dict[str, Place] = {}
        self._unread, self._late = tuple(unread), (*unread, *late)
        weakref.finalize(self, _close, self._files)
        wrong, repeated, number = list[str](), list[str](), 0
        for path in paths:
            for place, where, row in self._index(path):
                try:
                    if row.error:
                        raise InputError(row.error)
                    name = key(row.value, number)
                except InputError as error:
                    wrong.append(f"{path}, {where} {row.place}: {error}")
                else:
                    if name in self._places:
                        repeated.append(name)
                    else:
                        self._places[name] = place
                        seen(name, row.value)
                number += 1
        if wrong and not self._places:
            raise InputError(wrong[0])
        self.warnings = (*_passed_over(wrong), *_repeated(repeated))

    def _index(self, path: Path) -> Iterator[tuple[Place, str, Row]]:
        """The records of a file with their places, and what a record is there: a line or a row."""
        number = len(self._files)
        with opened(path) as file:
            columnar = is_columnar(file.read(8))
        if columnar:
            table = Columnar(path)
            self._files.append(table)
            rows_of = table.rows(self._late)
            for count, (group, row, record) in enumerate(rows_of, 1):
                error = "" if record is not None else "its texts are not UTF-8"
                yield Place(number, group, row), "row", Row(count, record, error)
            return
        lines = _Lines(path)
        self._files.append(lines)
        for offset, length, read in lines.rows():
            yield Place(number, offset, length), "line", read

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys in the order of the files."""
        return tuple(self._places)

    def __getitem__(self, key: str) -> Any:
        """The record of the key. Raises KeyError where there is none, InputError where the file has been damaged."""
        number, first, second = self._places[key]
        file = self._files[number]
        return file.read(first, second, self._unread) if isinstance(file, Columnar) else file.read(first, second)


class _Lines:
    """A file with a record on each line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = seekable(path)

    def rows(self) -> Iterator[tuple[int, int, Row]]:
        """(offset, length, record) of each line that is not blank."""
        offset = 0
        for place, line in enumerate(self._file, 1):
            if line.strip():
                yield offset, len(line), parsed(place, line)
            offset += len(line)

    def read(self, offset: int, length: int) -> Any:
        """The record at a place."""
        row = parsed(1, os.pread(self._file.fileno(), length, offset))
        if row.error:
            raise InputError(f"{self._path} has changed while it was read: {row.error}")
        return row.value

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _close(files: "list[_Lines | Columnar]") -> None:
    for file in files:
        file.close()


def _passed_over(wrong: Sequence[str]) -> Iterator[str]:
    if wrong:
        more = f" ({len(wrong)} records in all)" if len(wrong) > 1 else ""
        yield f"{wrong[0]}; the record is passed over{more}"


def _repeated(names: Sequence[str]) -> Iterator[str]:
    if names:
        yield f"{len(names)} records repeat the id of one before them, such as {names[0]}, and are passed over"


def first_record(path: Path) -> Any:
    """The first record of a file, by which its format is recognised; of a columnar file only its fields, with None.

    Raises InputError where there is none.
    """
    with opened(path) as file:
        start = file.read(64)
        if is_columnar(start):
            table = Columnar(path)
            if not len(table):
                raise InputError(f"{path} holds no records: it is empty")
            return dict.fromkeys(table.fields)
        file.seek(0)
        row = next(rows(file), Row(1, None, "it is empty"))
    if row.error:
        raise InputError(f"{path} holds no records: {_other_kind(start) or row.error}")
    return row.value


def _other_kind(start: bytes) -> str:
    """What a file is that comes where a download went wrong, or ""."""
    begins = start.lstrip()[:64].lower()
    if begins.startswith(b"version https://git-lfs"):
        return "it is Git's pointer to the file and not the file; fetch it with git lfs pull"
    if begins.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "it is a web page; download the file itself"
    return ""
