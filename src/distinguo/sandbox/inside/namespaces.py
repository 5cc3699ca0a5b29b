"""The worker's own namespaces, its root directory and its loss of privilege.

The root directory is a read-only tmpfs that shows, read-only: the interpreter at /usr/bin/python3, its standard library
under /usr/lib without third-party packages, the shared libraries that it can load, /dev/null, /dev/zero and
/dev/urandom; where third-party packages were asked for, these under /usr/lib/packages. Paths of the host do not appear
in it. There is no /proc, /sys, /tmp or home, and nothing is writable.
"""

# Importing pathlib would take a fifth of a worker's start.
# ruff: noqa: PTH102, PTH103, PTH106, PTH112, PTH119, PTH120, PTH123, PTH208

import ctypes
import errno
import os
import sys
from collections.abc import Iterator
from typing import Final

from distinguo.sandbox.inside import landlock, syscalls

NOBODY: Final = 65534
INTERPRETER: Final = "/usr/bin/python3"
LIBRARIES: Final = "/usr/lib"
PACKAGES: Final = f"{LIBRARIES}/packages"
_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")
_STAGE = "/tmp"  # the new root is mounted here before it becomes /

_NEWNS, _NEWCGROUP, _NEWUTS, _NEWIPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
_NEWUSER, _NEWPID, _NEWNET = 0x10000000, 0x20000000, 0x40000000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
_MS_NOEXEC, _MS_NOATIME, _MS_NODIRATIME, _MS_RELATIME = 8, 1024, 2048, 1 << 21
_LOCKED_FLAGS = (
    (os.ST_NOSUID, _MS_NOSUID),
    (os.ST_NODEV, _MS_NODEV),
    (os.ST_NOEXEC, _MS_NOEXEC),
    (os.ST_NOATIME, _MS_NOATIME),
    (os.ST_NODIRATIME, _MS_NODIRATIME),
    (os.ST_RELATIME, _MS_RELATIME),
)
_MNT_DETACH = 2
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_MOUNT_ATTR_RDONLY, _MOUNT_ATTR_NOSUID = 1, 2
_PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 4, 24, 38, 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_RTLD_DI_LINKMAP = 2
_CAPABILITY_VERSION = 0x20080522


class Refused(Exception):
    """This machine does not let us isolate; the message is a sentence for the user."""


class _LinkMap(ctypes.Structure):
    pass


_LinkMap._fields_ = (
    ("address", ctypes.c_void_p),
    ("name", ctypes.c_char_p),
    ("dynamic", ctypes.c_void_p),
    ("next", ctypes.POINTER(_LinkMap)),
    ("previous", ctypes.POINTER(_LinkMap)),
)


def what_to_show(packages: list[str]) -> list[tuple[str, str]]:
    """What the new root must contain for the interpreter to run, as (path on the host, path inside).

    packages: the folders of third-party packages to show. Call it before `enter`. It maps the extension modules into
    this process to learn which libraries they load, without initialising them.
    """
    stdlib = os.path.dirname(os.path.realpath(os.__file__))
    extensions = next((path for path in sys.path if path.endswith("/lib-dynload")), stdlib)
    shown = [(os.path.realpath(sys.executable), INTERPRETER), (stdlib, f"{LIBRARIES}/{os.path.basename(stdlib)}")]
    if not os.path.realpath(extensions).startswith(f"{stdlib}/"):
        shown.append((extensions, f"{LIBRARIES}/lib-dynload"))
    for module in sorted(os.listdir(extensions)):
        if not module.endswith(".so") or module.startswith(("_tkinter", "_test", "_ctypes_test", "_xx", "xx")):
            continue  # graphics libraries are of no use inside; test modules load nothing
        try:
            ctypes.CDLL(f"{extensions}/{module}", mode=os.RTLD_LAZY)
        except OSError:
            continue  # a library of its is not installed: the module cannot be imported outside either
    shown += _packages(packages)
    inside_shown = tuple(f"{source}/" for source, _ in shown[1:])
    for library in _loaded_libraries():
        if library.startswith("/") and not library.startswith((f"{extensions}/", *inside_shown)):
            name = os.path.basename(library)
            # The loader is looked for by its path, the others by their names.
            inside = library if name.startswith(("ld-", "ld.")) else f"{LIBRARIES}/{name}"
            shown.append((os.path.realpath(library), inside))
    return shown + [(device, device) for device in _DEVICES]


def package_inside(folder: str) -> str:
    """Where the root directory has the folder of a third-party package."""
    return f"{PACKAGES}/{os.path.basename(folder)}"


def _packages(folders: list[str]) -> list[tuple[str, str]]:
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # a process with threads may not enter a user namespace
    shown = []
    for folder in folders:
        for path in (folder, f"{folder}.libs"):  # wheels carry their libraries beside the package
            if os.path.isdir(path):
                shown.append((path, package_inside(path)))
        for parent, _, files in os.walk(folder):
            for file in files:
                if file.endswith(".so"):
                    ctypes.CDLL(f"{parent}/{file}", mode=os.RTLD_LAZY)
    return shown


def _loaded_libraries() -> Iterator[str]:
    entry = ctypes.POINTER(_LinkMap)()
    handle = ctypes.c_void_p(ctypes.CDLL(None)._handle)
    syscalls.check("dlinfo", syscalls.libc.dlinfo(handle, _RTLD_DI_LINKMAP, ctypes.byref(entry)))
    while entry:
        yield os.fsdecode(entry.contents.name)
        entry = entry.contents.next


