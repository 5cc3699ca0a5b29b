"""What hostile programs try to reach on the host, made to notice it: a file, a process, a socket, a secret."""

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType


class Traps:
    """Files and processes that no program may touch or see. A context manager; leaving it removes them."""

    def __init__(self, stranger: int | None = None) -> None:
        """`stranger`: the user of the process that must not be touched; our own unless given."""
        self.secret = secrets.token_hex(8)
        self.folder = Path(tempfile.mkdtemp(prefix="distinguo-traps-"))
        self.folder.chmod(0o777)  # whoever gets here may do as he likes: nothing but the sandbox is in his way
        self.file = self.folder / "canary"
        self.file.write_text(self.secret)
        self.file.chmod(0o666)
        self._file_state = self._look_at_file()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        groups = None if stranger is None else ()
        self._process = subprocess.Popen(
            ["/bin/cat"],  # ends with this process, however that ends
            env={"DISTINGUO_CANARY": self.secret},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=stranger,
            group=stranger,
            extra_groups=groups,
        )

    def __enter__(self) -> "Traps":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()
        self._listener.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def fill(self, source: str) -> str:
        """Write the traps' names into a program."""
        for name, text in (
            ("FILE", str(self.file)),
            ("FOLDER", str(self.folder)),
            ("PORT", str(self._listener.getsockname()[1])),
            ("PID", str(self._process.pid)),
            ("SECRET", self.secret),
            ("DROWER", self.secret[::-1]),
        ):
            source = source.replace(f"@{name}@", text)
        return source

    def touched(self) -> Iterator[str]:
        """What has been done to them, a sentence each."""
        if self._look_at_file() != self._file_state:
            yield "a file of the host was changed"
        if list(self.folder.iterdir()) != [self.file]:
            yield "a file was left on the host"
        with contextlib.suppress(BlockingIOError):
            self._listener.accept()[0].close()
            yield "a socket of the host was reached"
        if self._process.poll() is not None or self._state() == "T":
            yield "a process of the host was ended or stopped"

    def _look_at_file(self) -> tuple[str, int, int] | None:
        try:
            found = self.file.stat()
            return self.file.read_text(errors="replace"), found.st_mode, found.st_mtime_ns
        except OSError:
            return None

    def _state(self) -> str:
        return Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()[0]


def processes_below(pid: int) -> list[int]:
    """Every process that descends from `pid`, the nearest first, those that have ended and are not reaped included.

    Left out are those that wait at a worker for their run: they have the supervisor's filters and not yet their own.
    """
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue  # it ended while we looked
    found = [pid]
    for ancestor in found:
        found.extend(child for child, parent in parents.items() if parent == ancestor)
    filters = {each: _filters(each) for each in (os.getpid(), *found)}
    unfiltered = filters[os.getpid()]
    return [each for each in found[1:] if not unfiltered < filters[each] == filters.get(parents[each])]


def _filters(pid: int) -> int:
    """How many system-call filters a process has (Linux 5.9 tells), 0 if it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return int(status.partition("Seccomp_filters:")[2].split("\n")[0] or 0)
