"""Random draws of recorded programs: what is drawn, that nothing is run twice for it, and what the figures are over."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import distinguo
from distinguo.errors import InputError
from distinguo.grading.choices import SelectionReport
from distinguo.grading.choosing import Draws
from distinguo.grading.evaluation import Averaged, Ranking
from distinguo.problem import Program
from distinguo.records import Candidate
from distinguo.selectors.baselines import First

TASK = {
    "prompt": 'def twice(x):\n    """Twice x.\n    >>> twice(3)\n    6\n    """\n',
    "entry_point": "twice",
    "test": "def check(candidate):\n    assert candidate(4) == 8\n",
}
BODIES = [*["    return 2 * x\n"] * 2, *[f"    return x + 3 + 0 * {number}\n" for number in range(8)]]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    tasks, candidates = tmp_path / "tasks.jsonl", tmp_path / "candidates.jsonl"
    tasks.write_text("".join(json.dumps({**TASK, "task_id": f"T/{number}"}) + "\n" for number in range(2)))
    rows = [{"task_id": "T/0", "completion": body} for body in BODIES]
    rows += [{"task_id": "T/1", "completion": body} for body in BODIES[:3]]
    candidates.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tasks, candidates


def report(files: tuple[Path, Path], **options: object) -> SelectionReport:
    tasks, candidates = files
    cache = tasks.parent / "verdicts.sqlite"
    return distinguo.select_sync(tasks, candidates, ["first", "majority"], cache=cache, **options)  # type: ignore[arg-type]


def candidates(count: int) -> list[Candidate]:
    return [Candidate(sample, Program(f"{sample}"), ()) for sample in range(count)]


@given(count=st.integers(1, 30), size=st.integers(1, 30), number=st.integers(1, 5))
def test_a_draw_has_that_many_different_samples_in_order(count: int, size: int, number: int) -> None:
    pool = candidates(count)
    drawn = [[candidate.sample for candidate in draw] for draw in Draws(size, number).of(pool, "seed")]
    assert len(drawn) == (number if size < count else 1)
    assert all(len(draw) == min(size, count) and draw == sorted(set(draw)) for draw in drawn)
    assert drawn == [[candidate.sample for candidate in draw] for draw in Draws(size, number).of(pool, "seed")]


def test_every_sample_is_drawn_as_often_as_another() -> None:
    often = [0] * 10
    for draw in Draws(3, 2_000).of(candidates(10), "seed"):
        for candidate in draw:
            often[candidate.sample] += 1
    assert all(500 < times < 700 for times in often)


def test_other_seeds_draw_others_and_more_draws_begin_with_the_same() -> None:
    pool = candidates(20)
    few, more, other = (
        [[candidate.sample for candidate in draw] for draw in Draws(5, number).of(pool, seed)]
        for number, seed in ((3, "a"), (6, "a"), (3, "b"))
    )
    assert more[:3] == few
    assert other != few


@pytest.mark.usefixtures("sandboxed")
def test_figures_are_means_over_the_draws_of_a_problem_and_intervals_over_problems(files: tuple[Path, Path]) -> None:
    found = report(files, draw=4, draws=6, public_filter=False)
    assert (found.n_problems, found.n_draws, found.n_samples) == (2, 7, 6 * 4 + 3)
    first = [one for one in found.problems if one.task_id == "T/0"]
    assert [one.draw for one in first] == list(range(6))
    assert {one.samples for one in first} == {4}
    share = sum(one.choices["first"].ranking.chosen for one in first) / 6
    assert found.selectors["first"].pass_at[1].value == pytest.approx((share + 1) / 2)
    assert found.oracle.value == pytest.approx((sum(one.right > 0 for one in first) / 6 + 1) / 2)
    assert found.random == pytest.approx((sum(one.right / 4 for one in first) / 6 + 2 / 3) / 2)
    assert all(one.rights <= {0, 1} for one in first)
    assert "T/1 with fewer programs than a draw has: all of them are taken" in found.warnings
    assert found.as_dict()["n_draws"] == 7
    assert "2 problems, 7 draws, 27 samples" in "\n".join(found.lines(per_problem=True))
    assert found.contested is None or found.contested.n_draws < 7


@pytest.mark.usefixtures("sandboxed")
def test_the_same_seed_draws_the_same_and_a_selector_may_be_given_itself(files: tuple[Path, Path]) -> None:
    tasks, programs = files
    cache = tasks.parent / "verdicts.sqlite"
    given_itself = distinguo.select_sync(tasks, programs, [First()], draw=4, draws=3, cache=cache)
    by_name = distinguo.select_sync(tasks, programs, ["first"], draw=4, draws=3, cache=cache)
    assert given_itself.problems == by_name.problems


@pytest.mark.parametrize("options", [{"draws": 3}, {"draw": 0}, {"draw": 4, "draws": 0}, {"draw": 10**9}])
def test_draws_that_make_no_sense_are_one_sentence(files: tuple[Path, Path], options: dict[str, int]) -> None:
    with pytest.raises(InputError, match="draw"):
        report(files, **options)


def test_what_draws_are_worth_is_the_mean_of_what_each_is() -> None:
    both = Averaged((Ranking((0.5, 0.5), True), Ranking((1.0,), False)))
    assert (both.pass_at(1), both.pass_at(2), both.chosen) == (0.75, 0.875, 0.5)
    assert Averaged((Ranking((), True), Ranking((0.5,), False))).pass_at(2) is None
