"""`codet` against a script of its own."""

import math

import pytest
from contracts.selector import World, decision, large_pool, pools, scores
from hypothesis import given, settings


def script(world: World) -> dict[tuple[int, ...], float]:
    sets: dict[tuple[bool, ...], list[int]] = {}
    for sample in range(len(world.programs)):
        sets.setdefault(tuple(world.passes(sample, text) for text in world.tests or ()), []).append(sample)
    return {tuple(samples): math.sqrt(len(samples)) * sum(row) for row, samples in sets.items() if any(row)}


@settings(max_examples=200, deadline=None)
@given(world=pools())
def test_it_scores_each_consensus_set_as_the_script_does(world: World) -> None:
    if len(set(world.programs)) > 1 and script(world):
        assert scores("codet", world) == pytest.approx(script(world))


@pytest.mark.parametrize("seed", range(3))
def test_it_scores_a_large_pool_as_the_script_does(seed: int) -> None:
    world = large_pool(seed=seed)
    assert len(script(world)) > 5
    assert scores("codet", world) == pytest.approx(script(world))


def test_scores_that_are_equal_are_equal_as_floats() -> None:
    programs = ("few",) * 2 + ("many",) * 18
    does = {"few": {"i0": "a"}, "many": {"i0": "b"}}
    world = World(programs, does, {"few": (), "many": ()}, tests=("i0=a", "i0=a", "i0=a", "i0=b"))
    made = decision("codet", world)
    assert math.sqrt(2) * 3 != math.sqrt(18) * 1
    assert made.clusters[0].score == made.clusters[1].score
    assert made.chosen == 2
    assert made.reason == (
        "It passes 1 of 4 generated tests, as its consensus set of 18 candidates does, CodeT's best of 2. "
        "2 clusters tie, and it is the first of the largest of them."
    )
