"""One process at a time on a run's file, and what goes wrong with a file in a sentence."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from distinguo.errors import InputError

_held: set[Path] = set()  # files that this process has locked


def lock_file(path: Path) -> int:
    """Lock a run's file for this process; returns the descriptor that holds the lock."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        place = path.resolve()
        # Closing any descriptor of a file drops SQLite's own locks on it, so a second one is never opened here.
        taken = place in _held
        lock = -1 if taken else os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}; choose another place with --out") from error
    if not taken:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            taken = True
    if taken:
        raise InputError(f"another process or task is working on {path}; wait for it or choose another --out")
    _held.add(place)
    return lock


def unlock_file(path: Path, lock: int) -> None:
    """Give the file free; its database must be closed before."""
    os.close(lock)
    _held.discard(path.resolve())


@contextmanager
def file_errors(path: Path) -> Iterator[None]:
    """SQLite's errors as sentences. What was committed before is safe in every case."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "full" in str(error):
            raise InputError(no_space(path)) from error
        if "locked" in str(error):
            raise InputError(f"another program is writing {path}; close it and repeat the command") from error
        raise InputError(f"cannot work with {path} ({error}); choose another --out") from error
    except sqlite3.DatabaseError as error:
        raise InputError(f"{path} is not a run of distinguo, or damaged ({error}); choose another --out") from error


def no_space(path: Path) -> str:
    """The sentence for a disk that is full."""
    return f"no space is left for {path}; free some, and the same command goes on"
