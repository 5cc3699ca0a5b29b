"""One try: a request sent in the endpoint's dialect, and its answer read."""

import asyncio
from typing import TYPE_CHECKING, Any

from distinguo.errors import CallError
from distinguo.llm.answers import Answer, ErrorInside, Interrupted, Stream, whole
from distinguo.llm.chat import Dialect, refused_parameter
from distinguo.llm.providers import Endpoint
from distinguo.llm.refusals import Refusals, breaks
from distinguo.llm.repeats import Repeats
from distinguo.llm.retries import Cause, Failed
from distinguo.llm.streaming import read_body, read_events
from distinguo.records import Request

if TYPE_CHECKING:
    from openai import APIStatusError

_CONNECT_SECONDS = 10.0


class Exchange:
    """The connections to one model of one endpoint, and what is known of its dialect."""

    def __init__(self, model: str, name: str, endpoint: Endpoint, *, timeout: float, longest: float) -> None:
        """timeout: seconds without a byte. longest: seconds that a try may take."""
        from openai import AsyncOpenAI, Timeout

        self._model = model
        self._name = name
        self._longest = longest
        self._dialect = Dialect.of(name)
        self._repeats = Repeats(model)
        self._refusals = Refusals(model, name, endpoint)
        self._sdk = AsyncOpenAI(
            base_url=endpoint.base_url,
            api_key=endpoint.api_key or "none",  # the SDK insists on one; servers without keys ignore it
            timeout=Timeout(timeout, connect=_CONNECT_SECONDS),
            max_retries=0,
        )

    @property
    def takes_n(self) -> bool:
        """Whether the endpoint may give several answers to one request; so until it is seen not to."""
        return "n" not in self._dialect.left_out

    async def aclose(self) -> None:
        """Close the connections."""
        await self._sdk.close()

    async def answer(self, request: Request, stream: Stream) -> Answer:
        """Send, once more for each thing that the endpoint teaches, and read the answer into `stream`.

        Where the stream has several choices the answer may have fewer. Raises Failed where another try may succeed,
        CallError, ModelUnavailable.
        """
        from openai import APIConnectionError, APIStatusError

        asked = len(stream.answer.choices)
        refused: list[APIStatusError] = []
        while True:
            arguments = self._dialect.arguments(self._name, request, stream=stream.wanted, choices=asked)
            try:
                answer = await self._exchange(arguments, stream)
                self._repeats.check(answer)
                self._refusals.answered()
                return self._counted_off(answer, asked)
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
        """Send one request and read its answer. Raises CallError and what `answer` catches."""
        completions = self._sdk.chat.completions if "messages" in arguments else self._sdk.completions
        deadline = asyncio.timeout(self._longest)
        try:
            async with deadline, completions.with_streaming_response.create(**arguments) as response:
                pieces = response.iter_bytes()
                if "stream" not in arguments or response.headers.get("content-type", "").startswith("application/json"):
                    return whole(await read_body(pieces, self._model), self._model)
                await read_events(pieces, stream)
        except Exception as error:
            if deadline.expired():
                raise CallError(f"{self._model} did not finish its answer within {self._longest:g} seconds") from error
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

    def _counted_off(self, answer: Answer, asked: int) -> Answer:
        """No more choices than asked for; an endpoint that gives fewer, or copies, is not asked for several again."""
        del answer.choices[asked:]
        if asked > 1:
            if len({(choice.reasoning, choice.text) for choice in answer.choices}) == 1:
                del answer.choices[1:]
            if len(answer.choices) < asked:
                self._dialect.left_out.add("n")
        return answer
