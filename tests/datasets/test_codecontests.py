import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from fakes.published import published

from distinguo import datasets
from distinguo.datasets import DataSet
from distinguo.datasets.about import About
from distinguo.datasets.codecontests import DIFFICULTIES
from distinguo.errors import InputError
from distinguo.problem import CallStyle, Limits, Test
from distinguo.records import Verdict

TESTS = pyarrow.struct([("input", pyarrow.list_(pyarrow.string())), ("output", pyarrow.list_(pyarrow.string()))])
PROGRAMS = pyarrow.struct([("language", pyarrow.list_(pyarrow.int64())), ("solution", pyarrow.list_(pyarrow.string()))])
SCHEMA = pyarrow.schema([
    ("name", pyarrow.string()), ("description", pyarrow.string()), ("public_tests", TESTS), ("private_tests", TESTS),
    ("generated_tests", TESTS), ("source", pyarrow.int64()), ("difficulty", pyarrow.int64()), ("solutions", PROGRAMS),
    ("incorrect_solutions", PROGRAMS), ("cf_contest_id", pyarrow.int64()), ("cf_index", pyarrow.string()),
    ("cf_points", pyarrow.float32()), ("cf_rating", pyarrow.int32()), ("cf_tags", pyarrow.list_(pyarrow.string())),
    ("is_description_translated", pyarrow.bool_()), ("untranslated_description", pyarrow.string()),
    ("time_limit", pyarrow.struct([("seconds", pyarrow.int64()), ("nanos", pyarrow.int64())])),
    ("memory_limit_bytes", pyarrow.int64()), ("input_file", pyarrow.string()), ("output_file", pyarrow.string()),
])  # fmt: skip
TWICE: dict[str, Any] = {
    "name": "9999_A. Twice, or More",
    "description": "Print twice N.\r\n\nThe relative error must not exceed 10^-6.\n\nInput\n\nN\n\nOutput\n\nIt.",
    "public_tests": {"input": ["3\n"], "output": ["6\n"]},
    "private_tests": {"input": ["5\n", "6\n"], "output": ["10\n", "12\n"]},
    "generated_tests": {"input": ["7\n"], "output": ["14\n"]},
    "source": 2,
    "difficulty": 7,
    "solutions": {"language": [3], "solution": ["print(2 * int(input()))"]},
    "incorrect_solutions": {"language": [3], "solution": ["print(1)"]},
    "cf_contest_id": 9999,
    "cf_index": "A",
    "cf_points": 500.0,
    "cf_rating": 800,
    "cf_tags": ["math"],
    "is_description_translated": False,
    "untranslated_description": "",
    "time_limit": {"seconds": 1, "nanos": 500_000_000},
    "memory_limit_bytes": 256_000_000,
    "input_file": "",
    "output_file": "",
}


def twice(**changes: Any) -> dict[str, Any]:
    return {**TWICE, **changes}


def parquet(path: Path, *records: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(records), SCHEMA), path, row_group_size=2)
    return path


def as_pairs(tests: dict[str, list[str]]) -> list[dict[str, str]]:
    return [{"input": given, "output": expected} for given, expected in zip(*tests.values(), strict=True)]


