"""A copy of a Python that only root can read, for workers that run as another user and have no mounts of their own.

It is kept under /var/cache, which only root can write, and made again when the original changes. Third-party packages,
the library's own tests and what else no program needs are left out: about 100 MB.
"""

# Importing pathlib would take a fifth of a worker's start.
# ruff: noqa: PTH101, PTH103, PTH104, PTH112, PTH116, PTH120

import hashlib
import os
import shutil
import stat

from distinguo.sandbox.inside import landlock, namespaces

_CACHE = "/var/cache/distinguo"
_LEFT_OUT = ("test", "tests", "idlelib", "turtledemo", "ensurepip", "tkinter", "config-*", *landlock.PACKAGES)


def readable(paths: list[str]) -> bool:
    """Whether every user may read these files and folders, as the modes of the folders above them say."""
    for path in paths:
        if not os.stat(path).st_mode & stat.S_IROTH:
            return False
        folder = os.path.dirname(path)
        while os.stat(folder).st_mode & stat.S_IXOTH:
            if folder == "/":
                break
            folder = os.path.dirname(folder)
        else:
            return False
    return True


def copy(shown: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Copy what is to be shown, devices and what the loader must find by its path excepted.

    Takes and returns (path on the host, path inside); the copy has the latter below a folder of its own. Raises
    OSError where it cannot be made.
    """
    key = hashlib.sha256(repr([(*pair, os.stat(pair[0]).st_mtime_ns) for pair in shown]).encode()).hexdigest()[:16]
    os.makedirs(_CACHE, mode=0o755, exist_ok=True)
    owner = os.stat(_CACHE)
    if owner.st_uid != 0 or owner.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError(f"{_CACHE} may be written by others than root")
    home = f"{_CACHE}/{key}"
    if not os.path.isdir(home):
        unfinished = f"{home}.{os.getpid()}"
        try:
            for source, inside in filter(_is_copied, shown):
                _copy(source, unfinished + inside)
            os.chmod(unfinished, 0o755)
            _put(unfinished, home)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return [(home + pair[1] if _is_copied(pair) else pair[0], pair[1]) for pair in shown]


def _is_copied(pair: tuple[str, str]) -> bool:
    return pair[1] == namespaces.INTERPRETER or pair[1].startswith(f"{namespaces.LIBRARIES}/")


def _copy(source: str, target: str) -> None:
    os.makedirs(os.path.dirname(target), mode=0o755, exist_ok=True)
    if os.path.isdir(source):
        shutil.copytree(source, target, ignore=shutil.ignore_patterns(*_LEFT_OUT), dirs_exist_ok=True)
    else:
        shutil.copyfile(source, target)
        os.chmod(target, 0o755)


def _put(unfinished: str, home: str) -> None:
    try:
        os.rename(unfinished, home)
    except OSError:
        if not os.path.isdir(home):  # another worker was not faster
            raise
