"""Every selector, in every world: it ends, chooses from the pool, and no order of arrival or of the pool matters."""

import math
import random
from collections import Counter

import pytest
from contracts.selector import CRASH, World, play, worlds
from hypothesis import given, settings
from hypothesis import strategies as st

from distinguo import selectors
from distinguo.selectors.protocol import Compare, Distinguish, RunOn

JUDGES_CODE = {"llm-judge", "sstar-authors"}  # these compare programs whose outputs are equal, too

every_selector = pytest.mark.parametrize("name", selectors.names())


@every_selector
@settings(max_examples=30, deadline=None)
@given(world=worlds())
def test_it_ends_with_a_candidate_of_the_pool_and_clusters_that_hold_it(name: str, world: World) -> None:
    decision = play(selectors.get(name), world).decision
    members = [sample for cluster in decision.clusters for sample in cluster.samples]
    assert decision.chosen in range(len(world.programs))
    assert len(members) == len(set(members))
    assert not members or decision.chosen in decision.clusters[0].samples
    assert decision.reason.endswith(".")


@every_selector
@settings(max_examples=30, deadline=None)
@given(world=worlds())
def test_scores_are_finite(name: str, world: World) -> None:
    clusters = play(selectors.get(name), world).decision.clusters
    assert all(math.isfinite(cluster.score) for cluster in clusters)


@every_selector
@settings(max_examples=30, deadline=None)
@given(world=worlds(), orders=st.tuples(st.integers(), st.integers()))
def test_the_order_in_which_answers_arrive_changes_nothing(name: str, world: World, orders: tuple[int, int]) -> None:
    one, other = (play(selectors.get(name), world, order) for order in orders)
    assert one.decision == other.decision


@every_selector
@settings(max_examples=30, deadline=None)
@given(world=worlds(), shuffle=st.randoms(use_true_random=False))
def test_the_order_of_the_pool_changes_nothing(name: str, world: World, shuffle: random.Random) -> None:
    pool = world.candidates()
    shuffle.shuffle(pool)
    assert play(selectors.get(name), world, candidates=pool).decision == play(selectors.get(name), world).decision


@every_selector
@settings(max_examples=30, deadline=None)
@given(world=worlds())
def test_it_asks_only_about_two_different_programs_of_the_pool(name: str, world: World) -> None:
    for question in play(selectors.get(name), world).asked:
        match question:
            case Distinguish(first, second) | Compare(first, second):
                assert world.programs[first] != world.programs[second]
            case RunOn(samples):
                assert set(samples) <= set(range(len(world.programs)))


@every_selector
@settings(max_examples=30, deadline=None)
@given(world=worlds())
def test_it_asks_no_more_than_it_says(name: str, world: World) -> None:
    asked = Counter(question.kind for question in play(selectors.get(name), world).asked)
    assert asked <= Counter(selectors.get(name).most_questions(len(world.programs)))


@every_selector
@settings(max_examples=20, deadline=None)
@given(copies=st.integers(1, 5), judge=st.integers(0, 3))
def test_one_program_costs_no_call_however_often_it_was_drawn(name: str, copies: int, judge: int) -> None:
    world = World(("p",) * copies, {"p": {"i": "a"}}, {"p": ("right",)}, written=("i",), judge=judge)
    assert play(selectors.get(name), world).calls() == []


@pytest.mark.parametrize("name", [name for name in selectors.names() if name not in JUDGES_CODE])
def test_one_cluster_of_different_programs_needs_no_judge(name: str) -> None:
    same = {"i": "a"}
    world = World(("p", "q"), {"p": same, "q": same}, {"p": ("right",), "q": ("right",)}, written=("i",))
    asked = play(selectors.get(name), world).asked
    assert not any(isinstance(question, Distinguish | Compare) for question in asked)


@every_selector
def test_programs_that_all_crash_still_yield_a_choice(name: str) -> None:
    crash = {"i": CRASH}
    world = World(("p", "q"), {"p": crash, "q": crash}, {"p": (CRASH,), "q": (CRASH,)}, written=("i",))
    assert play(selectors.get(name), world).decision.chosen in (0, 1)
