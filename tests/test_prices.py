"""Prices: the user's before the shipped ones, unknown is never zero."""

import re

import pytest

from distinguo.llm.providers import BASE_URLS
from distinguo.prices import Price, cost, shipped


def test_an_unknown_price_is_not_zero() -> None:
    assert cost("openai/a", 10, 10, {}) is None
    assert cost("localai/llama", 10, 10, {}) is None


@pytest.mark.parametrize("model", ["local", "gguf:model.gguf", "replay:run.sqlite"])
def test_models_on_this_machine_cost_nothing(model: str) -> None:
    assert cost(model, 10, 10, {}) == 0


def test_dollars_are_by_the_million_tokens() -> None:
    assert cost("openai/a", 1_000_000, 500_000, {"openai/a": Price(prompt=2, completion=4)}) == 4


def test_the_users_price_comes_before_the_shipped_one() -> None:
    theirs = cost("openai/gpt-4o-mini", 1_000_000, 0, {})
    assert theirs is not None
    assert theirs > 0
    assert cost("openai/gpt-4o-mini", 1_000_000, 0, {"openai/gpt-4o-mini": Price(prompt=7, completion=7)}) == 7
    assert cost("openai/gpt-4o-mini", 1_000_000, 0, {"openai/gpt-4o-mini": Price(prompt=0, completion=0)}) == 0


def test_the_shipped_table_says_when_and_names_models_as_they_are_given() -> None:
    table = shipped()
    assert re.fullmatch(r"\d{4}-\d{2}", table.date)
    assert table.note
    assert {name.split("/")[0] for name in table.prices} <= BASE_URLS.keys()
    assert all(price.completion >= price.prompt > 0 for price in table.prices.values())
