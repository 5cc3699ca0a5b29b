"""Who may run when: runs go side by side, and now and then one must have the machine to itself."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator


class Turnstile:
    """Lets runs through in the order of their coming; one that asks to be alone waits until nobody else is running.

    limit: how many may run at once, any number unless given.
    """

    def __init__(self, limit: int | None = None) -> None:
        self._limit = limit
        self._waiting: deque[tuple[asyncio.Future[None], bool]] = deque()
        self._running = 0
        self._alone = False

    @contextlib.asynccontextmanager
    async def enter(self, *, alone: bool = False) -> AsyncIterator[None]:
        """Wait for the turn; it lasts as long as the context."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((turn, alone))
        self._admit()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._admit()  # the next need not wait for this one
            else:
                self._leave()
            raise
        try:
            yield
        finally:
            self._leave()

    def _admit(self) -> None:
        while self._waiting:
            turn, alone = self._waiting[0]
            if turn.cancelled():
                self._waiting.popleft()
                continue
            if self._alone or (alone and self._running) or self._running == self._limit:
                return
            self._waiting.popleft()
            self._running += 1
            self._alone = alone
            turn.set_result(None)

    def _leave(self) -> None:
        self._running -= 1
        if not self._running:
            self._alone = False
        self._admit()
