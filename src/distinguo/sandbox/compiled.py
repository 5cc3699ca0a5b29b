"""Compiled programs, kept between runs in a folder of bounded size.

The host alone writes entries. A compiled program is as hostile as its source and is only ever executed in the sandbox,
so an entry that somebody else wrote could do no more than any program; one that is damaged is not used.
"""

import hashlib
import logging
import os
import tempfile
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path

from distinguo import folders
from distinguo.errors import InputError

_MOST_BYTES = 512 << 20  # of all entries together
_IN_MEMORY_BYTES = 64 << 20
_PRUNE_EVERY = 64  # writes
_DIGEST_BYTES = hashlib.sha256().digest_size
_log = logging.getLogger(__name__)


def default_folder() -> Path:
    """In the user's cache directory. Raises InputError for a user without one."""
    return folders.cache() / "compiled"


class CompiledPrograms:
    """Contents by key, in a folder that several processes may share, and the last ones in memory.

    A folder that cannot be written costs one warning: programs are then compiled once in each session.
    """

    def __init__(self, folder: Path | None = None, most_bytes: int = _MOST_BYTES) -> None:
        self._given = folder
        self._most_bytes = most_bytes
        self._recent: OrderedDict[str, bytes] = OrderedDict()
        self._writes = 0
        self._writable = True

    @property
    def _folder(self) -> Path:
        return default_folder() if self._given is None else self._given

    def get(self, key: str) -> bytes | None:
        """The content kept for the key, if it is there and sound."""
        if key in self._recent:
            self._recent.move_to_end(key)
            return self._recent[key]
        try:
            path = self._folder / key
            entry = path.read_bytes()
            os.utime(path)  # the oldest by use are dropped first
        except (OSError, InputError):
            return None  # not there, or out of reach, which `put` will say
        content = entry[_DIGEST_BYTES:]
        if hashlib.sha256(content).digest() != entry[:_DIGEST_BYTES]:
            return None
        self._remember(key, content)
        return content

    def put(self, key: str, content: bytes) -> None:
        """Keep a content; whoever reads meanwhile finds a whole entry or none."""
        self._remember(key, content)
        if not self._writable:
            return
        try:
            self._write(key, hashlib.sha256(content).digest() + content)
            if self._writes % _PRUNE_EVERY == 0:
                self._prune()
            self._writes += 1
        except (OSError, InputError) as error:
            self._writable = False
            _log.warning("compiled programs are not kept: %s", error)

    def _write(self, key: str, entry: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, name = tempfile.mkstemp(dir=self._folder, prefix="new-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(entry)
            Path(name).replace(self._folder / key)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise

    def _prune(self) -> None:
        """Drop entries, the longest unused first, until the rest fits."""
        entries = []
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):  # another process pruned it
                about = path.stat()
                entries.append((about.st_mtime, about.st_size, path))
        excess = sum(size for _, size, _ in entries) - self._most_bytes
        for _, size, path in sorted(entries):
            if excess <= 0:
                return
            path.unlink(missing_ok=True)
            excess -= size

    def _remember(self, key: str, content: bytes) -> None:
        self._recent[key] = content
        self._recent.move_to_end(key)
        while sum(map(len, self._recent.values())) > _IN_MEMORY_BYTES:
            self._recent.popitem(last=False)
