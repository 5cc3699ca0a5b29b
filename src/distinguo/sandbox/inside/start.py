"""A worker's first process: makes namespaces and a root directory, starts the supervisor there as pid 1, and waits.

Run by the host with its own base interpreter. It dies with the host, and pid 1, on whose death the kernel kills
everything in the namespace, dies with it.
"""

import os
import resource
import select
import signal
import sys
from collections.abc import Mapping
from types import FrameType

from distinguo.sandbox.inside import namespaces

_STACK_BYTES = 256 << 20  # recursion 10^5 frames deep needs more than the usual 8 MiB
_ROOT_UIDS = (
    2_000_000_000  # above what any system hands out; a worker's own uid keeps its process limit apart from others'
)


def main(control: int, bundle: int, as_root: bool) -> None:
    """Start a worker and wait until it ends. Exits with a sentence on stderr where isolation is refused."""
    host = os.pidfd_open(os.getppid())
    try:
        shown = namespaces.what_to_show()
        user_namespace = namespaces.enter(as_root=as_root)
        namespaces.build_root(shown)
    except namespaces.Refused as refusal:
        sys.exit(str(refusal))
    except PermissionError as error:
        sys.exit(f"{error.strerror}: make this Python's installation and the folders above it readable to all")
    uid = None if user_namespace else _ROOT_UIDS + os.getpid()
    pid = os.fork()
    if pid == 0:
        _become_supervisor(uid, control, bundle)
    os.close(control)
    _wait(pid, host)


def _become_supervisor(uid: int | None, control: int, bundle: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_STACK)
    stack = _STACK_BYTES if hard == resource.RLIM_INFINITY else min(_STACK_BYTES, hard)
    resource.setrlimit(resource.RLIMIT_STACK, (stack, stack))  # counts from the next exec on
    namespaces.give_up_privilege(uid)
    environment: Mapping[str, str] = {
        "PYTHONHASHSEED": "0",  # sets are printed in the same order in every run
        "PYTHONHOME": "/usr",
        "LD_LIBRARY_PATH": namespaces.LIBRARIES,
    }
    os.lseek(bundle, 0, os.SEEK_SET)
    bootstrap = sys.orig_argv[sys.orig_argv.index("-c") + 1]
    command = [namespaces.INTERPRETER, "-P", "-s", "-S", "-B", "-X", "utf8", "-c", bootstrap]
    try:
        os.execve(
            namespaces.INTERPRETER,
            [*command, "zygote", str(control), str(bundle), str(int(uid is None))],
            environment,
        )
    except PermissionError:
        sys.exit("an unprivileged user may not run this Python: make its installation readable to all (chmod -R a+rX)")


def _wait(pid: int, host: int) -> None:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        os.kill(pid, signal.SIGKILL)

    signal.signal(signal.SIGTERM, stop)
    worker = os.pidfd_open(pid)
    poller = select.poll()
    poller.register(worker, select.POLLIN)
    poller.register(host, select.POLLIN)
    if worker not in dict(poller.poll()):
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)
