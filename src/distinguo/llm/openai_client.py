"""Models behind an OpenAI-compatible endpoint, through the `openai` SDK."""

import asyncio
import json
import random
import time
from collections.abc import Mapping

from distinguo.errors import CallError, ModelError, ModelUnavailable
from distinguo.llm.chat import Dialect, completion, refused_parameter
from distinguo.llm.providers import Endpoint
from distinguo.protocols import Enough
from distinguo.records import Completion, Request

RETRIES = 6  # after the first try; with the delays below about 25 s until a call is given up
RETRIES_UNREACHED = 2  # for a server that never answered: more likely down or misspelt than busy
TIMEOUT_SECONDS = 600.0  # without a byte; an answer arrives as a whole, after all of it has been generated
_CONNECT_SECONDS = 10.0
_RETRIED = {408, 409, 429}
_LONGEST_DELAY = 60.0


class OpenAIClient:
    """A protocols.Client on one model of one endpoint. What the endpoint refuses to be told is learnt and left out."""

    context_tokens: int | None = None  # no endpoint says

    def __init__(
        self, model: str, name: str, endpoint: Endpoint, *, slots: int, timeout: float = TIMEOUT_SECONDS
    ) -> None:
        """`model` is the name that completions are stored under, `name` the endpoint's own name for the model."""
        from openai import AsyncOpenAI, Timeout

        self.model = model
        self._name = name
        self._endpoint = endpoint
        self._slots = asyncio.Semaphore(slots)
        self._dialect = Dialect.of(name)
        self._reached = False
        self._closed = False
        self._calls: set[asyncio.Task[Completion]] = set()
        self._sdk = AsyncOpenAI(
            base_url=endpoint.base_url,
            api_key=endpoint.api_key or "none",  # the SDK insists on one; servers without keys ignore it
            timeout=Timeout(timeout, connect=_CONNECT_SECONDS),
            max_retries=0,
        )

    async def complete(self, request: Request, *, enough: Enough | None = None) -> Completion:
        """Answer one request, with retries where another try may succeed. Answers arrive whole: `enough` is ignored.

        Raises CallError when this call failed for good, ModelUnavailable when no call can succeed.
        """
        if self._closed:
            raise CallError(f"{self.model} is closed")
        call = asyncio.create_task(self._complete(request))
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

    async def _complete(self, request: Request) -> Completion:
        async with self._slots:
            started = time.perf_counter()
            try:
                return completion(self._scrubbed(await self._send(request)), self.model, time.perf_counter() - started)
            except ModelError as error:
                # A server may quote the key, and so may the chain of exceptions that led here.
                raise type(error)(self._scrubbed(str(error))) from None

    async def _send(self, request: Request) -> str:
        """Send until an answer arrives, and return its text."""
        from openai import APIConnectionError, APIStatusError

        tries = 0
        while True:
            arguments = self._dialect.arguments(self._name, request)
            try:
                response = await self._sdk.chat.completions.with_raw_response.create(**arguments)
                self._reached = True
                return str(response.text)
            except APIStatusError as error:
                self._reached = True
                if error.status_code in (400, 422):
                    refused = refused_parameter(error.body, error.message)
                    if refused in arguments and self._dialect.leave_out(refused):
                        continue
                if not _worth_retrying(error.status_code, error.body) or tries == RETRIES:
                    raise self._refusal(error.status_code, error.body, error.message) from error
                delay = _delay(tries, error.response.headers)
            except APIConnectionError as error:
                if tries == (RETRIES if self._reached else RETRIES_UNREACHED):
                    raise self._broken(error) from error
                delay = _delay(tries, {})
            tries += 1
            await asyncio.sleep(delay)

    def _refusal(self, status: int, body: object, message: str) -> ModelError:
        at = self._endpoint.shown_url
        match status:
            case 401 | 403:
                return ModelUnavailable(
                    f"{at} refuses the key ({self._detail(body, message)});"
                    f" set {self._endpoint.key_variable} to a valid one"
                )
            case 404:
                return ModelUnavailable(
                    f"{at} has no model {self._name!r} ({self._detail(body, message)});"
                    f" check --model and {self._endpoint.url_variable}"
                )
            case 402:
                return ModelUnavailable(f"the account at {at} is out of credit; top it up or use another key")
            case 429 if _out_of_quota(body):
                return ModelUnavailable(f"the quota at {at} is exhausted; raise it or use another key")
        return CallError(f"{self.model} answered with status {status}: {self._detail(body, message)}")

    def _broken(self, error: Exception) -> ModelError:
        from openai import APITimeoutError

        cause = error.__cause__
        # The SDK's HTTP library changed its name between major versions; its exceptions kept theirs.
        if type(cause).__name__ in ("ConnectError", "ConnectTimeout"):
            return ModelUnavailable(
                f"no server answers at {self._endpoint.shown_url} ({cause or 'timed out'});"
                f" start it or correct {self._endpoint.url_variable}"
            )
        if isinstance(error, APITimeoutError):
            return CallError(f"{self.model} did not answer in time")
        return CallError(f"the connection to {self._endpoint.shown_url} broke: {cause or error}")

    def _detail(self, body: object, message: str) -> str:
        """Return the endpoint's own words, in one line, without the key."""
        if isinstance(body, dict):
            message = str(body.get("message") or json.dumps(body))
        return " ".join(self._scrubbed(message).split())[:300]

    def _scrubbed(self, text: str) -> str:
        return text.replace(self._endpoint.api_key, "***") if self._endpoint.api_key else text


def _worth_retrying(status: int, body: object) -> bool:
    return (status in _RETRIED or status >= 500) and not _out_of_quota(body)


def _out_of_quota(body: object) -> bool:
    return isinstance(body, dict) and "insufficient_quota" in (body.get("code"), body.get("type"))


def _delay(tries: int, headers: Mapping[str, str]) -> float:
    """Seconds until the next try: what the server asks for, else doubling from half a second, with jitter."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            asked = float(headers.get(name, "")) * unit
        except ValueError:  # absent, or a date
            continue
        if 0 <= asked <= _LONGEST_DELAY:
            return asked + random.uniform(0, 0.25)
    return float(min(8.0, 0.5 * 2**tries)) * random.uniform(0.75, 1.25)
