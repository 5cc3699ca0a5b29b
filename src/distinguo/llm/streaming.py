"""Reading a response: server-sent events as they arrive, or a body as a whole, bounded in size."""

import asyncio
from collections.abc import AsyncIterator

from distinguo.errors import CallError
from distinguo.llm.answers import LONGEST, Interrupted, Stream

_END_SECONDS = 1.0  # for the end of a response after its last event, which frees the connection for another call


class Events:
    """The data of server-sent events, from bytes that arrive in pieces of any size."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, piece: bytes) -> list[bytes]:
        """Return the data of the events that this piece completes. Comments and other fields are left out."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        whole: list[bytes] = []
        for line in lines:
            line = line.rstrip(b"\r")
            if line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))
            elif not line and self._data:
                whole.append(b"\n".join(self._data))
                self._data = []
        return whole


async def read_events(pieces: AsyncIterator[bytes], stream: Stream) -> None:
    """Feed a stream until it needs nothing more.

    Raises what Stream.part does, Interrupted when the response ends before the answer does, and what `pieces` raises
    unless the answer is whole by then.
    """
    events, size = Events(), 0
    async for piece in pieces:
        size += len(piece)
        if size > LONGEST:
            raise _too_long(stream.model)
        for data in events.feed(piece):
            if stream.part(data):
                if not stream.ended:
                    await _to_the_end(pieces)
                return
    if not stream.finished:
        raise Interrupted(f"the answer of {stream.model} broke off")


async def _to_the_end(pieces: AsyncIterator[bytes]) -> None:
    try:
        async with asyncio.timeout(_END_SECONDS):
            async for _ in pieces:
                pass
    except TimeoutError:
        return


async def read_body(pieces: AsyncIterator[bytes], model: str) -> bytes:
    """All of a body. Raises CallError when it is too long, and what `pieces` raises."""
    body = bytearray()
    async for piece in pieces:
        body += piece
        if len(body) > LONGEST:
            raise _too_long(model)
    return bytes(body)


def _too_long(model: str) -> CallError:
    return CallError(f"{model} sends an answer that does not end")
