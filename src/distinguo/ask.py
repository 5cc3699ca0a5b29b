"""Asking a model: the store first, then the budget, then the client; what arrives is on disk before it is used."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

from distinguo import room
from distinguo.budget import Budget, Reservation
from distinguo.config import Settings, derive_seed
from distinguo.errors import DistinguoError
from distinguo.events import CallFinished
from distinguo.protocols import Client, Enough, Observer
from distinguo.records import Completion, Message, Request, Role, Usage
from distinguo.store import Store, completion_key


class Asker:
    """The `Ask` of one problem's run."""

    def __init__(
        self,
        problem: str,
        settings: Settings,
        clients: Mapping[Role, Client],
        store: Store,
        budget: Budget,
        observe: Observer,
    ) -> None:
        """`problem` is its id, from which seeds are derived; `clients` has one client for each role."""
        self._problem = problem
        self._settings = settings
        self._clients = clients
        self._store = store
        self._budget = budget
        self._observe = observe
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
        )
        key = completion_key(client.model, request)
        stored = self._store.completion(key)
        if stored is not None:
            self._observe(CallFinished(role, Usage(), stored.seconds, cached=True))
            return stored
        async with self._budget.reserve(client.model, request) as reservation:
            return await self._send(client, key, request, reservation, enough)

    async def _send(
        self, client: Client, key: str, request: Request, reservation: Reservation, enough: Enough | None
    ) -> Completion:
        call = self._store.call_started(key, client.model, request)
        try:
            async with asyncio.timeout(self._budget.seconds_left) as deadline:
                completion = await client.complete(request, enough=enough)
        except TimeoutError:
            if not deadline.expired():
                raise
            error = self._budget.end_of_time()
            self._failed(call, request.role, error)
            raise error from None
        except DistinguoError as error:
            self._failed(call, request.role, error)
            raise
        self._store.call_arrived(call, completion)
        reservation.arrived(completion)
        usage = Usage(1, completion.prompt_tokens, completion.completion_tokens)
        self._observe(CallFinished(request.role, usage, completion.seconds))
        return completion

    def _failed(self, call: int, role: Role, error: DistinguoError) -> None:
        self.errors.append(str(error))
        self._store.call_failed(call, str(error))
        self._observe(CallFinished(role, Usage(calls=1), 0.0, error=str(error)))


def _sendable(message: Message) -> Message:
    """The message without lone surrogates, which no endpoint can be sent: programs and models do write them."""
    return Message(message.role, message.content.encode("utf-8", "replace").decode())
