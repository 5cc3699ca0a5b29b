"""What `posterior` chooses, asks and says."""

from dataclasses import replace
from typing import Any

import pytest
from contracts.selector import CRASH, World, large_pool, play, pools, worlds
from hypothesis import given, settings
from hypothesis import strategies as st

from distinguo import selectors
from distinguo.problem import Program
from distinguo.selectors.interview import PROBES, SPLITTING, TELLING
from distinguo.selectors.posterior import FEW, SHARE, Posterior
from distinguo.selectors.protocol import Choose, Compare, Distinguish, Mutate, RunOn, WriteInputs, WriteTests

SILENT = Posterior(questions=0)


def world(programs: str, outputs: dict[str, str], **rest: Any) -> World:
    """A letter for each sample's program; for each program a letter for its output on each input (! crashes)."""
    does = {
        name: {f"i{place}": CRASH if letter == "!" else letter for place, letter in enumerate(letters)}
        for name, letters in outputs.items()
    }
    inputs = tuple(f"i{place}" for place in range(len(next(iter(outputs.values())))))
    given: dict[str, Any] = {"public": dict.fromkeys(outputs, ("right",)), "written": inputs}
    return World(tuple(programs), does, **given | rest)


def test_without_a_judge_the_largest_cluster_is_chosen() -> None:
    played = play(SILENT, world("abbbc", {"a": "xx", "b": "xy", "c": "yy"}))
    assert played.decision.chosen == 1
    assert played.decision.clusters[0].samples == (1, 2, 3)
    assert not any(isinstance(question, Choose | Compare | Distinguish) for question in played.asked)


def test_every_source_is_asked_once_and_at_once() -> None:
    asked = play(SILENT, world("ab", {"a": "x", "b": "y"})).asked
    assert {type(question) for question in asked} == {WriteTests, WriteInputs, Mutate}


def test_sources_can_be_chosen() -> None:
    selector = Posterior(sources=(Mutate(5),), questions=0)
    played = play(selector, world("abb", {"a": "x", "b": "y"}, written=None, mutated=("i0",)))
    assert played.asked == [Mutate(5)]
    assert played.decision.chosen == 1


def test_a_cluster_that_always_crashes_never_wins_over_one_that_works() -> None:
    played = play(SILENT, world("abbb", {"a": "x", "b": "!"}))
    assert played.decision.chosen == 0
    assert played.decision.clusters[-1].score == 0.0


def test_a_crash_on_one_input_costs_a_cluster_of_equal_size_the_choice() -> None:
    assert play(SILENT, world("aabb", {"a": "xy!", "b": "xyz"})).decision.chosen == 2


def test_passing_generated_tests_outweighs_one_more_sample() -> None:
    tests = ("i0=x", "i1=x", "i2=x", "i0=x")
    given_world = world("aabbb", {"a": "xxx", "b": "xyy"}, tests=tests)
    assert play(SILENT, given_world).decision.chosen == 0


@settings(max_examples=60, deadline=None)
@given(world=pools())
def test_without_a_judge_tests_rank_as_b4_clusters(world: World) -> None:
    """Among clusters that may be right at all; those that pass no test are not ranked there."""
    ours = play(Posterior(sources=(WriteTests(8),), questions=0), world).decision
    theirs = play(selectors.get("b4-clusters"), world).decision
    possible = {cluster.samples for cluster in ours.clusters if cluster.score}
    ranked = [cluster.samples for cluster in theirs.clusters if cluster.samples in possible and cluster.score != 0.0]
    scores = {cluster.samples: cluster.score for cluster in theirs.clusters}
    mine = [cluster.samples for cluster in ours.clusters if cluster.samples in ranked]
    assert [scores[samples] for samples in mine] == [scores[samples] for samples in ranked]


