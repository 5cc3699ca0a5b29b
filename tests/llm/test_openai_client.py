"""The OpenAI-compatible client against a server that misbehaves."""

import asyncio
import json
import traceback
from dataclasses import replace
from typing import Any

import pytest
from contracts.client import SCHEMA, request
from fakes.openai_server import USELESS, Handler, OpenAIServer, Reply, canned, failure, hostile, script

from distinguo.errors import BudgetExhausted, CallError, ModelError, ModelUnavailable
from distinguo.llm import refusals, retries
from distinguo.llm.openai_client import OpenAIClient
from distinguo.llm.providers import endpoint
from distinguo.llm.retries import Cause, Failed
from distinguo.protocols import Enough
from distinguo.records import Completion, FinishReason, Message, Role

KEY = "sk-secret-5f1e"
MODES = pytest.mark.parametrize("enough", [None, lambda text: False], ids=["whole", "streamed"])
_DELAY = retries.delay


def client_of(
    server: OpenAIServer, name: str = "fake", slots: int = 8, timeout: float = 5.0, longest: float = 60.0
) -> OpenAIClient:
    where = endpoint("openai", {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": KEY})
    return OpenAIClient(f"openai/{name}", name, where, slots=slots, timeout=timeout, longest=longest)


@pytest.fixture(autouse=True)
def no_delay(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Retry at once; the delays that would have been are kept."""
    delays: list[float] = []

    def delay(before: int, failed: Failed) -> float:
        delays.append(_DELAY(before, failed))
        return 0.0

    monkeypatch.setattr(retries, "delay", delay)
    return delays


@pytest.mark.parametrize(
    "trouble",
    [
        failure(429, "slow down"),
        failure(408, "too slow"),
        failure(409, "conflict"),
        failure(500, "oops"),
        failure(503, "overloaded"),
        Reply(drop=True),
        Reply("an answer that is cut", cut=1),
        Reply("an answer that stalls", cut=1, stall=1.0),
        Reply(events=[b'{"error": {"message": "the engine died", "code": 502}}']),
        Reply(events=[b'{"choices": [{"index": 0, "delta": {"content": "half"}}]}']),
        Reply("half", finish_reason="error"),
        Reply(body=b'{"error": {"message": "upstream is down", "code": 503}}'),
    ],
    ids=[
        "429", "408", "409", "500", "503", "reset", "cut", "stall", "error inside", "end of stream", "gave up", "200",
    ],
)  # fmt: skip
@MODES
async def test_passing_trouble_is_retried(trouble: Reply, enough: Enough | None) -> None:
    with OpenAIServer(script(trouble, trouble, "fine")) as server:
        answer = await client_of(server, timeout=0.3).complete(request(), enough=enough)
        assert answer.text == "fine"
        assert len(server.requests) == 3


@MODES
async def test_a_silent_server_is_retried_and_then_an_error_of_the_call(enough: Enough | None) -> None:
    with OpenAIServer(script(Reply("late", latency=1.0))) as server:
        with pytest.raises(CallError, match="in time"):
            await client_of(server, timeout=0.05).complete(request(), enough=enough)
        assert len(server.requests) == Cause.UNREACHED.tries + 1


async def test_an_answer_that_drips_past_the_longest_time_is_an_error_of_the_call() -> None:
    with OpenAIServer(script(Reply("drop by drop " * 50, drip=0.02), "fine")) as server:
        client = client_of(server, longest=0.2)
        with pytest.raises(CallError, match=r"within 0\.2 seconds"):
            await client.complete(request(max_tokens=1000), enough=lambda text: False)
        assert (await client.complete(request())).text == "fine"
        assert len(server.requests) == 2


async def test_tries_that_may_have_to_be_paid_for_are_told() -> None:
    told: list[str] = []
    replies: list[Reply | str] = [
        failure(500, "oops"),
        Reply("cut", cut=1),
        Reply(drop=True),
        failure(429, "slow down"),
        "fine",
    ]
    with OpenAIServer(script(*replies)) as server:
        await client_of(server).complete(request(), sending=told.append)
    assert [bool(text) for text in told] == [False, False, True, True, False]
    assert "broke" in told[2]


async def test_a_call_that_may_not_be_sent_again_ends_and_frees_its_turn() -> None:
    def sending(lost: str) -> None:
        if lost:
            raise BudgetExhausted("no more")

    with OpenAIServer(script(Reply(drop=True), "fine")) as server:
        client = client_of(server, slots=1)
        with pytest.raises(BudgetExhausted):
            await client.complete(request(), sending=sending)
        assert (await client.complete(request(), sending=sending)).text == "fine"
        assert len(server.requests) == 2


async def test_retry_after_is_obeyed(no_delay: list[float]) -> None:
    with OpenAIServer(script(failure(429, "slow down", {"Retry-After": "7"}), "fine")) as server:
        await client_of(server).complete(request())
    assert 7.0 <= no_delay[0] <= 7.25


async def test_a_quota_that_is_used_up_for_long_stops_the_run() -> None:
    with OpenAIServer(script(failure(429, "daily limit", {"Retry-After": "40000"}))) as server:
        with pytest.raises(ModelUnavailable, match=r"667 minutes .*daily limit"):
            await client_of(server).complete(request())
        assert len(server.requests) == 1


async def test_trouble_without_end_is_an_error_of_the_call() -> None:
    with OpenAIServer(script(failure(500, "oops"))) as server:
        with pytest.raises(CallError, match="500: oops"):
            await client_of(server).complete(request())
        assert len(server.requests) == Cause.TROUBLE.tries + 1


@pytest.mark.parametrize(
    "refusal, advice",
    [
        (failure(401, f"Incorrect API key provided: {KEY}"), "OPENAI_API_KEY"),
        (failure(403, f"{KEY} may not do this"), "OPENAI_API_KEY"),
        (failure(404, "The model `fake` does not exist"), "--model"),
        (failure(402, "no money"), "credit"),
        (failure(429, "You exceeded your current quota", code="insufficient_quota"), "quota"),
    ],
    ids=["401", "403", "404", "402", "quota"],
)
async def test_what_no_retry_can_mend_stops_the_run_with_advice_and_without_the_key(
    refusal: Reply, advice: str
) -> None:
    with OpenAIServer(script(refusal)) as server:
        with pytest.raises(ModelUnavailable, match=advice) as caught:
            await client_of(server).complete(request())
        assert len(server.requests) <= 2  # without such a path the plain completions are tried
    assert KEY not in "".join(traceback.format_exception(caught.value))


async def test_a_server_that_is_down_is_named() -> None:
    with OpenAIServer() as server:
        client = client_of(server)
    with pytest.raises(ModelUnavailable, match=r"127\.0\.0\.1.*OPENAI_BASE_URL"):
        await client.complete(request())


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


async def test_an_endpoint_that_refuses_every_call_stops_the_run() -> None:
    with OpenAIServer(script(failure(400, "reasoning_effort must be one of low, high"))) as server:
        client = client_of(server)
        ends = [await _end(client, seed) for seed in range(refusals._FIRST_REFUSED)]
    assert [type(end) for end in ends] == [CallError] * (len(ends) - 1) + [ModelUnavailable]
    assert "every call" in str(ends[-1])


async def test_one_answer_proves_that_refusals_are_of_their_calls() -> None:
    refusal = failure(400, "no")
    with OpenAIServer(script("fine", *[refusal] * 20)) as server:
        client = client_of(server)
        await client.complete(request())
        ends = [await _end(client, seed) for seed in range(2 * refusals._FIRST_REFUSED)]
    assert {type(end) for end in ends} == {CallError}


async def test_prompts_that_are_too_long_say_nothing_about_the_endpoint() -> None:
    refusal = failure(400, "This model's maximum context length is 8192 tokens", code="context_length_exceeded")
    with OpenAIServer(script(refusal)) as server:
        client = client_of(server)
        ends = [await _end(client, seed) for seed in range(2 * refusals._FIRST_REFUSED)]
    assert {type(end) for end in ends} == {CallError}


async def _end(client: OpenAIClient, seed: int) -> Completion | BaseException:
    return (await asyncio.gather(client.complete(request(seed=seed)), return_exceptions=True))[0]


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


async def test_an_overloaded_endpoint_gets_fewer_calls_at_once_and_all_are_answered() -> None:
    with OpenAIServer(latency=0.01, slots=3) as server:
        client = client_of(server, slots=16)
        answers = await asyncio.gather(*(client.complete(request(seed=n)) for n in range(60)))
    assert len(answers) == 60
    assert len(server.requests) < 60 + 60


@pytest.mark.parametrize("seed", [1, 2])
@MODES
async def test_mixed_faults_change_no_answer(seed: int, enough: Enough | None) -> None:
    async def answers(handler: Handler) -> list[str]:
        with OpenAIServer(handler) as server:
            client = client_of(server, slots=16, timeout=2.0)
            ends = await asyncio.gather(*(client.complete(request(seed=n), enough=enough) for n in range(60)))
            await client.aclose()
            faults.append(len(server.requests) - 60)
        return [end.text for end in ends]

    faults: list[int] = []
    assert await answers(hostile(canned(), seed=seed, share=0.3)) == await answers(canned())
    assert faults[0] > 5
    assert faults[1] == 0


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


async def test_no_more_calls_than_slots_are_under_way() -> None:
    with OpenAIServer(latency=0.02) as server:
        client = client_of(server, slots=3)
        await asyncio.gather(*(client.complete(request(seed=n)) for n in range(12)))
    assert server.most_busy == 3


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
