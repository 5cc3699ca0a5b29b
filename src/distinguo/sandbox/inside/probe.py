"""Tries each layer of isolation by itself, in a process of its own, and says whether it holds."""

import ctypes
import errno
import json
import mmap
import os
import resource
import select
import signal
from collections.abc import Callable
from functools import partial

from distinguo.sandbox.inside import landlock, namespaces, seccomp, syscalls

_UID = 2_100_000_000
_SPACES = {
    "pid": 0x20000000,
    "mount": 0x00020000,
    "network": 0x40000000,
    "IPC": 0x08000000,
    "UTS": 0x04000000,
    "cgroup": 0x02000000,
}
_NEWUSER = 0x10000000


def main(_control: str, _bundle: str) -> None:
    """Print one JSON list of (layer, "" or why it does not hold)."""
    probes: list[tuple[str, Callable[[], None]]] = [("user namespace", partial(_unshare, _NEWUSER))]
    user = 0 if os.geteuid() == 0 else _NEWUSER
    probes += [(f"{name} namespace", partial(_unshare, user | flag)) for name, flag in _SPACES.items()]
    probes += [
        ("own mounts", partial(_mount, user)),
        ("own user", _own_user),
        ("no new privileges", _no_privileges),
        ("seccomp", _seccomp),
        ("Landlock", _landlock),
        ("resource limits", _limits),
        ("memory files", lambda: os.close(os.memfd_create("probe"))),
        ("process descriptors", _pidfd),
    ]
    print(json.dumps([(name, _in_a_child(probe)) for name, probe in probes]))  # noqa: T201  the host reads it


def _in_a_child(probe: Callable[[], None]) -> str:
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        said = "it did not end"
        try:
            probe()
            said = ""
        except BaseException as error:  # noqa: BLE001  whatever it is, it is the answer
            said = str(error) or type(error).__name__
        finally:
            os.write(write, said.encode())
            os._exit(0)
    os.close(write)
    with open(read, encoding="utf-8") as file:  # noqa: PTH123
        said = file.read()
    _, status = os.waitpid(pid, 0)
    return said if status == 0 else f"the try ended with status {status}"


def _unshare(flags: int) -> None:
    syscalls.check("unshare", syscalls.libc.unshare(flags))


def _mount(user: int) -> None:
    _unshare(user | _SPACES["mount"])
    private = 1 << 18 | 16384
    for arguments in ((b"none", b"/", None, private), (b"tmpfs", b"/tmp", b"tmpfs", 0)):
        source, target, kind, flags = arguments
        syscalls.check("mount", syscalls.libc.mount(source, target, kind, ctypes.c_ulong(flags), None))


def _own_user() -> None:
    if os.geteuid() != 0:
        raise OSError("only root can give a worker a user of its own")
    namespaces.become(_UID)
    if os.getresuid() != (_UID,) * 3:
        raise OSError(f"only uid {os.getuid()} can be had, which other programs may have too")


def _no_privileges() -> None:
    namespaces.give_up_privilege(None)
    with open("/proc/self/status") as file:  # noqa: PTH123
        status = dict(line.split(":", 1) for line in file)
    if status["NoNewPrivs"].strip() != "1":
        raise OSError("no_new_privs has no effect")


def _seccomp() -> None:
    namespaces.give_up_privilege(None)
    seccomp.install(seccomp.child_filter(os.getpid(), bare=True))
    try:
        os.kill(os.getppid(), 0)
    except PermissionError:
        return
    raise OSError("a filter has no effect")


def _landlock() -> None:
    if landlock.version() == 0:
        raise OSError("the kernel has none, or the container hides it")
    namespaces.give_up_privilege(None)
    landlock.restrict_to([], [])
    try:
        os.close(os.open("/", os.O_RDONLY))
    except PermissionError:
        return
    raise OSError("it has no effect")


def _limits() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
    try:
        mmap.mmap(-1, 2 << 30).close()
    except OSError as error:
        if error.errno == errno.ENOMEM:
            return
        raise
    raise OSError("the limit of address space has no effect")


def _pidfd() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    handle = os.pidfd_open(pid)
    poller = select.poll()
    poller.register(handle, select.POLLIN)
    ended = poller.poll(10_000)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    if not ended:
        raise OSError("the end of a process is not reported")
