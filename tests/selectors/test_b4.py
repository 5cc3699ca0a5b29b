"""`b4`, `b4-clusters` and its tie-break against scripts of their own, written from the formula."""

import math
from collections.abc import Hashable

import numpy as np
import pytest
from contracts.selector import CRASH, World, as_tests, decision, large_pool, pools, scores, within
from hypothesis import given, settings
from hypothesis import strategies as st

from distinguo.selectors.b4 import log_beta

NAMES = ["b4", "b4-clusters", "b4-clusters-mbr"]


def ln_b(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def outputs(world: World, name: str) -> list[str]:
    return [world.does[name][text] for text in within(as_tests(world.tests))]


def script(selector: str, world: World, alpha: float = 1e3, beta: float = 1e5) -> dict[tuple[int, ...], float]:
    """Samples of each group that passes something, and its score, over different programs and different tests."""
    names, texts = list(dict.fromkeys(world.programs)), list(dict.fromkeys(world.tests or ()))
    E = np.array([[world.passes(world.programs.index(name), text) for text in texts] for name in names], dtype=int)
    groups: dict[Hashable, list[int]] = {}
    for row, name in enumerate(names):
        groups.setdefault(tuple(E[row] if selector == "b4" else outputs(world, name)), []).append(row)
    found = {}
    for members in groups.values():
        x, y = np.zeros(len(names), bool), E[members[0]] == 1
        x[members] = True
        E1, E0 = E[~x][:, y], E[~x][:, ~y]
        score = ln_b(y.sum() + alpha, len(y) - y.sum() + 1) + ln_b(x.sum() + alpha, len(x) - x.sum() + 1)
        score += ln_b(E1.sum() + 1, E1.size - E1.sum() + 1) + ln_b(E0.sum() + 1, E0.size - E0.sum() + beta)
        if selector == "b4-clusters-mbr":
            score += 50 * math.log(soft_mbr(world, names[members[0]]))
        samples = tuple(s for s, name in enumerate(world.programs) if name in {names[row] for row in members})
        if y.any():
            found[samples] = score
    return found


def soft_mbr(world: World, name: str) -> float:
    own = outputs(world, name)
    agree = [[a == b != CRASH for a, b in zip(own, outputs(world, other), strict=True)] for other in world.programs]
    return max(float(np.mean(agree)), 0.5 / np.size(agree))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=150, deadline=None)
@given(world=pools())
def test_it_scores_each_group_as_the_script_does(name: str, world: World) -> None:
    if len(set(world.programs)) > 1 and any(
        world.passes(s, t) for s in range(len(world.programs)) for t in world.tests or ()
    ):
        assert scores(name, world) == pytest.approx(script(name, world), abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(3))
def test_it_scores_a_large_pool_as_the_script_does(name: str, seed: int) -> None:
    world = large_pool(seed=seed)
    assert len(script(name, world)) > 5
    assert scores(name, world) == pytest.approx(script(name, world), abs=1e-6)


@given(world=pools())
@pytest.mark.parametrize("name", ["b4", "b4-clusters"])
def test_drawing_a_program_or_writing_a_test_again_changes_no_score(name: str, world: World) -> None:
    again = World(world.programs * 2, world.does, world.public, tests=(world.tests or ()) * 2)
    if len(set(world.programs)) > 1:
        assert sorted(scores(name, again).values()) == sorted(scores(name, world).values())


@given(a=st.integers(1, 10**6), b=st.integers(1, 10**6))
def test_the_beta_function_obeys_its_recurrence(a: int, b: int) -> None:
    assert log_beta(a + 1, b) - log_beta(a, b) == pytest.approx(math.log(a / (a + b)), abs=1e-7)


def test_agreement_decides_between_clusters_that_b4_does_not_tell_apart() -> None:
    does = {"a": {"i0": "x", "i1": "p"}, "b": {"i0": "y", "i1": "q"}, "c": {"i0": "z", "i1": "q"}}
    world = World(("a", "b", "c"), does, dict.fromkeys(does, ()), tests=("i0=x", "i0=y", "i0,i1=z"))
    assert decision("b4-clusters", world).chosen == 0
    assert decision("b4-clusters-mbr", world).chosen == 1


def test_a_cluster_that_fails_everywhere_has_a_finite_score() -> None:
    does = {"a": {"i0": CRASH}, "b": {"i0": "x"}}
    world = World(("a", "b"), does, dict.fromkeys(does, ()), tests=(f"i0={CRASH}", "i0=x"))
    assert all(math.isfinite(score) for score in scores("b4-clusters-mbr", world).values())
    assert decision("b4-clusters-mbr", world).chosen == 1


def test_the_reason_names_the_cluster() -> None:
    does = {"a": {"i0": "x"}, "b": {"i0": "x"}, "c": {"i0": "y"}}
    world = World(("a", "b", "c", "c"), does, dict.fromkeys(does, ()), tests=("i0=x", "i0=x", "i0=y"))
    assert decision("b4", world).reason == (
        "It passes 2 of 3 generated tests, as its consensus set of 2 programs does, "
        "by B4 the likeliest of 2 to be right."
    )
    assert decision("b4-clusters", world).reason == (
        "It passes 2 of 3 generated tests; its cluster, 2 programs with equal outputs on 1 input, "
        "is by B4 the likeliest of 2 to be right."
    )
