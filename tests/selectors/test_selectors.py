"""What each selector chooses, and the registry."""

from collections.abc import Callable
from typing import Any

import pytest
from contracts.selector import CRASH, play
from contracts.worlds import world

from distinguo import selectors
from distinguo.errors import InputError
from distinguo.records import Cluster
from distinguo.selectors.baselines import First
from distinguo.selectors.protocol import Compare, Distinguish, WriteInputs


def test_first_takes_the_lowest_index() -> None:
    assert play(selectors.get("first"), world("ab", {"a": "x", "b": "x"})).decision.chosen == 0


def test_random_draws_all_candidates_under_different_seeds() -> None:
    chosen = {
        play(selectors.get("random"), world("abc", dict.fromkeys("abc", "x"), seed=s)).decision.chosen
        for s in range(40)
    }
    assert chosen == {0, 1, 2}


def test_public_prefers_passed_tests_then_the_larger_cluster_then_the_index() -> None:
    public = {"a": ("wrong", CRASH), "b": ("right", "x"), "c": ("right", "y"), "d": ("right", "y")}
    decision = play(selectors.get("public"), world("abcd", dict.fromkeys("abcd", "x"), public=public)).decision
    assert decision.chosen == 2
    assert decision.clusters == (Cluster((2, 3), 1.0), Cluster((1,), 1.0), Cluster((0,), 0.0))


def test_public_counts_passed_tests_before_the_size_of_a_cluster() -> None:
    public = {"a": ("wrong",), "b": ("right",)}
    assert play(selectors.get("public"), world("aaab", {"a": "x", "b": "x"}, public=public)).decision.chosen == 3


def test_majority_takes_the_largest_cluster_and_its_earliest_member() -> None:
    decision = play(selectors.get("majority"), world("abcc", {"a": "xx", "b": "xy", "c": "xy"})).decision
    assert decision.chosen == 1
    assert decision.clusters[0] == Cluster((1, 2, 3), 3.0)


def test_majority_never_prefers_a_crash_to_an_output() -> None:
    assert play(selectors.get("majority"), world("abbb", {"a": "x", "b": "!"})).decision.chosen == 0


def test_majority_breaks_ties_by_the_earliest() -> None:
    assert play(selectors.get("majority"), world("ba", {"a": "x", "b": "y"})).decision.chosen == 0


@pytest.mark.parametrize("name", ["majority", "sstar"])
@pytest.mark.parametrize("written", [None, ()])
def test_without_a_usable_input_the_public_tests_decide(name: str, written: tuple[str, ...] | None) -> None:
    public = {"a": ("wrong",), "b": ("right",)}
    played = play(selectors.get(name), world("ab", {"a": "x", "b": "y"}, public=public, written=written))
    assert played.decision.chosen == 1
    assert "No usable test input" in played.decision.reason
    assert [question.kind for question in played.asked] == ["inputs", "mutate", "mutate"]


def test_sstar_follows_the_judge_against_the_larger_cluster() -> None:
    played = play(selectors.get("sstar"), world("bbba", {"a": "x", "b": "y"}))
    assert played.decision.chosen == 3
    assert played.decision.clusters == (Cluster((3,), 1.0), Cluster((0, 1, 2), 0.0))


def test_sstar_asks_for_inputs_then_for_each_pair_then_both_orders() -> None:
    asked = play(selectors.get("sstar"), world("abc", {"a": "x", "b": "y", "c": "z"})).asked
    assert isinstance(asked[0], WriteInputs)
    assert {(q.first, q.second) for q in asked if isinstance(q, Distinguish)} == {(0, 1), (0, 2), (1, 2)}
    compared = {(q.first, q.second) for q in asked if isinstance(q, Compare)}
    assert compared == {(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)}
    assert len(asked) == 1 + 3 + 6


