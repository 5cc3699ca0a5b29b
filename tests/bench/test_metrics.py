import random
from dataclasses import replace
from itertools import pairwise

import pytest
from fakes import bench
from hypothesis import given, settings
from hypothesis import strategies as st

from distinguo.bench import metrics
from distinguo.bench.gathering import Measured, gather
from distinguo.bench.metrics import measure
from distinguo.bench.records import Result, RoundGrade, SampleGrade, State, Used
from distinguo.bench.runfile import Run
from distinguo.grading.statistics import Estimate, mean
from distinguo.records import Verdict

SEEDS = st.integers(0, 10_000)


def measured(run: Run) -> Measured:
    [gathered] = gather([run])
    return gathered.arms[0]


def sample(index: int, *rights: bool) -> SampleGrade:
    """A sample whose rounds are right or wrong; the last one is kept."""
    grades = [
        RoundGrade(f"{index}.{place}", 3 if right else 1, Verdict.AC if right else Verdict.WA)
        for place, right in enumerate(rights)
    ]
    return SampleGrade(index, tuple(grades), len(rights) - 1)


def arm_of(*results: Result, problems: int | None = None, rounds: int = 1) -> Measured:
    arm = bench.arm("sstar", rounds=rounds, keep="last")
    names = [f"p{number}" for number in range(problems or len(results))]
    placed = {name: replace(one, arm=arm.key, problem=name) for name, one in zip(names, results, strict=False)}
    return Measured(arm, "sstar", "d", {name: bench.facts(0) for name in names}, placed)


def result(chosen: int | None, *samples: SampleGrade, state: State = State.DONE, **more: object) -> Result:
    right = chosen is not None and samples[chosen].right
    return replace(Result("", "", state, chosen, right, samples), **more)  # type: ignore[arg-type]


RIGHT, WRONG = sample(0, False, True), sample(1, False, False)
NOTHING = SampleGrade(2, (RoundGrade("", 0, None),), None)


def value(estimate: Estimate | None) -> float:
    assert estimate is not None
    return estimate.value


def test_the_figures_of_a_small_run() -> None:
    arm = arm_of(
        result(0, RIGHT, WRONG),  # covered, contested, right
        result(1, RIGHT, WRONG),  # covered, contested, wrong
        result(0, RIGHT, replace(RIGHT, sample=1)),  # covered, nothing wrong to choose
        result(0, sample(0, False), WRONG),
    )
    found = measure(arm)
    assert value(found.solved.pass_at_1) == 0.5
    assert value(found.solved.coverage) == 0.75
    assert value(found.solved.selection_accuracy) == pytest.approx(2 / 3)
    assert (value(found.solved.contested), found.solved.n_contested) == (0.5, 2)
    assert value(found.random) == 0.5
    assert value(found.zero_shot) == 0
    assert {k: one.value for k, one in found.candidates.items()} == {1: 0.5, 2: 0.75}
    assert {k: one.value for k, one in found.drafts.items()} == {1: 0, 2: 0}
    assert [(one.pass_at_1.value, one.coverage.value) for one in found.after] == [(0, 0), (0.5, 0.75)]


def test_a_sample_without_a_program_is_wrong_and_no_candidate() -> None:
    found = measure(arm_of(result(0, RIGHT, WRONG, NOTHING)))
    assert value(found.random) == 0.5
    assert found.candidates[1].value == pytest.approx(1 / 3)
    alone = measure(arm_of(result(None, NOTHING)))
    assert (value(alone.random), value(alone.solved.pass_at_1), value(alone.solved.coverage)) == (0, 0, 0)
    assert alone.solved.selection_accuracy is None


def test_what_is_not_completed_counts_as_wrong_in_the_worst_case_only() -> None:
    good = result(0, RIGHT)
    arm = arm_of(good, good, replace(good, state=State.JUDGE_ERROR), replace(good, state=State.API_ERROR), problems=6)
    found = measure(arm)
    assert (value(found.solved.pass_at_1), found.solved.n) == (1.0, 2)
    assert value(found.worst.pass_at_1) == pytest.approx(1 / 3)
    assert found.worst.n == 6
    assert value(found.worst.coverage) == pytest.approx(1 / 3)
    assert found.states == {State.DONE: 2, State.API_ERROR: 1, State.JUDGE_ERROR: 1, State.UNFINISHED: 2}


