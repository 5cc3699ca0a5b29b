"""What all selectors by generated tests share, and `generated-tests`."""

import dataclasses
from typing import Any

import pytest
from contracts.selector import World, decision, play, pools, scores
from contracts.worlds import world
from hypothesis import given, settings
from hypothesis import strategies as st

from distinguo import selectors
from distinguo.records import Cluster
from distinguo.selectors.protocol import WriteInputs, WriteTests

BY_TESTS = ["generated-tests", "codet", "b4", "b4-clusters", "b4-clusters-mbr", "srank"]
ALL = [*BY_TESTS, "majority", "soft-mbr"]
by_tests = pytest.mark.parametrize("name", BY_TESTS)


def pool(programs: str, outputs: dict[str, str], *tests: str, **rest: Any) -> World:
    return world(programs, outputs, tests=tests, **rest)


def test_generated_tests_takes_the_program_that_passes_most() -> None:
    made = decision("generated-tests", pool("aabb", {"a": "xq", "b": "xy"}, "i0=x", "i1=y", "i1=y"))
    assert made.chosen == 2
    assert made.clusters == (Cluster((2, 3), 3.0), Cluster((0, 1), 1.0))
    assert made.reason == (
        "It passes 3 of 3 generated tests, which no candidate exceeds; 2 candidates pass the same ones."
    )


def test_generated_tests_says_that_a_tie_was_broken_by_size_then_index() -> None:
    made = decision("generated-tests", pool("abbcc", {"a": "x", "b": "y", "c": "z"}, "i0=x", "i0=y", "i0=z"))
    assert made.chosen == 1
    assert [cluster.samples for cluster in made.clusters] == [(1, 2), (3, 4), (0,)]
    assert made.reason.endswith(" 3 clusters tie, and it is the first of the largest of them.")


@by_tests
@pytest.mark.parametrize("tests", [None, ()])
def test_without_a_test_the_public_tests_choose_and_nothing_is_ranked(name: str, tests: tuple[str, ...] | None) -> None:
    public = {"a": ("wrong",), "b": ("right",)}
    of = dataclasses.replace(pool("aab", {"a": "x", "b": "y"}, public=public), tests=tests)
    made = play(selectors.get(name), of)
    assert made.asked == [WriteTests(8)]
    assert made.decision.chosen == 2
    assert made.decision.clusters == (Cluster((2,), 0.0), Cluster((0, 1), 0.0))
    assert made.decision.reason.startswith("No usable test could be written. It passes 1 of 1 public tests")


@by_tests
def test_where_nobody_passes_anything_the_public_tests_choose(name: str) -> None:
    public = {"a": ("wrong",), "b": ("right",)}
    made = decision(name, pool("aab", {"a": "x", "b": "!"}, "i0=q", "i0=r", public=public))
    assert made.chosen == 2
    assert {cluster.score for cluster in made.clusters} == {0.0}
    assert made.reason.startswith("No candidate passes any of 2 generated tests. It passes 1 of 1 public tests")


@by_tests
def test_programs_that_pass_nothing_are_not_ranked(name: str) -> None:
    made = decision(name, pool("aaab", {"a": "x", "b": "y"}, "i0=y"))
    assert [cluster.samples for cluster in made.clusters] == [(3,)]


@by_tests
def test_one_request_for_tests_is_all_that_is_asked(name: str) -> None:
    made = play(selectors.get(name), pool("ab", {"a": "x", "b": "y"}, "i0=x"))
    assert made.asked == made.calls() == [WriteTests(8)]
    assert selectors.get(name).most_questions(16) == {"tests": 1}
    assert selectors.get(name).most_questions(1) == {"tests": 0}


@pytest.mark.parametrize("name", ALL)
def test_recorded_tests_need_no_model(name: str) -> None:
    made = play(selectors.get(name), pool("abb", {"a": "x", "b": "y"}, "i0=y", recorded=True, written=None))
    assert made.calls() == []
    assert made.decision.chosen == 1


@pytest.mark.parametrize("name", ["majority", "soft-mbr"])
def test_selectors_by_outputs_ask_for_inputs_only(name: str) -> None:
    assert play(selectors.get(name), pool("ab", {"a": "x", "b": "y"}, "i0=x")).asked == [WriteInputs(8)]


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=60, deadline=None)
@given(of=pools(), shuffle=st.randoms(use_true_random=False))
def test_permuting_programs_changes_nothing_but_ties(name: str, of: World, shuffle: Any) -> None:
    order = list(range(len(of.programs)))
    shuffle.shuffle(order)
    moved = scores(name, dataclasses.replace(of, programs=tuple(of.programs[place] for place in order)))
    back = {tuple(sorted(order[sample] for sample in samples)): score for samples, score in moved.items()}
    assert back == scores(name, of)


@pytest.mark.parametrize("name", ["majority", "soft-mbr", "codet", "srank"])
@settings(max_examples=100, deadline=None)
@given(of=pools(), data=st.data())
def test_duplicating_a_program_never_lowers_its_cluster(name: str, of: World, data: st.DataObject) -> None:
    drawn = data.draw(st.integers(0, len(of.programs) - 1))
    after = dataclasses.replace(of, programs=(*of.programs, of.programs[drawn]))
    assert behind(name, of, drawn) >= behind(name, after, drawn)


def behind(name: str, of: World, sample: int) -> int:
    """How many clusters score more than this sample's: those that are not ranked come last."""
    ranked = decision(name, of).clusters
    own = [cluster.score for cluster in ranked if sample in cluster.samples]
    return sum(cluster.score > own[0] for cluster in ranked) if own else 99


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=60, deadline=None)
@given(of=pools())
def test_the_first_member_of_the_best_cluster_is_chosen(name: str, of: World) -> None:
    made = decision(name, of)
    if len(set(of.programs)) > 1:
        order = [(-cluster.score, -len(cluster.samples), cluster.samples[0]) for cluster in made.clusters]
        if any(cluster.score for cluster in made.clusters):
            assert order == sorted(order)
        assert made.chosen == made.clusters[0].samples[0]
