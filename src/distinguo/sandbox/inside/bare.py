"""What stands in for namespaces where a machine refuses them: Landlock, a uid of its own if root starts it, seccomp.

The supervisor is not pid 1 here, so it may kill its child only; a child can have no children, because its filter
refuses to make any, and dies with the supervisor. What a program can still see is listed in sandbox/isolation.py.
"""

# Importing pathlib would take a fifth of a worker's start.
# ruff: noqa: PTH116, PTH119, PTH208

import os
import resource
import signal
import sys
from typing import NamedTuple

from distinguo.sandbox.inside import landlock, namespaces, syscalls

_THREADS = 64
_OTHERS = 448  # processes that the user may start besides, while the worker lives
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER = 1, 4, 36


def enter(*, as_root: bool) -> bool:
    """Make the first process what the supervisor needs above it. Returns whether that can have a uid of its own.

    Raises Refused where the kernel has no Landlock, because then nothing would hide the host's files.
    """
    if landlock.version() == 0:
        raise namespaces.Refused(
            "without namespaces Landlock must hide the host's files, and this kernel or container has none (it takes "
            "Linux 5.13 or later with landlock among its security modules)"
        )
    is_root = os.geteuid() == 0 and namespaces.is_mapped(namespaces.NOBODY)
    if is_root and not as_root:
        namespaces.become(namespaces.NOBODY)
        syscalls.prctl(_PR_SET_DUMPABLE, 1)  # or the files in /proc/self would be root's
    syscalls.prctl(_PR_SET_CHILD_SUBREAPER, 1)  # a child that outlives the supervisor is reaped here
    return is_root and as_root


def process_limit(uid: int | None) -> int:
    """RLIMIT_NPROC for a child: it counts every process and thread of a user, so those that are there come on top."""
    _, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    most = sys.maxsize if hard == resource.RLIM_INFINITY else hard
    if uid is not None:
        return min(_THREADS + 2, most)
    tasks = 0
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if os.stat(f"/proc/{name}").st_uid == os.getuid():
                    tasks += len(os.listdir(f"/proc/{name}/task"))
            except OSError:
                continue  # it ended meanwhile, or is hidden
    return min(tasks + _THREADS + _OTHERS, most)


def confine(visible: tuple[str, ...], executable: str, packages: tuple[str, ...]) -> None:
    """Let this process and what it becomes read the given files and folders, run the interpreter, and nothing else.

    packages: folders among them that are found by listing the folder above.
    """
    loaders = [path for path in visible if os.path.basename(path).startswith(("ld-", "ld."))]
    try:
        landlock.restrict_to(visible, [executable, *loaders], map(os.path.dirname, packages))
    except PermissionError as error:
        raise namespaces.Refused(
            f"without namespaces an unprivileged user must be able to read this Python ({error}): make its "
            "installation and every folder above it readable to all (chmod a+rX)"
        ) from error


class Bare(NamedTuple):
    """What a supervisor without namespaces, and its children, know of themselves."""

    supervisor: int
    processes: int
    own_uid: bool

    def adopt_orphans(self) -> None:
        """Let the supervisor see every descendant that a run leaves, and count processes if the user is its own."""
        syscalls.prctl(_PR_SET_CHILD_SUBREAPER, 1)
        if self.own_uid:
            resource.setrlimit(resource.RLIMIT_NPROC, (self.processes, self.processes))

    def confine_child(self) -> None:
        """Called in the child: the kernel kills it when its supervisor ends, and bounds its threads."""
        syscalls.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != self.supervisor:  # it ended before
            os._exit(1)
        resource.setrlimit(resource.RLIMIT_NPROC, (self.processes, self.processes))


def reap_orphans() -> None:
    """Wait for the children of a supervisor that has ended; they are dying with it."""
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return
