"""The simulation: what it plays, what it counts, and what its tables are made of."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distinguo import selectors
from distinguo.bench.simulate import (
    NOTED,
    Row,
    calibration,
    calibration_error,
    misspecified,
    play,
    simulate,
)
from distinguo.bench.worlds import Setting, World
from distinguo.errors import InputError
from distinguo.selectors.belief import Parameters
from distinguo.selectors.posterior import Posterior
from distinguo.selectors.protocol import Decision, Question, State, WriteInputs, WriteTests

EASY = Setting("easy", samples=8, accuracy=0.98, ties=0.0, fooled=0.0, choosing=0.98, silent=0.0)
SILENT = Posterior(questions=0)
TRUSTING = Posterior(Parameters(levels=(0.9,), blind=0.0, fooled=0.01))


def share(rows: list[Row]) -> float:
    return sum(row.right for row in rows) / len(rows)


@pytest.mark.parametrize("name", ["majority", "sstar", "sstar-authors", "posterior"])
def test_every_selector_plays_real_problems_to_the_end(name: str) -> None:
    rows = simulate(EASY, selectors.get(name), 6)
    assert len(rows) == 6
    assert all(row.calls >= 1 for row in rows)


@pytest.mark.parametrize("name", ["majority", "posterior"])
def test_the_same_seed_plays_the_same_problems(name: str) -> None:
    assert simulate(EASY, selectors.get(name), 5, 3) == simulate(EASY, selectors.get(name), 5, 3)
    assert simulate(EASY, selectors.get(name), 5, 3) != simulate(EASY, selectors.get(name), 5, 4)


def test_a_good_judge_is_worth_its_calls() -> None:
    alone, judged = simulate(EASY, SILENT, 60), simulate(EASY, TRUSTING, 60)
    assert share(judged) > 0.95
    assert share(judged) > share(alone) + 0.1
    assert sum(row.calls for row in judged) / 60 < 20


def test_sstar_authors_pays_more_calls_than_posterior() -> None:
    setting = replace(NOTED[0], samples=12)
    authors, ours = (simulate(setting, selectors.get(name), 10) for name in ("sstar-authors", "posterior"))
    assert sum(row.calls for row in ours) < 0.5 * sum(row.calls for row in authors)


def test_every_question_to_a_model_is_a_call() -> None:
    world = World(replace(EASY, samples=4), 1)
    asked: list[Question] = []

    class Counting(Posterior):
        def next(self, state: State) -> Decision | list[Question]:
            step = super().next(state)
            if isinstance(step, Decision):
                return step
            asked.extend(question for question in step if question not in asked)
            return list(step)

    assert play(Counting(), world).calls == sum(question.calls_model for question in asked)


def test_a_selector_that_neither_asks_nor_decides_is_bad_input() -> None:
    class Idle(Posterior):
        def next(self, state: State) -> list[Question]:
            return []

    with pytest.raises(InputError, match="neither asks nor decides"):
        play(Idle(), World(EASY, 0))


def test_tests_that_are_mostly_right_help() -> None:
    with_tests = replace(EASY, tests=0.9, theta=6.0, a=0.4, b=1.2)
    rows = simulate(with_tests, Posterior(sources=(WriteTests(8),), questions=0), 80)
    assert share(rows) > share(simulate(with_tests, Posterior(sources=(WriteInputs(8),), questions=0), 80))


def test_what_posterior_states_is_about_as_often_true_as_it_says() -> None:
    setting = replace(NOTED[0], samples=8, any_share=True)
    rows = simulate(setting, Posterior(questions=12), 150)
    assert calibration_error(calibration((row.stated, row.right) for row in rows)) < 0.2


def test_the_settings_have_names_of_their_own() -> None:
    names = [setting.name for setting in (*NOTED, *misspecified(NOTED[2]))]
    assert len(set(names)) == len(names)


def test_statements_are_binned_by_tenths() -> None:
    bins = calibration([(0.05, False), (0.07, True), (0.95, True), (1.0, True)])
    assert [(each.count, each.true) for each in bins] == [(2, 0.5), (2, 1.0)]
    assert [each.stated for each in bins] == pytest.approx([0.06, 0.975])
    assert calibration_error(bins) == pytest.approx((0.44 + 0.025) / 2)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=50))
def test_bins_hold_every_statement_once(statements: list[tuple[float, bool]]) -> None:
    bins = calibration(statements)
    assert sum(each.count for each in bins) == len(statements)
    assert 0 <= calibration_error(bins) <= 1