@settings(max_examples=60, deadline=None)
@given(world=worlds())
def test_the_clusters_scores_are_probabilities_that_leave_room_for_none(world: World) -> None:
    decision = play(Posterior(), world).decision
    scores = [cluster.score for cluster in decision.clusters]
    assert all(0 <= score < 1 for score in scores)
    assert sum(scores) < 1 + 1e-9


@settings(max_examples=60, deadline=None)
@given(world=pools(), copies=st.integers(1, 4), which=st.integers(0, 11))
def test_another_copy_of_the_chosen_program_keeps_its_cluster_chosen(world: World, copies: int, which: int) -> None:
    selector = Posterior(sources=(WriteInputs(8),), questions=0)
    before = play(selector, world).decision
    chosen = world.programs[before.chosen]
    more = replace(world, programs=(*world.programs, *[chosen] * copies))
    assert more.programs[play(selector, more).decision.chosen] in {
        world.programs[sample] for sample in before.clusters[0].samples
    }


def test_a_judge_is_followed_against_a_slightly_larger_cluster() -> None:
    inputs = tuple(f"i{place}" for place in range(12))
    outputs = {"a": "a" * 12, "b": "b" * 12}
    played = play(Posterior(), world("bbbaa", outputs, distinguishing=inputs))
    assert played.world.programs[played.decision.chosen] == "a"


def compared(programs: str, judge: int) -> list[list[Compare]]:
    """The pairs that are put to a judge, in the order asked, each with all orders in which it is."""
    outputs = {letter: letter * 9 for letter in sorted(set(programs))}
    pairs: dict[tuple[frozenset[int], tuple[str, ...]], list[Compare]] = {}
    for question in play(Posterior(price=0.0), world(programs, outputs, judge=judge)).asked:
        if isinstance(question, Compare):
            pairs.setdefault((frozenset({question.first, question.second}), question.inputs), []).append(question)
    return list(pairs.values())


def test_the_first_pairs_of_a_large_pool_are_shown_in_both_orders_and_later_ones_in_one() -> None:
    orders = [len(pair) for pair in compared("aaaaabbbbbcccccddddd", judge=0)]
    assert orders[:PROBES] == [2] * PROBES
    assert set(orders[PROBES:]) == {1}


def test_a_judge_that_prefers_a_place_is_always_asked_in_both_orders() -> None:
    orders = [len(pair) for pair in compared("aaaaabbbbbcccccddddd", judge=1)]
    assert set(orders) == {2}


def test_of_a_small_pool_each_pair_is_shown_in_one_order() -> None:
    assert {len(pair) for pair in compared("aabbc", judge=0)} == {1}


def test_no_input_is_put_to_the_judge_twice_for_the_same_clusters() -> None:
    outputs = {"a": "a" * 8, "b": "b" * 8}
    asked = play(Posterior(price=0.0), world("aaabbb", outputs, judge=2)).asked
    chosen = [question.input for question in asked if isinstance(question, Choose)]
    shown = [text for question in asked if isinstance(question, Compare) for text in question.inputs]
    assert len(chosen) == len(set(chosen))
    assert all(shown.count(text) <= 2 for text in shown)


@settings(max_examples=60, deadline=None)
@given(world=worlds())
def test_a_match_between_every_two_samples_would_cost_three_times_as_much(world: World) -> None:
    played = play(Posterior(price=0.0), world)
    sizes = [len(cluster.samples) for cluster in played.decision.clusters]
    pairs = (sum(sizes) ** 2 - sum(size**2 for size in sizes)) // 2
    calls = sum(question.calls_model for question in played.asked)
    assert calls <= max(FEW + 2, SHARE * (1 + 3 * pairs)) + 1


def test_a_judge_that_never_answers_is_given_up_after_three_questions() -> None:
    played = play(Posterior(price=0.0), world("aabb", {"a": "a" * 9, "b": "b" * 9}, judge=3))
    judged = [question for question in played.asked if isinstance(question, Choose | Compare | Distinguish)]
    assert 3 <= len(judged) <= 4
    assert played.decision.chosen == 0


