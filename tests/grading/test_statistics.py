import itertools
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distinguo.grading import pass_at_k
from distinguo.grading.statistics import difference, mean, mean_pass_at_k, resampled


@given(st.integers(1, 60), st.data())
def test_pass_at_k_is_the_share_of_draws_that_hold_a_right_one(n: int, data: st.DataObject) -> None:
    c, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    assert pass_at_k(n, c, k) == pytest.approx(1 - math.comb(n - c, k) / math.comb(n, k), abs=1e-12)


@given(st.integers(1, 7), st.data())
def test_pass_at_k_is_what_drawing_every_way_gives(n: int, data: st.DataObject) -> None:
    c, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    draws = list(itertools.combinations([True] * c + [False] * (n - c), k))
    assert pass_at_k(n, c, k) == pytest.approx(sum(map(any, draws)) / len(draws), abs=1e-12)


@pytest.mark.parametrize("n,c,k,expected", [(5, 2, 6, None), (0, 0, 1, None), (200, 0, 100, 0.0), (10**6, 1, 1, 1e-6)])
def test_pass_at_k_at_its_edges(n: int, c: int, k: int, expected: float | None) -> None:
    assert pass_at_k(n, c, k) == (None if expected is None else pytest.approx(expected, rel=1e-12))


@pytest.mark.parametrize("n,c,k", [(5, 6, 1), (5, -1, 1), (5, 2, 0)])
def test_pass_at_k_refuses_impossible_counts(n: int, c: int, k: int) -> None:
    with pytest.raises(ValueError, match="pass@k"):
        pass_at_k(n, c, k)


def test_the_mean_is_undefined_where_one_problem_has_too_few_samples() -> None:
    assert mean_pass_at_k([(10, 5), (9, 9)], 10) is None
    assert mean_pass_at_k([], 1) is None
    estimate = mean_pass_at_k([(10, 5), (9, 9)], 9)
    assert estimate is not None
    assert estimate.value == 1.0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_the_interval_holds_the_mean(each: list[float]) -> None:
    estimate = mean(each)
    assert 0 <= estimate.low <= estimate.value + 1e-12
    assert estimate.value <= estimate.high + 1e-12 <= 1 + 1e-9
    assert mean(each) == estimate


@pytest.mark.parametrize("count", [1, 2, 30, 164])
def test_all_wrong_and_all_right_have_the_exact_interval(count: int) -> None:
    wrong, right = mean([0.0] * count), mean([1.0] * count)
    assert (wrong.value, wrong.low, right.value, right.high) == (0, 0, 1, 1)
    assert (1 - wrong.high) ** count == pytest.approx(0.025)  # the chance to see no success at the interval's end
    assert right.low**count == pytest.approx(0.025)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    draw = random.Random(7)
    trials, covered = 60, 0
    for _ in range(trials):
        estimate = mean([float(draw.random() < 0.3) for _ in range(80)])
        covered += estimate.low <= 0.3 <= estimate.high
    assert 0.85 <= covered / trials <= 1.0


@given(st.floats(0, 1), st.integers(1, 200))
def test_the_interval_of_equal_values_holds_their_mean(value: float, count: int) -> None:
    estimate = mean([value] * count)
    assert estimate.low <= estimate.value <= estimate.high


def test_a_difference_is_paired() -> None:
    one, other = [1.0, 0.0, 0.5, 1.0] * 10, [1.0, 0.0, 0.25, 0.5] * 10
    found = difference(one, other)
    assert found.value == pytest.approx(0.1875)
    assert 0.1 < found.low < 0.1875 < found.high < 0.3
    backwards = difference(other, one)
    assert (backwards.value, backwards.low, backwards.high) == pytest.approx((-found.value, -found.high, -found.low))


def test_no_difference_in_few_problems_is_not_certain() -> None:
    assert difference([1.0] * 3, [1.0] * 3) == pytest.approx((0.0, -(1 - 0.025 ** (1 / 3)), 1 - 0.025 ** (1 / 3)))
    assert difference([1.0] * 3, [0.0] * 3) == pytest.approx((1.0, 0.025 ** (1 / 3), 1.0))


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=20))
def test_a_difference_lies_within_its_interval_and_is_that_of_the_means(pairs: list[tuple[float, float]]) -> None:
    one, other = [[pair[place] for pair in pairs] for place in (0, 1)]
    found = difference(one, other)
    assert found.value == pytest.approx(mean(one).value - mean(other).value)
    assert found.low - 1e-9 <= found.high
    assert found == difference(one, other, (resampled(one), resampled(other)))
