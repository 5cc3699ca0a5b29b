"""Reading a judge's answers."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distinguo.records import Vote
from distinguo.testgen.verdicts import Choice, choice_schema, letters, parse_choice, parse_vote


@pytest.mark.parametrize(
    "text, place",
    [
        ('{"reason": "5 is the absolute value", "right": "B"}', 1),
        ('```json\n{"reason": "x", "right": "b"}\n```', 1),
        ('{"reason": "A is wrong", "right": "Output C"}', 2),
        ('{"right": "A"} No, wait: {"right": "B"}', 1),
        ('<think>{"right": "A"}</think>{"right": "C"}', 2),
        ('{"right": "B', 1),
        ('{"right": "none"}', None),
        ('{"right": "None of them"}', None),
        ('{"right": null}', None),
        ("The right output is B.", 1),
        ("The correct output is: **Output C**", 2),
        ("Correct answer: (A)", 0),
        ("A looks odd. The answer is B", 1),
        ("Output B is right, since 5 > 4.", 1),
        ("None of the outputs is right.", None),
        ("None is correct", None),
        ("B", 1),
        ("**Output C**.", 2),
        ("none", None),
    ],
)
def test_a_choice_is_found_in_json_or_in_prose(text: str, place: int | None) -> None:
    assert parse_choice(text, letters(3)) == Choice(place)


@pytest.mark.parametrize(
    "text",
    [
        "",
        '{"right": "D"}',
        '{"right": "the first one"}',
        '{"reason": "A is wrong"}',
        "Output A is not right.",
        "A simple problem: the right output is a number",
        "I cannot say.",
        "A or B",
    ],
)
def test_an_answer_that_names_no_output_is_no_choice(text: str) -> None:
    assert parse_choice(text, letters(3)) is None


@given(st.text(), st.integers(0, 30))
def test_any_text_is_read_as_a_known_output_or_not_at_all(text: str, count: int) -> None:
    choice = parse_choice(text, letters(count))
    assert choice is None or choice.place is None or choice.place in range(count)


@given(st.integers(1, 800), st.data())
def test_every_choice_that_the_schema_admits_is_read_back(count: int, data: st.DataObject) -> None:
    names = letters(count)
    assert len(set(names)) == count
    admitted = choice_schema(names)["properties"]["right"]["enum"]
    name = data.draw(st.sampled_from(admitted))
    place = None if name == "none" else names.index(name)
    assert parse_choice(json.dumps({"reason": "so", "right": name}), names) == Choice(place)


@pytest.mark.parametrize(
    "text, better",
    [
        ('{"reason": "it adds", "better": "first"}', Vote.FIRST),
        ('```json\n{"reason": "x", "better": "SECOND",}\n```', Vote.SECOND),
        ('{"reason": "say \\"better\\": \\"first\\" ", "better": "tie"}', Vote.TIE),
        ("Better: second", Vote.SECOND),
        ("better = 'tie'", None),
        ('{"better": "third"}', None),
        ('{"reason": "the first one is better"}', None),
        ("", None),
    ],
)
def test_the_last_verdict_named_counts(text: str, better: Vote | None) -> None:
    assert parse_vote(text) is better


def test_letters_go_on_after_z() -> None:
    assert letters(0) == []
    assert letters(29)[-4:] == ["Z", "AA", "AB", "AC"]
