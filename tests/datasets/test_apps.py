import json
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from distinguo import datasets
from distinguo.datasets import apps
from distinguo.datasets.about import About
from distinguo.datasets.leetcode import HEADER
from distinguo.errors import InputError
from distinguo.problem import CallStyle, HiddenTests, Limits, Problem, Test

QUESTION = """Print twice N.

-----Input-----
N

-----Output-----
The number.

-----Examples-----
Input
3

Output
6
"""
PRINTED: dict[str, Any] = {
    "id": 4000,
    "question": QUESTION,
    "solutions": json.dumps(["print(2 * int(input()))"]),
    "input_output": json.dumps({"inputs": ["5\n", "7\n"], "outputs": ["10\n", "14\n"]}),
    "difficulty": "interview",
    "url": "https://codeforces.com/problemset/problem/1/A",
    "starter_code": "",
}
JOIN = "Join.\n\nExample 1:\n\nInput: xs = [1,2], k = 3\nOutput: [1,2,3]\nExplanation: so.\n"
RETURNED = {
    **PRINTED,
    "question": JOIN,
    "url": "https://leetcode.com/problems/join/",
    "starter_code": "class Solution:\n    def join(self, xs: List[int], k: int) -> List[int]:\n        ",
    "input_output": json.dumps({"fn_name": "join", "inputs": [[[1], 2], [[], 5]], "outputs": [[1, 2], [5]]}),
}
TACO: dict[str, Any] = {
    **{name: value for name, value in PRINTED.items() if name != "id"},
    "name": "Twice",
    "source": "codeforces",
    "difficulty": "MEDIUM_HARD",
    "tags": "['Math']",
    "raw_tags": "['math']",
    "skill_types": "[]",
    "picture_num": None,
    "Expected Auxiliary Space": None,
    "Expected Time Complexity": None,
    "date": "2019-10-26",
    "time_limit": "12.5 seconds",
    "memory_limit": "2048.0 megabytes",
}


def lines(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def parquet(path: Path, *records: dict[str, Any]) -> Path:
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(records)), path)
    return path


def arrow(path: Path, *records: dict[str, Any]) -> Path:
    table = pyarrow.Table.from_pylist(list(records))
    with pyarrow.ipc.new_stream(str(path), table.schema) as writer:
        writer.write_table(table)
    return path


def load(tmp_path: Path, record: dict[str, Any]) -> tuple[Problem, HiddenTests | None]:
    data = datasets.open(str(lines(tmp_path / "file.jsonl", record)))
    return data.get(data.ids[0])


def function(tmp_path: Path, starter: str, **cases: Any) -> list[tuple[str, str | None]]:
    record = {**RETURNED, "starter_code": starter, "input_output": json.dumps({"fn_name": "f", **cases})}
    hidden = load(tmp_path, record)[1]
    assert hidden is not None
    return [(test.input, test.expected) for test in hidden.tests]


# --- APPS


@pytest.mark.parametrize("write", [lines, parquet])
def test_a_printed_problem_has_the_statements_tests_and_hidden_ones(tmp_path: Path, write: Any) -> None:
    data = datasets.open(str(write(tmp_path / "file", PRINTED)))
    problem, hidden = data.get("4000")
    assert (problem.id, problem.style, problem.starter, problem.checker) == (
        "APPS/4000", CallStyle.STDIN, "", "tokens",
    )  # fmt: skip
    assert problem.statement == QUESTION
    assert problem.public_tests == (Test("1", "3\n", "6\n"),)
    assert problem.limits == Limits(10.0, 30.0, 1024, 16 << 20)
    assert hidden == HiddenTests("APPS/4000", (Test("1", "5\n", "10\n"), Test("2", "7\n", "14\n")))
    assert data.about("apps/4000") == About("interview", "codeforces")


def test_a_problem_may_have_its_number_under_another_name(tmp_path: Path) -> None:
    record = {name: value for name, value in PRINTED.items() if name != "id"}
    data = datasets.open(str(lines(tmp_path / "file", {**record, "problem_id": "0007"}, record, PRINTED)))
    assert data.ids == ("APPS/0007", "APPS/4000")
    assert "line 2: an APPS problem has a number problem_id or id" in data.warnings[0]


