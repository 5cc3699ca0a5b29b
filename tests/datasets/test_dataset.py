import json
from pathlib import Path
from typing import Any

import pytest

from distinguo import datasets
from distinguo.errors import InputError

TASK = {"prompt": 'def f(x):\n    """ f """\n', "entry_point": "f", "test": "def check(candidate):\n    pass\n"}
LIVE = {
    "question_title": "t",
    "question_content": "Sample Input 1\n\n1\n\nSample Output 1\n\n2",
    "platform": "atcoder",
    "starter_code": "",
    "public_test_cases": '[{"input": "1", "output": "2", "testtype": "stdin"}]',
    "private_test_cases": "[]",
}


def write(path: Path, *records: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def own(folder: Path) -> Path:
    write(folder / "problem.md").write_text("Print twice the number.")
    write(folder / "hidden" / "1.in").write_text("2\n")
    write(folder / "hidden" / "1.out").write_text("4\n")
    return folder


def failure(name: str, data: Path | None = None) -> str:
    with pytest.raises(InputError) as caught:
        datasets.open(name, data)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_data_set_gives_its_problems_in_order_and_by_id(tmp_path: Path) -> None:
    path = write(tmp_path / "x.jsonl", *({**TASK, "task_id": f"HumanEval/{number}"} for number in (10, 2, 1)))
    data = datasets.open(str(path))
    assert (data.name, len(data), data.ids) == ("x.jsonl", 3, ("HumanEval/10", "HumanEval/2", "HumanEval/1"))
    assert [problem.id for problem, _ in data] == list(data.ids)
    problem, hidden = data.get("HumanEval/2")
    assert problem == data.problem("2")
    assert hidden is not None
    assert hidden.problem_id == problem.id == "HumanEval/2"


@pytest.mark.parametrize(
    "asked,found",
    [
        ("MBPP/2", "MBPP/2"),
        ("Mbpp/2", "MBPP/2"),
        ("MbppEval/2", "MBPP/2"),
        ("2", "MBPP/2"),
        (2, "MBPP/2"),
        ("HumanEval/2", None),
        ("MBPP/3", None),
        ("", None),
        ("/2", None),
    ],
)
def test_spellings_of_an_id(tmp_path: Path, asked: str | int, found: str | None) -> None:
    data = datasets.open(str(write(tmp_path / "x.jsonl", {**TASK, "task_id": "MBPP/2"})))
    assert data.find(asked) == found
    if found is None:
        with pytest.raises(InputError, match=r"x\.jsonl has no task .*: there are 1, such as MBPP/2"):
            data.get(asked)


def test_a_spelling_that_fits_two_tasks_fits_none(tmp_path: Path) -> None:
    data = datasets.open(str(write(tmp_path / "x.jsonl", *({**TASK, "task_id": name} for name in ("A/1", "B/1")))))
    assert [data.find(name) for name in ("1", "a/1", "B/1")] == [None, "A/1", "B/1"]


def test_a_task_is_found_by_its_prompt(tmp_path: Path) -> None:
    data = datasets.open(str(write(tmp_path / "x.jsonl", {**TASK, "task_id": "1"})))
    assert data.by_prompt(TASK["prompt"]) == "1"
    assert data.by_prompt("import re\n" + TASK["prompt"]) is None


def test_a_prompt_without_its_examples_belongs_to_the_task_that_announces_the_same_function(tmp_path: Path) -> None:
    def prompt(line: str, name: str = "f", more: str = "") -> str:
        return f'import math\n\ndef {name}(x):\n    """ {line}{more}\n    """\n'

    full = [prompt("Double x.", more=" >>> f(1)\n    2"), prompt("Halve x."), prompt("Halve x."), prompt("", "g")]
    tasks = [{**TASK, "task_id": str(number), "prompt": text} for number, text in enumerate(full)]
    data = datasets.open(str(write(tmp_path / "x.jsonl", *tasks)))
    assert data.by_prompt(prompt("Double x.")) == "0"
    assert data.by_prompt(prompt("Double y.")) is None
    assert data.by_prompt(prompt("Double x.", "g")) is None
    assert data.by_prompt(prompt("Halve x. Twice.")) is None  # there are two
    assert data.by_prompt(prompt("", "g") + "\n") is None  # nothing says what it does


def test_a_file_that_is_replaced_is_read_again(tmp_path: Path) -> None:
    path = write(tmp_path / "x.jsonl", {**TASK, "task_id": "1"})
    assert datasets.open(str(path)).ids == ("1",)
    write(path, {**TASK, "task_id": "1"}, {**TASK, "task_id": "2"})
    assert datasets.open(str(path)).ids == ("1", "2")


# --- folders


def test_a_folder_is_a_problem_or_holds_problems(tmp_path: Path) -> None:
    one = own(tmp_path / "problems" / "one")
    own(tmp_path / "problems" / "contest__2021__two")
    (tmp_path / "problems" / "notes").mkdir()
    data = datasets.open(str(tmp_path / "problems"))
    assert (data.name, data.ids) == ("problems", ("contest__2021__two", "one"))
    assert data.find("two") == "contest__2021__two"
    assert data.by_prompt("x") is None
    assert datasets.open(str(one)).ids == ("one",)
    _, hidden = datasets.open(str(one)).get("one")
    assert hidden is not None
    assert [(test.input, test.expected) for test in hidden.tests] == [("2\n", "4\n")]


# --- names


@pytest.mark.parametrize(
    "name,file",
    [
        ("humaneval", "human-eval/HumanEval.jsonl"),
        ("humaneval", "HumanEval.jsonl"),
        ("livecodebench", "livecodebench/test.jsonl"),
        ("livecodebench@release_v1", "code_generation_lite/test.jsonl"),
    ],
)
def test_named_sets_are_found_in_the_data_folder(tmp_path: Path, name: str, file: str) -> None:
    record = {**TASK, "task_id": "1"} if name == "humaneval" else {**LIVE, "question_id": "1"}
    path = write(tmp_path / file, record)
    for place in (tmp_path, path):
        data = datasets.open(name, place)
        assert (data.name, data.ids) == (name, ("1",))
        assert datasets.load(f"{name}:1", data=place).problem.id == "1"


def test_a_release_is_the_first_files(tmp_path: Path) -> None:
    for number, name in enumerate(("test.jsonl", "test2.jsonl", "test3.jsonl"), 1):
        write(tmp_path / name, {**LIVE, "question_id": f"abc{number}"})
    assert datasets.open("livecodebench@release_v2", tmp_path).ids == ("abc1", "abc2")
    assert datasets.open("livecodebench", tmp_path).ids == ("abc1", "abc2", "abc3")
    for name in ("v2..v3", "v2_v3"):
        assert datasets.open(f"livecodebench@{name}", tmp_path).ids == ("abc2", "abc3")
    assert datasets.open("livecodebench@v2", tmp_path).ids == ("abc2",)
    for name in ("release_v4", "release_latest", "v3..v5"):
        assert f"livecodebench@{name} is not whole: test4.jsonl is missing beside {tmp_path}/test3.jsonl" in failure(
            f"livecodebench@{name}", tmp_path
        )
    assert failure("livecodebench@v4", tmp_path).startswith(f"{tmp_path} holds no file of livecodebench@v4: give ")
    for name in ("v3..v2", "v7", "v1..v7", "V1"):
        assert f"has no '{name}'" in failure(f"livecodebench@{name}", tmp_path)
    assert "has no 'release_v9'" in failure("livecodebench@release_v9", tmp_path)
    assert "has no ''" in failure("livecodebench@", tmp_path)


@pytest.mark.parametrize("name", datasets.NAMES)
def test_a_named_set_says_which_file_it_needs(tmp_path: Path, name: str) -> None:
    for data in (None, tmp_path, tmp_path / "nowhere", Path("x" * 5000), Path("\0")):
        assert "--data or DISTINGUO_DATA" in failure(name, data)


@pytest.mark.parametrize(
    "name,told",
    [
        ("nowhere", "nowhere does not exist"),
        ("x" * 5000, "cannot be opened"),
        ("\0", "does not exist"),
        ("humaneval@v2", "humaneval has no releases"),
    ],
)
def test_what_is_no_data_set_is_said(name: str, told: str) -> None:
    assert told in failure(name)


@pytest.mark.parametrize(
    "content,told",
    [
        ("", "it is empty"),
        ("hello", "not JSON"),
        ('{"a": 1, "b": 2}', "no known data set's format: its first record holds a, b"),
        ("[]", "it is empty"),
    ],
)
def test_a_file_in_no_known_format_is_named(tmp_path: Path, content: str, told: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(content)
    assert told in failure(str(path))
    assert str(path) in failure(str(path))


def test_an_empty_folder_is_no_data_set(tmp_path: Path) -> None:
    assert "holds no problems" in failure(str(tmp_path))
