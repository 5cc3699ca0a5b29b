"""What a run may take at most: never less than what a run takes."""

import json

import pytest

from distinguo import estimate
from distinguo.config import Settings
from distinguo.errors import InputError
from distinguo.prices import Price
from distinguo.problem import Problem, Test

PROBLEM = Problem("p", "Add the numbers.", public_tests=(Test("1", "1 2", "3"),))


def test_the_papers_settings_take_the_papers_calls() -> None:
    roles = {role.role: role for role in estimate.at_most(PROBLEM, Settings(model="openai/a")).roles}
    assert roles["generator"].calls == 16
    assert roles["debugger"].calls == 32
    assert roles["judge"].calls == 2 * 120
    assert roles["generator"].completion_tokens == 16 * 4096


def test_without_public_tests_answers_without_code_may_still_be_repeated() -> None:
    roles = {role.role: role for role in estimate.at_most(Problem("p", "Add."), Settings(n=4, rounds=1)).roles}
    assert (roles["generator"].calls, roles["debugger"].calls) == (4, 4)


@pytest.mark.parametrize("selector", ["first", "random", "public"])
def test_selectors_that_ask_nothing_cost_nothing(selector: str) -> None:
    assert estimate.at_most(PROBLEM, Settings(n=4, rounds=0, selector=selector)).calls == 4


def test_dollars_come_from_the_prices() -> None:
    prices = {"openai/a": Price(prompt=1, completion=2)}
    known = estimate.at_most(PROBLEM, Settings(model="openai/a", prices=prices))
    assert known.usd == pytest.approx(
        sum(role.prompt_tokens + 2 * role.completion_tokens for role in known.roles) / 1e6
    )


def test_an_unknown_price_is_said_and_not_zero() -> None:
    unknown = estimate.at_most(PROBLEM, Settings(model="openai/a"))
    assert unknown.usd is None
    assert "cost: unknown for openai/a" in unknown.lines()[-1]
    plain = json.loads(json.dumps(unknown.as_dict()))
    assert (plain["usd"], plain["unpriced"]) == (None, ["openai/a"])


def test_a_role_that_is_never_asked_needs_no_price() -> None:
    settings = Settings(model="openai/gpt-4o-mini", judge="openai/a", selector="first")
    assert (estimate.at_most(PROBLEM, settings).usd or 0) > 0


def test_the_embedded_model_is_free() -> None:
    assert estimate.at_most(PROBLEM, Settings()).usd == 0


def test_an_unknown_selector_is_an_input_error() -> None:
    with pytest.raises(InputError, match="the selectors are"):
        estimate.at_most(PROBLEM, Settings(selector="best"))
