"""The OpenAI-compatible client against servers of all kinds: streams, parameters, the order of calls, and closing."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from contracts.client import SCHEMA, request
from fakes.openai_clients import MODES, client_of
from fakes.openai_replies import Reply, failure, script
from fakes.openai_server import OpenAIServer

from distinguo.errors import CallError, ModelError
from distinguo.protocols import Enough
from distinguo.records import FinishReason, Message, Role

pytestmark = pytest.mark.usefixtures("no_delay")


async def test_an_answer_that_is_ended_is_not_sent_to_its_end() -> None:
    with OpenAIServer(script(Reply("word " * 4000, drip=0.001))) as server:
        answer = await client_of(server).complete(request(max_tokens=5000), enough=lambda text: text.count("word") == 3)
        ended_after = server.parts_sent
        await asyncio.to_thread(server.idle.wait, 30)
    assert answer.text == "word word word"
    assert (answer.finish_reason, answer.estimated) == (FinishReason.STOP, True)
    assert ended_after <= server.parts_sent < 4000


async def test_streams_are_asked_for_only_where_an_answer_may_be_ended() -> None:
    with OpenAIServer() as server:
        client = client_of(server)
        await client.complete(request())
        await client.complete(request(), enough=lambda text: False)
        assert [body.get("stream", False) for body in server.requests] == [False, True]


async def test_a_server_without_streams_gives_whole_answers() -> None:
    def handler(body: dict[str, Any]) -> Reply | str:
        return failure(400, "streaming is not supported by this model") if body.get("stream") else "fine"

    with OpenAIServer(handler) as server:
        client = client_of(server)
        answers = [await client.complete(request(), enough=lambda text: False) for _ in range(2)]
        assert [answer.text for answer in answers] == ["fine", "fine"]
        assert len(server.requests) == 3


async def test_a_connection_serves_many_streams() -> None:
    with OpenAIServer() as server:
        client = client_of(server)
        for seed in range(5):
            await client.complete(request(seed=seed), enough=lambda text: False)
        assert server.connections == 1


@MODES
async def test_a_server_that_only_continues_texts_gets_one(enough: Enough | None) -> None:
    with OpenAIServer(script(Reply("fine")), chat=False) as server:
        client = client_of(server)
        conversation = request(messages=(Message("system", "Be brief."), Message("user", "Hello")))
        answers = await asyncio.gather(*(client.complete(conversation, enough=enough) for _ in range(3)))
        await client.complete(conversation, enough=enough)
    assert [answer.text for answer in answers] == ["fine"] * 3
    assert server.requests[-1]["prompt"] == "### Instructions:\nBe brief.\n\n### User:\nHello\n\n### Assistant:\n"
    assert server.requests[-1]["stop"] == ["### User:"]
    assert "messages" not in server.requests[-1]


async def test_the_prompts_of_all_samples_are_byte_for_byte_the_same() -> None:
    with OpenAIServer() as server:
        client = client_of(server)
        await asyncio.gather(*(client.complete(request(seed=n, sample=n), enough=lambda text: False) for n in range(4)))
    assert len({json.dumps(body["messages"]) for body in server.requests}) == 1
    assert len({raw.partition(b'"seed"')[0] for raw in server.raw}) == 1


async def test_problems_that_began_earlier_and_samples_that_have_begun_go_first() -> None:
    with OpenAIServer(latency=0.01) as server:
        client = client_of(server, slots=1)
        draft, debugging = request(), request(role=Role.DEBUGGER, round=1)
        places = [(draft, 3), (draft, 2), (debugging, 2), (draft, 1), (debugging, 3), (debugging, 1)]
        calls = [
            client.complete(replace(each, messages=(Message("user", f"{each.round} {rank}"),)), rank=rank)
            for each, rank in [(draft, 0), *places]
        ]
        await asyncio.gather(*calls)
        order = [body["messages"][0]["content"] for body in server.requests]
    assert order == ["0 0", "1 1", "0 1", "1 2", "0 2", "1 3", "0 3"]


async def test_models_of_one_endpoint_share_its_slots() -> None:
    with OpenAIServer(latency=0.02) as server:
        one, two = client_of(server, "one", slots=2), client_of(server, "two", slots=2)
        await asyncio.gather(*(client.complete(request(seed=n)) for n in range(5) for client in (one, two)))
    assert server.most_busy == 2


async def test_no_more_calls_than_slots_are_under_way() -> None:
    with OpenAIServer(latency=0.02) as server:
        client = client_of(server, slots=3)
        await asyncio.gather(*(client.complete(request(seed=n)) for n in range(12)))
    assert server.most_busy == 3


def _picky(body: dict[str, Any]) -> Reply | str:
    """An endpoint of a reasoning model that is not known as one."""
    for name in ("temperature", "seed", "response_format"):
        if name in body:
            return failure(400, f"Unsupported parameter: '{name}' is not supported", param=name)
    if "max_tokens" in body:
        return failure(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")
    return "fine"


async def test_refused_parameters_are_left_out_and_remembered() -> None:
    with OpenAIServer(_picky) as server:
        client = client_of(server)
        asked = request(schema=json.dumps(SCHEMA))
        assert (await client.complete(asked)).text == "fine"
        assert len(server.requests) == 5
        await asyncio.gather(*(client.complete(asked) for _ in range(3)))
        assert len(server.requests) == 8
    assert server.requests[-1]["max_completion_tokens"] == 12


async def test_calls_in_flight_learn_from_each_other() -> None:
    with OpenAIServer(_picky) as server:
        client = client_of(server)
        answers = await asyncio.gather(*(client.complete(request(seed=n)) for n in range(8)))
    assert [answer.text for answer in answers] == ["fine"] * 8


@pytest.mark.parametrize("parameter", ["temperature", "max_tokens", "max_completion_tokens"])
async def test_an_endpoint_that_refuses_everything_is_not_asked_for_ever(parameter: str) -> None:
    def refuse(body: dict[str, Any]) -> Reply:
        name = next((name for name in ("max_tokens", "max_completion_tokens") if name in body), parameter)
        return failure(400, "unsupported", param=name)

    with OpenAIServer(refuse) as server:
        with pytest.raises(CallError):
            await client_of(server).complete(request())
        assert len(server.requests) <= 3


@pytest.mark.parametrize("name", ["o3-mini", "gpt-5", "openai/o1", "gpt-5.1-codex"])
async def test_reasoning_models_get_the_parameters_they_take(name: str) -> None:
    with OpenAIServer() as server:
        await client_of(server, name).complete(request(stop=("x",)))
        body = server.requests[0]
    assert body["max_completion_tokens"] == 12
    assert not {"max_tokens", "temperature", "stop"} & set(body)
    assert body["model"] == name


async def test_closing_ends_calls_in_flight_with_an_error() -> None:
    with OpenAIServer(script(Reply("late", latency=5.0))) as server:
        client = client_of(server, timeout=20)
        call = asyncio.create_task(client.complete(request()))
        await asyncio.to_thread(server.first_request.wait, 10)
        await client.aclose()
        with pytest.raises(ModelError, match="closed"):
            await call
        with pytest.raises(ModelError, match="closed"):
            await client.complete(request())
