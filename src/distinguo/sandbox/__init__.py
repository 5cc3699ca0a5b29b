"""Running untrusted programs: isolated by the operating system, limited, and with a verdict.

    async with distinguo.sandbox.open() as box:
        execution = await box.run(program, stdin, limits)

`docs/sandbox.md` says what a program can and cannot do, and how verdicts are found.
"""

import contextlib
import sys
from collections.abc import AsyncIterator

from distinguo.errors import SandboxUnavailable
from distinguo.protocols import Executor


@contextlib.asynccontextmanager
async def open(workers: int | None = None) -> AsyncIterator[Executor]:
    """An executor for the time of the context; at its end none of its processes is left.

    workers: how many programs may run at once; one per usable core unless given. They start when they are needed.

    Raises SandboxUnavailable where programs cannot be isolated: the message says what is missing.
    """
    if sys.platform != "linux":
        raise SandboxUnavailable(
            "programs are isolated by Linux namespaces: run distinguo on Linux or in a Linux virtual machine"
        )
    from distinguo.sandbox.pool import Pool, usable_cores

    pool = Pool(workers or usable_cores())
    await pool.open()
    try:
        yield pool
    finally:
        await pool.aclose()
