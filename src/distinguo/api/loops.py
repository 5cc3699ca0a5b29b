"""What the functions for code without an event loop have in common."""

import asyncio
from contextlib import suppress

from distinguo.errors import InputError


def require_no_loop(function: str) -> None:
    """Raises InputError inside a running event loop."""
    with suppress(RuntimeError):  # there is no loop, as it should be
        asyncio.get_running_loop()
        raise InputError(f"an event loop is running here; use `await distinguo.{function}(...)`")
