"""Other Pythons than the one that runs distinguo: what really starts, and whether a worker can be made of it."""

import asyncio
import os
import sys

from distinguo.errors import InputError

OLDEST = (3, 10)
_START_SECONDS = 20.0
_ASK = (
    "import sys, os\n"
    "print(sys.implementation.name, *sys.version_info[:2], os.path.realpath(sys.executable), sep='\\n')\n"
    "import ctypes\n"
    "os.pidfd_open, os.eventfd"
)


def own() -> str:
    """The base interpreter of this Python, outside of any virtual environment."""
    return str(getattr(sys, "_base_executable", sys.executable))


async def find(path: str) -> str:
    """The executable behind a Python's path, which may be a link, a launcher script or part of a virtual environment.

    Raises InputError where it does not start or is not CPython of a version that a worker can run.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *(path, "-I", "-S", "-B", "-c", _ASK),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd="/",
        )
    except (OSError, ValueError) as error:
        raise InputError(f"the interpreter {path} cannot be started ({error}); give the path of a Python") from error
    try:
        async with asyncio.timeout(_START_SECONDS):
            said, complaint = await process.communicate()
    except TimeoutError as error:
        raise InputError(f"the interpreter {path} does not start within {_START_SECONDS:g} s") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    try:
        name, major, minor, executable = os.fsdecode(said).splitlines()
        version = int(major), int(minor)
    except ValueError as error:
        reason = (os.fsdecode(complaint).strip().splitlines() or [f"exit status {process.returncode}"])[-1]
        raise InputError(f"{path} is no Python that can be used ({reason})") from error
    if name != "cpython" or version < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        raise InputError(f"programs run on CPython {wanted} or later, and {path} is {name} {major}.{minor}")
    if process.returncode != 0:
        raise InputError(f"{path} lacks what the sandbox needs ({os.fsdecode(complaint).strip().splitlines()[-1]})")
    return executable