def test_lines_in_lists_are_joined(tmp_path: Path) -> None:
    cases = {"inputs": [["3", "1 2"], "4", 5], "outputs": [["a", "b"], "c\n", 6.5]}
    _, hidden = load(tmp_path, {**PRINTED, "input_output": json.dumps(cases)})
    assert hidden is not None
    assert [(test.input, test.expected) for test in hidden.tests] == [
        ("3\n1 2\n", "a\nb\n"),
        ("4", "c\n"),
        ("5\n", "6.5\n"),
    ]


def test_a_method_has_its_starter_behind_the_header(tmp_path: Path) -> None:
    problem, hidden = load(tmp_path, RETURNED)
    assert (problem.style, problem.entry, problem.checker) == (CallStyle.FUNCTION, "Solution.join", "json")
    assert problem.starter == f"{HEADER}\n\n{RETURNED['starter_code']}"
    assert problem.public_tests == (Test("1", "([1, 2], 3)", "[1, 2, 3]"),)
    assert hidden is not None
    assert hidden.tests == (Test("1", "([1], 2)", "[1, 2]"), Test("2", "([], 5)", "[5]"))


def test_examples_of_a_plain_function_may_be_calls(tmp_path: Path) -> None:
    question = "Double.\n\n```python\ntwice(2) --> 4\ntwice(-1) == -2\ntwice(3) # 6 or so\n```\n"
    record = {
        **RETURNED, "question": question, "starter_code": "def twice(n):\n\t",
        "input_output": json.dumps({"fn_name": "twice", "inputs": [[5]], "outputs": [[10]]}),
    }  # fmt: skip
    problem, hidden = load(tmp_path, record)
    assert problem.entry == "twice"
    assert problem.public_tests == (Test("1", "(2,)", "4"), Test("2", "(-1,)", "-2"))
    assert hidden == HiddenTests("APPS/4000", (Test("1", "(5,)", "10"),))


def test_a_function_without_a_starter_is_named_in_the_statement(tmp_path: Path) -> None:
    problem, hidden = load(tmp_path, {**RETURNED, "starter_code": None})
    assert (problem.entry, problem.starter, problem.public_tests) == ("join", "", ())
    assert problem.statement.endswith("\nWrite a function named `join`.\n")
    assert hidden is not None
    assert hidden.tests[0] == Test("1", "([1], 2)", "[1, 2]")


@pytest.mark.parametrize(
    "starter,outputs,expected",
    [
        ("def f(x):", [[1], [2]], ["1", "2"]),
        ("def f(x):", [[1], 2], ["[1]", "2"]),
        ("def f(x):", [[1], [2, 3]], ["[1]", "[2, 3]"]),
        ("def f(x):", [[[1]], [[2, 3]]], ["[1]", "[2, 3]"]),
        ("def f(x) -> int:", [[1], [2]], ["1", "2"]),
        ("def f(x) -> List[int]:", [[1], [2]], ["[1]", "[2]"]),
        ("def f(x) -> List[int]:", [[[1]], [[2, 3]]], ["[1]", "[2, 3]"]),
        ("def f(x) -> List[List[str]]:", [[["a"]], [["b"]]], ["[['a']]", "[['b']]"]),
        ("def f(x) -> list:", [[1], [2]], ["[1]", "[2]"]),
        ("def f(x) -> bool:", [[True], [False]], ["True", "False"]),
        ("def f(x) -> float:", [[1], [2.5]], ["1", "2.5"]),
        ("def f(x) -> Thing:", [["a"], ["b"]], ["'a'", "'b'"]),
    ],
)
def test_values_are_taken_out_of_lists_unless_the_signature_speaks_against_it(
    tmp_path: Path, starter: str, outputs: list[Any], expected: list[str]
) -> None:
    found = function(tmp_path, f"{starter}\n    ", inputs=[[0]] * len(outputs), outputs=outputs)
    assert [value for _, value in found] == expected


def test_keys_that_look_like_numbers_are_numbers(tmp_path: Path) -> None:
    inputs, outputs = [[{"1": 2, "3": 4}], [{"a": 1, "2": 2}]], [[{"5": 6}], [{}]]
    assert function(tmp_path, "def f(d):\n    ", inputs=inputs, outputs=outputs) == [
        ("({1: 2, 3: 4},)", "{5: 6}"),
        ("({'a': 1, '2': 2},)", "{}"),
    ]


