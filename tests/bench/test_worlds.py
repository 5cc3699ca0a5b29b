"""Simulated problems: what is drawn, and that judges answer as their setting says."""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import pytest

from distinguo.bench.worlds import Setting, World, problems
from distinguo.records import Vote
from distinguo.selectors.protocol import (
    Choose,
    Chosen,
    Compare,
    Distinguish,
    Failed,
    Inputs,
    Mutate,
    Ran,
    RunOn,
    Tests,
    WriteInputs,
    WriteTests,
)

PLAIN = Setting("plain", samples=10, ties=0.2, fooled=0.0, silent=0.2)


def inputs(world: World, count: int = 8) -> tuple[str, ...]:
    answer = world.answer(WriteInputs(count))
    assert isinstance(answer, Inputs)
    return answer.texts


def clusters(world: World, texts: tuple[str, ...]) -> set[frozenset[int]]:
    groups: dict[tuple[str, ...], set[int]] = {}
    for sample in range(len(world.candidates)):
        groups.setdefault(tuple(world.observed(sample, text).key for text in texts), set()).add(sample)
    return {frozenset(group) for group in groups.values()}


def pair(world: World) -> tuple[int, int] | None:
    """A right and a wrong sample."""
    right = [sample for sample in range(len(world.candidates)) if world.right(sample)]
    wrong = [sample for sample in range(len(world.candidates)) if not world.right(sample)]
    return (right[0], wrong[0]) if right and wrong else None


def share(setting: Setting, happens: Callable[[World], bool], count: int = 400) -> float:
    return sum(happens(world) for world in problems(setting, count, 0)) / count


def test_every_problem_has_a_right_and_a_wrong_sample() -> None:
    assert all(pair(world) for world in problems(PLAIN, 50, 0))


def test_problems_without_a_right_sample_are_kept_where_any_share_may_be() -> None:
    assert not all(world.solvable for world in problems(replace(PLAIN, any_share=True), 50, 0))


def test_inputs_tell_all_clusters_apart_and_the_right_samples_are_one() -> None:
    for world in problems(PLAIN, 40, 0):
        found = clusters(world, inputs(world, 2))
        assert frozenset(sample for sample in range(10) if world.right(sample)) in found
        more = world.answer(Mutate(12))
        assert isinstance(more, Inputs)
        assert clusters(world, more.texts) == found


def test_matches_are_the_pairs_of_samples_that_some_input_tells_apart() -> None:
    for world in problems(PLAIN, 20, 0):
        of = {sample: group for group in clusters(world, inputs(world)) for sample in group}
        assert world.matches == sum(of[one] != of[other] for one, other in combinations(range(10), 2))


def test_an_input_that_distinguishes_tells_the_pair_apart_and_equals_are_not_told_apart() -> None:
    for world in problems(PLAIN, 40, 0):
        texts = inputs(world)
        for group in clusters(world, texts):
            for one, other in list(combinations(sorted(group), 2))[:1]:
                assert world.answer(Distinguish(one, other, 3)) == Inputs(())
        chosen = pair(world)
        assert chosen is not None
        found = world.answer(Distinguish(*chosen, 3))
        assert isinstance(found, Inputs)
        assert world.observed(chosen[0], found.texts[0]) != world.observed(chosen[1], found.texts[0])
        assert {world.observed(sample, found.texts[0]).key for sample in range(10)} == {"right", "wrong 1"}


def compared(world: World, *, swapped: bool = False) -> Vote:
    chosen = pair(world)
    assert chosen is not None
    right, wrong = chosen
    answer = world.answer(Compare(wrong, right, ()) if swapped else Compare(right, wrong, ()))
    assert isinstance(answer, Vote)
    return answer


def test_verdicts_are_as_accurate_as_the_setting_says() -> None:
    assert share(PLAIN, lambda world: compared(world) is Vote.FIRST) == pytest.approx(0.8 * 0.75, abs=0.07)
    assert share(PLAIN, lambda world: compared(world) is Vote.TIE) == pytest.approx(0.2, abs=0.07)


