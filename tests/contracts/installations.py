"""Pythons that everybody may read, and running as somebody else."""

import contextlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = Path(pytest.__file__).resolve().parents[1]
NOBODY = 65534


@contextlib.contextmanager
def copied_python() -> Iterator[Path]:
    """A copy of the base interpreter without third-party packages, in a folder that everybody may read."""
    home = Path(tempfile.mkdtemp(prefix="python-"))  # pytest's own folders are private
    stdlib = Path(os.__file__).resolve().parent
    excluded = shutil.ignore_patterns("site-packages", "dist-packages", "test", "idlelib", "config-*", "ensurepip")
    shutil.copytree(stdlib, home / stdlib.relative_to(Path(sys.base_prefix).resolve()), ignore=excluded)
    (home / "bin").mkdir()
    shutil.copy(Path(sys._base_executable).resolve(), home / "bin" / "python3")  # type: ignore[attr-defined]
    if sysconfig.get_config_var("Py_ENABLE_SHARED"):
        library = sysconfig.get_config_var("INSTSONAME")
        shutil.copy(Path(sysconfig.get_config_var("LIBDIR")) / library, home / "lib" / library)
    home.chmod(0o755)
    yield home
    shutil.rmtree(home)


def use(python: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the sandbox take that copy for the Python that runs distinguo."""
    monkeypatch.setattr(sys, "_base_executable", str(python / "bin" / "python3"))
    monkeypatch.setenv("LD_LIBRARY_PATH", str(python / "lib"))


def start_as_nobody(python: Path, *arguments: str, stdin: str = "") -> "subprocess.Popen[str]":
    """Start a copy of Python as an ordinary user who finds distinguo and its libraries; skips where none can."""
    if os.geteuid() != 0:
        pytest.skip("only root can play another user")
    for folder in (ROOT, *ROOT.parents, PACKAGES, *PACKAGES.parents):
        if folder.stat().st_mode & 5 != 5:
            pytest.skip(f"an ordinary user cannot read {folder}")
    return _start(python, arguments, stdin, NOBODY)


def start_as_ourselves(python: Path, *arguments: str, stdin: str = "") -> "subprocess.Popen[str]":
    """Start a copy of Python that finds distinguo and its libraries."""
    return _start(python, arguments, stdin, None)


def _start(python: Path, arguments: tuple[str, ...], stdin: str, user: int | None) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [str(python / "bin" / "python3"), *arguments],
        env={
            "LD_LIBRARY_PATH": str(python / "lib"),
            "PYTHONPATH": f"{ROOT / 'src'}:{PACKAGES}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": "/nonexistent",
            "PATH": os.environ["PATH"],
        },
        cwd="/",
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(stdin)
    process.stdin.close()
    process.stdin = None
    return process
