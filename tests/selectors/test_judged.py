"""`llm-judge`: a knockout by code alone."""

from collections import Counter
from string import ascii_letters

import pytest
from contracts.selector import play
from contracts.worlds import world
from hypothesis import given
from hypothesis import strategies as st

from distinguo.records import Cluster
from distinguo.selectors.judged import LLMJudge
from distinguo.selectors.protocol import Compare


@given(st.permutations(ascii_letters[:9]), st.integers(0, 50))
def test_who_beats_everybody_wins_whatever_the_draw(names: list[str], seed: int) -> None:
    played = play(LLMJudge(), world("".join(names), dict.fromkeys(names, "x"), seed=seed))
    assert played.decision.chosen == names.index("a")
    assert played.decision.clusters[0] == Cluster((names.index("a"),), 9.0)
    assert played.decision.clusters[1].score < 9.0


def test_the_judge_is_asked_in_both_orders_and_sees_no_input() -> None:
    asked = play(LLMJudge(), world("ab", {"a": "x", "b": "y"})).asked
    assert {(0, 1, ()), (1, 0, ())} == {(q.first, q.second, q.inputs) for q in asked if isinstance(q, Compare)}


@pytest.mark.parametrize("programs", [2, 3, 7, 16])
def test_every_match_knocks_one_program_out(programs: int) -> None:
    names = ascii_letters[:programs]
    played = play(LLMJudge(), world(names, dict.fromkeys(names, "x")))
    assert Counter(q.kind for q in played.asked) == LLMJudge().most_questions(programs) == {"compare": 2 * programs - 2}


def test_equal_programs_enter_once() -> None:
    played = play(LLMJudge(), world("bbabb", {"a": "x", "b": "y"}))
    assert len(played.asked) == 2
    assert played.decision.clusters == (Cluster((2,), 2.0), Cluster((0, 1, 3, 4), 1.0))


@pytest.mark.parametrize("judge", [1, 2, 3])
def test_without_a_clear_winner_passed_public_tests_decide_then_the_index(judge: int) -> None:
    public = {"a": ("wrong", "wrong"), "b": ("right", "wrong"), "c": ("right", "wrong")}
    for seed in range(8):
        given = world("abc", dict.fromkeys("abc", "x"), public=public, judge=judge, seed=seed)
        decision = play(LLMJudge(), given).decision
        assert decision.chosen == 1
        assert "no match had a clear winner" in decision.reason


def test_a_clear_winner_beats_one_with_more_public_tests() -> None:
    public = {"a": ("wrong",), "b": ("right",)}
    assert play(LLMJudge(), world("ba", {"a": "x", "b": "x"}, public=public)).decision.chosen == 1


def test_a_match_waits_only_for_its_own_two_sides() -> None:
    """Four programs: while one half of the draw lacks a verdict, the other half is through."""
    asked = play(LLMJudge(), world("abcd", dict.fromkeys("abcd", "x"))).asked
    first_round = {frozenset((q.first, q.second)) for q in asked[:4] if isinstance(q, Compare)}
    assert len(first_round) == 2
    assert not set.intersection(*map(set, first_round))
