"""Budgets: refused before a call is sent, worst cases held while it is in flight."""

import asyncio

import pytest

from distinguo.budget import Budget, cost, prompt_tokens_at_most
from distinguo.config import Price, Settings
from distinguo.errors import BudgetExhausted, InputError
from distinguo.records import Completion, FinishReason, Message, Request, Role, Usage

REQUEST = Request(Role.GENERATOR, 0, 0, (Message("user", "x" * 300),), 0.7, 1, max_tokens=100)
DONE = Completion("text", "", FinishReason.STOP, prompt_tokens=50, completion_tokens=10, seconds=0.1)


async def used(budget: Budget, model: str) -> None:
    """A call that uses nothing."""
    async with budget.reserve(model, REQUEST):
        pass


async def test_calls_are_refused_beyond_the_budget() -> None:
    budget = Budget(Settings(budget_calls=1), {})
    async with budget.reserve("local", REQUEST) as reservation:
        reservation.arrived(DONE)
    assert budget.ended == ""
    with pytest.raises(BudgetExhausted, match="1 calls"):
        await used(budget, "local")
    assert budget.ended == "1 calls"


async def test_a_call_waits_for_another_ones_worst_case() -> None:
    worst = prompt_tokens_at_most(REQUEST) + REQUEST.max_tokens
    budget = Budget(Settings(budget_tokens=2 * worst - 1), {})
    async with budget.reserve("local", REQUEST) as reservation:
        second = asyncio.create_task(used(budget, "local"))
        await asyncio.sleep(0.01)
        assert not second.done()
        reservation.arrived(DONE)
    await second
    assert budget.ended == ""


async def test_a_call_that_fits_no_longer_after_waiting_is_refused() -> None:
    worst = prompt_tokens_at_most(REQUEST) + REQUEST.max_tokens
    budget = Budget(Settings(budget_tokens=worst + 59), {})
    async with budget.reserve("local", REQUEST) as reservation:
        second = asyncio.create_task(used(budget, "local"))
        await asyncio.sleep(0.01)
        reservation.arrived(DONE)  # 60 tokens
    with pytest.raises(BudgetExhausted, match="tokens"):
        await second


async def test_waiting_ends_at_the_deadline() -> None:
    worst = prompt_tokens_at_most(REQUEST) + REQUEST.max_tokens
    budget = Budget(Settings(budget_tokens=worst, max_seconds=0.05), {})
    async with budget.reserve("local", REQUEST):
        with pytest.raises(BudgetExhausted, match="seconds"):
            await used(budget, "local")


async def test_an_arrived_call_holds_only_what_it_used() -> None:
    worst = prompt_tokens_at_most(REQUEST) + REQUEST.max_tokens
    budget = Budget(Settings(budget_tokens=worst + 60), {})
    async with budget.reserve("local", REQUEST) as reservation:
        reservation.arrived(DONE)
    async with budget.reserve("local", REQUEST):
        pass
    assert budget.ended == ""


async def test_what_earlier_sessions_used_counts() -> None:
    budget = Budget(Settings(budget_calls=5), {"openai/a": Usage(calls=3), "local": Usage(calls=2)})
    with pytest.raises(BudgetExhausted):
        await used(budget, "local")


def test_dollars_need_a_price_for_every_model() -> None:
    prices = {"openai/a": Price(prompt=1, completion=2)}
    with pytest.raises(InputError, match=r"--budget-usd needs the price of openai/b"):
        Budget(Settings(model="openai/a", judge="openai/b", budget_usd=1, prices=prices), {})


async def test_dollars_are_refused_beyond_the_budget() -> None:
    prices = {"openai/a": Price(prompt=1e6, completion=0)}
    budget = Budget(Settings(model="openai/a", budget_usd=60, prices=prices), {"openai/a": Usage(1, 50, 0)})
    with pytest.raises(BudgetExhausted, match="60 dollars"):
        await used(budget, "openai/a")


async def test_a_deadline_that_has_passed_refuses_calls() -> None:
    budget = Budget(Settings(max_seconds=1e-9), {})
    assert budget.seconds_left == 0
    with pytest.raises(BudgetExhausted, match="seconds"):
        await used(budget, "local")


def test_an_unknown_price_is_not_zero() -> None:
    assert cost("openai/a", 10, 10, {}) is None
    assert cost("localai/llama", 10, 10, {}) is None
    assert cost("local", 10, 10, {}) == 0
    assert cost("openai/a", 1_000_000, 500_000, {"openai/a": Price(prompt=2, completion=4)}) == 4
