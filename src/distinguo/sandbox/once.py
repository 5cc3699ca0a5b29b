"""One piece of work for all who want it at the same time."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """Work by key: whoever asks while it is under way gets the same result, or the same exception.

    It goes on while somebody waits for it. When the last one is cancelled, so is the work, and it has ended when
    CancelledError comes out.
    """

    def __init__(self) -> None:
        self._tasks: dict[Hashable, tuple[asyncio.Task[T], list[None]]] = {}

    async def do(self, key: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        """The result of `work`, begun now unless it is under way."""
        if key not in self._tasks:
            self._tasks[key] = asyncio.create_task(self._see_to(key, work)), []
        task, waiting = self._tasks[key]
        waiting.append(None)
        try:
            return await asyncio.shield(task)
        finally:
            waiting.pop()
            if not waiting and not task.done():
                task.cancel()
                await asyncio.wait([task])

    async def settled(self) -> None:
        """Wait until nothing is under way."""
        while self._tasks:
            await asyncio.wait([task for task, _ in self._tasks.values()])

    async def _see_to(self, key: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        try:
            return await work()
        finally:
            del self._tasks[key]
