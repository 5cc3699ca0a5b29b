"""Reading files that people wrote: whatever is wrong with one is an InputError that names it."""

import os
import re
from pathlib import Path

from distinguo.errors import InputError


def read_bytes(path: Path) -> bytes:
    """The file's content. Raises InputError where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {os.strerror(error.errno or 0)}") from error


def read_text(path: Path) -> str:
    """The file's text, its line ends as they are. Raises InputError where it cannot be read or is not UTF-8."""
    return decode(read_bytes(path), str(path))


def decode(content: bytes, name: str) -> str:
    """The text of a file. Raises InputError naming the first byte that is not UTF-8."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        wrong = content[error.start]
        raise InputError(f"{name} is not UTF-8: byte {error.start} is 0x{wrong:02x}; save it as UTF-8") from error


def natural(name: str) -> list[tuple[int, str]]:
    """A sort key that puts 2 before 10."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d{1,18})", name)]
