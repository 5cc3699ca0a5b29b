"""`tournament`: who meets whom, how wins rank clusters, and what it costs at most."""

from collections import Counter
from string import ascii_letters

import pytest
from contracts.selector import play
from contracts.worlds import world
from hypothesis import given
from hypothesis import strategies as st

from distinguo.records import Cluster
from distinguo.selectors.protocol import Compare
from distinguo.selectors.tournament import OPPONENTS, Tournament, _matches


@given(st.integers(0, 200))
def test_everybody_meets_as_many_others_and_nobody_twice(players: int) -> None:
    matches = _matches(players)
    assert len({frozenset(match) for match in matches}) == len(matches)
    assert all(one != other for one, other in matches)
    met = Counter(place for match in matches for place in match)
    assert set(met.values()) <= {min(OPPONENTS, players - 1)}
    assert len(met) == (players if players > 1 else 0)


def test_the_cluster_with_most_wins_leads_whatever_its_size() -> None:
    decision = play(Tournament(), world("cccba", {"a": "x", "b": "y", "c": "z"})).decision
    assert decision.chosen == 4
    assert decision.clusters == (Cluster((4,), 2.0), Cluster((3,), 1.0), Cluster((0, 1, 2), 0.0))
    assert "won 2 points in 2 matches" in decision.reason


def test_equal_wins_go_to_the_larger_cluster() -> None:
    decision = play(Tournament(), world("abb", {"a": "x", "b": "y"}, judge=2)).decision
    assert decision.clusters == (Cluster((1, 2), 0.5), Cluster((0,), 0.5))
    assert "It ties with another cluster" in decision.reason


@pytest.mark.parametrize("judge", [1, 3])
def test_without_a_verdict_the_largest_cluster_decides(judge: int) -> None:
    decision = play(Tournament(), world("abb", {"a": "x", "b": "y"}, judge=judge)).decision
    assert decision.chosen == 1
    assert "the largest decides" in decision.reason


def test_the_judge_sees_the_written_inputs_on_which_the_two_differ_in_both_orders() -> None:
    asked = play(Tournament(), world("ab", {"a": "xxx", "b": "xyx"})).asked
    compared = {(q.first, q.second, q.inputs) for q in asked if isinstance(q, Compare)}
    assert compared == {(0, 1, ("i1",)), (1, 0, ("i1",))}


def test_programs_that_behave_alike_cost_one_call() -> None:
    played = play(Tournament(), world("ab", {"a": "x", "b": "x"}))
    assert len(played.asked) == 1
    assert played.decision.clusters[0].samples == (0, 1)


def test_representatives_are_drawn_by_the_seed() -> None:
    outputs = {"a": "x", "b": "x", "c": "x", "d": "y"}
    chosen = {play(Tournament(), world("abcd", outputs, seed=seed)).decision.chosen for seed in range(40)}
    assert chosen == {0, 1, 2}


@pytest.mark.parametrize("clusters, matches", [(2, 1), (11, 55), (12, 60), (40, 200)])
def test_calls_grow_with_the_clusters(clusters: int, matches: int) -> None:
    names = ascii_letters[:clusters]
    played = play(Tournament(), world(names, {name: name for name in names}))
    assert Counter(q.kind for q in played.asked) == {"inputs": 1, "compare": 2 * matches}
    assert Tournament().most_questions(clusters)["compare"] == 2 * matches
    assert played.decision.clusters[0].score == min(OPPONENTS, clusters - 1), "the best one wins all its matches"
