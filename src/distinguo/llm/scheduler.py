"""Whose call is sent next: one gate for each endpoint, shared by all of a process's calls to it.

A gate lets at most so many calls through at once. It halves that number when the endpoint says that it is overloaded
and adds one again for each round of answers (additive increase, multiplicative decrease); it sends nothing while the
endpoint asks it to wait. Calls wait in the order of their problems, so that early problems are finished early, and
within a problem those that continue a sample go before those that begin one.
"""

import asyncio
import heapq
import threading
import weakref
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from typing import NamedTuple

from distinguo.records import Request, Role


def begins(request: Request) -> bool:
    """Whether a call begins a sample."""
    return request.role is Role.GENERATOR and request.round == 0


class Place(NamedTuple):
    """A call's place in a gate's queue; lower goes first. A call that is tried again keeps its place."""

    rank: int
    begins: bool
    number: int


class Gate:
    """The gate of one endpoint, in one event loop."""

    def __init__(self, most: int) -> None:
        """At most `most` calls are let through at once, however well the endpoint takes them."""
        self._most = most
        self._limit = float(most)
        self._inside = 0
        self._waiting: list[tuple[Place, asyncio.Future[None]]] = []
        self._places = 0
        self._closed_until = 0.0  # by the event loop's clock
        self._halved_at = 0.0
        self._alarm: asyncio.TimerHandle | None = None

    @property
    def limit(self) -> int:
        """How many calls are let through at once, now."""
        return int(self._limit)

    def widen(self, most: int) -> None:
        """Let at least so many through at once while the endpoint is well: another of its clients asks for more."""
        if most > self._most:
            self._limit += most - self._most
            self._most = most
            self._admit()

    def place(self, request: Request, rank: int) -> Place:
        """Take a number. `rank` is the problem's, lower first."""
        self._places += 1
        return Place(rank, begins(request), self._places)

    @asynccontextmanager
    async def turn(self, place: Place) -> AsyncIterator["Turn"]:
        """Wait for this place's turn, and hold it."""
        await self._wait(place)
        try:
            yield Turn(self, asyncio.get_running_loop().time())
        finally:
            self._leave()

    async def _wait(self, place: Place) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (place, waiter))
        self._admit()
        try:
            await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled():  # the turn had come already
                self._leave()
            raise

    def _leave(self) -> None:
        self._inside -= 1
        self._admit()

    def _admit(self) -> None:
        """Let in who may go in."""
        if self._closed():
            return
        while self._waiting and self._inside < self.limit:
            _, waiter = heapq.heappop(self._waiting)
            if not waiter.done():  # else it was cancelled
                self._inside += 1
                waiter.set_result(None)

    def _closed(self) -> bool:
        """Whether the endpoint asked to wait; then the gate opens by itself later."""
        loop = asyncio.get_running_loop()
        if self._closed_until <= loop.time():
            return False
        if self._alarm is None or self._alarm.when() < self._closed_until:
            if self._alarm is not None:
                self._alarm.cancel()
            self._alarm = loop.call_at(self._closed_until, self._open)
        return True

    def _open(self) -> None:
        self._alarm = None
        self._admit()

    def answered(self) -> None:
        """The endpoint answered: after a round of answers it gets one call more at once."""
        self._limit = min(float(self._most), self._limit + 1 / self._limit)

    def overloaded(self, since: float, wait: float | None) -> None:
        """A call sent at `since` was refused for overload; the endpoint wants nothing for `wait` seconds, if it says.

        Calls that were under way when the limit was halved say nothing new.
        """
        now = asyncio.get_running_loop().time()
        if since > self._halved_at:
            self._limit = max(1.0, self._limit / 2)
            self._halved_at = now
        if wait is not None:
            self._closed_until = max(self._closed_until, now + wait)


class Turn(NamedTuple):
    """A call's time inside a gate; it tells the gate how the call went."""

    gate: Gate
    since: float

    def answered(self) -> None:
        """See Gate.answered."""
        self.gate.answered()

    def overloaded(self, wait: float | None) -> None:
        """See Gate.overloaded."""
        self.gate.overloaded(self.since, wait)


_gates: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, Gate]] = weakref.WeakKeyDictionary()
_lock = threading.Lock()  # event loops of several threads share the table, never a gate


def gate(endpoint: Hashable, most: int) -> Gate:
    """The gate of an endpoint in the running event loop; `endpoint` is whatever tells its accounts apart."""
    with _lock:
        gates = _gates.setdefault(asyncio.get_running_loop(), {})
        found = gates.setdefault(endpoint, Gate(most))
    found.widen(most)
    return found
