"""What a run's file keeps of questions: each under a key of its own, and no text longer than it needs to be."""

import hashlib
import json

from hypothesis import given
from hypothesis import strategies as st

from distinguo.records import Vote
from distinguo.selectors.protocol import (
    Choose,
    Chosen,
    Compare,
    Distinguish,
    Failed,
    Generate,
    GeneratedTest,
    Inputs,
    Mutate,
    Question,
    Ran,
    RunOn,
    Stress,
    Tests,
    WriteInputs,
    WriteTests,
)
from distinguo.selectors.recording import KEPT, cut, place, plain


def test_no_two_questions_share_a_place() -> None:
    questions: list[Question] = [WriteInputs(8), WriteInputs(8, 1), RunOn((0, 1), ("a",)), Compare(0, 1, ("a",))]
    questions += [Compare(1, 0, ("a",)), Compare(0, 1, ("a", "b")), Distinguish(0, 1, 3), Distinguish(1, 0, 3)]
    questions += [WriteTests(8), WriteTests(8, 1), Mutate(8), Mutate(8, True), Generate(8), Stress(8)]
    questions += [Choose("a", (0, 1)), Choose("a", (1, 0)), Choose("b", (0, 1))]
    assert len({place(question) for question in questions}) == len(questions)
    assert all(0 <= place(question) < 1 << 48 for question in questions)
    assert len({question.kind for question in questions}) == 9


def test_every_answer_is_plain_data() -> None:
    test = GeneratedTest("assert f(1) == 1", ("(1,)",))
    answers = Inputs(("a",)), Tests((test,)), Vote.TIE, Chosen(None), Failed("why"), Ran()
    assert [plain(answer) for answer in answers] == [
        {"inputs": ["a"]},
        {"tests": ["assert f(1) == 1"]},
        {"vote": "tie"},
        {"chosen": None},
        {"failed": "why"},
        {},
    ]


def test_a_long_text_is_cut_and_named_by_its_digest() -> None:
    text = "ab" * KEPT
    body = cut({"answer": {"inputs": ["short", text]}, "question": {"inputs": (text,)}, "count": 3})
    digest = hashlib.sha256(text.encode()).hexdigest()
    shown = f"{text[:KEPT]}... ({2 * KEPT:,} characters, sha256 {digest})"
    assert body == {"answer": {"inputs": ["short", shown]}, "question": {"inputs": [shown]}, "count": 3}


@given(
    st.recursive(
        st.text() | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_what_is_short_stays_as_it_is(body: object) -> None:
    assert cut(body) == body
    json.dumps(cut(body))
