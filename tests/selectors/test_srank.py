"""`srank` against a script of its own."""

import numpy as np
import pytest
from contracts.selector import CRASH, World, as_tests, decision, large_pool, pools, scores, within
from hypothesis import given, settings


def script(world: World) -> dict[tuple[int, ...], float]:
    inputs = within(as_tests(world.tests))
    clusters: dict[tuple[str, ...], list[int]] = {}
    for sample, name in enumerate(world.programs):
        clusters.setdefault(tuple(world.does[name][text] for text in inputs), []).append(sample)
    rows = [np.array(row) for row in clusters]
    I = np.array([[1.0 if a is b else np.mean((a == b) & (a != CRASH)) for b in rows] for a in rows])  # noqa: E741
    passes = [[world.passes(members[0], text) for text in world.tests or ()] for members in clusters.values()]
    sizes = [len(members) / len(world.programs) for members in clusters.values()]
    V = np.array(sizes) * np.mean(passes, axis=1)
    found = zip(clusters.values(), I @ V, passes, strict=True)
    return {tuple(members): float(score) for members, score, passed in found if any(passed)}


@settings(max_examples=200, deadline=None)
@given(world=pools())
def test_it_scores_each_cluster_as_the_script_does(world: World) -> None:
    if len(set(world.programs)) > 1 and script(world):
        assert scores("srank", world) == pytest.approx(script(world))


@pytest.mark.parametrize("seed", range(3))
def test_it_scores_a_large_pool_as_the_script_does(seed: int) -> None:
    world = large_pool(seed=seed)
    assert len(script(world)) > 5
    assert scores("srank", world) == pytest.approx(script(world))


def test_a_cluster_is_helped_by_those_that_overlap_with_it() -> None:
    does = {"a": {"i0": "x", "i1": "p", "i2": "p"}, "b": {"i0": "y", "i1": "q", "i2": "q"}}
    does["c"] = {"i0": "y", "i1": "q", "i2": "r"}
    world = World(("a", "a", "b", "c"), does, dict.fromkeys(does, ()), tests=("i0=x", "i1=q", "i2=q", "i0=y"))
    assert decision("srank", world).chosen == 2
    assert decision("majority", World(("a", "a", "b", "c"), does, world.public, written=("i0", "i1", "i2"))).chosen == 0


def test_tests_without_a_known_input_are_still_counted() -> None:
    world = World(("a", "b", "b"), {"a": {}, "b": {}}, {"a": (), "b": ()}, tests=("=a", "=b", "=b"))
    assert scores("srank", world) == {(0,): pytest.approx(1.0), (1, 2): pytest.approx(4.0)}
