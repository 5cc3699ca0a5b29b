"""A worker's first process: isolates what it starts by namespaces, or without them, and waits for its end.

With namespaces the supervisor is pid 1 of its own, on whose death the kernel kills everything in it, and sees a root
directory of its own. Without, it sees the host's paths through Landlock (`bare.py` has what else stands in). Run by the
host with its own base interpreter or with the one that programs are to have; it dies with the host, and the supervisor
with it.
"""

import os
import resource
import select
import signal
import sys
from collections.abc import Mapping
from types import FrameType
from typing import NamedTuple, NoReturn

from distinguo.sandbox.inside import bare, copies, namespaces
from distinguo.sandbox.inside.wire import REFUSED

_STACK_BYTES = 256 << 20  # recursion 10^5 frames deep needs more than the usual 8 MiB
ROOT_UIDS = (
    2_000_000_000  # above what any system hands out; a worker's own uid keeps its process limit apart from others'
)


class _Python(NamedTuple):
    """What the supervisor is started with.

    readable: what it may read where it has no root directory of its own; None where it has. packages: folders.
    """

    executable: str
    home: str
    libraries: str
    packages: tuple[str, ...]
    readable: tuple[str, ...] | None


def main(control: str, bundle: str, as_root: str, use_namespaces: str, preload: str) -> None:
    """Start a worker and wait until it ends. Exits with a sentence on stderr where isolation is refused.

    control, bundle: descriptors. as_root, use_namespaces: "1" or "0". preload: folders of packages,
    joined by commas.
    """
    host = os.pidfd_open(os.getppid())
    folders = tuple(folder for folder in preload.split(",") if folder)
    isolate = _with_namespaces if use_namespaces == "1" else _without_namespaces
    try:
        python, own_uid = isolate(folders, as_root=as_root == "1")
    except namespaces.Refused as refusal:
        _refuse(refusal)
    except PermissionError as error:
        sys.exit(f"{error.strerror}: make this Python's installation and the folders above it readable to all")
    uid = ROOT_UIDS + os.getpid() if own_uid else None
    pid = os.fork()
    if pid == 0:
        _become_supervisor(uid, int(control), int(bundle), python)
    os.close(int(control))
    wait(pid, host)


def _refuse(refusal: namespaces.Refused) -> NoReturn:
    print(refusal, file=sys.stderr)  # noqa: T201  the host reads it
    sys.exit(REFUSED)


def _with_namespaces(folders: tuple[str, ...], *, as_root: bool) -> tuple[_Python, bool]:
    """Returns also whether the supervisor is to get a uid of its own."""
    shown = namespaces.what_to_show(list(folders))
    user_namespace = namespaces.enter(as_root=as_root)
    namespaces.build_root(shown)
    packages = tuple(map(namespaces.package_inside, folders))
    return _Python(namespaces.INTERPRETER, "/usr", namespaces.LIBRARIES, packages, None), not user_namespace


def _without_namespaces(folders: tuple[str, ...], *, as_root: bool) -> tuple[_Python, bool]:
    shown = namespaces.what_to_show(list(folders))
    own_uid = bare.enter(as_root=as_root)
    libraries = os.environ.get("LD_LIBRARY_PATH", "")
    if own_uid and not copies.readable([path for path, _ in shown]):
        try:
            shown = copies.copy(shown)
        except OSError as error:
            raise namespaces.Refused(
                f"without namespaces every user must be able to read this Python, and it cannot be copied ({error}): "
                "make its installation and every folder above it readable to all (chmod a+rX)"
            ) from error
        at = {inside: path for path, inside in shown}
        executable = at[namespaces.INTERPRETER]
        root = executable.removesuffix(namespaces.INTERPRETER)
        packages = tuple(root + namespaces.package_inside(folder) for folder in folders)
        python = _Python(executable, f"{root}/usr", f"{root}{namespaces.LIBRARIES}:{libraries}", packages, ())
    else:
        home = f"{sys.base_prefix}:{sys.base_exec_prefix}"
        python = _Python(os.path.realpath(sys.executable), home, libraries, folders, ())
    return python._replace(readable=tuple(path for path, _ in shown)), own_uid


def _become_supervisor(uid: int | None, control: int, bundle: int, python: _Python) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_STACK)
    stack = _STACK_BYTES if hard == resource.RLIM_INFINITY else min(_STACK_BYTES, hard)
    resource.setrlimit(resource.RLIMIT_STACK, (stack, stack))  # counts from the next exec on
    processes = 0 if python.readable is None else bare.process_limit(uid)
    namespaces.give_up_privilege(uid)
    if python.readable is not None:
        try:
            bare.confine(python.readable, python.executable, python.packages)
        except namespaces.Refused as refusal:
            _refuse(refusal)
    environment: Mapping[str, str] = {
        "PYTHONHASHSEED": "0",  # sets are printed in the same order in every run
        "PYTHONHOME": python.home,
        "LD_LIBRARY_PATH": python.libraries,
        "LD_BIND_NOW": "1",  # or every child would look up the functions that it calls
    }
    os.lseek(bundle, 0, os.SEEK_SET)
    bootstrap = sys.orig_argv[sys.orig_argv.index("-c") + 1]
    command = [python.executable, "-s", "-S", "-B", "-X", "utf8", "-c", bootstrap]
    facts = (control, bundle, int(python.readable is None), int(uid is not None), processes)
    try:
        os.execve(python.executable, [*command, "zygote", *map(str, facts), ",".join(python.packages)], environment)
    except PermissionError:
        sys.exit("an unprivileged user may not run this Python: make its installation readable to all (chmod -R a+rX)")


def wait(pid: int, host: int) -> None:
    """Wait for the supervisor's end and exit with its status; it dies with this process or the host."""

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
    bare.reap_orphans()
    sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)
