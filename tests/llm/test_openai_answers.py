"""The OpenAI-compatible client and answers: what they hold and cost, and useless ones end their own call only."""

import json
import traceback
from typing import Any

import pytest
from contracts.client import request
from fakes.openai_clients import KEY, MODES, client_of
from fakes.openai_replies import USELESS, Reply, failure, script
from fakes.openai_server import OpenAIServer

from distinguo.errors import CallError
from distinguo.protocols import Enough
from distinguo.records import FinishReason

pytestmark = pytest.mark.usefixtures("no_delay")

USELESS_STREAMS = [
    Reply(events=[b"not json", b"[DONE]"]),
    Reply(events=[b"[]"]),
    Reply(events=[b'{"choices": []}', b"[DONE]"]),
    Reply(events=[b'{"choices": [{"index": 7, "delta": {"content": "x"}}]}', b"[DONE]"]),
    Reply(events=[b'{"choices": [{"index": 0, "delta": {"content": ["x"]}}]}']),
    Reply(events=[b'{"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}', b"[DONE]"]),
    Reply(events=[b'{"error": {"message": "prompt too long", "code": 400}}']),
]
OTHERS = [
    failure(400, "max_tokens is too large: 9000", param="max_tokens"),
    Reply(body=b""),
    Reply(body=b'{"choices": "no"}'),
]


@pytest.mark.parametrize(
    "reply, enough",
    [
        *((reply, None) for reply in (*USELESS, *OTHERS)),
        *((reply, lambda text: False) for reply in (*USELESS, *OTHERS, *USELESS_STREAMS)),
    ],
    ids=lambda value: (
        str(value.error.get("message") or value.events or value.body)[:40] if isinstance(value, Reply) else ""
    ),
)
async def test_a_useless_answer_is_an_error_of_that_call_only(reply: Reply, enough: Enough | None) -> None:
    with OpenAIServer(script(reply, "fine")) as server:
        client = client_of(server)
        with pytest.raises(CallError):
            await client.complete(request(), enough=enough)
        assert (await client.complete(request(), enough=enough)).text == "fine"
        assert len(server.requests) == 2


async def test_a_useless_answer_says_what_it_cost() -> None:
    reply = Reply(text=None, usage={"prompt_tokens": 9, "completion_tokens": 3})
    with OpenAIServer(script(reply)) as server, pytest.raises(CallError) as caught:
        await client_of(server).complete(request())
    assert (caught.value.prompt_tokens, caught.value.completion_tokens, caught.value.refused) == (9, 3, False)


async def test_a_refused_call_costs_nothing() -> None:
    with OpenAIServer(script(failure(400, "content filter"))) as server, pytest.raises(CallError) as caught:
        await client_of(server).complete(request())
    assert caught.value.refused


@MODES
async def test_an_answer_that_a_cache_repeats_is_an_error_of_the_call(enough: Enough | None) -> None:
    with OpenAIServer(script(Reply("one", id="a"), Reply("two", id="b"), Reply("one", id="a"))) as server:
        client = client_of(server)
        for _ in range(2):
            await client.complete(request(), enough=enough)
        with pytest.raises(CallError, match="cache"):
            await client.complete(request(), enough=enough)


@MODES
async def test_choices_that_were_not_asked_for_are_left_out(enough: Enough | None) -> None:
    with OpenAIServer(lambda body: Reply("one", texts=["two"], more=True)) as server:
        assert (await client_of(server).complete(request(), enough=enough)).text == "one"


async def test_ids_that_begin_anew_are_no_repeated_answers() -> None:
    with OpenAIServer(script(Reply("one", id="a"), Reply("two", id="b"), Reply("three", id="a"))) as server:
        client = client_of(server)
        assert [(await client.complete(request())).text for _ in range(3)] == ["one", "two", "three"]


async def test_a_server_with_one_id_for_all_answers_is_let_be() -> None:
    with OpenAIServer(script(Reply("fine", id="same"))) as server:
        client = client_of(server)
        assert [(await client.complete(request())).text for _ in range(3)] == ["fine"] * 3


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body=f"Bad gateway: key {KEY}".encode()),
        Reply(body=f"{'x' * 70} {KEY}".encode()),
        failure(500, f"{'x' * 290} {KEY}"),
        Reply(body=json.dumps({"choices": [], "key": KEY}).encode()),
        Reply(events=[KEY.encode()]),
        Reply(events=[json.dumps({"error": {"message": KEY, "code": 400}}).encode()]),
        failure(400, "no such thing", Location=KEY),
    ],
)
@MODES
async def test_a_key_that_a_server_quotes_is_in_no_error(reply: Reply, enough: Enough | None) -> None:
    with OpenAIServer(script(reply)) as server, pytest.raises(CallError) as caught:
        await client_of(server).complete(request(), enough=enough)
    assert KEY[:8] not in "".join(traceback.format_exception(caught.value))


@MODES
async def test_a_key_that_a_server_quotes_is_in_no_answer(enough: Enough | None) -> None:
    with OpenAIServer(script(Reply(f"your key is {KEY[:9]}{KEY[9:]}", reasoning=KEY))) as server:
        answer = await client_of(server).complete(request(), enough=enough)
    assert (answer.text, answer.reasoning) == ("your key is ***", "***")


@pytest.mark.parametrize("count", [10**30, 2**62, -1, 1.5])
async def test_a_usage_that_cannot_be_is_an_error_of_that_call(count: float) -> None:
    usage = {"prompt_tokens": count, "completion_tokens": 1}
    with OpenAIServer(script(Reply("text", usage=usage))) as server, pytest.raises(CallError, match="usage"):
        await client_of(server).complete(request())


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": 0, "completion_tokens": 0}])
@MODES
async def test_tokens_that_are_not_counted_are_estimated_and_marked(usage: Any, enough: Enough | None) -> None:
    with OpenAIServer(script(Reply("fine", usage=usage))) as server:
        answer = await client_of(server).complete(request(), enough=enough)
    assert answer.prompt_tokens > 0
    assert answer.completion_tokens > 0
    assert answer.estimated


@MODES
async def test_reasoning_comes_apart_from_the_text(enough: Enough | None) -> None:
    with OpenAIServer(script(Reply("42", reasoning="six times seven"))) as server:
        answer = await client_of(server).complete(request(), enough=enough)
    assert (answer.text, answer.reasoning) == ("42", "six times seven")


@MODES
async def test_an_answer_cut_off_while_thinking_is_a_cut_answer(enough: Enough | None) -> None:
    with OpenAIServer(script(Reply(None, reasoning="hm", finish_reason="length"))) as server:
        answer = await client_of(server).complete(request(), enough=enough)
    assert (answer.text, answer.finish_reason) == ("", FinishReason.LENGTH)
