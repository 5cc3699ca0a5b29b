"""Models behind an OpenAI-compatible endpoint, through the `openai` SDK.

An answer that its caller may end early is streamed, and its connection closed at that point, so that the endpoint
stops writing what nobody reads; other answers come whole, which costs less of this machine's time.
"""

import asyncio
import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from distinguo.errors import CallError, ModelError
from distinguo.llm import scheduler
from distinguo.llm.answers import Answer, ErrorInside, Interrupted, Stream, whole
from distinguo.llm.chat import Dialect, refused_parameter
from distinguo.llm.counting import Counter
from distinguo.llm.providers import Endpoint
from distinguo.llm.refusals import Refusals, breaks
from distinguo.llm.repeats import Repeats
from distinguo.llm.retries import Cause, Failed, Retries
from distinguo.llm.streaming import read_body, read_events
from distinguo.protocols import Enough, Sending
from distinguo.records import Completion, Request

if TYPE_CHECKING:
    from openai import APIStatusError

TIMEOUT_SECONDS = 600.0  # without a byte; a whole answer arrives after all of it has been generated
LONGEST_SECONDS = 3600.0  # of one try, however much arrives
_CONNECT_SECONDS = 10.0
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
    ) -> None:
        """`model` is the name that completions are stored under, `name` the endpoint's own name for the model.

        slots: calls at once, with those of all other clients of this endpoint in the process. timeout: seconds without
        a byte. longest: seconds that one try may take.
        """
        from openai import AsyncOpenAI, Timeout

        self.model = model
        self._name = name
        self._endpoint = endpoint
        self._slots = slots
        self._longest = longest
        self._dialect = Dialect.of(name)
        self._counter = Counter()
        self._repeats = Repeats(model)
        self._refusals = Refusals(model, name, endpoint)
        self._closed = False
        self._calls: set[asyncio.Task[Completion]] = set()
        self._sdk = AsyncOpenAI(
            base_url=endpoint.base_url,
            api_key=endpoint.api_key or "none",  # the SDK insists on one; servers without keys ignore it
            timeout=Timeout(timeout, connect=_CONNECT_SECONDS),
            max_retries=0,
        )

    async def complete(
        self, request: Request, *, enough: Enough | None = None, rank: int = 0, sending: Sending | None = None
    ) -> Completion:
        """Answer one request when its turn comes, with retries where another try may succeed.

        An answer that `enough` ended has estimated counts, and so has one whose endpoint gives none. Raises CallError
        when this call failed for good, ModelUnavailable when no call can succeed, and what `sending` raises.
        """
        if self._closed:
            raise CallError(f"{self.model} is closed")
        call = asyncio.create_task(self._complete(request, enough, rank, sending))
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
        await self._sdk.close()

    async def _complete(
        self, request: Request, enough: Enough | None, rank: int, sending: Sending | None
    ) -> Completion:
        try:
            completion = await self._answered(request, enough, rank, sending)
        except ModelError as error:
            # A server may quote the key, and so may the chain of exceptions that led here.
            error.args = (self._endpoint.scrubbed(str(error))[:_LONGEST_MESSAGE],)
            error.__cause__ = error.__context__ = None
            raise error from None
        text, reasoning = self._endpoint.scrubbed(completion.text), self._endpoint.scrubbed(completion.reasoning)
        return replace(completion, text=text, reasoning=reasoning)

    async def _answered(
        self, request: Request, enough: Enough | None, rank: int, sending: Sending | None
    ) -> Completion:
        """Try until an answer arrives. Each try waits for its turn; between tries the turn is others'."""
        gate = scheduler.gate((self._endpoint.base_url, self._endpoint.api_key), self._slots)
        place = gate.place(request, rank)
        tries, lost = Retries(), ""
        while True:
            async with gate.turn(place) as turn:
                if sending is not None:
                    sending(lost)
                started = time.perf_counter()
                try:
                    answer = await self._try(request, Stream(self.model, [enough]))
                    turn.answered()
                    return self._counter.completions(request.messages, answer, time.perf_counter() - started)[0]
                except Failed as failed:
                    lost = self._endpoint.scrubbed(str(failed))[:_LONGEST_MESSAGE] if failed.lost else ""
                    delay = tries.delay(failed)
                    if failed.cause is Cause.OVERLOAD:
                        turn.overloaded(None if failed.wait is None else delay)
                    fields = {"model": self.model, "cause": failed.cause.name, "wait": delay, "limit": gate.limit}
                    _LOG.info("a call is tried again", extra={"fields": fields})
            await asyncio.sleep(delay)

    async def _try(self, request: Request, stream: Stream) -> Answer:
        """Send once more than the endpoint has to be learnt from. Raises Failed where another try may succeed."""
        from openai import APIConnectionError, APIStatusError

        refused: list[APIStatusError] = []
        while True:
            arguments = self._dialect.arguments(self._name, request, stream=stream.wanted)
            try:
                answer = await self._exchange(arguments, stream)
                self._repeats.check(answer)
                self._refusals.answered()
                return answer
            except ErrorInside as error:
                raise self._refusals.of_error_inside(error.body) from error
            except Interrupted as error:
                raise Failed(Cause.TROUBLE, CallError(str(error)), lost=True) from error
            except APIConnectionError as error:
                raise self._refusals.of_break(error) from error
            except APIStatusError as error:
                refused.append(error)
                if self._learns(error, arguments):
                    continue
                first = refused[0] if error.status_code == 404 else error  # of a chat, whose words are about the model
                raise self._refusals.of_status(
                    first.status_code, first.body, first.message, first.response.headers
                ) from error

    async def _exchange(self, arguments: dict[str, Any], stream: Stream) -> Answer:
        """Send one request and read its answer. Raises CallError and what _try catches."""
        completions = self._sdk.chat.completions if "messages" in arguments else self._sdk.completions
        deadline = asyncio.timeout(self._longest)
        try:
            async with deadline, completions.with_streaming_response.create(**arguments) as response:
                pieces = response.iter_bytes()
                if "stream" not in arguments or response.headers.get("content-type", "").startswith("application/json"):
                    return whole(await read_body(pieces, self.model), self.model)
                await read_events(pieces, stream)
        except Exception as error:
            if deadline.expired():
                raise CallError(f"{self.model} did not finish its answer within {self._longest:g} seconds") from error
            if not breaks(error):
                raise
            if not stream.finished:
                raise self._refusals.of_break(error) from error
        return stream.whole()

    def _learns(self, error: "APIStatusError", arguments: dict[str, Any]) -> bool:
        """Whether a refusal teaches how else to ask: as a plain prompt, or without a parameter that it names."""
        answered = self._refusals.has_answered
        if error.status_code == 404:
            learnt = "messages" in arguments and not (answered and self._dialect.chat)
            self._dialect.chat = not learnt and (self._dialect.chat or not answered)
            return learnt
        if error.status_code not in (400, 422):
            return False
        refused = refused_parameter(error.body, error.message)
        return refused in arguments and self._dialect.leave_out(refused)