@pytest.mark.parametrize("given", ["", None, "{}", json.dumps({"inputs": [], "outputs": []}), "null"])
def test_a_problem_may_have_no_hidden_tests(tmp_path: Path, given: Any) -> None:
    record = {**PRINTED, "input_output": given}
    if given == "null":
        with pytest.raises(InputError, match="they are no JSON object"):
            load(tmp_path, record)
        return
    problem, hidden = load(tmp_path, record)
    assert (problem.public_tests, hidden) == ((Test("1", "3\n", "6\n"),), None)


def test_a_statement_without_examples_gives_no_public_tests(tmp_path: Path) -> None:
    problem, hidden = load(tmp_path, {**PRINTED, "question": "Print twice N."})
    assert problem.public_tests == ()
    assert hidden is not None


@pytest.mark.parametrize(
    "changes,told",
    [
        ({"input_output": '{"inputs": ['}, "the tests of APPS/4000 cannot be read: Expecting value"),
        ({"input_output": "[]"}, "the tests of APPS/4000 cannot be read: they are no JSON object"),
        ({"input_output": '{"inputs": [' + "9" * 5000 + "]}"}, "APPS/4000 cannot be read: Exceeds the limit"),
        ({"input_output": '{"inputs": ["1"], "outputs": []}'}, "APPS/4000 are no inputs with an output each"),
        ({"input_output": '{"inputs": "1", "outputs": "2"}'}, "APPS/4000 are no inputs with an output each"),
        ({"input_output": '{"fn_name": "a b", "inputs": [], "outputs": []}'}, "name no function that can be: 'a b'"),
        ({"input_output": '{"fn_name": "f", "inputs": [1], "outputs": [1]}'}, "input 1: a function's arguments"),
        ({"question": ""}, "APPS/4000 has no question"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_problem_is_said_and_the_others_go_on(
    tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    data = datasets.open(str(lines(tmp_path / "file", {**PRINTED, **changes}, {**PRINTED, "id": 1})))
    with pytest.raises(InputError, match=told):
        data.get("4000")
    assert data.get("1").hidden is not None


def test_tests_that_are_too_large_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apps, "_LARGEST_TESTS", 10)
    with pytest.raises(InputError, match="the tests of APPS/4000 are larger than"):
        load(tmp_path, PRINTED)


def test_programs_run_behind_the_header_as_at_its_authors(tmp_path: Path) -> None:
    data = datasets.open(str(lines(tmp_path / "file", PRINTED)))
    assert data.source.program("APPS/4000", "print(1)\n") == f"{HEADER}\nprint(1)\n"


# --- TACO


@pytest.mark.parametrize("write", [lines, parquet, arrow])
def test_tasks_of_taco_are_numbered(tmp_path: Path, write: Any) -> None:
    data = datasets.open(
        str(write(tmp_path / "file", TACO, {**TACO, "difficulty": "UNKNOWN_DIFFICULTY", "date": None}))
    )
    assert data.ids == ("TACO/0", "TACO/1")
    problem, hidden = data.get("taco/1")
    assert problem.id == "TACO/1"
    assert problem.statement == f"# Twice\n\n{QUESTION}"
    assert problem.limits == Limits(12.5, 37.5, 2048, 16 << 20)
    assert problem.public_tests == (Test("1", "3\n", "6\n"),)
    assert hidden == HiddenTests("TACO/1", (Test("1", "5\n", "10\n"), Test("2", "7\n", "14\n")))
    assert [data.about(task_id) for task_id in data.ids] == [
        About("MEDIUM_HARD", "codeforces", "2019-10-26"),
        About("", "codeforces"),
    ]


def test_a_broken_record_does_not_shift_the_numbers(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    path.write_text(f"{json.dumps(TACO)}\n{{oops\n{json.dumps(TACO)}\n")
    assert datasets.open(str(path)).ids == ("TACO/0", "TACO/2")


def test_the_named_sets_are_found(tmp_path: Path) -> None:
    for place, record in (("apps/test.jsonl", PRINTED), ("apps/train.jsonl", {**PRINTED, "id": 1})):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        lines(tmp_path / place, record)
    (tmp_path / "taco/test").mkdir(parents=True)
    arrow(tmp_path / "taco/test/data-00000-of-00001.arrow", TACO)
    assert datasets.open("apps", tmp_path).ids == ("APPS/4000",)
    assert datasets.open("apps@train", tmp_path).ids == ("APPS/1",)
    assert datasets.load("taco:0", data=tmp_path).problem.id == "TACO/0"
    with pytest.raises(InputError, match=r"test\.jsonl holds records of APPS, not of livecodebench"):
        datasets.open("livecodebench", tmp_path / "apps")
