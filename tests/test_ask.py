"""Asking: the store first, the budget next, then the client; errors are kept, never turned into answers."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.clients import Answer, ScriptedClient

from distinguo.ask import Asker
from distinguo.budget import Budget
from distinguo.config import Settings
from distinguo.errors import BudgetExhausted, CallError, ModelUnavailable
from distinguo.events import CallFinished, Event
from distinguo.records import Message, Role, Usage
from distinguo.store import Store

MESSAGES = [Message("user", "hello")]


class Setup:
    """One run's Asker with everything behind it."""

    def __init__(
        self,
        store: Store,
        answer: Answer,
        settings: Settings | None = None,
        seconds: float = 0,
        streams: bool = False,
    ) -> None:
        self.client = ScriptedClient(answer, seconds=lambda request: seconds, streams=streams)
        self.settings = settings or Settings()
        self.budget = Budget(self.settings, store.usage_by_model())
        self.events: list[Event] = []
        clients = dict.fromkeys(Role, self.client)
        self.ask = Asker("p", self.settings, clients, store, self.budget, self.events.append)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "run.sqlite") as opened:
        yield opened


async def test_what_has_arrived_is_never_asked_for_again(store: Store) -> None:
    first, second = Setup(store, lambda request: "one"), Setup(store, lambda request: "two")
    await first.ask(Role.GENERATOR, MESSAGES, sample=0, round=0)
    again = await second.ask(Role.GENERATOR, MESSAGES, sample=0, round=0)
    assert again.text == "one"
    assert second.client.requests == []
    assert [event.cached for event in second.events if isinstance(event, CallFinished)] == [True]


async def test_samples_with_one_prompt_get_seeds_and_completions_of_their_own(store: Store) -> None:
    setup = Setup(store, lambda request: str(request.seed))
    answers = [await setup.ask(Role.GENERATOR, MESSAGES, sample=sample, round=0) for sample in range(5)]
    assert len({answer.text for answer in answers}) == 5


async def test_what_is_enough_reaches_the_client_and_not_the_key(store: Store) -> None:
    first = Setup(store, lambda request: "one two", streams=True)
    cut = await first.ask(Role.GENERATOR, MESSAGES, sample=0, round=0, enough=lambda text: text == "one")
    again = await first.ask(Role.GENERATOR, MESSAGES, sample=0, round=0)
    assert cut.text == again.text == "one"
    assert len(first.client.requests) == 1


async def test_a_failed_call_is_kept_counted_and_may_be_repeated(store: Store) -> None:
    failing = Setup(store, lambda request: CallError("context too long"))
    with pytest.raises(CallError):
        await failing.ask(Role.JUDGE, MESSAGES, sample=0, round=0)
    working = Setup(store, lambda request: "fine")
    assert (await working.ask(Role.JUDGE, MESSAGES, sample=0, round=0)).text == "fine"
    assert store.usage() == Usage(2, 1, 1)


async def test_an_unavailable_model_is_raised_as_it_is(store: Store) -> None:
    setup = Setup(store, lambda request: ModelUnavailable("wrong key"))
    with pytest.raises(ModelUnavailable, match="wrong key"):
        await setup.ask(Role.JUDGE, MESSAGES, sample=0, round=0)


async def test_a_refused_call_never_reaches_the_client(store: Store) -> None:
    setup = Setup(store, lambda request: "one", Settings(budget_calls=1))
    await setup.ask(Role.GENERATOR, MESSAGES, sample=0, round=0)
    with pytest.raises(BudgetExhausted):
        await setup.ask(Role.GENERATOR, MESSAGES, sample=1, round=0)
    assert len(setup.client.requests) == 1


async def test_stored_answers_are_free(store: Store) -> None:
    await Setup(store, lambda request: "one").ask(Role.GENERATOR, MESSAGES, sample=0, round=0)
    setup = Setup(store, lambda request: "two", Settings(budget_calls=0))
    assert (await setup.ask(Role.GENERATOR, MESSAGES, sample=0, round=0)).text == "one"


async def test_the_deadline_cuts_a_call_in_flight(store: Store) -> None:
    setup = Setup(store, lambda request: "late", Settings(max_seconds=0.05), seconds=30)
    with pytest.raises(BudgetExhausted, match=r"0\.05 seconds"):
        await setup.ask(Role.GENERATOR, MESSAGES, sample=0, round=0)
    assert store.usage() == Usage(calls=1)


async def test_a_cancelled_call_stays_in_the_count(store: Store) -> None:
    setup = Setup(store, lambda request: "late", seconds=30)
    task = asyncio.create_task(setup.ask(Role.GENERATOR, MESSAGES, sample=0, round=0))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert store.usage() == Usage(calls=1)
