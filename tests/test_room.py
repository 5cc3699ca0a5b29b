"""Lengths: answers and prompts fit the context, whatever it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distinguo import room
from distinguo.config import Settings


@pytest.mark.parametrize(
    "given,context,tokens", [(None, None, 4096), (None, 4096, 512), (None, 10**6, 4096), (9, 4096, 9)]
)
def test_an_answer_takes_an_eighth_of_a_small_context(given: int | None, context: int | None, tokens: int) -> None:
    assert room.answer(Settings(max_tokens=given), context) == tokens


@given(st.lists(st.none() | st.integers(64, 10**6), min_size=1, max_size=3))
def test_a_prompt_of_stage_two_and_its_answer_fit_every_context(contexts: list[int | None]) -> None:
    prompt = room.selection_prompt(Settings(), contexts)
    assert prompt > 0
    for context in contexts:
        if context is not None:
            assert prompt + room.answer(Settings(), context) <= context


def test_small_contexts_get_short_fields() -> None:
    assert room.field(4096) < room.field(None) == room.field(128_000)
