"""Reading what is written while it is read: pipes and terminals, where the next byte may be long in coming."""

import io
import os
import select
import stat
from typing import Any, BinaryIO, cast

_LOOKED_MS = 100  # milliseconds between two looks whether to go on waiting


def unbuffered(file: BinaryIO) -> io.FileIO | None:
    """The file itself where nothing of it has been buffered yet and reading it may have to wait; else None."""
    inner = file if isinstance(file, io.FileIO) else None
    try:
        return None if inner is None or stat.S_ISREG(os.fstat(inner.fileno()).st_mode) else inner
    except OSError:
        return None


class Pipe(io.RawIOBase):
    """A file that another thread reads. After `stop` that thread waits no longer: it meets an OSError."""

    def __init__(self, file: io.FileIO) -> None:
        self._file = file
        self._poll = select.poll()
        self._poll.register(file.fileno(), select.POLLIN)
        self._stopped = False

    def stop(self) -> None:
        """End the waiting, from any thread."""
        self._stopped = True

    def readable(self) -> bool:
        """See io.RawIOBase."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """See io.RawIOBase. Raises OSError once it is stopped."""
        while not self._poll.poll(_LOOKED_MS):
            if self._stopped:
                raise OSError("reading was stopped")
        return self._file.readinto(buffer)

    def buffered(self) -> BinaryIO:
        """A reader of it."""
        return cast(BinaryIO, io.BufferedReader(self, 1 << 16))
