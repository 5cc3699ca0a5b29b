"""Landlock: with namespaces a second lock on the file system, without them the only one.

Covers every ABI that the kernel has (truncation from 3, TCP from 4, device ioctls from 5, signals and abstract sockets
from 6). What older ones lack the system-call filter refuses.
"""

import ctypes
import os
from collections.abc import Iterable

from distinguo.sandbox.inside import syscalls

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 1 << 1, 1 << 2, 1 << 3
_TRUNCATE = 1 << 14
_SCRATCH = 0x7FFF & ~(1 << 6 | 1 << 9 | 1 << 11)  # all but making devices and sockets
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # ABI: number of rights it can govern
_TCP_RIGHTS = 0b11  # bind, connect
_SCOPES = 0b11  # abstract sockets, signals to processes outside
_VERSION = 1  # landlock_create_ruleset: ask for the ABI
_PATH_BENEATH = 1
PACKAGES = ("site-packages", "dist-packages")  # third-party code is not part of the interpreter


class _RulesetAttr(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneathAttr(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def version() -> int:
    """The kernel's ABI; 0 where it has no Landlock, or a container hides it."""
    try:
        return syscalls.call("landlock_create_ruleset", None, 0, _VERSION)
    except OSError:
        return 0  # not built in, or not enabled at boot


def restrict(scratch: str = "") -> int:
    """Let this process and all its children to come read what they see, and write to /dev/null only.

    scratch: a folder in which they may do anything but make devices and sockets; with it, what they see may be executed
    too. no_new_privs must be set. Returns the ABI in force, 0 where there is none. Raises OSError when it has one and
    refuses.
    """
    abi = version()
    if abi:
        reading = _READ_FILE | _READ_DIR
        _restrict(abi, [("/", reading | _EXECUTE), (scratch, _SCRATCH)] if scratch else [("/", reading)])
    return abi


def restrict_to(paths: Iterable[str], executables: Iterable[str], listed: Iterable[str] = ()) -> None:
    """The same, with nothing readable but these files and folders, less the third-party packages in them.

    executables: those of the files that may be executed. listed: folders whose names may be
    seen. Raises OSError, also where there is no Landlock.
    """
    rules = [(folder, _READ_DIR) for folder in listed]
    for path in paths:
        if not os.path.isdir(path):  # noqa: PTH112  pathlib takes long to import
            rules.append((path, _READ_FILE))
            continue
        rules.append((path, _READ_DIR))  # a search for a module lists it
        with os.scandir(path) as entries:
            rules += [
                (entry.path, _READ_FILE | _READ_DIR if entry.is_dir() else _READ_FILE)
                for entry in entries
                if entry.name not in PACKAGES and not entry.is_symlink()
            ]
    _restrict(version(), rules + [(path, _READ_FILE | _EXECUTE) for path in executables])


def _restrict(abi: int, rules: list[tuple[str, int]]) -> None:
    rights = (1 << _FILE_RIGHTS[min(abi, 5)]) - 1
    attr = _RulesetAttr(rights, _TCP_RIGHTS if abi >= 4 else 0, _SCOPES if abi >= 6 else 0)
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    ruleset = syscalls.call("landlock_create_ruleset", ctypes.byref(attr), size, 0)
    try:
        for path, allowed in [*rules, ("/dev/null", _READ_FILE | _WRITE_FILE | _TRUNCATE)]:
            _allow(ruleset, path, allowed & rights)
        syscalls.call("landlock_restrict_self", ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = _PathBeneathAttr(rights, parent)
        syscalls.call("landlock_add_rule", ruleset, _PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(parent)
