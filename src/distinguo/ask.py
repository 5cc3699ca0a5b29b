"""Asking a model: the store first, then the budget, then the client; what arrives is on disk before it is used."""

import asyncio
import itertools
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from distinguo import room
from distinguo.budget import Budget, Reservation
from distinguo.config import Settings, derive_seed
from distinguo.errors import BudgetExhausted, CallError, DistinguoError
from distinguo.events import CallFinished
from distinguo.fit import tokens
from distinguo.protocols import Client, Enough, Observer
from distinguo.records import Completion, Message, Request, Role, Usage
from distinguo.store import Keeper, completion_key

_arrivals = itertools.count()


class Asker:
    """The `Ask` of one problem's run."""

    def __init__(
        self,
        problem: str,
        settings: Settings,
        clients: Mapping[Role, Client],
        store: Keeper,
        budget: Budget,
        observe: Observer,
        rank: int | None = None,
    ) -> None:
        """`problem` is its id, from which seeds are derived; `clients` has one client for each role.

        rank: of problems that wait for a model the one with the lowest goes first; unless given, the one begun first.
        """
        self._problem = problem
        self._settings = settings
        self._clients = clients
        self._store = store
        self._budget = budget
        self._observe = observe
        self._rank = next(_arrivals) if rank is None else rank
        self.errors: list[str] = []  # of the calls that failed, latest last

    async def __call__(
        self,
        role: Role,
        messages: Sequence[Message],
        *,
        sample: int,
        round: int,
        temperature: float | None = None,
        schema: dict[str, Any] | None = None,
        enough: Enough | None = None,
    ) -> Completion:
        """See protocols.Ask."""
        client = self._clients[role]
        request = Request(
            role=role,
            sample=sample,
            round=round,
            messages=tuple(_sendable(message) for message in messages),
            temperature=self._settings.temperature if temperature is None else temperature,
            seed=derive_seed(self._settings.seed, self._problem, role, sample, round),
            max_tokens=room.answer(self._settings, client.context_tokens),
            schema=None if schema is None else json.dumps(schema, sort_keys=True),
            reasoning_effort=self._settings.reasoning_effort,
        )
        key = completion_key(client.model, request)
        stored = self._store.completion(key)
        if stored is not None:
            kept = CallFinished(
                role, Usage(), stored.seconds, cached=True, model=client.model, request=request, completion=stored
            )
            self._observe(kept)
            return stored
        async with self._budget.reserve(client.model, request) as reservation:
            call = _Call(self._store, key, client.model, request, reservation, self._observe)
            return await self._send(client, call, enough)

    async def _send(self, client: Client, call: "_Call", enough: Enough | None) -> Completion:
        try:
            async with asyncio.timeout(self._budget.seconds_left) as deadline:
                completion = await client.complete(call.request, enough=enough, rank=self._rank, sending=call.sending)
        except TimeoutError:
            if not deadline.expired():
                raise
            error = self._budget.end_of_time()
            self._failed(call, error)
            raise error from None
        except DistinguoError as error:
            self._failed(call, error)
            raise
        return await call.arrived(completion)

    def _failed(self, call: "_Call", error: DistinguoError) -> None:
        self.errors.append(str(error))
        call.failed(error)


class _Call:
    """One request on its way: each try has its row in the store, its place in the budget and its event."""

    def __init__(
        self, store: Keeper, key: str, model: str, request: Request, reservation: Reservation, observe: Observer
    ) -> None:
        self.request = request
        self._store = store
        self._key = key
        self._model = model
        self._reservation = reservation
        self._observe = observe
        self._prompt = reservation.prompt_tokens
        self._row: int | None = None
        self._began = 0.0

    def sending(self, lost: str) -> None:
        """See protocols.Sending. A try that broke is a call of its own."""
        if self._row is not None:
            if not lost:
                return
            row, self._row = self._row, None
            self._store.call_failed(row, lost)
            self._tell(self._estimate(), error=lost, repeated=True)
        self._reservation.sending(self._estimate())
        self._row = self._store.call_started(self._key, self._model, self.request, self._prompt)
        self._began = time.monotonic()

    async def arrived(self, completion: Completion) -> Completion:
        """Keep it, with estimates for the tokens that the endpoint did not count."""
        if self._row is None:
            self.sending("")
        assert self._row is not None
        prompt, answer = completion.prompt_tokens, completion.completion_tokens
        written = tokens(completion.text) + tokens(completion.reasoning)
        if not prompt or (written and not answer):
            completion = replace(
                completion, prompt_tokens=prompt or self._prompt, completion_tokens=answer or written, estimated=True
            )
        self._store.call_arrived(self._row, completion)
        await self._store.flush()
        usage = Usage(1, completion.prompt_tokens, completion.completion_tokens, int(completion.estimated))
        self._reservation.used(usage)
        self._tell(usage, seconds=completion.seconds, completion=completion)
        return completion

    def failed(self, error: DistinguoError) -> None:
        """Keep why, and what it cost: what the endpoint said, nothing where it refused, else the prompt's estimate."""
        if self._row is None:  # it was never sent
            self._tell(Usage(), error=str(error))
            return
        used = self._used(error)
        self._store.call_failed(self._row, str(error), used)
        self._reservation.used(used)
        self._tell(used, error=str(error), seconds=time.monotonic() - self._began)

    def _used(self, error: DistinguoError) -> Usage:
        if isinstance(error, CallError) and (error.prompt_tokens or error.completion_tokens):
            return Usage(1, error.prompt_tokens or self._prompt, error.completion_tokens, int(not error.prompt_tokens))
        cut = isinstance(error, BudgetExhausted) or (isinstance(error, CallError) and not error.refused)
        return self._estimate() if cut else Usage(1)

    def _estimate(self) -> Usage:
        return Usage(1, self._prompt, 0, estimated=1)

    def _tell(self, usage: Usage, **more: Any) -> None:
        self._observe(CallFinished(self.request.role, usage, model=self._model, request=self.request, **more))


def _sendable(message: Message) -> Message:
    """The message without lone surrogates, which no endpoint can be sent: programs and models do write them."""
    return Message(message.role, message.content.encode("utf-8", "replace").decode())
