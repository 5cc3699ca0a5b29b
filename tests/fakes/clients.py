"""A client that answers by a script, behind the same seam as the real ones."""

import asyncio
from collections.abc import Callable, Sequence

from distinguo.protocols import Enough, Sending
from distinguo.records import Completion, FinishReason, Request

Answer = Callable[[Request], str | Exception]


class ScriptedClient:
    """Answers each request with what `answer` gives; an exception is raised. Remembers requests and concurrency.

    With `streams` an answer ends where the caller has enough; else it comes whole. Without `counts` no tokens are
    counted. `breaks`: why each call's tries fail before the one that answers, "" for a refusal. `cut`: the characters
    that an answer may have.
    """

    def __init__(
        self,
        answer: Answer,
        *,
        model: str = "fake/model",
        seconds: Callable[[Request], float] | None = None,
        streams: bool = False,
        counts: bool = True,
        breaks: Sequence[str] = (),
        cut: int | None = None,
    ) -> None:
        self.model = model
        self.context_tokens: int | None = None
        self.requests: list[Request] = []
        self.closed = 0
        self.most_in_flight = 0
        self._in_flight = 0
        self._answer = answer
        self._seconds = seconds
        self._streams = streams
        self._counts = counts
        self._breaks = breaks
        self._cut = cut

    async def complete(
        self, request: Request, *, enough: Enough | None = None, rank: int = 0, sending: Sending | None = None
    ) -> Completion:
        if sending is not None:
            for why in ("", *self._breaks):
                sending(why)
        self.requests.append(request)
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        try:
            await asyncio.sleep(0 if self._seconds is None else self._seconds(request))
            answer = self._answer(request)
        finally:
            self._in_flight -= 1
        if isinstance(answer, Exception):
            raise answer
        if self._streams and enough is not None:
            answer = next((answer[:end] for end in range(len(answer)) if enough(answer[:end])), answer)
        prompt = sum(len(message.content) for message in request.messages) // 4 * self._counts
        finish = FinishReason.LENGTH if self._cut is not None and len(answer) > self._cut else FinishReason.STOP
        answer = answer[: self._cut]
        return Completion(answer, "", finish, prompt, len(answer) // 4 * self._counts, 0.0)

    async def aclose(self) -> None:
        self.closed += 1
