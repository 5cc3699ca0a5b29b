"""Landlock as a second lock on the file system: files can be read where the mounts show them, /dev/null written.

Covers every ABI that the kernel has (truncation from 3, TCP from 4, device ioctls from 5, signals and abstract sockets
from 6). Where the kernel has none, the read-only mounts and the system-call filter stand alone.
"""

import ctypes
import os

from distinguo.sandbox.inside import syscalls

_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
_TRUNCATE = 1 << 14
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # ABI: number of rights it can govern
_TCP_RIGHTS = 0b11  # bind, connect
_SCOPES = 0b11  # abstract sockets, signals to processes outside
_VERSION = 1  # landlock_create_ruleset: ask for the ABI
_PATH_BENEATH = 1


class _RulesetAttr(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneathAttr(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def restrict() -> int:
    """Confine this process and all its children to come; no_new_privs must be set.

    Returns the ABI in force, 0 where the kernel has no Landlock. Raises OSError when it has and refuses.
    """
    try:
        abi = syscalls.call("landlock_create_ruleset", None, 0, _VERSION)
    except OSError:
        return 0  # not built in, or not enabled at boot
    rights = (1 << _FILE_RIGHTS[min(abi, 5)]) - 1
    attr = _RulesetAttr(rights, _TCP_RIGHTS if abi >= 4 else 0, _SCOPES if abi >= 6 else 0)
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    ruleset = syscalls.call("landlock_create_ruleset", ctypes.byref(attr), size, 0)
    try:
        _allow(ruleset, "/", _READ_FILE | _READ_DIR)
        _allow(ruleset, "/dev/null", (_READ_FILE | _WRITE_FILE | _TRUNCATE) & rights)
        syscalls.call("landlock_restrict_self", ruleset, 0)
    finally:
        os.close(ruleset)
    return abi


def _allow(ruleset: int, path: str, rights: int) -> None:
    parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = _PathBeneathAttr(rights, parent)
        syscalls.call("landlock_add_rule", ruleset, _PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(parent)
