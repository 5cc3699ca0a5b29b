"""Models behind an OpenAI-compatible endpoint, through the `openai` SDK.

An answer that its caller may end early is streamed, and its connection closed at that point, so that the endpoint
stops writing what nobody reads; other answers come whole, which costs less of this machine's time.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import replace

from distinguo.errors import CallError, ModelError
from distinguo.llm import scheduler
from distinguo.llm.answers import Stream
from distinguo.llm.counting import Counter
from distinguo.llm.exchange import Exchange
from distinguo.llm.grouping import Draft, Groups
from distinguo.llm.providers import Endpoint
from distinguo.llm.retries import Cause, Failed, Retries
from distinguo.protocols import Enough, Sending
from distinguo.records import Completion, Request

TIMEOUT_SECONDS = 600.0  # without a byte; a whole answer arrives after all of it has been generated
LONGEST_SECONDS = 3600.0  # of one try, however much arrives
_LONGEST_MESSAGE = 400
_LOG = logging.getLogger(__name__)


class OpenAIClient:
    """A protocols.Client on one model of one endpoint. What the endpoint refuses to be told is learnt and left out."""

    context_tokens: int | None = None  # no endpoint says

    def __init__(
        self,
        model: str,
        name: str,
        endpoint: Endpoint,
        *,
        slots: int,
        timeout: float = TIMEOUT_SECONDS,
        longest: float = LONGEST_SECONDS,
        drafts_per_call: int = 1,
    ) -> None:
        """`model` is the name that completions are stored under, `name` the endpoint's own name for the model.

        slots: calls at once, with those of all other clients of this endpoint in the process. timeout: seconds without
        a byte. longest: seconds that one try may take. drafts_per_call: how many first drafts with one prompt are
        asked for at once, where the endpoint is able to give several answers (see grouping).
        """
        self.model = model
        self._endpoint = endpoint
        self._slots = slots
        self._exchange = Exchange(model, name, endpoint, timeout=timeout, longest=longest)
        self._counter = Counter()
        self._groups = None if drafts_per_call == 1 else Groups(drafts_per_call, self._answered)
        self._closed = False
        self._calls: set[asyncio.Task[Completion]] = set()

    async def complete(
        self, request: Request, *, enough: Enough | None = None, rank: int = 0, sending: Sending | None = None
    ) -> Completion:
        """Answer one request when its turn comes, with retries where another try may succeed.

        An answer that `enough` ended has estimated counts, and so has one whose endpoint gives none. Raises CallError
        when this call failed for good, ModelUnavailable when no call can succeed, and what `sending` raises.
        """
        if self._closed:
            raise CallError(f"{self.model} is closed")
        call = asyncio.create_task(self._complete(Draft(request, enough, sending, rank)))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)
        try:
            return await call
        except asyncio.CancelledError:
            call.cancel()
            if self._closed and call.done():  # it was this client that cancelled the call, not the caller
                raise CallError(f"{self.model} was closed before it answered") from None
            raise

    async def aclose(self) -> None:
        """End the calls in flight with CallError and close the connections."""
        self._closed = True
        calls = list(self._calls)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        if self._groups is not None:
            await self._groups.aclose()
        await self._exchange.aclose()

    async def _complete(self, draft: Draft) -> Completion:
        try:
            completion = None
            if self._groups is not None and self._exchange.takes_n and scheduler.begins(draft.request):
                completion = await self._groups.completion(draft)
            if completion is None:
                (completion,) = await self._answered([draft])
        except ModelError as error:
            # A server may quote the key, and so may the chain of exceptions that led here.
            error.args = (self._scrubbed(str(error)),)
            error.__cause__ = error.__context__ = None
            raise error from None
        text, reasoning = self._endpoint.scrubbed(completion.text), self._endpoint.scrubbed(completion.reasoning)
        return replace(completion, text=text, reasoning=reasoning)

    async def _answered(self, drafts: Sequence[Draft]) -> list[Completion]:
        """Try until an answer arrives to requests that differ in sample and seed only; fewer may be answered, in order.

        Each try waits for its turn; between tries the turn is others'.
        """
        request = drafts[0].request
        gate = scheduler.gate((self._endpoint.base_url, self._endpoint.api_key), self._slots)
        place = gate.place(request, min(draft.rank for draft in drafts))
        tries, lost = Retries(), ""
        while True:
            async with gate.turn(place) as turn:
                for draft in drafts:
                    if draft.sending is not None:
                        draft.sending(lost)
                started = time.perf_counter()
                try:
                    answer = await self._exchange.answer(request, Stream(self.model, [each.enough for each in drafts]))
                    turn.answered()
                    return self._counter.completions(request.messages, answer, time.perf_counter() - started)
                except Failed as failed:
                    lost = self._scrubbed(str(failed)) if failed.lost else ""
                    delay = tries.delay(failed)
                    if failed.cause is Cause.OVERLOAD:
                        turn.overloaded(None if failed.wait is None else delay)
                    fields = {"model": self.model, "cause": failed.cause.name, "wait": delay, "limit": gate.limit}
                    _LOG.info("a call is tried again", extra={"fields": fields})
            await asyncio.sleep(delay)

    def _scrubbed(self, message: str) -> str:
        return self._endpoint.scrubbed(message)[:_LONGEST_MESSAGE]
