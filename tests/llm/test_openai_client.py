"""The OpenAI-compatible client against a server that misbehaves."""

import asyncio
import json
import traceback
from typing import Any

import pytest
from contracts.client import SCHEMA, request
from fakes.openai_server import OpenAIServer, Reply, failure, script

from distinguo.errors import CallError, ModelError, ModelUnavailable
from distinguo.llm import openai_client
from distinguo.llm.openai_client import OpenAIClient
from distinguo.llm.providers import endpoint

KEY = "sk-secret-5f1e"
_DELAY = openai_client._delay


def client_of(server: OpenAIServer, name: str = "fake", slots: int = 8, timeout: float = 5.0) -> OpenAIClient:
    where = endpoint("openai", {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": KEY})
    return OpenAIClient(f"openai/{name}", name, where, slots=slots, timeout=timeout)


@pytest.fixture(autouse=True)
def no_delay(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Retry at once; the delays that would have been are kept."""
    delays: list[float] = []

    def delay(tries: int, headers: Any) -> float:
        delays.append(_DELAY(tries, headers))
        return 0.0

    monkeypatch.setattr(openai_client, "_delay", delay)
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
    ],
    ids=lambda reply: "reset" if reply.drop else reply.status,
)
async def test_passing_trouble_is_retried(trouble: Reply) -> None:
    with OpenAIServer(script(trouble, trouble, "fine")) as server:
        answer = await client_of(server).complete(request())
        assert answer.text == "fine"
        assert len(server.requests) == 3


async def test_a_stalled_answer_is_retried_and_then_an_error_of_the_call() -> None:
    with OpenAIServer(script(Reply("late", latency=1.0))) as server:
        with pytest.raises(CallError, match="in time"):
            await client_of(server, timeout=0.05).complete(request())
        assert len(server.requests) == openai_client.RETRIES_UNREACHED + 1


async def test_retry_after_is_obeyed(no_delay: list[float]) -> None:
    with OpenAIServer(script(failure(429, "slow down", {"Retry-After": "7"}), "fine")) as server:
        await client_of(server).complete(request())
    assert 7.0 <= no_delay[0] <= 7.25


def test_delays_grow_and_are_bounded() -> None:
    delays = [_DELAY(tries, {}) for tries in range(20)]
    assert 0.25 < delays[0] < 1.0 < delays[3]
    assert max(delays) <= 10.0
    assert all(_DELAY(0, {"retry-after": asked}) < 1.0 for asked in ("86400", "-1", "soon", "nan"))
    assert 0.5 <= _DELAY(9, {"retry-after-ms": "500"}) <= 0.75


async def test_trouble_without_end_is_an_error_of_the_call() -> None:
    with OpenAIServer(script(failure(500, "oops"))) as server:
        with pytest.raises(CallError, match="500: oops"):
            await client_of(server).complete(request())
        assert len(server.requests) == openai_client.RETRIES + 1


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
        assert len(server.requests) == 1
    assert KEY not in "".join(traceback.format_exception(caught.value))


async def test_a_server_that_is_down_is_named() -> None:
    with OpenAIServer() as server:
        client = client_of(server)
    with pytest.raises(ModelUnavailable, match=r"127\.0\.0\.1.*OPENAI_BASE_URL"):
        await client.complete(request())


@pytest.mark.parametrize(
    "reply",
    [
        failure(400, "This model's maximum context length is 8192 tokens", code="context_length_exceeded"),
        failure(400, "max_tokens is too large: 9000", param="max_tokens"),
        failure(400, "content filter", code="content_filter"),
        Reply(body=b"not json"),
        Reply(body=b""),
        Reply(body=b"[]"),
        Reply(body=b'{"choices": []}'),
        Reply(body=b'{"choices": "no"}'),
        Reply(body=b'{"choices": [{"message": {"content": ["part"]}}]}'),
        Reply(text=None),
        Reply("text", usage={"prompt_tokens": "many", "completion_tokens": 1}),
    ],
    ids=lambda reply: str(reply.error.get("message") or reply.body or reply.text)[:24],
)
async def test_a_useless_answer_is_an_error_of_that_call_only(reply: Reply) -> None:
    with OpenAIServer(script(reply, "fine")) as server:
        client = client_of(server)
        with pytest.raises(CallError):
            await client.complete(request())
        assert (await client.complete(request())).text == "fine"
        assert len(server.requests) == 2


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body=f"Bad gateway: key {KEY}".encode()),
        Reply(body=f"{'x' * 70} {KEY}".encode()),
        failure(500, f"{'x' * 290} {KEY}"),
        Reply(body=json.dumps({"choices": [], "key": KEY}).encode()),
    ],
)
async def test_a_key_that_a_server_quotes_is_in_no_error(reply: Reply) -> None:
    with OpenAIServer(script(reply)) as server, pytest.raises(CallError) as caught:
        await client_of(server).complete(request())
    assert KEY[:8] not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("count", [10**30, 2**62, -1, 1.5])
async def test_a_usage_that_cannot_be_is_an_error_of_that_call(count: float) -> None:
    usage = {"prompt_tokens": count, "completion_tokens": 1}
    with OpenAIServer(script(Reply("text", usage=usage))) as server, pytest.raises(CallError, match="usage"):
        await client_of(server).complete(request())


async def test_a_missing_usage_counts_nothing() -> None:
    with OpenAIServer(script(Reply("fine", usage=None))) as server:
        answer = await client_of(server).complete(request())
    assert (answer.prompt_tokens, answer.completion_tokens) == (0, 0)


async def test_reasoning_comes_apart_from_the_text() -> None:
    with OpenAIServer(script(Reply("42", reasoning="six times seven"))) as server:
        answer = await client_of(server).complete(request())
    assert (answer.text, answer.reasoning) == ("42", "six times seven")


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
