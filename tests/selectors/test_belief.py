"""What sizes, tests and failures say, against sums over whole worlds."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from distinguo.selectors.belief import (
    NEVER,
    Parameters,
    Pool,
    from_agreement,
    from_failures,
    from_sizes,
    from_tests,
    log_sum,
    normalised,
    prior,
)

KNOWN = Parameters()
sizes = st.lists(st.integers(1, 9), min_size=1, max_size=6)


def pool(
    sizes: Sequence[int],
    passed: Sequence[int] = (),
    tests: int = 0,
    works: Sequence[Sequence[bool]] = (),
    agreed: Sequence[int] = (),
) -> Pool:
    return Pool(
        sizes=tuple(sizes),
        programs=tuple(1 for _ in sizes),
        passed=tuple(passed or [0] * len(sizes)),
        tests=tests,
        works=tuple(tuple(runs) for runs in works or [()] * len(sizes)),
        agreed=tuple(agreed or [0] * len(sizes)),
    )


@st.composite
def pools(draw: st.DrawFn) -> Pool:
    count, tests, inputs = draw(st.integers(1, 5)), draw(st.integers(0, 6)), draw(st.integers(0, 4))
    programs = draw(st.lists(st.integers(1, 3), min_size=count, max_size=count))
    return Pool(
        sizes=tuple(many + draw(st.integers(0, 4)) for many in programs),
        programs=tuple(programs),
        passed=tuple(draw(st.integers(0, 2**tests - 1)) for _ in range(count)),
        tests=tests,
        works=tuple(tuple(draw(st.booleans()) for _ in range(inputs)) for _ in range(count)),
        agreed=tuple(draw(st.integers(0, inputs * (count - 1))) for _ in range(count)),
    )


def partitions(samples: int) -> Iterator[list[int]]:
    """Every way of putting samples into clusters, as cluster indices in order of appearance."""
    if samples == 0:
        yield []
        return
    for rest in partitions(samples - 1):
        for cluster in range(max(rest, default=-1) + 2):
            yield [*rest, cluster]


def test_the_sizes_are_weighed_as_the_model_draws_them() -> None:
    """The probability of one partition with one right cluster, summed over partitions and right clusters, is 1."""
    samples, total = 5, 0.0
    known = replace(KNOWN, a=0.7, b=1.3, theta=2.5)
    for labels in partitions(samples):
        counts = [labels.count(cluster) for cluster in range(max(labels) + 1)]
        logs = from_sizes(counts, known)
        tables = sum(map(math.lgamma, counts))  # what all hypotheses share
        total += sum(math.exp(value + tables) for value in logs)
    assert total == pytest.approx(1.0)


@given(sizes=sizes)
def test_one_kind_of_problem_is_weighed_by_the_published_formula(sizes: list[int]) -> None:
    known = replace(KNOWN, tilts=(1.0,), spreads=(1.0,))
    total, logs = sum(sizes), from_sizes(sizes, known)

    def beta(a: float, b: float) -> float:
        return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)

    expected = [
        beta(known.a + size, known.b + total - size) - math.lgamma(size) - math.lgamma(known.theta + total - size)
        for size in sizes
    ]
    none = math.log(known.theta) + beta(known.a, known.b + total) - math.lgamma(known.theta + total)
    apart = logs[-1] - none
    assert logs == pytest.approx([value + apart for value in (*expected, none)])


def test_many_small_clusters_speak_for_problems_whose_wrong_samples_scatter() -> None:
    """There a cluster of some size is more telling than where wrong samples flock together."""
    scattered, known = [4, *[1] * 12], replace(KNOWN, spreads=(0.1, 10.0))
    few = normalised(from_sizes(scattered, replace(KNOWN, theta=KNOWN.theta / 10, spreads=(1.0,))))
    many = normalised(from_sizes(scattered, replace(KNOWN, theta=KNOWN.theta * 10, spreads=(1.0,))))
    assert many[0] > few[0]
    assert normalised(from_sizes(scattered, known))[0] == pytest.approx(many[0], abs=0.01)


@given(sizes=sizes)
def test_the_evidence_of_sizes_does_not_depend_on_the_order_of_clusters(sizes: list[int]) -> None:
    there, back = from_sizes(sizes, KNOWN), from_sizes(sizes[::-1], KNOWN)
    assert there[:-1] == pytest.approx(back[:-1][::-1])
    assert there[-1] == pytest.approx(back[-1])


@given(sizes=sizes, which=st.integers(0, 5))
def test_another_sample_of_a_cluster_never_hurts_it_against_the_others(sizes: list[int], which: int) -> None:
    which %= len(sizes)
    grown = [size + (place == which) for place, size in enumerate(sizes)]
    before, after = from_sizes(sizes, KNOWN), from_sizes(grown, KNOWN)
    for other in range(len(sizes)):
        assert after[which] - after[other] >= before[which] - before[other] - 1e-9


def by_hand(pool: Pool, right: int, known: Parameters) -> float:
    """B4's terms y, E1 and E0, counted cell by cell. `right` is a cluster."""
    y = [pool.passed[right] >> test & 1 for test in range(pool.tests)]
    others = [row for place, row in enumerate(pool.passed) if place != right for _ in range(pool.programs[place])]
    return cells_by_hand(others, y, known)


