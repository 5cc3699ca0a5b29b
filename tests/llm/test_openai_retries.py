"""The OpenAI-compatible client where tries fail: which are retried, how often, and what ends the call or the run."""

import asyncio
import traceback

import pytest
from contracts.client import request
from fakes.openai_clients import KEY, MODES, client_of
from fakes.openai_replies import Handler, Reply, canned, failure, hostile, script
from fakes.openai_server import OpenAIServer

from distinguo.errors import BudgetExhausted, CallError, ModelUnavailable
from distinguo.llm import refusals
from distinguo.llm.openai_client import OpenAIClient
from distinguo.llm.retries import Cause
from distinguo.protocols import Enough
from distinguo.records import Completion

pytestmark = pytest.mark.usefixtures("no_delay")


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
