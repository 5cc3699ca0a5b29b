from dataclasses import replace

import pytest
from fakes import bench
from hypothesis import given, settings
from hypothesis import strategies as st

from distinguo.bench.comparing import COVERAGE, METRICS, PASS_AT_1, compare, sentences
from distinguo.bench.gathering import Gathered, gather
from distinguo.bench.records import State
from distinguo.grading.statistics import holm, mcnemar


def gathered(*arms: str, **more: float) -> Gathered:
    [found] = gather([bench.run(arms, problems=40, **more)])  # type: ignore[arg-type]
    return found


def test_arms_are_compared_on_the_problems_that_both_completed() -> None:
    found = gathered("zero-shot", "sstar", "distinguo", failing=0.2)
    base, one, _ = found.arms
    told = {(each.metric, each.arm): each for each in compare(found.arms, base)}
    assert {metric for metric, _ in told} == set(METRICS)
    each = told[PASS_AT_1, "sstar"]
    mine, theirs = ({name for name, result in arm.results.items() if result.done} for arm in (one, base))
    assert (each.n, each.left_out) == (len(mine & theirs), 40 - len(mine & theirs))
    above = sum(one.results[name].right and not base.results[name].right for name in mine & theirs)
    below = sum(base.results[name].right and not one.results[name].right for name in mine & theirs)
    assert (each.only_arm, each.only_against, each.p) == (above, below, mcnemar(above, below))
    assert each.difference.value == pytest.approx((above - below) / each.n)
    assert each.differs.keys() == {"n", "rounds", "keep", "selector"}
    assert each.differs["n"] == (8, 1)


def test_holm_goes_over_the_arms_of_one_metric() -> None:
    found = gathered("zero-shot", "majority", "sstar", "distinguo")
    for metric in METRICS:
        family = [each for each in compare(found.arms, found.arms[0]) if each.metric == metric]
        assert [each.p_holm for each in family] == holm([each.p for each in family])
        assert len(family) == 3


def test_an_arm_against_its_equal_is_no_difference() -> None:
    found = gathered("sstar")
    twin = replace(found.arms[0], name="twin")
    for each in compare([found.arms[0], twin], found.arms[0]):
        assert (each.difference.value, each.p, each.p_holm, each.differs) == (0, 1, 1, {})


def test_arms_without_a_common_problem_are_not_compared() -> None:
    found = gathered("zero-shot", "sstar")
    base, one = found.arms
    failed = {name: replace(result, state=State.API_ERROR) for name, result in one.results.items()}
    assert compare([base, replace(one, results=failed)], base) == []
    assert compare([base], base) == []


def test_what_differs_is_said_in_one_sentence_for_each_arm() -> None:
    arms = [bench.arm("sstar"), bench.arm("sstar", seed=1, temperature=0.2), bench.arm("sstar", slots=2, n=4)]
    [found] = gather([bench.run(arms, problems=5)])
    assert sentences(compare(found.arms, found.arms[0])) == [
        "sstar seed=1 temperature=0.2 and sstar differ in temperature (0.2, 0.7), seed (1, 0)",
        "sstar slots=2 n=4 and sstar differ in n (4, 8)",
    ]


def test_versions_of_a_data_set_are_compared_and_told() -> None:
    runs = [bench.run(("sstar",), problems=3, dataset=f"livecodebench@{name}") for name in ("v4", "v5")]
    [found] = gather(runs)
    told = compare(found.arms, found.arms[0])
    assert told[0].differs == {"data set": ("livecodebench@v5", "livecodebench@v4")}
    assert (told[0].n, told[0].difference.value) == (3, 0)


@given(st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_a_comparison_the_other_way_round_has_the_other_sign(seed: int) -> None:
    [found] = gather([bench.run(("majority", "distinguo"), problems=12, seed=seed, failing=0.1)])
    one, other = found.arms
    for there, back in zip(compare(found.arms, one), compare(found.arms, other), strict=True):
        assert there.difference.value == pytest.approx(-back.difference.value)
        assert (there.only_arm, there.only_against) == (back.only_against, back.only_arm)
        assert there.p == pytest.approx(back.p)


def test_coverage_is_compared_problem_by_problem() -> None:
    found = gathered("majority", "distinguo")
    base, one = found.arms
    [each] = [each for each in compare(found.arms, base) if each.metric == COVERAGE]
    only = [name for name in base.results if one.results[name].covered and not base.results[name].covered]
    assert each.only_arm == len(only)
