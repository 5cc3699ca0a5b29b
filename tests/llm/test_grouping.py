"""Several drafts in one call: where the endpoint gives them, where it only seems to, and where it does not."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from contracts.client import request
from fakes.openai_replies import Handler, Reply, canned, failure, script
from fakes.openai_server import OpenAIServer

from distinguo.errors import BudgetExhausted, CallError, ModelUnavailable
from distinguo.llm.openai_client import OpenAIClient
from distinguo.llm.providers import endpoint
from distinguo.protocols import Enough
from distinguo.records import Completion, FinishReason, Role

WORDS = ["alpha", "beta", "gamma", "delta"]
MODES = pytest.mark.parametrize("enough", [None, lambda text: False], ids=["whole", "streamed"])


def client_of(server: OpenAIServer, drafts_per_call: int = 4) -> OpenAIClient:
    where = endpoint("openai", {"OPENAI_BASE_URL": server.base_url})
    return OpenAIClient("openai/fake", "fake", where, slots=8, timeout=5.0, drafts_per_call=drafts_per_call)


def several(body: dict[str, Any]) -> Reply | str:
    """A server that takes n."""
    count = body.get("n", 1)
    return Reply(WORDS[0], texts=WORDS[1:]) if count > 1 else f"single {body['seed']}"


async def drafts(client: OpenAIClient, count: int = 4, enough: Enough | None = None) -> list[Completion]:
    asked = [request(seed=n, sample=n) for n in range(count)]
    return await asyncio.gather(*(client.complete(each, enough=enough) for each in asked))


def sent(server: OpenAIServer) -> list[int]:
    return [body.get("n", 1) for body in server.requests]


@MODES
async def test_drafts_of_one_moment_are_one_call_and_share_its_cost(enough: Enough | None) -> None:
    with OpenAIServer(several) as server:
        answers = await drafts(client_of(server), enough=enough)
        single = await client_of(server, 1).complete(request())
    assert sent(server) == [4, 1]
    assert [answer.text for answer in answers] == WORDS
    assert sum(answer.prompt_tokens for answer in answers) == single.prompt_tokens
    assert sum(answer.completion_tokens for answer in answers) == 4
    assert {answer.finish_reason for answer in answers} == {FinishReason.STOP}


async def test_no_more_than_wanted_are_asked_for_in_one_call() -> None:
    with OpenAIServer(several) as server:
        await drafts(client_of(server), count=9)
    assert sorted(sent(server)) == [1, 4, 4]


async def test_what_is_no_first_draft_is_asked_for_by_itself() -> None:
    with OpenAIServer() as server:
        client = client_of(server)
        later = [request(seed=n, round=1, role=Role.DEBUGGER) for n in range(3)]
        await asyncio.gather(*(client.complete(each) for each in later))
        await asyncio.gather(*(client.complete(request(f"Problem {n}")) for n in range(3)))
    assert sent(server) == [1] * 6


def _ignores(body: dict[str, Any]) -> Reply | str:
    return canned(["one", "two", "three", "four", "five"])(body)


def _refuses(body: dict[str, Any]) -> Reply | str:
    return failure(400, "n > 1 is not supported") if "n" in body else _ignores(body)


def _copies(body: dict[str, Any]) -> Reply | str:
    return Reply("same", texts=["same"] * 3) if "n" in body else _ignores(body)


@pytest.mark.parametrize("handler", [_ignores, _refuses, _copies])
@MODES
async def test_an_endpoint_that_does_not_give_several_is_found_out_once(
    handler: Handler, enough: Enough | None
) -> None:
    with OpenAIServer(handler) as server:
        client = client_of(server)
        answers = await drafts(client, enough=enough)
        assert all(answer.text and answer.prompt_tokens and answer.completion_tokens for answer in answers)
        first = sent(server)
        assert first[0] == 4
        assert first[1:] in ([1] * 3, [1] * 4)
        await drafts(client, enough=enough)
        assert sent(server)[len(first) :] == [1] * 4


async def test_each_draft_ends_where_its_caller_has_enough() -> None:
    def handler(body: dict[str, Any]) -> Reply:
        return Reply("a b c d", texts=["e f g h"])

    def two(text: str) -> bool:
        return len(text.split()) == 2

    with OpenAIServer(handler) as server:
        client = client_of(server, 2)
        answers = await asyncio.gather(
            client.complete(request(seed=1), enough=two), client.complete(request(seed=2), enough=lambda text: False)
        )
    assert [answer.text for answer in answers] == ["a b", "e f g h"]


async def test_a_draft_whose_caller_left_does_not_hold_up_the_others() -> None:
    with OpenAIServer(several, latency=0.1) as server:
        client = client_of(server)
        calls = [asyncio.create_task(client.complete(request(seed=n, sample=n))) for n in range(4)]
        await asyncio.to_thread(server.first_request.wait, 10)
        calls[0].cancel()
        ends = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(ends[0], asyncio.CancelledError)
    assert [end.text for end in ends[1:] if isinstance(end, Completion)] == WORDS[1:]


@pytest.mark.parametrize(
    "replies, error",
    [([failure(400, "content filter")], CallError), ([failure(401, "no")], ModelUnavailable)],
    ids=["call", "endpoint"],
)
async def test_a_failed_call_fails_all_its_drafts(replies: Sequence[Reply], error: type[Exception]) -> None:
    with OpenAIServer(script(*replies)) as server:
        client = client_of(server)
        calls = (client.complete(request(seed=n)) for n in range(3))
        ends = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(end) for end in ends] == [error] * 3
    assert sent(server) == [3]


async def test_each_draft_is_told_when_it_is_sent() -> None:
    told: list[list[str]] = [[], [], []]
    with OpenAIServer(several) as server:
        client = client_of(server)
        await asyncio.gather(*(client.complete(request(seed=n), sending=told[n].append) for n in range(3)))
    assert told == [[""]] * 3


async def test_a_budget_that_forbids_sending_ends_the_drafts() -> None:
    def forbid(lost: str) -> None:
        raise BudgetExhausted("no more")

    with OpenAIServer(several) as server:
        client = client_of(server)
        calls = (client.complete(request(seed=n), sending=forbid) for n in range(3))
        ends = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(end) for end in ends] == [BudgetExhausted] * 3
        assert not server.requests


async def test_closing_ends_drafts_in_flight() -> None:
    with OpenAIServer(several, latency=5.0) as server:
        client = client_of(server)
        calls = [asyncio.create_task(client.complete(request(seed=n))) for n in range(3)]
        await asyncio.to_thread(server.first_request.wait, 10)
        await client.aclose()
        assert [type(end) for end in await asyncio.gather(*calls, return_exceptions=True)] == [CallError] * 3
