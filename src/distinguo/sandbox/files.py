"""The memory files of one run: what a program is given and what it leaves.

The kernel limits their size; the host reads them only after the program's end.
"""

import os
from collections.abc import Sequence
from functools import lru_cache
from types import TracebackType
from typing import Self

from distinguo.errors import JudgeFailed
from distinguo.problem import CallStyle, Program
from distinguo.sandbox.inside.wire import Request, pack_arguments

_KEPT_LENGTH = 4096  # of arguments that are parsed here, once for all runs that are given them
_NAMES = ("stdin", "stdout", "stderr", "message")


class RunFiles:
    """Four fresh memory files, in the order of the wire protocol. A context manager; closing frees them."""

    def __init__(self, program: Program, stdin: str, calls: Sequence[str] | None = None) -> None:
        """For one run on `stdin`, or for several calls of the program's function.

        Lone surrogates in the texts become bytes that are no valid UTF-8, as a text file would have to hold them.
        Raises JudgeFailed where this process has no descriptor or memory left.
        """
        is_function = program.style is CallStyle.FUNCTION
        arguments = calls if calls is not None else (stdin,) if is_function else ()
        request = Request(
            _bytes(program.source),
            _bytes(program.entry or "") if is_function else b"",
            tuple(
                _packed(text) if len(text) < _KEPT_LENGTH else pack_arguments(text, parse=False) for text in arguments
            ),
            several=calls is not None,
        )
        self.descriptors = list[int]()
        try:
            for name in _NAMES:
                self.descriptors.append(os.memfd_create(name, os.MFD_CLOEXEC))
            self._stdin, self._stdout, self._stderr, self._message = self.descriptors
            _fill(self._message, request.pack())
            if not is_function:
                _fill(self._stdin, _bytes(stdin))
                os.lseek(self._stdin, 0, os.SEEK_SET)
        except OSError as error:
            self._close()
            raise JudgeFailed(f"a run's files cannot be made ({error}): run fewer programs at once") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        for descriptor in self.descriptors:
            os.close(descriptor)

    @property
    def printed_bytes(self) -> tuple[int, int]:
        """The sizes of standard output and standard error."""
        return os.fstat(self._stdout).st_size, os.fstat(self._stderr).st_size

    def stdout(self, limit: int) -> bytes:
        """The first `limit` bytes of standard output."""
        return os.pread(self._stdout, limit, 0)

    def stderr_end(self, limit: int, size: int) -> bytes:
        """The last `limit` bytes of standard error, which has `size`."""
        return os.pread(self._stderr, limit, max(0, size - limit)) if size else b""

    def reply(self, limit: int, offset: int = 0) -> bytes:
        """What the child left in the message file from `offset` on: at most `limit` bytes."""
        return os.pread(self._message, limit, offset)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


@lru_cache(4096)
def _packed(arguments: str) -> bytes:
    return pack_arguments(arguments, parse=True)


def _fill(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
