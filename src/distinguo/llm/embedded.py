"""The embedded model: llama.cpp in this process, all requests that are in flight batched together.

A seed fixes what is drawn, not the arithmetic: llama.cpp rounds differently with the number of tokens that it works on
at once, so which other requests share the batch, and what of the prompt is cached, may change a longer answer. Of 16
drafts of 40 tokens that were drawn twice, all at once, 12 were equal.
Sampling beyond temperature and seed (top-k 40, top-p 0.95, min-p 0.05) is llama.cpp's default.
"""

import asyncio
import json
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from distinguo.errors import CallError
from distinguo.llm.engine import EngineSettings, load
from distinguo.llm.scheduler import Gate
from distinguo.protocols import Enough, Sending
from distinguo.records import Completion, FinishReason, Request

_RANDOM_SEED = 2**32 - 1  # llama.cpp draws a seed of its own for this one
_FINISH = {"stop": FinishReason.STOP, "length": FinishReason.LENGTH}


class EmbeddedClient:
    """A protocols.Client on a model file. The model is loaded at the first call, in a worker thread."""

    def __init__(self, model: str, settings: EngineSettings) -> None:
        """`model` is the name under which completions are stored; `settings` are for engine.load."""
        self.model = model
        self.context_tokens: int | None = settings.context_tokens
        self._settings = settings
        # One turn and one thread a slot, so the engine's own queue stays empty and a waiting call can be withdrawn.
        self._gate = Gate(settings.slots)
        self._threads = ThreadPoolExecutor(settings.slots, thread_name_prefix="distinguo-llm")
        self._server: Future[Any] | None = None
        self._streams: set[_Stream] = set()
        self._closed = False

    async def complete(
        self, request: Request, *, enough: Enough | None = None, rank: int = 0, sending: Sending | None = None
    ) -> Completion:
        """Answer one request.

        Raises CallError (a prompt that exceeds the context, a schema that llama.cpp cannot enforce, a closed
        client), InputError when the model file cannot be loaded, ModelUnavailable when llama.cpp is not installed.
        """
        if self._closed:
            raise CallError(f"{self.model} is closed")
        if self._server is None:
            self._server = self._threads.submit(load, self._settings)
        stream = _Stream(enough)
        self._streams.add(stream)
        try:
            async with self._gate.turn(self._gate.place(request, rank)):
                if stream.stopped.is_set():
                    raise CallError(f"{self.model} was closed before it answered")
                if sending is not None:
                    sending("")
                return await asyncio.get_running_loop().run_in_executor(
                    self._threads, self._answer, self._server, request, stream
                )
        finally:
            stream.stopped.set()  # a cancelled call ends at the next token
            self._streams.discard(stream)

    def _answer(self, loading: Future[Any], request: Request, stream: "_Stream") -> Completion:
        """Run in a worker thread."""
        server = loading.result()
        started = time.perf_counter()
        if not stream.stopped.is_set():
            try:
                server.handle_chat_completions(_body(request), stream)
            except ValueError as error:
                raise CallError(f"{self.model} refused the request: {error}") from error
        return stream.completion(self.model, time.perf_counter() - started)

    async def aclose(self) -> None:
        """End the calls in flight with CallError and free the model."""
        self._closed = True
        for stream in list(self._streams):
            stream.stopped.set()
        await asyncio.to_thread(self._threads.shutdown)
        self._server = None  # the last reference: llama.cpp frees the model


class _Stream:
    """Collects an answer as it is generated; the engine calls it with each part, and ends when it returns True."""

    def __init__(self, enough: Enough | None) -> None:
        self.stopped = threading.Event()
        self._enough = enough
        self._text = ""
        self._reasoning = ""
        self._finish: str | None = None
        self._timings: dict[str, Any] = {}
        self._error = ""
        self._failure: Exception | None = None

    def __call__(self, part: dict[str, Any]) -> bool:
        error = part.get("error")
        if error is not None:
            self._error = str(error.get("message", error))
        for choice in part.get("choices", ()):
            delta = choice["delta"]
            self._text += delta.get("content") or ""
            self._reasoning += delta.get("reasoning_content") or ""
            self._finish = choice["finish_reason"] or self._finish
        self._timings = part.get("timings") or self._timings
        return self.stopped.is_set() or self._has_enough()

    def _has_enough(self) -> bool:
        if self._enough is None or self._finish is not None:
            return False
        try:
            if self._enough(self._text):
                self._finish = "stop"
        except Exception as error:  # noqa: BLE001  # the engine would swallow it; completion() raises it
            self._failure = error
        return self._finish is not None or self._failure is not None

    def completion(self, model: str, seconds: float) -> Completion:
        if self._failure is not None:
            raise self._failure
        if self._error:
            raise CallError(f"{model} answered with an error: {self._error}")
        if self._finish is None:
            raise CallError(f"{model} was stopped before its answer was complete")
        return Completion(
            text=self._text,
            reasoning=self._reasoning,
            finish_reason=_FINISH.get(self._finish, FinishReason.OTHER),
            prompt_tokens=self._timings.get("cache_n", 0) + self._timings.get("prompt_n", 0),
            completion_tokens=self._timings.get("predicted_n", 0),
            seconds=seconds,
        )


def _body(request: Request) -> dict[str, Any]:
    body: dict[str, Any] = {
        "messages": [{"role": message.role, "content": message.content} for message in request.messages],
        "temperature": request.temperature,
        "seed": request.seed % _RANDOM_SEED,
        "max_tokens": request.max_tokens,
        "stream": True,  # only a stream can be stopped
        "timings_per_token": True,  # the usage of a stream that is ended early
    }
    if request.stop:
        body["stop"] = list(request.stop)
    if request.schema is not None:
        schema = json.loads(request.schema)
        body["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    return body
