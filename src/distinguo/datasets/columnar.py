"""Records in columnar files, Parquet or Arrow's own, read by pyarrow (`distinguo[data]`): in order, or by place.

A place is a row group (Parquet) or a record batch (Arrow) and a row in it. Little is in memory at once: Parquet is read
page by page, an Arrow file is mapped; columns that nobody asks for are not read at all.
"""

import contextlib
import threading
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from distinguo.errors import InputError

_MAGIC = (b"PAR1", b"ARROW1", b"\xff\xff\xff\xff")  # the last begins an Arrow stream
_STEP = 32  # rows at a time when a file is read through
_BUFFER = 1 << 20  # bytes of a column that are read at a time


def is_columnar(start: bytes) -> bool:
    """Whether a file that begins so is one of these."""
    return start.startswith(_MAGIC)


class Columnar:
    """One file. May be read by several threads, one after another."""

    def __init__(self, path: Path) -> None:
        """Raises InputError where pyarrow is missing, or the file is damaged."""
        self._path = path
        self._lock = threading.Lock()
        self._reading: tuple[int, int, Iterator[Any]] = (-1, 0, iter(()))  # row group, next row, what follows
        self._last: tuple[int, int, Any] = (-1, 0, None)  # a record is often asked for twice in a row
        with self._told():
            self._file = _opened(path)
            self.fields: tuple[str, ...] = tuple(self._file.names)

    def __len__(self) -> int:
        return sum(self._file.sizes)

    def rows(self, omitted: Collection[str] = ()) -> Iterator[tuple[int, int, Any]]:
        """(group, row, record) in order, without the omitted fields; None in the place of a record that has no text.

        Raises InputError where the file is damaged.
        """
        fields = self._without(omitted)
        with self._told():
            for group in range(len(self._file.sizes)):
                row = 0
                for batch in self._file.batches(group, fields, _STEP):
                    for record in _records(batch):
                        yield group, row, record
                        row += 1

    def read(self, group: int, row: int, omitted: Collection[str] = ()) -> Any:
        """The record at a place, without the omitted fields.

        Reading on in a row group is quick; going back in Parquet reads the group from its beginning. The omitted fields
        are the same in all calls. Raises InputError.
        """
        with self._lock, self._told():
            if self._last[:2] != (group, row):
                self._last = group, row, _records(self._row(group, row, self._without(omitted)))[0]
            return self._last[2]

    def _row(self, group: int, row: int, fields: list[str]) -> Any:
        """The batch that holds one row alone."""
        if self._file.is_mapped:
            return next(self._file.batches(group, fields, 1, row))
        at, place, following = self._reading
        if at != group or place > row:
            place, following = 0, self._file.batches(group, fields, 1)
        self._reading = -1, 0, iter(())  # unless the row is reached
        batch = next(batch for position, batch in enumerate(following, place) if position == row)
        self._reading = group, row + 1, following
        return batch

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _without(self, omitted: Collection[str]) -> list[str]:
        return [field for field in self.fields if field not in omitted]

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Errors of pyarrow, which has its own kinds and the built-in ones, as one sentence."""
        try:
            yield
        except ImportError as error:
            raise InputError(
                f"{self._path} is a Parquet or Arrow file, for which pyarrow is missing: pip install 'distinguo[data]'"
            ) from error
        except (OSError, ValueError, KeyError, TypeError, NotImplementedError, StopIteration) as error:
            told = " ".join(str(error).split())[:200].rstrip(".")
            raise InputError(f"{self._path} is damaged, fetch it again: {told or type(error).__name__}") from error


def _records(batch: Any) -> list[Any]:
    """The rows of a batch as records."""
    try:
        found: list[Any] = batch.to_pylist()
    except UnicodeDecodeError:
        if batch.num_rows == 1:
            return [None]
        return [record for row in range(batch.num_rows) for record in _records(batch.slice(row, 1))]
    return found


def _opened(path: Path) -> "_Parquet | _Arrow":
    with path.open("rb") as file:
        start = file.read(6)
    return _Parquet(path) if start.startswith(b"PAR1") else _Arrow(path, start.startswith(b"ARROW1"))


class _Parquet:
    is_mapped = False

    def __init__(self, path: Path) -> None:
        import pyarrow.parquet

        self._file = pyarrow.parquet.ParquetFile(path, buffer_size=_BUFFER, pre_buffer=False)
        self.names: list[str] = self._file.schema_arrow.names
        metadata = self._file.metadata
        self.sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]

    def batches(self, group: int, fields: list[str], step: int, start: int = 0) -> Iterator[Any]:
        """The rows of a group, so many at a time. Only a mapped file can start elsewhere than at the first."""
        found: Iterator[Any] = self._file.iter_batches(step, row_groups=[group], columns=fields, use_threads=False)
        return found

    def close(self) -> None:
        self._file.close()


class _Arrow:
    is_mapped = True

    def __init__(self, path: Path, is_file: bool) -> None:
        import pyarrow

        self._map = pyarrow.memory_map(str(path))
        reader = pyarrow.ipc.open_file(self._map) if is_file else pyarrow.ipc.open_stream(self._map)
        self._batches: list[Any] = reader.read_all().to_batches()  # places in the mapped file, no copies
        self.names: list[str] = reader.schema.names
        self.sizes = [batch.num_rows for batch in self._batches]

    def batches(self, group: int, fields: list[str], step: int, start: int = 0) -> Iterator[Any]:
        batch = self._batches[group].select(fields)
        return (batch.slice(place, step) for place in range(start, batch.num_rows, step))

    def close(self) -> None:
        self._batches.clear()
        self._map.close()
