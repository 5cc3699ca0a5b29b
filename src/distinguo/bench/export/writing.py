"""Rows into files: JSON lines or an array, plain or compressed, or Parquet. A file takes its place when it is whole."""

import gzip
import importlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from distinguo.bench.export.tables import Kind, Row
from distinguo.errors import InputError

Target = Path | BinaryIO
_BATCH_ROWS, _BATCH_CHARACTERS = 1_000, 8 << 20  # of one row group of Parquet, which is held in memory


@contextmanager
def opened(target: Target) -> Iterator[BinaryIO]:
    """The file to write to, compressed where its name ends so. Raises InputError where it cannot be written."""
    if not isinstance(target, Path):
        try:
            yield target
            target.flush()
        except OSError as error:
            raise InputError(f"the export cannot be written ({error.strerror or error})") from error
        return
    partial = target.with_name(f"{target.name}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            if target.suffix == ".gz":
                with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
                    yield cast(BinaryIO, packed)
            else:
                yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except BaseException as error:
        with suppress(OSError):
            partial.unlink()
        if isinstance(error, OSError):
            raise InputError(f"cannot write {target} ({error.strerror or error}); choose another --to") from error
        raise


def lines(file: BinaryIO, rows: Iterable[Row]) -> int:
    """A line of JSON for each row; returns how many."""
    count = 0
    for row in rows:
        file.write(json.dumps(row).encode() + b"\n")
        count += 1
    return count


def array(file: BinaryIO, rows: Iterable[Row]) -> int:
    """One JSON array with a line for each row; returns how many."""
    count = 0
    file.write(b"[")
    for row in rows:
        file.write((b",\n" if count else b"\n") + json.dumps(row).encode())
        count += 1
    file.write(b"\n]\n")
    return count


def parquet(file: BinaryIO, rows: Iterable[Row], columns: Mapping[str, Kind]) -> int:
    """Row groups of bounded size; returns how many rows. Texts lose lone surrogates, which Parquet cannot hold.

    Raises InputError where pyarrow is not installed.
    """
    arrow, files = _arrow()
    schema = arrow.schema([(name, _type(arrow, kind)) for name, kind in columns.items()])
    count = 0
    with files.ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in _batches(_fitted(row, columns) for row in rows):
            writer.write_table(arrow.Table.from_pylist(batch, schema=schema))
            count += len(batch)
    return count


def _arrow() -> tuple[Any, Any]:
    try:
        return importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise InputError("Parquet needs pyarrow: pip install 'distinguo[data]', or export with --jsonl") from error


def _type(arrow: Any, kind: Kind) -> Any:
    text, integer = arrow.string(), arrow.int64()
    types: dict[Kind, Callable[[], Any]] = {
        Kind.TEXT: lambda: text,
        Kind.INTEGER: lambda: integer,
        Kind.NUMBER: arrow.float64,
        Kind.TRUTH: arrow.bool_,
        Kind.TEXTS: lambda: arrow.list_(text),
        Kind.COUNTS: lambda: arrow.map_(text, integer),
        Kind.CLUSTERS: lambda: arrow.list_(
            arrow.struct([("samples", arrow.list_(integer)), ("score", arrow.float64())])
        ),
        Kind.MESSAGES: lambda: arrow.list_(arrow.struct([("role", text), ("content", text)])),
        Kind.TREE: lambda: text,
    }
    return types[kind]()


def _fitted(row: Row, columns: Mapping[str, Kind]) -> Row:
    return {name: _plain(row[name], kind) for name, kind in columns.items()}


def _plain(value: Any, kind: Kind) -> Any:
    if kind is Kind.TREE:
        return json.dumps(value)
    if kind is Kind.COUNTS and value is not None:
        return [(_utf8(name), count) for name, count in value.items()]
    return _utf8(value)


def _utf8(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_utf8(one) for one in value]
    if isinstance(value, dict):
        return {name: _utf8(one) for name, one in value.items()}
    return value


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    batch, size = list[Row](), 0
    for row in rows:
        batch.append(row)
        size += sum(len(value) for value in row.values() if isinstance(value, str))
        if len(batch) >= _BATCH_ROWS or size >= _BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
