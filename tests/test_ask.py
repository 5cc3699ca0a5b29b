"""Asking: the store first, the budget next, then the client; errors are kept, never turned into answers."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes.clients import Answer, ScriptedClient

from distinguo.ask import Asker
from distinguo.budget import MESSAGE_TOKENS, Budget
from distinguo.config import Settings
from distinguo.errors import BudgetExhausted, CallError, ModelUnavailable
from distinguo.events import CallFinished, Event
from distinguo.fit import tokens
from distinguo.records import Message, Role, Usage
from distinguo.store import Store

MESSAGES = [Message("user", "hello")]
ESTIMATE = tokens("hello") + MESSAGE_TOKENS  # of the prompt


class Setup:
    """One run's Asker with everything behind it."""

    def __init__(
        self,
        store: Store,
        answer: Answer,
        settings: Settings | None = None,
        seconds: float = 0,
        **behaviour: Any,
    ) -> None:
        self.client = ScriptedClient(answer, seconds=lambda request: seconds, **behaviour)
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
    assert store.usage() == Usage(2, ESTIMATE + 1, 1, estimated=1)


@pytest.mark.parametrize(
    "error,used",
    [
        (CallError("too long", refused=True), Usage(1)),
        (CallError("no text", prompt_tokens=7, completion_tokens=90), Usage(1, 7, 90)),
        (CallError("timed out"), Usage(1, ESTIMATE, estimated=1)),
        (ModelUnavailable("wrong key"), Usage(1)),
    ],
)
async def test_a_failed_call_costs_what_the_endpoint_says_or_the_prompts_estimate(
    store: Store, error: Exception, used: Usage
) -> None:
    setup = Setup(store, lambda request: error)
    with pytest.raises(type(error)):
        await setup.ask(Role.JUDGE, MESSAGES, sample=0, round=0)
    assert store.usage() == used
    assert [event.usage for event in setup.events if isinstance(event, CallFinished)] == [used]


async def test_tokens_that_an_endpoint_does_not_count_are_estimated_and_marked(store: Store) -> None:
    setup = Setup(store, lambda request: "one two three", counts=False)
    first = await setup.ask(Role.GENERATOR, MESSAGES, sample=0, round=0)
    assert first.estimated
    assert first.completion_tokens >= 3
    assert store.usage() == Usage(1, ESTIMATE, first.completion_tokens, estimated=1)
    assert await setup.ask(Role.GENERATOR, MESSAGES, sample=0, round=0) == first


async def test_tries_that_broke_are_calls_of_their_own(store: Store) -> None:
    setup = Setup(store, lambda request: "fine", breaks=("the connection broke", "", "timed out"))
    await setup.ask(Role.GENERATOR, MESSAGES, sample=0, round=0)
    assert store.usage() == Usage(3, 2 * ESTIMATE + 1, 1, estimated=2)
    told = [(event.error, event.repeated) for event in setup.events if isinstance(event, CallFinished)]
    assert told == [("the connection broke", True), ("timed out", True), ("", False)]
    assert setup.ask.errors == []


async def test_a_try_is_not_repeated_beyond_the_budget(store: Store) -> None:
    setup = Setup(store, lambda request: "fine", Settings(budget_calls=2), breaks=("broke",) * 5)
    with pytest.raises(BudgetExhausted, match="2 calls"):
        await setup.ask(Role.GENERATOR, MESSAGES, sample=0, round=0)
    assert store.usage().calls == 2
    assert setup.budget.ended == "2 calls"


async def test_every_role_is_asked_at_its_own_model_with_its_own_length(store: Store) -> None:
    clients = {role: ScriptedClient(lambda request: "fine", model=f"openai/{role}") for role in Role}
    for place, client in enumerate(clients.values(), 1):
        client.context_tokens = 1024 * place
    settings = Settings(reasoning_effort="low")
    ask = Asker("p", settings, clients, store, Budget(settings, {}), lambda event: None)
    for role in Role:
        await ask(role, MESSAGES, sample=0, round=0)
    requests = [client.requests for client in clients.values()]
    assert [[request.role for request in seen] for seen in requests] == [[role] for role in Role]
    assert [seen[0].max_tokens for seen in requests] == [128, 256, 384, 512]
    assert {seen[0].reasoning_effort for seen in requests} == {"low"}
    assert {model: usage.calls for model, usage in store.usage_by_model().items()} == {
        f"openai/{role}": 1 for role in Role
    }


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
    assert store.usage() == Usage(1, ESTIMATE, estimated=1)


async def test_a_cancelled_call_stays_in_the_count(store: Store) -> None:
    setup = Setup(store, lambda request: "late", seconds=30)
    task = asyncio.create_task(setup.ask(Role.GENERATOR, MESSAGES, sample=0, round=0))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert store.usage() == Usage(1, ESTIMATE, estimated=1)
