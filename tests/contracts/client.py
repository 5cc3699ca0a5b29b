"""What every model client does. A test class inherits ClientContract and provides the fixtures it names."""

import asyncio
import json
from typing import Any

from distinguo.errors import BudgetExhausted
from distinguo.protocols import Client
from distinguo.records import FinishReason, Message, Request, Role

SCHEMA = {
    "type": "object",
    "properties": {"ok": {"type": "boolean"}, "verdict": {"enum": ["first", "second"]}},
    "required": ["ok", "verdict"],
    "additionalProperties": False,
}


def request(text: str = "Say something about the sea.", **changes: Any) -> Request:
    """A short request; `changes` are fields of it."""
    fields: dict[str, Any] = {
        "role": Role.GENERATOR,
        "sample": 0,
        "round": 0,
        "messages": (Message("user", text),),
        "temperature": 0.7,
        "seed": 7,
        "max_tokens": 12,
    }
    return Request(**{**fields, **changes})


class ClientContract:
    """Fixtures: `client`, and `spare_client`, which a test may close."""

    async def test_an_answer_has_text_usage_and_time(self, client: Client) -> None:
        answer = await client.complete(request())
        assert answer.text.strip()
        assert answer.prompt_tokens > 0
        assert 0 < answer.completion_tokens <= 12
        assert answer.seconds > 0

    async def test_the_same_request_and_seed_is_answered_the_same(self, client: Client) -> None:
        first = await client.complete(request())
        second = await client.complete(request())
        assert first.text == second.text

    async def test_seeds_lead_to_different_answers(self, client: Client) -> None:
        answers = await asyncio.gather(
            *(client.complete(request(seed=seed, temperature=1.0, max_tokens=6)) for seed in range(4))
        )
        assert len({answer.text for answer in answers}) > 1

    async def test_company_in_the_batch_does_not_change_an_answer(self, client: Client) -> None:
        alone = await client.complete(request())
        together = await asyncio.gather(
            client.complete(request()), *(client.complete(request(f"Count to {n}.", seed=n)) for n in range(3))
        )
        assert together[0].text == alone.text

    async def test_more_calls_than_slots_are_all_answered(self, client: Client) -> None:
        requests = [request(f"Say {n}.", seed=n, max_tokens=3) for n in range(20)]
        answers = await asyncio.gather(*(client.complete(each) for each in requests))
        assert len(answers) == 20
        assert all(answer.completion_tokens > 0 for answer in answers)

    async def test_max_tokens_ends_an_answer_with_length(self, client: Client) -> None:
        answer = await client.complete(request("Write a long story.", max_tokens=2))
        assert answer.finish_reason is FinishReason.LENGTH
        assert answer.completion_tokens == 2

    async def test_a_stop_string_ends_an_answer_before_it(self, client: Client) -> None:
        whole = await client.complete(request("Say hello to the world.", max_tokens=8))
        stop = whole.text.split(" ")[1]
        answer = await client.complete(request("Say hello to the world.", max_tokens=8, stop=(stop,)))
        assert answer.finish_reason is FinishReason.STOP
        assert stop not in answer.text
        assert whole.text.startswith(answer.text)

    async def test_an_answer_may_end_where_the_caller_has_enough(self, client: Client) -> None:
        whole = await client.complete(request("Say hello to the world.", max_tokens=8))
        heard: list[str] = []

        def enough(text: str) -> bool:
            heard.append(text)
            return len(text.split()) > 2

        answer = await client.complete(request("Say hello to the world.", max_tokens=8), enough=enough)
        assert whole.text.startswith(answer.text)
        assert answer.prompt_tokens == whole.prompt_tokens
        assert heard in ([], sorted(heard, key=len))
        if heard:
            assert answer.text == heard[-1] != whole.text
            assert answer.finish_reason is FinishReason.STOP
            assert 0 < answer.completion_tokens < whole.completion_tokens
        else:
            assert answer.text == whole.text

    async def test_what_is_sent_is_told_first(self, client: Client) -> None:
        told: list[str] = []
        await client.complete(request(max_tokens=2), sending=told.append)
        assert told == [""]

    async def test_what_may_not_be_sent_ends_that_call_only(self, client: Client) -> None:
        def forbid(lost: str) -> None:
            raise BudgetExhausted("no more")

        calls = [client.complete(request(max_tokens=2), sending=forbid) for _ in range(10)]
        ends = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(end) for end in ends] == [BudgetExhausted] * 10
        assert (await client.complete(request(max_tokens=2))).text

    async def test_a_schema_is_honoured(self, client: Client) -> None:
        answer = await client.complete(request("Which one?", schema=json.dumps(SCHEMA), max_tokens=60))
        value = json.loads(answer.text)
        assert isinstance(value["ok"], bool)
        assert value["verdict"] in ("first", "second")

    async def test_a_cancelled_call_leaves_the_others_alone(self, client: Client) -> None:
        cancelled = asyncio.create_task(client.complete(request("Write a long story.", max_tokens=400)))
        other = asyncio.create_task(client.complete(request()))
        await asyncio.sleep(0.05)
        cancelled.cancel()
        assert (await other).text
        assert isinstance((await asyncio.gather(cancelled, return_exceptions=True))[0], asyncio.CancelledError)

    async def test_closing_twice_is_fine(self, spare_client: Client) -> None:
        await spare_client.complete(request(max_tokens=1))
        await spare_client.aclose()
        await spare_client.aclose()