def test_an_arm_without_a_completed_problem_has_no_figures_but_a_worst_case() -> None:
    found = measure(arm_of(result(None, state=State.API_ERROR), problems=3))
    assert found.solved.pass_at_1 is None
    assert found.candidates == {}
    assert found.after == ()
    assert (value(found.worst.pass_at_1), found.worst.n) == (0, 3)
    plain = found.as_dict()
    assert plain["pass@k"] == {"1": None}
    assert plain["interval"] is None


def test_pass_at_k_is_left_out_where_a_problem_has_fewer_samples() -> None:
    found = measure(arm_of(result(0, RIGHT, WRONG), result(0, RIGHT)))
    assert list(found.candidates) == [1]


def test_costs_are_in_all_over_every_result_and_on_average_over_completed_ones() -> None:
    used = {"generator": Used(2, 100, 10, 1.5, 0.5), "judge": Used(1, 50, 5, 0.5, 0.25)}
    one = result(0, RIGHT, used=used, executions=4, execution_seconds=0.5)
    failed = result(None, state=State.API_ERROR, used={"generator": Used(1, 10, 0, 0.0, 0.0)})
    found = measure(arm_of(one, one, failed))
    assert (found.total.calls, found.total.prompt_tokens, found.total.usd) == (7, 310, 1.5)
    assert (found.each.calls, found.each.executions, found.each.usd, found.each.call_seconds) == (3, 4, 0.75, 2)
    assert (found.by_role["judge"].calls, found.by_role["judge"].usd) == (2, 0.5)
    unpriced = result(0, RIGHT, used={"generator": Used(1, 1, 1, 1.0, None)})
    assert measure(arm_of(one, unpriced)).total.usd is None


def test_powers_end_with_the_number_itself() -> None:
    assert metrics.powers(0) == []
    assert metrics.powers(1) == [1]
    assert metrics.powers(8) == [1, 2, 4, 8]
    assert metrics.powers(12) == [1, 2, 4, 8, 12]


@given(SEEDS, st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_the_order_of_problems_changes_no_figure(seed: int, draw: random.Random) -> None:
    run = bench.run(("distinguo",), problems=8, seed=seed, failing=0.1, missing=0.1)
    names = list(run.facts)
    draw.shuffle(names)
    results = list(run.results.items())
    draw.shuffle(results)
    shuffled = replace(run, facts={name: run.facts[name] for name in names}, results=dict(results))
    assert measure(measured(shuffled)) == measure(measured(run))


@given(SEEDS, st.permutations(range(8)))
@settings(max_examples=25, deadline=None)
def test_which_problem_has_which_result_changes_no_figure(seed: int, places: list[int]) -> None:
    arm = measured(bench.run(("distinguo",), problems=8, seed=seed))
    names = list(arm.results)
    moved = {names[place]: found for place, found in zip(places, arm.results.values(), strict=True)}
    other = replace(arm, results={name: moved[name] for name in names})
    plain, same = measure(other).as_dict(), measure(arm).as_dict()
    assert _rounded(plain) == _rounded(same)


def _rounded(plain: object) -> object:
    match plain:
        case dict():
            return {name: _rounded(one) for name, one in plain.items()}
        case list():
            return [_rounded(one) for one in plain]
        case float():
            return round(plain, 9)
    return plain


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_pass_at_k_grows_with_k_up_to_coverage(seed: int) -> None:
    found = measure(measured(bench.run(("distinguo",), problems=8, seed=seed)))
    curve = [one.value for one in found.candidates.values()]
    assert all(a <= b + 1e-12 for a, b in pairwise(curve))
    assert curve[-1] == pytest.approx(value(found.solved.coverage))
    assert found.after[-1].coverage.value == pytest.approx(value(found.solved.coverage))
    assert value(found.solved.pass_at_1) <= value(found.solved.coverage)


def test_a_share_has_the_interval_of_the_mean() -> None:
    [gathered] = gather([bench.run(("distinguo",), problems=60)])
    found = measure(gathered.arms[0])
    drawn = mean([float(one.right) for one in gathered.arms[0].done])
    assert found.solved.pass_at_1 is not None
    assert found.solved.pass_at_1 == pytest.approx(drawn, abs=1.5 / 60)
