"""Records in files of JSON lines or of one JSON array, plain or compressed by gzip, one after another."""

import codecs
import contextlib
import gzip
import io
import json
import os
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, BinaryIO, NamedTuple, cast

from distinguo.errors import InputError

_CHUNK = 1 << 16
_BLANK = " \t\r\n"
_DAMAGED = (OSError, EOFError, zlib.error)


class Row(NamedTuple):
    """One record. place: its line, or its position in a JSON array, from 1. error: why there is no value, or ""."""

    place: int
    value: Any
    error: str = ""


def rows(file: BinaryIO) -> Iterator[Row]:
    """The records of a file in order, none held longer than needed.

    A record that is no JSON is a row with an error, and so is the place where a file is damaged; nothing is raised.
    """
    place = 0
    try:
        start = _start(stream := unpacked(file))
        for row in _elements(stream, start) if start.lstrip().startswith(b"[") else _lines(stream, start):
            place = row.place
            yield row
    except _DAMAGED as error:
        yield Row(place + 1, None, f"the file is damaged from here on: {error}")


def unpacked(file: BinaryIO) -> io.BufferedReader:
    """The file's content, decompressed where it begins as gzip does."""
    buffered: Any = file if hasattr(file, "peek") else io.BufferedReader(cast(Any, file))
    return cast(io.BufferedReader, gzip.GzipFile(fileobj=buffered) if buffered.peek(2)[:2] == b"\x1f\x8b" else buffered)


def _start(stream: io.BufferedReader) -> bytes:
    """The beginning of the stream up to its first letter."""
    start = b""
    while not start.strip():
        chunk = stream.read1(_CHUNK)  # no more than is there: the next may be long in coming, or damaged
        if not chunk:
            break
        start += chunk
    return start.removeprefix(codecs.BOM_UTF8)


def _lines(stream: IO[bytes], start: bytes) -> Iterator[Row]:
    for place, line in enumerate(_joined(stream, start), 1):
        if line.strip():
            yield parsed(place, line)


def _joined(stream: IO[bytes], start: bytes) -> Iterator[bytes]:
    """The lines of the stream whose beginning has been read already."""
    *whole, rest = start.split(b"\n")
    yield from (line + b"\n" for line in whole)
    yield rest + stream.readline()
    yield from stream


def parsed(place: int, line: bytes) -> Row:
    """The record on a line. place: the line's number."""
    try:
        return Row(place, json.loads(line.decode()))
    except (ValueError, RecursionError) as error:
        return Row(place, None, f"not JSON: {error}")


def _elements(stream: io.BufferedReader, start: bytes) -> Iterator[Row]:
    """The elements of a JSON array, each as soon as it is whole."""
    decode, parse = codecs.getincrementaldecoder("utf-8")("replace").decode, json.JSONDecoder().raw_decode
    text, position, place, ended = decode(start).lstrip()[1:], 0, 1, False
    while True:
        position = _skipped(text, position)
        if text[position : position + 1] == "]":
            return
        try:
            value, end = parse(text, position)
            closed = _skipped(text, end) < len(text)  # else the number 12 may go on as 123
            error = ""
        except (ValueError, RecursionError) as failure:
            closed, error = False, str(failure)
        if error or not closed:
            if ended:
                yield Row(place, None, f"not JSON, and the end of what can be read: {error or 'cut off'}")
                return
            chunk = _chunk(stream, max(_CHUNK, len(text) - position))
            ended = not chunk
            text, position = text[position:] + decode(chunk, ended), 0
            continue
        yield Row(place, value)
        place, position = place + 1, end


def _chunk(stream: io.BufferedReader, size: int) -> bytes:
    """So many bytes, or those up to the end or to damage, which the next reading meets again."""
    parts, missing = list[bytes](), size
    while missing:
        try:
            parts.append(stream.read1(missing))
        except _DAMAGED:
            if not parts:
                raise
            break
        if not parts[-1]:
            break
        missing -= len(parts[-1])
    return b"".join(parts)


def _skipped(text: str, position: int) -> int:
    while position < len(text) and text[position] in _BLANK + ",":
        position += 1
    return position


def opened(path: Path) -> BinaryIO:
    """Open a file to read. Raises InputError where that cannot be done."""
    try:
        return path.open("rb")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {os.strerror(error.errno or 0)}") from error


def seekable(path: Path) -> IO[bytes]:
    """The file with a record on each line, or a temporary one with its content."""
    with contextlib.ExitStack() as closing:
        file = closing.enter_context(opened(path))
        try:
            stream = unpacked(file)
            start = _start(stream)
            if start.lstrip().startswith(b"["):
                lines: Iterable[bytes] = (
                    json.dumps(_sound(path, row)).encode() + b"\n" for row in _elements(stream, start)
                )
            elif stream is file:
                file.seek(0)
                closing.pop_all()
                return file
            else:
                lines = _joined(stream, start)
            kept = closing.enter_context(tempfile.TemporaryFile())
            kept.writelines(lines)
        except _DAMAGED as error:
            raise InputError(f"{path} is damaged, fetch it again: {error}") from error
        kept.seek(0)
        closing.pop_all()
        file.close()
        return kept


def _sound(path: Path, row: Row) -> Any:
    if row.error:
        raise InputError(f"{path}, element {row.place}: {row.error}")
    return row.value
