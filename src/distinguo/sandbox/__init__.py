"""Running untrusted programs: isolated by the operating system, limited, and with a verdict.

    async with distinguo.sandbox.open() as box:
        execution = await box.run(Program("print(6 * int(input()))"), "7\n")

`docs/sandbox.md` says what a program can and cannot do, and how verdicts are found.
"""

import contextlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

from distinguo.errors import InputError, SandboxUnavailable

if TYPE_CHECKING:
    from distinguo.sandbox.box import Box


@contextlib.asynccontextmanager
async def open(workers: int | None = None, *, compiled: Path | None = None) -> "AsyncIterator[Box]":
    """An executor for the time of the context; at its end none of its processes is left.

    workers: how many programs may run at once; one per usable core unless given. They start when they are needed.
    compiled: the folder where compiled programs are kept, in the user's cache directory unless given.

    Raises SandboxUnavailable where programs cannot be isolated: the message says what is missing. Raises InputError for
    fewer workers than one.
    """
    if sys.platform != "linux":
        raise SandboxUnavailable(
            "programs are isolated by Linux namespaces: run distinguo on Linux or in a Linux virtual machine"
        )
    if workers is not None and workers < 1:
        raise InputError(f"programs need at least one worker, not {workers}")
    from distinguo.sandbox.box import Box

    box = Box(workers or len(os.sched_getaffinity(0)), compiled=compiled)
    await box.open()
    try:
        yield box
    finally:
        await box.aclose()