def test_nothing_is_asked_when_the_size_decides() -> None:
    played = play(Posterior(), world("a" * 60 + "b", {"a": "x", "b": "y"}))
    assert not any(isinstance(question, Choose | Compare) for question in played.asked)


def test_nothing_is_asked_that_costs_more_than_it_is_worth() -> None:
    dear = play(Posterior(price=1.0), world("aabbb", {"a": "xx", "b": "yy"})).asked
    assert not any(isinstance(question, Choose | Compare) for question in dear)


@pytest.mark.parametrize("most", [1, 2, 5, 9])
def test_no_more_is_asked_than_allowed(most: int) -> None:
    outputs = {letter: letter * 6 for letter in "abcdef"}
    played = play(Posterior(questions=most, price=0.0), world("abcdef", outputs, judge=2, distinguishing=("i0",)))
    judged = [question for question in played.asked if isinstance(question, Choose | Compare | Distinguish)]
    assert 0 < len(judged) <= most


def test_inputs_that_tell_a_pair_apart_are_run_on_everyone_and_may_split_clusters() -> None:
    outputs = {"a": "xx", "b": "xy", "c": "zx"}
    found = world("aabc", outputs, written=("i0",), distinguishing=("i1",))
    played = play(Posterior(price=0.0), found)
    assert RunOn((0, 1, 2, 3), ("i1",)) in played.asked
    assert {cluster.samples for cluster in played.decision.clusters} == {(0, 1), (2,), (3,)}


def test_the_winner_is_put_to_a_test_of_its_own() -> None:
    outputs = {"a": "xx", "b": "xx", "c": "yy"}
    asked = play(Posterior(), world("aaaaabbbbbc", outputs)).asked
    splits = [question for question in asked if isinstance(question, Distinguish) and question.count == SPLITTING]
    assert splits == [Distinguish(0, 5, SPLITTING)]
    assert SPLITTING != TELLING


def test_the_fastest_member_is_chosen_and_public_tests_come_first() -> None:
    given_world = world("abc", dict.fromkeys("abc", "x"), public={"a": ("wrong",), "b": ("right",), "c": ("right",)})
    candidates = [
        replace(
            candidate,
            outcomes=tuple(
                replace(outcome, execution=replace(outcome.execution, cpu_seconds=seconds))
                for outcome in candidate.outcomes
            ),
        )
        for candidate, seconds in zip(given_world.candidates(), (0.1, 0.9, 0.5), strict=True)
    ]
    assert play(SILENT, given_world, candidates=candidates).decision.chosen == 2


def test_without_inputs_and_tests_the_public_tests_decide() -> None:
    public = {"a": ("wrong",), "b": ("right",)}
    played = play(Posterior(), world("ab", {"a": "x", "b": "y"}, public=public, written=None, tests=None))
    assert played.decision.chosen == 1
    assert "No usable test or input could be made" in played.decision.reason


def test_the_reason_states_both_probabilities() -> None:
    decision = play(Posterior(), world("aab", {"a": "xx", "b": "yy"}, tests=("i0=x",))).decision
    best, none = decision.clusters[0].score, 1 - sum(cluster.score for cluster in decision.clusters)
    assert f"right with probability {best:.2f}, and no candidate is with probability {none:.2f}." in decision.reason
    assert "It passes 1 of 1 generated tests." in decision.reason


def test_a_large_pool_is_decided_without_a_judge() -> None:
    decision = play(SILENT, large_pool()).decision
    assert decision.clusters


def test_every_question_names_programs_that_differ() -> None:
    given_world = world("aabbcc", {"a": "ab", "b": "ba", "c": "aa"}, distinguishing=("i0", "i1"), judge=1)
    programs = [Program(name) for name in given_world.programs]
    for question in play(Posterior(price=0.0), given_world).asked:
        if isinstance(question, Choose):
            outputs = [given_world.does[programs[sample].source][question.input] for sample in question.samples]
            assert len(outputs) == len(set(outputs)) >= 2
