"""Drafts of one prompt in one call: an endpoint that takes `n` is sent, and paid for, the prompt once.

The choices of such a call share the first draft's seed, so which drafts were asked for together becomes part of what
is drawn.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

from distinguo.protocols import Enough, Sending
from distinguo.records import Completion, Request


@dataclass(frozen=True, slots=True)
class Draft:
    """A request, and what its caller wants to be asked and told (see protocols.Client)."""

    request: Request
    enough: Enough | None
    sending: Sending | None
    rank: int


@dataclass(slots=True)
class _Group:
    drafts: list[tuple[Draft, asyncio.Future[Completion | None]]] = field(default_factory=list)


Answer = Callable[[Sequence[Draft]], Awaitable[list[Completion]]]


class Groups:
    """Collects the drafts that are asked for at one moment and differ in sample and seed only."""

    def __init__(self, size: int, answer: Answer) -> None:
        """`answer` asks for at most `size` drafts in one call, and may give fewer than that, in their order."""
        self._size = size
        self._answer = answer
        self._open: dict[Request, _Group] = {}
        self._calls: set[asyncio.Task[None]] = set()

    async def completion(self, draft: Draft) -> Completion | None:
        """Give a draft's completion, or None when the call that it was part of gave fewer than were asked for.

        Raises what `answer` does.
        """
        loop = asyncio.get_running_loop()
        alike = replace(draft.request, sample=0, seed=0)
        group = self._open.get(alike)
        if group is None:
            group = self._open[alike] = _Group()
            loop.call_soon(self._send, alike)
        future: asyncio.Future[Completion | None] = loop.create_future()
        group.drafts.append((draft, future))
        if len(group.drafts) == self._size:
            self._send(alike)
        return await future

    async def aclose(self) -> None:
        """Cancel the calls in flight."""
        calls = list(self._calls)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    def _send(self, alike: Request) -> None:
        """Ask for the drafts that have come together by now; those whose callers have gone are left out."""
        group = self._open.pop(alike, None)
        waiting = [] if group is None else [(draft, future) for draft, future in group.drafts if not future.done()]
        if not waiting:
            return
        drafts, futures = zip(*waiting, strict=True)
        call = asyncio.create_task(self._ask(drafts, futures))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)

        def left(_: object) -> None:
            if all(future.done() for future in futures):
                call.cancel()

        for future in futures:
            future.add_done_callback(left)

    async def _ask(self, drafts: Sequence[Draft], futures: Sequence[asyncio.Future[Completion | None]]) -> None:
        try:
            completions: list[Completion | None] = [*await self._answer(drafts)]
        except Exception as error:  # noqa: BLE001  # each caller raises it
            for future in futures:
                if not future.done():
                    future.set_exception(error)
            return
        completions += [None] * (len(futures) - len(completions))
        for future, completion in zip(futures, completions, strict=True):
            if not future.done():
                future.set_result(completion)