def enter(*, as_root: bool) -> bool:
    """Leave the host's namespaces; the next process forked is pid 1 of the new one.

    `as_root` allows the way without a user namespace, which takes CAP_SYS_ADMIN. Returns whether there is one.
    Raises Refused.
    """
    spaces = _NEWNS | _NEWPID | _NEWNET | _NEWIPC | _NEWUTS | _NEWCGROUP
    is_root = os.geteuid() == 0 and is_mapped(NOBODY)
    user_namespace = not (as_root and is_root and _unshare(spaces) == 0)
    if user_namespace:
        if is_root:
            become(NOBODY)
            syscalls.prctl(_PR_SET_DUMPABLE, 1)  # or the files in /proc/self would be root's
        uid, gid = os.geteuid(), os.getegid()
        error = _unshare(spaces | _NEWUSER)
        if error:
            raise Refused(
                f"the kernel refuses new namespaces ({os.strerror(error)}): allow unprivileged user namespaces (sysctl "
                "user.max_user_namespaces=10000 kernel.unprivileged_userns_clone=1 "
                "kernel.apparmor_restrict_unprivileged_userns=0), or run the container with --privileged"
            )
        for name, content in (
            ("setgroups", "deny"),
            ("uid_map", f"{NOBODY} {uid} 1"),
            ("gid_map", f"{NOBODY} {gid} 1"),
        ):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(content)
    syscalls.check("sethostname", syscalls.libc.sethostname(b"sandbox", 7))
    return user_namespace


def is_mapped(uid: int) -> bool:
    """Whether this system has such a user: a container's root may be alone in it."""
    with open("/proc/self/uid_map") as file:
        ranges = [tuple(map(int, line.split())) for line in file]
    return any(first <= uid < first + count for first, _, count in ranges)


def _unshare(flags: int) -> int:
    """Returns 0 or the errno."""
    return ctypes.get_errno() if syscalls.libc.unshare(flags) else 0


def build_root(shown: list[tuple[str, str]], folders: tuple[str, ...] = ()) -> None:
    """Make the new root directory from `what_to_show` and leave the old one for good. Raises Refused or OSError.

    folders: empty ones to make beside, to mount on later.
    """
    try:
        _mount("none", "/", None, _MS_REC | _MS_PRIVATE)
        _mount("tmpfs", _STAGE, "tmpfs", _MS_NOSUID, "size=1m,mode=0755")
    except OSError as error:
        raise Refused(
            f"mounting is refused inside the new namespaces ({error.strerror}): on Ubuntu set "
            "kernel.apparmor_restrict_unprivileged_userns=0, in a container allow mounts (--privileged)"
        ) from error
    os.mkdir(f"{_STAGE}/old")
    syscalls.call("pivot_root", _STAGE.encode(), f"{_STAGE}/old".encode())
    os.chdir("/")
    for source, target in shown:
        _show(f"/old{source}", target)
        for packages in (f"{target}/{name}" for name in landlock.PACKAGES):
            if os.path.isdir(packages):
                hide(packages)
    for folder in folders:
        os.mkdir(folder)
    syscalls.check("umount2", syscalls.libc.umount2(b"/old", _MNT_DETACH))
    os.rmdir("/old")
    _mount("none", "/", None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID)


def hide(folder: str) -> None:
    """Put an empty folder in a folder's place."""
    _mount("tmpfs", folder, "tmpfs", _MS_RDONLY | _MS_NOSUID | _MS_NODEV, "size=4k")


def mount_scratch(folder: str, size: int) -> None:
    """Mount an empty file system of `size` bytes that everybody inside may write and execute from."""
    _mount("tmpfs", folder, "tmpfs", _MS_NOSUID | _MS_NODEV, f"size={size},nr_inodes=8k,mode=0777")


def _show(source: str, target: str) -> None:
    """Bind `source` read-only to `target`, which is created."""
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.isdir(source):
        os.mkdir(target)
    else:
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o444))
    _mount(source, target, None, _MS_BIND | _MS_REC)
    attr = (ctypes.c_uint64 * 4)(_MOUNT_ATTR_RDONLY | _MOUNT_ATTR_NOSUID, 0, 0, 0)
    try:
        syscalls.call("mount_setattr", _AT_FDCWD, target.encode(), _AT_RECURSIVE, attr, ctypes.sizeof(attr))
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
        # Before Linux 5.12: remount, keeping the flags that the host's mount locks.
        locked = sum(flag for name, flag in _LOCKED_FLAGS if os.statvfs(target).f_flag & name)
        _mount("none", target, None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID | locked)


def _mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    arguments = (
        source.encode(),
        target.encode(),
        kind and kind.encode(),
        ctypes.c_ulong(flags),
        options.encode() or None,
    )
    syscalls.check(f"mount {target}", syscalls.libc.mount(*arguments))


def give_up_privilege(uid: int | None) -> None:
    """Lose every capability for good and, unless `uid` is None, become that user without any group."""
    capability = 0
    while True:
        try:
            syscalls.prctl(_PR_CAPBSET_DROP, capability)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EPERM):  # past the last; or none to lose, which is checked later
                raise
            break
        capability += 1
    syscalls.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    if uid is not None:
        become(uid)
    syscalls.prctl(_PR_SET_NO_NEW_PRIVS, 1)


def check_no_privilege() -> None:
    """Exit where a capability is left, as an odd container could have it."""
    header, sets = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0), (ctypes.c_uint32 * 6)()
    syscalls.call("capget", header, sets)
    if any(sets):
        raise SystemExit("this container's root cannot give up its capabilities: run distinguo as an ordinary user")


def become(uid: int) -> None:
    """Turn from root into a user without groups; where this system cannot name the uid, into nobody."""
    os.setgroups([])
    try:
        os.setresgid(uid, uid, uid)
    except OSError:  # a container's user namespace maps only some ids
        uid = NOBODY
        os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
