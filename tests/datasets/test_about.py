from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distinguo import datasets
from distinguo.datasets.about import SIZES, About, day, lines, sizes


@given(st.dictionaries(st.text(), st.integers(0, 30)))
def test_sizes_follow_the_lengths(lengths: dict[str, int]) -> None:
    found = sizes(lengths)
    assert set(found) in (set(), {name for name, length in lengths.items() if length})
    by_length = sorted((lengths[name], SIZES.index(size)) for name, size in found.items())
    assert [size for _, size in by_length] == sorted(size for _, size in by_length)
    assert len(set(by_length)) == len({length for length, _ in by_length})  # equal lengths have one size


@given(st.lists(st.integers(1, 10**6), min_size=6, unique=True))
def test_different_lengths_are_split_into_thirds(lengths: list[int]) -> None:
    found = list(sizes({str(length): length for length in lengths}).values())
    assert all(abs(found.count(size) - len(lengths) / 3) <= 1.5 for size in SIZES)


def test_one_length_tells_nothing_apart() -> None:
    assert sizes({"a": 3, "b": 3}) == {}
    assert sizes({"a": 0}) == sizes({}) == {}


@pytest.mark.parametrize(
    "given,expected",
    [
        ("2024-01-31", "2024-01-31"),
        ("2024-01-31T10:00:00", "2024-01-31"),
        (date(2024, 1, 31), "2024-01-31"),
        (datetime(2024, 1, 31, 10), "2024-01-31"),
        ("2024-02-30", ""),
        ("20240131", ""),
        ("yesterday", ""),
        (None, ""),
        (7, ""),
    ],
)
def test_days(given: Any, expected: str) -> None:
    assert day(given) == expected


def test_blank_lines_do_not_count() -> None:
    assert (lines("a\n\n  \nb"), lines(None), lines("")) == (2, 0, 0)


@pytest.mark.parametrize(
    "yaml,expected",
    [
        ("name: x\ndifficulty: easy\nsource: Code Jam 2020 - Qualification Round\n", About("easy", "code jam")),
        ("difficulty: 3.5\nsource:\n  name: NCPC 2023\n", About("3.5", "ncpc")),
        ("level: hard\nsource:\n- name: World Finals\n", About("hard", "world finals")),
        ("source: 7\ndifficulty: true\n", About()),
        ("{", About()),
    ],
)
def test_a_package_says_what_its_settings_hold(tmp_path: Path, yaml: str, expected: About) -> None:
    (tmp_path / "twice").mkdir()
    (tmp_path / "twice" / "problem.yaml").write_text(yaml)
    data = datasets.open(str(tmp_path / "twice"))
    assert [data.about("twice") for _ in range(2)] == [expected, expected]


def test_a_folder_of_ones_own_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "problem.md").write_text("Print 1.")
    data = datasets.open(str(tmp_path))
    assert (data.about(data.ids[0]), dict(data.errata), data.warnings) == (About(), {}, ())
