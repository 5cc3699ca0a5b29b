"""pass@k of rankings, as CodeT's authors evaluate them."""

import random
from collections.abc import Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distinguo.grading.evaluation import KS, Ranking, mean_pass_at, paired, ranking, values
from distinguo.records import Cluster

RIGHT = {0: True, 1: True, 2: False, 3: False, 4: True, 5: False}


def test_equal_scores_are_one_group_and_unranked_programs_none() -> None:
    clusters = [Cluster((0, 2), 9.0), Cluster((3,), 9.0), Cluster((1, 4), 4.0)]
    assert ranking(clusters, 2, RIGHT) == Ranking((1 / 3, 1.0), False)


def test_the_best_group_decides_pass_at_1_and_each_of_the_next_gives_one_more() -> None:
    ranked = Ranking((0.5, 0.0, 0.25), True)
    assert ranked.pass_at(1) == 0.5
    assert ranked.pass_at(2) == 0.5
    assert ranked.pass_at(3) == pytest.approx(1 - 0.5 * 0.75)


def test_fewer_groups_than_k_give_further_programs_in_the_same_order() -> None:
    ranked = Ranking((0.5, 0.2), True)
    assert ranked.pass_at(5) == pytest.approx(1 - 0.5**3 * 0.8**2)


def test_without_a_ranking_the_choice_is_right_or_wrong() -> None:
    right, wrong = ranking((), 1, RIGHT), ranking((), 2, RIGHT)
    assert (right.pass_at(1), wrong.pass_at(1), right.pass_at(2)) == (1.0, 0.0, None)
    assert values([right, wrong]) == [1.0, 0.0]
    assert mean_pass_at([right, Ranking((0.5,), True)], 2) is None


def test_every_two_selectors_are_compared_on_the_same_problems() -> None:
    rankings = {
        "a": [Ranking((share,), False) for share in (0.5, 0.5, 0.0, 1.0)],
        "b": [Ranking((share,), False) for share in (1.0, 0.5, 0.25, 1.0)],
        "c": [Ranking((), True)] * 4,
    }
    found = {(one.selector, one.against): one.difference for one in paired(rankings)}
    assert list(found) == [("b", "a"), ("c", "a"), ("c", "b")]
    assert found["b", "a"].value == pytest.approx(0.1875)
    assert 0.0 <= found["b", "a"].low < 0.1875 < found["b", "a"].high <= 0.5
    assert list(paired({"a": rankings["a"]})) == []


@given(
    st.lists(st.lists(st.booleans(), min_size=1, max_size=3), min_size=1, max_size=4),
    st.sampled_from([1, 2, 3, 5]),
)
def test_the_probability_is_that_of_drawing_a_right_program(groups: list[list[bool]], k: int) -> None:
    shares = tuple(sum(group) / len(group) for group in groups)
    draws = list(product(*(groups[place % len(groups)] for place in range(k))))
    expected = sum(any(draw) for draw in draws) / len(draws)
    assert Ranking(shares, False).pass_at(k) == pytest.approx(expected)


@given(st.lists(st.tuples(st.lists(st.booleans(), min_size=1, max_size=4), st.integers(0, 2)), min_size=1, max_size=14))
def test_rankings_are_worth_what_codets_recipe_gives(groups: list[tuple[list[bool], int]]) -> None:
    groups = sorted(groups, key=lambda group: -group[1])
    right: dict[int, bool] = {}
    clusters = list[Cluster]()
    for members, score in groups:
        samples = tuple(range(len(right), len(right) + len(members)))
        right |= dict(zip(samples, members, strict=True))
        clusters.append(Cluster(samples, float(score)))
    ranked = ranking(clusters, 0, right)
    for k in KS:
        assert ranked.pass_at(k) == pytest.approx(_as_codet_does(groups, k))


def _as_codet_does(groups: Sequence[tuple[list[bool], int]], k: int) -> float:
    merged: dict[int, list[bool]] = {}
    for members, score in groups:
        merged.setdefault(score, []).extend(members)
    best = [merged[score] for score in sorted(merged, reverse=True)][:k]
    counts = [1] * len(best)
    for place in range(k - len(best)):
        counts[place % len(best)] += 1
    wrong = 1.0
    for members, count in zip(best, counts, strict=True):
        wrong *= (1 - sum(members) / len(members)) ** count
    return 1 - wrong


def test_the_interval_of_a_difference_is_narrower_than_that_of_its_parts_where_problems_vary() -> None:
    draw = random.Random(1)
    first = [Ranking((draw.random(),), False) for _ in range(60)]
    second = [Ranking((min(1.0, one.shares[0] + 0.05),), False) for one in first]
    (found,) = paired({"first": first, "second": second})
    whole = mean_pass_at(first, 1)
    assert whole is not None
    assert found.difference.high - found.difference.low < (whole.high - whole.low) / 4
    assert found.difference.low > 0
