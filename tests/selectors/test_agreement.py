"""`soft-mbr` and `majority`: agreement on outputs, with no test."""

import pytest
from contracts.selector import CRASH, World, decision, large_pool, pools, scores
from contracts.worlds import world
from hypothesis import given, settings

from distinguo.records import Cluster
from distinguo.selectors.agreement import agreement, outputs


def script(world: World) -> dict[tuple[int, ...], float]:
    """For each cluster by outputs the summed share of inputs on which a candidate works and gives its output."""
    texts = world.written or ()
    rows = [[world.does[name][text] for text in texts] for name in world.programs]
    clusters: dict[tuple[str, ...], list[int]] = {}
    for sample, row in enumerate(rows):
        clusters.setdefault(tuple(row), []).append(sample)
    found = {}
    for own, members in clusters.items():
        shares = [sum(a == b != CRASH for a, b in zip(own, other, strict=True)) / len(texts) for other in rows]
        if sum(shares):
            found[tuple(members)] = sum(shares)
    return found


@settings(max_examples=200, deadline=None)
@given(world=pools())
def test_soft_mbr_scores_as_the_script_does(world: World) -> None:
    if len(set(world.programs)) > 1 and script(world):
        assert scores("soft-mbr", world) == pytest.approx(script(world))


def test_soft_mbr_scores_a_large_pool_as_the_script_does() -> None:
    world = large_pool()
    assert scores("soft-mbr", world) == pytest.approx(script(world))


def test_agreement_sums_the_weights_of_equal_outputs_and_none_of_failures() -> None:
    given = world("abc", {"a": "xx!", "b": "xy!", "c": "!y!"})
    texts = given.written or ()
    printed = [outputs({text: given.observed(sample, text) for text in texts}, texts) for sample in range(3)]
    assert printed == [["x", "x", None], ["x", "y", None], [None, "y", None]]
    assert agreement(printed, [1, 10, 100]) == [12, 121, 110]


def test_soft_mbr_prefers_what_most_agree_on_in_part_to_the_largest_cluster() -> None:
    outputs = {"a": "ppp", "b": "xyz", "c": "xyw", "d": "xvz", "e": "uyz"}
    assert decision("majority", world("aabcde", outputs)).chosen == 0
    made = decision("soft-mbr", world("aabcde", outputs))
    assert made.chosen == 2
    assert made.clusters[0] == Cluster((2,), 3.0)
    assert made.reason == (
        "On 3 generated inputs its outputs agree most with those of all 6 candidates: on average with 3.0 of them."
    )


@pytest.mark.parametrize("name", ["majority", "soft-mbr"])
def test_what_fails_everywhere_is_not_ranked(name: str) -> None:
    assert [cluster.samples for cluster in decision(name, world("abbb", {"a": "x", "b": "!"})).clusters] == [(0,)]


@pytest.mark.parametrize("name", ["majority", "soft-mbr"])
def test_where_all_fail_everywhere_the_public_tests_choose(name: str) -> None:
    given = World(("a", "b"), {"a": {"i": CRASH}, "b": {"i": CRASH}}, {"a": ("x",), "b": ("right",)}, written=("i",))
    made = decision(name, given)
    assert made.chosen == 1
    assert {cluster.score for cluster in made.clusters} == {0.0}
    assert made.reason.startswith("Every candidate fails on all of 1 generated inputs. It passes 1 of 1 public tests")


def test_majority_is_the_largest_cluster_though_it_fails_somewhere() -> None:
    assert decision("majority", world("abbb", {"a": "xx", "b": "x!"})).chosen == 1
