"""Budgets: refused before a call is sent, worst cases held while it is in flight, a parent's limits as well."""

import asyncio
from typing import Any

import pytest

from distinguo.budget import Budget, prompt_tokens_at_most
from distinguo.config import Settings
from distinguo.errors import BudgetExhausted, InputError
from distinguo.prices import Price
from distinguo.records import Message, Request, Role, Usage

REQUEST = Request(Role.GENERATOR, 0, 0, (Message("user", "x" * 300),), 0.7, 1, max_tokens=100)
DONE = Usage(1, 50, 10)
WORST = prompt_tokens_at_most(REQUEST) + REQUEST.max_tokens


def limited(**settings: Any) -> Budget:
    return Budget(Settings(**settings), {})


async def used(budget: Budget, usage: Usage = DONE, model: str = "local") -> None:
    """A call that uses so much."""
    async with budget.reserve(model, REQUEST) as reservation:
        reservation.sending(Usage(1))
        reservation.used(usage)


async def test_calls_are_refused_beyond_the_budget() -> None:
    budget = limited(budget_calls=1)
    await used(budget)
    assert budget.ended == ""
    with pytest.raises(BudgetExhausted, match="1 calls"):
        await used(budget)
    assert budget.ended == "1 calls"


@pytest.mark.parametrize(
    "settings,which",
    [
        ({"budget_tokens": WORST + 59}, f"{WORST + 59} tokens"),
        ({"budget_prompt_tokens": WORST - 100 + 49}, "prompt tokens"),
        ({"budget_completion_tokens": 109}, "109 completion tokens"),
    ],
)
async def test_tokens_are_refused_where_the_worst_case_does_not_fit(settings: dict[str, int], which: str) -> None:
    budget = limited(**settings)
    await used(budget)
    with pytest.raises(BudgetExhausted, match=which):
        await used(budget)


async def test_a_call_waits_for_another_ones_worst_case() -> None:
    budget = limited(budget_tokens=2 * WORST - 1)
    async with budget.reserve("local", REQUEST) as reservation:
        second = asyncio.create_task(used(budget))
        await asyncio.sleep(0.01)
        assert not second.done()
        reservation.sending(Usage(1))
        reservation.used(DONE)
    await second
    assert budget.ended == ""


async def test_a_call_that_fits_no_longer_after_waiting_is_refused() -> None:
    budget = limited(budget_tokens=WORST + 59)
    async with budget.reserve("local", REQUEST) as reservation:
        second = asyncio.create_task(used(budget))
        await asyncio.sleep(0.01)
        reservation.sending(DONE)  # 60 tokens
    with pytest.raises(BudgetExhausted, match="tokens"):
        await second


async def test_waiting_ends_at_the_deadline() -> None:
    budget = limited(budget_tokens=WORST, max_seconds=0.05)
    async with budget.reserve("local", REQUEST):
        with pytest.raises(BudgetExhausted, match="seconds"):
            await used(budget)


async def test_a_call_that_was_never_sent_uses_nothing() -> None:
    budget = limited(budget_calls=1, budget_tokens=WORST)
    async with budget.reserve("local", REQUEST):
        pass
    await used(budget)


async def test_a_call_that_was_cancelled_counts_as_it_was_announced() -> None:
    budget = limited(budget_tokens=WORST + 59)

    async def stuck() -> None:
        async with budget.reserve("local", REQUEST) as reservation:
            reservation.sending(Usage(1, 60))
            await asyncio.sleep(30)

    call = asyncio.create_task(stuck())
    await asyncio.sleep(0.01)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    with pytest.raises(BudgetExhausted):
        await used(budget)


async def test_a_broken_try_is_spent_and_the_next_needs_room_of_its_own() -> None:
    budget = limited(budget_tokens=WORST + 60)
    async with budget.reserve("local", REQUEST) as reservation:
        reservation.sending(Usage(1, 60))
        reservation.sending(Usage(1, 60))
        with pytest.raises(BudgetExhausted):
            reservation.sending(Usage(1, 60))
    assert budget.ended == f"{WORST + 60} tokens"