def test_sstar_tells_its_cost_before_it_asks() -> None:
    opening = {"inputs": 1, "generate": 1, "stress": 1, "mutate": 2}
    assert selectors.get("sstar").most_questions(16) == {**opening, "distinguish": 120, "compare": 240}
    assert not any(selectors.get("sstar").most_questions(1).values())


def test_sstar_gives_nothing_for_a_judge_who_prefers_a_place() -> None:
    decision = play(selectors.get("sstar"), world("abb", {"a": "x", "b": "y"}, judge=1)).decision
    assert [cluster.score for cluster in decision.clusters] == [0.0, 0.0]
    assert decision.clusters[0].samples == (1, 2)
    assert "largest cluster decides" in decision.reason


def test_sstar_gives_half_a_point_each_for_two_ties() -> None:
    decision = play(selectors.get("sstar"), world("ab", {"a": "x", "b": "y"}, judge=2)).decision
    assert decision.clusters == (Cluster((0,), 0.5), Cluster((1,), 0.5))


@pytest.mark.parametrize("distinguishing", [None, ()])
def test_sstar_shows_the_judge_known_differences_where_no_new_ones_are_found(
    distinguishing: tuple[str, ...] | None,
) -> None:
    given = world("ab", {"a": "xx", "b": "xy"}, distinguishing=distinguishing)
    compared = [q for q in play(selectors.get("sstar"), given).asked if isinstance(q, Compare)]
    assert {q.inputs for q in compared} == {("i1",)}


def test_sstar_returns_a_random_member_of_the_best_cluster() -> None:
    outputs = {"a": "x", "b": "x", "c": "x", "d": "y"}
    chosen = {play(selectors.get("sstar"), world("abcd", outputs, seed=seed)).decision.chosen for seed in range(40)}
    assert chosen == {0, 1, 2}


def test_sstar_draws_representatives_by_the_seed() -> None:
    outputs = {"a": "x", "b": "x", "c": "x", "d": "y"}
    drawn = {
        question.first
        for seed in range(40)
        for question in play(selectors.get("sstar"), world("abcd", outputs, seed=seed)).asked
        if isinstance(question, Distinguish)
    }
    assert drawn == {0, 1, 2}


class FakePlugin:
    name = "theirs"

    def __init__(self, load: Callable[[], Any]) -> None:
        self.load = load


class Theirs(First):
    name = "theirs"


def broken() -> Any:
    raise ImportError("no module named theirs")


def test_a_selector_of_another_package_is_found_by_name() -> None:
    plugins = lambda: [FakePlugin(lambda: Theirs)]  # noqa: E731
    assert selectors.get("theirs", plugins).name == "theirs"
    assert selectors.names(plugins)[-1] == "theirs"


def test_a_broken_selector_of_another_package_is_one_sentence() -> None:
    with pytest.raises(InputError, match="'theirs' of another package cannot be loaded: no module named theirs"):
        selectors.get("theirs", lambda: [FakePlugin(broken)])


def test_an_unknown_selector_is_refused_with_the_list_of_names() -> None:
    with pytest.raises(
        InputError, match="no selector 'best'; the selectors are first, random, public, majority, soft-mbr, "
    ):
        selectors.get("best")


def test_a_built_in_selector_cannot_be_replaced() -> None:
    plugin = FakePlugin(broken)
    plugin.name = "first"
    assert isinstance(selectors.get("first", lambda: [plugin]), First)


@pytest.mark.parametrize("name", selectors.names())
def test_a_selector_is_found_under_its_own_name(name: str) -> None:
    assert selectors.get(name).name == name


@pytest.mark.parametrize("name", ["majority", "soft-mbr", "sstar", "tournament"])
def test_changed_public_inputs_take_the_place_of_written_ones(name: str) -> None:
    played = play(selectors.get(name), world("bbba", {"a": "x", "b": "y"}, written=(), mutated=("i0",)))
    assert played.decision.chosen == (3 if name in ("sstar", "tournament") else 0)