def cells_by_hand(rows: list[int], y: list[int], known: Parameters) -> float:
    cells = [(row >> test & 1, y[test]) for row in rows for test in range(len(y))]

    def term(ones: int, zeros: int, a: float, b: float) -> float:
        beta = math.gamma(a) * math.gamma(b) / math.gamma(a + b)
        return math.log(math.gamma(ones + a) * math.gamma(zeros + b) / math.gamma(ones + zeros + a + b) / beta)

    return (
        term(sum(y), len(y) - sum(y), *known.right_tests)
        + term(cells.count((1, 1)), cells.count((0, 1)), 1, 1)
        + term(cells.count((1, 0)), cells.count((0, 0)), *known.lucky)
    )


WEAK = replace(KNOWN, cells=math.inf, right_tests=(3.0, 1.0), lucky=(1.0, 5.0))


@given(pool=pools())
def test_the_evidence_of_tests_is_b4s_without_the_size(pool: Pool) -> None:
    assume(pool.tests)
    logs = from_tests(pool, WEAK)
    assert logs[:-1] == pytest.approx([by_hand(pool, right, WEAK) for right in range(len(pool.sizes))])


@given(pool=pools())
def test_tests_say_nothing_against_none(pool: Pool) -> None:
    """Which cluster is likeliest to be right does not say that any is."""
    *clusters, none = from_tests(pool, KNOWN)
    assert none == max(clusters)


@given(pool=pools())
def test_all_tests_together_are_worth_so_many_cells(pool: Pool) -> None:
    assume(pool.tests)
    cells = pool.tests * sum(pool.programs)
    whole = from_tests(pool, WEAK)
    assert from_tests(pool, replace(WEAK, cells=cells + 1.0)) == pytest.approx(whole)
    assert from_tests(pool, replace(WEAK, cells=cells / 4)) == pytest.approx([value / 4 for value in whole])


def test_without_tests_they_say_nothing() -> None:
    assert from_tests(pool([2, 1]), KNOWN) == [0.0, 0.0, 0.0]


def test_passing_what_others_fail_and_failing_what_others_fail_is_evidence() -> None:
    logs = from_tests(pool([1, 1, 1], [0b0111, 0b0001, 0b1000], 4), KNOWN)
    assert logs[0] == max(logs[:-1])


def test_a_cluster_that_fails_where_another_works_loses_odds_once() -> None:
    logs = from_failures(pool([1, 1, 1], works=[(True, True, False), (True, False, False), (True, True, False)]), KNOWN)
    assert logs == pytest.approx([0.0, math.log(KNOWN.failing), 0.0, 0.0])


def test_a_cluster_that_never_works_is_never_right_if_another_works() -> None:
    assert from_failures(pool([9, 1], works=[(False, False), (False, True)]), KNOWN) == [NEVER, 0.0, 0.0]


def test_failures_say_nothing_where_everyone_fails() -> None:
    assert from_failures(pool([2, 1], works=[(False,), (False,)]), KNOWN) == [0.0, 0.0, 0.0]


def test_agreement_with_other_clusters_is_evidence_and_the_sizes_do_not_enter_it() -> None:
    works = [(True, True)] * 3
    logs = from_agreement(pool([1, 1, 1], works=works, agreed=(2, 1, 1)), KNOWN)
    assert logs[0] - logs[1] == pytest.approx(KNOWN.agreeing * math.log(1.5))
    assert logs[1] < logs[-1] < logs[0]
    assert from_agreement(pool([9, 1, 1], works=works, agreed=(2, 1, 1)), KNOWN)[:-1] == logs[:-1]


def test_without_inputs_agreement_says_nothing() -> None:
    assert from_agreement(pool([2, 1]), KNOWN) == [0.0, 0.0, 0.0]


@given(pool=pools())
def test_the_prior_is_a_distribution_and_leaves_room_for_none(pool: Pool) -> None:
    probabilities = normalised(prior(pool, KNOWN))
    assert sum(probabilities) == pytest.approx(1.0)
    assert len(probabilities) == len(pool.sizes) + 1
    assert 0 < probabilities[-1] <= 1  # 1 where the others are less than a float can tell


@given(values=st.lists(st.floats(-900, 900), min_size=1, max_size=5))
def test_a_sum_of_exponentials_does_not_overflow(values: list[float]) -> None:
    assert max(values) <= log_sum(values) <= max(values) + math.log(len(values)) + 1e-9
    assert sum(normalised(values)) == pytest.approx(1.0)


def test_the_sum_of_what_never_happens_is_never() -> None:
    assert log_sum([NEVER, NEVER]) == NEVER
