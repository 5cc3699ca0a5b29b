"""Cutting texts to the room that a prompt has."""

from hypothesis import given
from hypothesis import strategies as st

from distinguo.fit import cut, fit, tokens


@given(st.text(), st.integers(0, 60))
def test_a_cut_text_takes_at_most_the_limit(text: str, limit: int) -> None:
    assert tokens(cut(text, limit)) <= limit


@given(st.text(), st.integers(0, 200))
def test_a_text_that_fits_is_left_alone(text: str, slack: int) -> None:
    assert cut(text, tokens(text) + slack) == text


def test_a_cut_text_keeps_its_beginning_and_end_and_says_how_much_is_missing() -> None:
    text = "first " + "x " * 5000 + "last"
    shown = cut(text, 60)
    head, missing, tail = shown.split("\n")
    assert head.startswith("first x")
    assert tail.endswith("x last")
    assert missing == f"... ({len(text) - len(head) - len(tail)} characters left out) ..."


def test_a_text_without_spaces_is_cut_as_well() -> None:
    assert cut("a" * 100_000, 100).startswith("aaaa")
    assert tokens(cut("é" * 100_000, 100)) <= 100


@given(st.lists(st.tuples(st.text(), st.integers(0, 80)), max_size=6), st.integers(0, 300))
def test_texts_together_take_at_most_the_room_and_each_at_most_its_limit(
    texts: list[tuple[str, int]], room: int
) -> None:
    shown = fit(texts, room)
    assert sum(tokens(text) for text in shown) <= room
    assert all(tokens(text) <= limit for text, (_, limit) in zip(shown, texts, strict=True))


def test_what_short_texts_leave_is_shared_by_the_longer_ones() -> None:
    short, long, longer = fit([("abc", 500), ("1" * 400, 500), ("2" * 900, 1000)], 401)
    assert short == "abc"
    assert abs(tokens(long) - tokens(longer)) <= 8
    assert tokens(long) > 150