def test_a_cluster_that_fools_the_judge_wins_as_often_as_it_should_lose() -> None:
    fooled = replace(PLAIN, fooled=1.0)
    assert share(fooled, lambda world: compared(world) is Vote.FIRST) == pytest.approx(0.8 * 0.25, abs=0.07)


def test_both_orders_agree_unless_each_has_a_verdict_of_its_own_or_the_first_is_preferred() -> None:
    opposite = {Vote.FIRST: Vote.SECOND, Vote.SECOND: Vote.FIRST, Vote.TIE: Vote.TIE}

    def agree(world: World) -> bool:
        return compared(world) is opposite[compared(world, swapped=True)]

    assert share(PLAIN, agree, 60) == 1.0
    assert share(replace(PLAIN, orders_apart=True), agree) < 0.7
    assert share(replace(PLAIN, prefers_first=0.5), agree) < 0.6


def test_persistent_verdicts_do_not_depend_on_the_samples_or_inputs_shown() -> None:
    def same(world: World) -> bool:
        groups = sorted(clusters(world, inputs(world)), key=lambda group: (-len(group), min(group)))
        one, other = groups[:2]
        votes = {
            world.answer(Compare(first, second, (text,)))
            for first, second, text in zip(sorted(one), sorted(other), inputs(world), strict=False)
        }
        return len(votes) == 1

    lone = replace(PLAIN, samples=16, theta=0.1, a=5.0, b=5.0)
    assert share(replace(lone, persistent=True), same, 40) == 1.0
    assert share(lone, same, 40) < 0.7


def chosen_output(world: World) -> str | None:
    text = inputs(world)[0]
    shown: dict[str, int] = {}
    for sample in range(len(world.candidates)):
        shown.setdefault(world.observed(sample, text).key, sample)
    answer = world.answer(Choose(text, tuple(shown.values())))
    assert isinstance(answer, Chosen)
    return None if answer.sample is None else world.observed(answer.sample, text).key


def test_the_right_output_is_chosen_more_often_by_a_better_judge() -> None:
    shares = [
        share(replace(PLAIN, choosing=accuracy), lambda world: chosen_output(world) == "right", 200)
        for accuracy in (0.5, 0.7, 0.95)
    ]
    assert shares == sorted(shares)
    assert share(PLAIN, lambda world: chosen_output(world) is None) == pytest.approx(0.2, abs=0.07)


def test_a_verdict_goes_by_outputs_where_the_setting_says_so() -> None:
    """Of two wrong programs the one that prints what is right wins like a right one."""
    setting = replace(PLAIN, samples=12, theta=20.0, accuracy=1.0, ties=0.0, by_outputs=True)
    won = 0
    for world in problems(setting, 40, 0):
        for text in inputs(world):
            wrong = [sample for sample in range(12) if not world.right(sample)]
            lucky = [sample for sample in wrong if world.observed(sample, text).key == "right"]
            others = [sample for sample in wrong if world.observed(sample, text).key != "right"]
            if lucky and others:
                assert world.answer(Compare(lucky[0], others[0], (text,))) is Vote.FIRST
                won += 1
    assert won > 20


def test_tests_are_right_as_often_as_the_setting_says() -> None:
    setting = replace(PLAIN, tests=0.7)
    right = total = 0
    for world in problems(setting, 60, 0):
        chosen = pair(world)
        answer = world.answer(WriteTests(8))
        assert chosen is not None
        assert isinstance(answer, Tests)
        right += sum(world.passes(chosen[0], test.text) for test in answer.tests)
        total += len(answer.tests)
    assert right / total == pytest.approx(0.7, abs=0.07)


def test_repeated_tests_are_passed_by_the_same_samples() -> None:
    world = World(replace(PLAIN, tests=0.6, repeated=1.0), 0)
    answer = world.answer(WriteTests(8))
    assert isinstance(answer, Tests)
    rows = {tuple(world.passes(sample, test.text) for sample in range(10)) for test in answer.tests}
    assert len(rows) == 1


def test_no_test_is_written_where_the_setting_has_none() -> None:
    assert isinstance(World(PLAIN, 0).answer(WriteTests(8)), Failed)


def test_running_needs_no_model() -> None:
    assert World(PLAIN, 0).answer(RunOn((0, 1), ())) == Ran()
