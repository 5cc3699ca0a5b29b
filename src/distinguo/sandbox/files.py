"""The memory files of one run: what a program is given and what it leaves.

The kernel limits their size; the host reads them only after the program's end.
"""

import os
from types import TracebackType

from distinguo.problem import CallStyle, Program
from distinguo.sandbox.inside.wire import pack_request

_NAMES = ("message", "stdin", "stdout", "stderr")


class RunFiles:
    """Four fresh memory files, in the order of the wire protocol. A context manager; closing frees them."""

    def __init__(self, program: Program, stdin: str) -> None:
        """Lone surrogates in the texts become bytes that are no valid UTF-8, as a text file would have to hold them."""
        is_function = program.style is CallStyle.FUNCTION
        entry = (program.entry or "") if is_function else ""
        data = stdin.encode("utf-8", "surrogatepass")
        request = pack_request(
            program.source.encode("utf-8", "surrogatepass"), entry.encode(), data if is_function else b""
        )
        self.descriptors = [os.memfd_create(name, os.MFD_CLOEXEC) for name in _NAMES]
        self._message, self._stdin, self._stdout, self._stderr = self.descriptors
        _fill(self._message, request)
        if not is_function:
            _fill(self._stdin, data)
            os.lseek(self._stdin, 0, os.SEEK_SET)

    def __enter__(self) -> "RunFiles":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for descriptor in self.descriptors:
            os.close(descriptor)

    @property
    def printed_bytes(self) -> int:
        """The size of the larger of standard output and standard error."""
        return max(os.fstat(self._stdout).st_size, os.fstat(self._stderr).st_size)

    def stdout(self, limit: int) -> bytes:
        """The first `limit` bytes of standard output."""
        return os.pread(self._stdout, limit, 0)

    def stderr_end(self, limit: int) -> bytes:
        """The last `limit` bytes of standard error."""
        return os.pread(self._stderr, limit, max(0, os.fstat(self._stderr).st_size - limit))

    def reply(self, limit: int) -> bytes:
        """What the child left in the message file: at most `limit` bytes."""
        return os.pread(self._message, limit, 0)


def _fill(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