async def test_tries_that_broke_count_as_calls() -> None:
    budget = limited(budget_calls=2)
    async with budget.reserve("local", REQUEST) as reservation:
        reservation.sending(Usage(1))
        reservation.sending(Usage(1))
    with pytest.raises(BudgetExhausted, match="2 calls"):
        await used(budget)


async def test_what_earlier_sessions_used_counts() -> None:
    budget = Budget(Settings(budget_calls=5), {"openai/a": Usage(calls=3), "local": Usage(calls=2)})
    with pytest.raises(BudgetExhausted):
        await used(budget)


async def test_seconds_of_earlier_sessions_count() -> None:
    settings = Settings(max_seconds=60)
    fresh, resumed = Budget(settings, {}), Budget(settings, {}, seconds=45)
    assert fresh.seconds_left is not None
    assert resumed.seconds_left is not None
    assert 14 < resumed.seconds_left <= 15 < fresh.seconds_left
    with pytest.raises(BudgetExhausted, match="60 seconds"):
        await used(Budget(settings, {}, seconds=60))


async def test_a_call_has_to_fit_the_parents_budget_too() -> None:
    run = Budget(Settings(budget_calls=3), {}, scope="for all problems")
    first, second = (Budget(Settings(budget_calls=2), {}, parent=run) for _ in range(2))
    await used(first)
    await used(first)
    with pytest.raises(BudgetExhausted, match="2 calls"):
        await used(first)
    await used(second)
    with pytest.raises(BudgetExhausted, match="3 calls for all problems"):
        await used(second)
    assert (first.ended, second.ended, run.ended) == ("2 calls", "3 calls for all problems", "3 calls for all problems")


async def test_worst_cases_are_held_in_the_parent_and_freed_there() -> None:
    run = Budget(Settings(budget_tokens=2 * WORST - 1), {})
    first, second = (Budget(Settings(), {}, parent=run) for _ in range(2))
    async with first.reserve("local", REQUEST):
        waiting = asyncio.create_task(used(second))
        await asyncio.sleep(0.01)
        assert not waiting.done()
    await waiting


async def test_the_earlier_deadline_holds() -> None:
    run = Budget(Settings(max_seconds=1), {}, scope="for all problems", seconds=1)
    problem = Budget(Settings(max_seconds=60), {}, parent=run)
    assert problem.seconds_left == 0
    assert "1 seconds for all problems" in str(problem.end_of_time())


def test_dollars_need_a_price_for_every_model() -> None:
    prices = {"openai/a": Price(prompt=1, completion=2)}
    with pytest.raises(InputError, match=r"--budget-usd needs the price of openai/b") as caught:
        Budget(Settings(model="openai/a", judge="openai/b", budget_usd=1, prices=prices), {})
    assert "\n" not in str(caught.value)


async def test_dollars_are_refused_beyond_the_budget() -> None:
    prices = {"openai/a": Price(prompt=1e6, completion=0)}
    budget = Budget(Settings(model="openai/a", budget_usd=60, prices=prices), {"openai/a": Usage(1, 50, 0)})
    with pytest.raises(BudgetExhausted, match="60 dollars"):
        await used(budget, model="openai/a")


async def test_each_role_is_charged_its_own_models_price() -> None:
    prices = {"openai/a": Price(prompt=1e4, completion=0), "openai/b": Price(prompt=0, completion=0)}
    settings = Settings(model="openai/a", judge="openai/b", budget_usd=2, prices=prices)
    budget = Budget(settings, {"openai/a": Usage(1, 150, 0)})
    for _ in range(10):
        await used(budget, model="openai/b")
    with pytest.raises(BudgetExhausted, match="2 dollars"):
        await used(budget, model="openai/a")


async def test_a_deadline_that_has_passed_refuses_calls() -> None:
    budget = limited(max_seconds=1e-9)
    assert budget.seconds_left == 0
    with pytest.raises(BudgetExhausted, match="seconds"):
        await used(budget)