def lines(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def pairs(path: Path, *records: dict[str, Any]) -> Path:
    kinds = ("public_tests", "private_tests", "generated_tests")
    return lines(path, *({**record, **{kind: as_pairs(record[kind]) for kind in kinds}} for record in records))


@pytest.mark.parametrize("write", [parquet, lines, pairs])
def test_a_problem_has_public_tests_and_private_and_generated_ones_hidden(tmp_path: Path, write: Any) -> None:
    data = datasets.open(str(write(tmp_path / "file", TWICE)))
    problem, hidden = data.get("9999_A")
    assert (problem.id, problem.style, problem.checker) == (TWICE["name"], CallStyle.STDIN, "float:1e-6")
    assert problem.statement.startswith("# 9999_A. Twice, or More\n\nPrint twice N.\n\nThe relative")
    assert problem.public_tests == (Test("1", "3\n", "6\n"),)
    assert hidden is not None
    assert hidden.problem_id == problem.id
    assert hidden.tests == (
        Test("private/1", "5\n", "10\n"),
        Test("private/2", "6\n", "12\n"),
        Test("generated/1", "7\n", "14\n"),
    )
    assert data.about("9999_a. twice, or more") == About("A", "codeforces", "", 800)


@pytest.mark.parametrize(
    "time,memory,expected",
    [
        ({"seconds": 1, "nanos": 0}, 256_000_000, (10.0, 30.0, 1024)),
        ({"seconds": 12, "nanos": 500_000_000}, 2 << 30, (12.5, 37.5, 2048)),
        (None, None, (10.0, 30.0, 1024)),
        ({"seconds": None, "nanos": None}, 0, (10.0, 30.0, 1024)),
        ({"seconds": 10**9, "nanos": 0}, 1 << 60, (10.0, 30.0, 1024)),
        ({"seconds": -5, "nanos": 0}, -1, (10.0, 30.0, 1024)),
    ],
)
def test_stated_limits_count_where_they_are_above_those_of_python(
    tmp_path: Path, time: Any, memory: Any, expected: tuple[float, float, int]
) -> None:
    data = datasets.open(str(parquet(tmp_path / "file", twice(time_limit=time, memory_limit_bytes=memory))))
    assert data.problem("9999_A").limits == Limits(*expected, output_bytes=16 << 20)


def test_what_is_wrong_with_a_problem_is_said_and_the_others_go_on(tmp_path: Path) -> None:
    records = [
        twice(name="1_A. File", input_file="in.txt"),
        twice(name="1_B. File", output_file="out.txt"),
        twice(name="1_C. Short", private_tests={"input": ["1", "2"], "output": ["1"]}),
        twice(name="1_D. Text", generated_tests={"input": ["1"], "output": [None]}),
        twice(name="1_E. Bare", public_tests=None, private_tests=None, generated_tests={"input": [], "output": []}),
        twice(name="1_F. Mute", description=" "),
        twice(name=None),
        twice(name="1_G. Good"),
        twice(name="1_G. Good", description="another"),
    ]
    data = datasets.open(str(parquet(tmp_path / "file", *records)))
    said = {}
    for task_id in data.ids:
        try:
            data.get(task_id)
        except InputError as error:
            said[task_id] = str(error)
    assert said == {
        "1_A. File": "1_A. File cannot be run: its programs use the file 'in.txt', not standard input",
        "1_B. File": "1_B. File cannot be run: its programs use the file 'out.txt', not standard input",
        "1_C. Short": "private_tests of 1_C. Short are no inputs with an output each",
        "1_D. Text": "generated_tests of 1_D. Text, test 1: input and output must be texts",
        "1_F. Mute": "1_F. Mute has no description",
    }
    assert data.get("1_E").hidden is None
    assert data.problem("1_E").public_tests == ()
    assert data.problem("1_G").statement.startswith("# 1_G. Good\n\nPrint")
    assert [warning.partition(": ")[2] for warning in data.warnings[:1]] == [
        "a CodeContests problem has a text name; the record is passed over"
    ]
    assert data.warnings[1].startswith("1 records repeat the id of one before them, such as 1_G. Good")


def test_numbers_of_the_enumerations_have_their_names(tmp_path: Path) -> None:
    kinds = [(0, 0, 0), (5, 28, -1), (6, 6, 3500), (99, 99, 1)]
    records = [
        twice(name=str(i), source=source, difficulty=difficulty, cf_rating=rating)
        for i, (source, difficulty, rating) in enumerate(kinds)
    ]
    data = datasets.open(str(parquet(tmp_path / "file", *records)))
    assert [data.about(task_id) for task_id in data.ids] == [
        About(),
        About("V", "atcoder"),
        About("EXTERNAL", "aizu", rating=3500),
        About(rating=1),
    ]
    named = lines(tmp_path / "lines", twice(source="CODEFORCES", difficulty="UNKNOWN_DIFFICULTY"))
    assert datasets.open(str(named)).about("9999_A") == About("", "codeforces", rating=800)


def test_its_difficulties_are_those_that_codet_repeats() -> None:
    """The letters of Codeforces' problem names, 1575_A, beside numbers; those of CodeT leave out 18."""
    path = published("codet/dataset/CodeContests_zeroshot_for_test_case_generation.jsonl.gz")
    tasks = [json.loads(line)["meta_data"] for line in gzip.decompress(path.read_bytes()).splitlines()]
    letters = [task["task_name"].partition(".")[0].partition("_")[2].rstrip("0123456789") for task in tasks]
    numbers = [task["difficulty"] for task in tasks]
    assert [DIFFICULTIES[number - (number > 18)] for number in numbers] == letters


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    parquet(tmp_path / "code_contests/data/test-00000-of-00001-9c49eeff30aacaa8.parquet", TWICE)
    for number in range(3):
        name = f"train-{number:05}-of-00003-0123456789abcdef.parquet"
        parquet(
            tmp_path / "code_contests/data" / name, twice(name=f"{number}_A. Train"), twice(name=f"{number}_B. Train")
        )
    return tmp_path


def test_the_splits_are_found_by_name(folder: Path) -> None:
    for name in ("codecontests", "codecontests@test"):
        for data in (folder, folder / "code_contests"):
            assert datasets.open(name, data).ids == (TWICE["name"],)
    assert datasets.load("codecontests:9999_A", data=folder).problem.id == TWICE["name"]
    train = datasets.open("codecontests@train", folder)
    assert train.ids == tuple(f"{number}_{letter}. Train" for number in range(3) for letter in "AB")
    assert [problem.id for problem, _ in train] == list(train.ids)


@pytest.mark.parametrize(
    "name,told",
    [
        ("codecontests@valid", "holds no file of codecontests@valid: give the folder that holds valid-"),
        ("codecontests@dev", "codecontests has no 'dev': write codecontests, codecontests@test, codecontests@valid"),
        ("codecontests@", "codecontests has no ''"),
    ],
)
def test_a_split_that_is_not_there_is_said(folder: Path, name: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        datasets.open(name, folder)


def test_a_part_of_a_split_that_is_missing_is_named(folder: Path) -> None:
    (folder / "code_contests/data/train-00001-of-00003-0123456789abcdef.parquet").unlink()
    with pytest.raises(InputError, match=r"codecontests@train is not whole: train-00001-of-00003\S* is missing beside"):
        datasets.open("codecontests@train", folder)


async def test_samples_are_graded_on_the_hidden_tests(sandboxed: None, folder: Path, tmp_path: Path) -> None:
    from distinguo import api

    samples = lines(
        tmp_path / "samples.jsonl",
        {"task_id": "9999_A", "program": TWICE["solutions"]["solution"][0]},
        {"task_id": TWICE["name"], "program": "print(6)"},
    )
    report = await api.grade("codecontests", samples, data=folder, cache=tmp_path / "kept")
    assert report.as_dict()["verdicts"] == {Verdict.AC: 1, Verdict.WA: 1}


def test_a_data_set_in_parquet_is_the_same_in_json(tmp_path: Path) -> None:
    records = [twice(name=f"{number}_A. T") for number in range(5)]
    made: list[DataSet] = [datasets.open(str(write(tmp_path / write.__name__, *records))) for write in (parquet, lines)]
    assert list(made[0]) == list(made[1])
