"""`sstar-authors`: its rules one by one, against a plain count of the same matches, and what it costs at most."""

import itertools
from collections import Counter

import pytest
from contracts.selector import CRASH, World, play, worlds
from contracts.worlds import world
from hypothesis import given, settings

from distinguo.records import Cluster
from distinguo.selectors.protocol import Compare, Distinguish, WriteInputs
from distinguo.selectors.sstar_authors import SStarAuthors


def compared(given: World) -> list[Compare]:
    return [question for question in play(SStarAuthors(), given).asked if isinstance(question, Compare)]


def test_it_asks_for_inputs_then_for_each_pair_of_programs_then_both_orders() -> None:
    asked = play(SStarAuthors(), world("aabc", {"a": "x", "b": "y", "c": "z"})).asked
    assert isinstance(asked[0], WriteInputs)
    assert {(q.first, q.second) for q in asked if isinstance(q, Distinguish)} == {(0, 2), (0, 3), (2, 3)}
    pairs = {(q.first, q.second) for q in asked if isinstance(q, Compare)}
    assert pairs == {(0, 2), (2, 0), (0, 3), (3, 0), (2, 3), (3, 2)}
    assert len(asked) == 1 + 3 + 6


def test_a_match_serves_every_input_and_the_best_cluster_on_each_gets_a_point() -> None:
    given = world("cab", {"a": "xxy", "b": "xyx", "c": "yxx"})  # a beats b and c, b beats c
    decision = play(SStarAuthors(), given).decision
    assert len(compared(given)) == 6
    # {a, b} beats {c} by 2 to 0, {a, c} and {b} have 1 each, {a} beats {b, c} by 2 to 0
    assert decision.clusters == (Cluster((1,), 2.0), Cluster((2,), 1.0), Cluster((0,), 0.0))
    assert decision.chosen == 1


def test_wins_are_summed_over_samples_so_that_size_counts() -> None:
    given = world("bbca", {"a": "x", "b": "y", "c": "z"})  # b and b beat c; a beats b, b and c
    assert play(SStarAuthors(), given).decision.chosen == 3
    given = world("abbcccc", {"a": "x", "b": "y", "c": "z"})  # a wins 2 + 4, b and b win 4 each
    assert play(SStarAuthors(), given).decision.chosen == 1


def test_a_cluster_that_crashed_plays_no_match_on_that_input() -> None:
    given = world("abc", {"a": "!", "b": "x", "c": "y"})
    assert {(q.first, q.second) for q in compared(given)} == {(1, 2), (2, 1)}
    assert play(SStarAuthors(), given).decision.chosen == 1


def test_the_first_sample_with_most_points_is_chosen() -> None:
    decision = play(SStarAuthors(), world("cba", {"a": "xx", "b": "xy", "c": "zx"})).decision
    assert [cluster.score for cluster in decision.clusters] == [1.0, 1.0, 0.0]
    assert decision.chosen == 1
    assert decision.reason.endswith("It is the first of several with as many.")


@pytest.mark.parametrize("judge, points", [(1, 0.0), (3, 0.0), (2, 1.0)])
def test_without_a_point_for_anybody_the_first_sample_is_chosen_unless_code_decides(judge: int, points: float) -> None:
    decision = play(SStarAuthors(), world("bac", {"a": "x", "b": "y", "c": "z"}, judge=judge)).decision
    assert decision.chosen == 0
    assert [cluster.score for cluster in decision.clusters] == [points] * 3


def test_samples_that_behave_alike_are_compared_by_code_alone() -> None:
    given = world("bac", {"a": "x", "b": "x", "c": "x"})
    assert {question.inputs for question in compared(given)} == {()}
    decision = play(SStarAuthors(), given).decision
    assert decision.clusters == (Cluster((1,), 2.0), Cluster((0,), 1.0), Cluster((2,), 0.0))
    assert "comparing every two by their code" in decision.reason


@pytest.mark.parametrize("written", [None, ()])
def test_without_inputs_code_decides(written: tuple[str, ...] | None) -> None:
    given = world("ba", {"a": "x", "b": "y"}, written=written)
    decision = play(SStarAuthors(), given).decision
    assert decision.chosen == 1
    assert decision.reason.startswith("No cluster won without any usable input;")


def test_a_pair_that_had_a_match_keeps_its_result_in_the_last_resort() -> None:
    given = world("abcd", {"a": "x", "b": "x", "c": "y", "d": "y"}, judge=1)
    by_code = {(q.first, q.second) for q in compared(given) if not q.inputs}
    assert by_code == {(0, 1), (1, 0), (2, 3), (3, 2)}


@pytest.mark.parametrize("judge", [0, 1, 2, 3])
@pytest.mark.parametrize("letters", ["abcdefghijklmnop", "a" * 16, "a" * 8 + "b" * 8, "!" * 16])
def test_sixteen_candidates_cost_361_calls_at_most(judge: int, letters: str) -> None:
    names = "abcdefghijklmnop"
    given = world(names, dict(zip(names, letters, strict=True)), judge=judge)
    calls = play(SStarAuthors(), given).calls()
    most = SStarAuthors().most_questions(16)
    assert Counter(question.kind for question in calls) <= Counter(most)
    assert sum(most.values()) == 1 + 3 * 120
    if letters == names:
        assert len(calls) == 361


def plain(given: World) -> list[float]:
    """The points of every sample, counted sample by sample as the authors' code does."""
    programs, does = given.programs, given.does
    samples = range(len(programs))

    def wins(one: int, other: int) -> float:
        first, second = programs[one], programs[other]
        if given.judge == 2:
            return 0.5
        return float(given.judge == 0 and first < second)

    scores = [0.0] * len(programs)
    for text in given.written or ():
        clusters: dict[str, list[int]] = {}
        for sample in samples:
            clusters.setdefault(does[programs[sample]][text], []).append(sample)
        clusters.pop(CRASH, None)
        points = {
            output: sum(
                wins(one, other)
                for rival, others in clusters.items()
                if rival != output
                for one, other in itertools.product(members, others)
            )
            for output, members in clusters.items()
        }
        best = [output for output, won in points.items() if won == max(points.values())]
        if len(best) == 1 and len(clusters) > 1:
            for sample in clusters[best[0]]:
                scores[sample] += 1
    if any(scores):
        return scores
    return [sum(wins(one, other) for other in samples if programs[one] != programs[other]) for one in samples]


@settings(max_examples=300, deadline=None)
@given(worlds())
def test_points_equal_a_plain_count(given: World) -> None:
    if len(set(given.programs)) == 1 or given.recorded:
        return
    decision = play(SStarAuthors(), given).decision
    scores = {sample: cluster.score for cluster in decision.clusters for sample in cluster.samples}
    expected = plain(given)
    assert [scores[sample] for sample in range(len(expected))] == expected
    assert decision.chosen == expected.index(max(expected))
