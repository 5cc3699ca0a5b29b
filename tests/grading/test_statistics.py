import itertools
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distinguo.grading import pass_at_k
from distinguo.grading.statistics import (
    difference,
    holm,
    mcnemar,
    mean,
    mean_pass_at_k,
    permutation,
    resampled,
    share,
)


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
    assert found == pytest.approx(tuple(difference(one, other, (resampled(one), resampled(other)))), abs=1e-12)


@given(st.integers(1, 120), st.data())
@settings(max_examples=25, deadline=None)
def test_a_share_has_the_interval_that_drawing_approaches(n: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, n))
    computed, drawn = share(right, n), mean([1.0] * right + [0.0] * (n - right))
    assert computed.value == pytest.approx(drawn.value)
    assert computed.low == pytest.approx(drawn.low, abs=1.01 / n)
    assert computed.high == pytest.approx(drawn.high, abs=1.01 / n)


def test_a_share_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="share"):
        share(0, 0)
    with pytest.raises(ValueError, match="share"):
        share(3, 2)


@pytest.mark.parametrize("count", [1, 2, 3, 17, 300])
def test_kept_draws_are_those_of_the_seed(count: int) -> None:
    values = [random.Random(count).random() for _ in range(count)]
    draw = random.Random(0)
    plain = [math.fsum(draw.choices(values, k=count)) / count for _ in range(50)]
    assert resampled(values)[:50] == pytest.approx(plain, abs=1e-15)


def test_of_many_values_the_interval_is_that_of_the_limit() -> None:
    values = [place % 5 / 4 for place in range(3_000)]
    drawn = sorted(resampled(values))
    estimate = mean(values)
    assert estimate.value == pytest.approx(0.5)
    assert estimate.low == pytest.approx(drawn[50], abs=0.002)
    assert estimate.high == pytest.approx(drawn[1949], abs=0.002)
    ones = [float(place % 3 == 0) for place in range(3_000)]
    assert difference(values, ones).value == pytest.approx(0.5 - 1 / 3)
    assert difference(values, ones).low < 0.5 - 1 / 3 < difference(values, ones).high


def test_rare_events_among_many_values_are_drawn() -> None:
    estimate = mean([1.0] * 3 + [0.0] * 2_997)
    assert estimate.low == pytest.approx(0.0, abs=1e-9)
    assert 0.001 < estimate.high < 0.003


@given(st.integers(0, 12), st.integers(0, 12))
def test_mcnemar_is_what_every_assignment_gives(only_one: int, only_other: int) -> None:
    count, least = only_one + only_other, max(only_one, only_other)
    extreme = sum(math.comb(count, k) for k in range(count + 1) if max(k, count - k) >= least)
    assert mcnemar(only_one, only_other) == pytest.approx(min(1.0, extreme / 2**count))


def test_mcnemar_at_its_edges() -> None:
    assert mcnemar(0, 0) == mcnemar(7, 7) == 1
    assert mcnemar(0, 6) == mcnemar(6, 0) == pytest.approx(2 / 2**6)
    assert 0 < mcnemar(10_000, 9_500) < 0.001
    assert mcnemar(0, 5_000) == 0  # below the smallest number there is
    with pytest.raises(ValueError, match="negative"):
        mcnemar(-1, 2)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=8))
@settings(max_examples=40)
def test_the_permutation_test_of_few_pairs_tries_all_signs(pairs: list[tuple[int, int]]) -> None:
    one, other = [a / 4 for a, _ in pairs], [b / 4 for _, b in pairs]
    differences = [a - b for a, b in pairs]
    sums = [
        abs(sum(sign * each for sign, each in zip(signs, differences, strict=True)))
        for signs in itertools.product((1, -1), repeat=len(pairs))
    ]
    exact = sum(found >= abs(sum(differences)) for found in sums) / len(sums)
    assert permutation(one, other) == pytest.approx(exact)


def test_the_permutation_test_of_many_pairs_is_close_to_mcnemar() -> None:
    one, other = [1.0] * 22 + [0.0] * 10 + [1.0] * 30, [0.0] * 22 + [1.0] * 10 + [1.0] * 30
    assert permutation(one, other) == pytest.approx(mcnemar(22, 10), abs=0.01)
    assert permutation(one, other) == permutation(one[::-1], other[::-1])
    assert permutation([1.0] * 40, [0.0] * 40) == pytest.approx(1 / 20_001)


@given(st.lists(st.floats(0, 1), max_size=20))
def test_holm_keeps_the_order_and_lowers_nothing(chances: list[float]) -> None:
    adjusted = holm(chances)
    assert all(p <= q <= 1 for p, q in zip(chances, adjusted, strict=True))
    ranked = sorted(zip(chances, adjusted, strict=True))
    assert [q for _, q in ranked] == sorted(adjusted)
    if chances:
        assert min(adjusted) == pytest.approx(min(1.0, len(chances) * min(chances)))


def test_holm_on_known_values() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_the_permutation_test_of_very_many_pairs_is_close_to_mcnemar() -> None:
    one, other = [1.0] * 1_300 + [0.0] * 1_200, [0.0] * 1_300 + [1.0] * 1_200
    assert permutation(one, other) == pytest.approx(mcnemar(1_300, 1_200), abs=0.005)
