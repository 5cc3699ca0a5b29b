from pathlib import Path

import pytest

from distinguo import datasets
from distinguo.errors import InputError
from distinguo.problem import CallStyle, HiddenTests, Limits, Test


def write(folder: Path, **files: str | bytes) -> Path:
    """Files by path, `__` for `/` and `_dot_` for `.`."""
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "sum", problem_dot_md="# Sum\n\nAdd the numbers.\n")


FUNCTION = 'style = "function"\nentry = "add"\nstarter = "def add(a, b=0):"\n'


def failure(folder: Path | str) -> str:
    with pytest.raises(InputError) as caught:
        datasets.load(str(folder), data=None)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_statement_alone_is_a_problem_without_tests(folder: Path) -> None:
    problem, hidden = datasets.load(str(folder), data=None)
    assert (problem.id, problem.statement, problem.style) == ("sum", "# Sum\n\nAdd the numbers.", CallStyle.STDIN)
    assert (problem.public_tests, problem.checker, problem.limits, hidden) == ((), "tokens", Limits(), None)


def test_tests_come_in_natural_order_and_hidden_ones_apart(folder: Path) -> None:
    for name in ("10", "2", "a2", "a10", "²"):
        write(folder, **{f"tests__{name}_dot_in": f"{name}\r\n", f"tests__{name}_dot_out": "1\n"})
    write(folder, hidden__1_dot_in="5\n", hidden__1_dot_ans="6\n", tests__README="not a test")
    problem, hidden = datasets.load(str(folder), data=None)
    assert [test.name for test in problem.public_tests] == ["2", "10", "a2", "a10", "²"]
    assert problem.public_tests[0] == Test("2", "2\r\n", "1\n")
    assert hidden == HiddenTests("sum", (Test("1", "5\n", "6\n"),))


def test_settings_are_read(folder: Path) -> None:
    toml = (
        'id = "add-1"\ntitle = "Adding"\nchecker = "float:1e-6"\n'
        "[limits]\ncpu_seconds = 2\nmemory_mb = 64\noutput_kb = 8\n"
    )
    problem = datasets.load(str(write(folder, problem_dot_toml=toml)), data=None).problem
    assert (problem.id, problem.checker) == ("add-1", "float:1e-6")
    assert problem.statement.startswith("# Adding\n\n# Sum")
    assert problem.limits == Limits(cpu_seconds=2, wall_seconds=6, memory_mb=64, output_bytes=8192)


@pytest.mark.parametrize("given", ["(1, 2)", "add(1, 2)", "add(a=1, b=2)", "add(1,\n  b=2)\n", "Solution().add(1, 2)"])
def test_arguments_of_functions_are_tuples_or_calls(folder: Path, given: str) -> None:
    write(folder, problem_dot_toml=FUNCTION, tests__1_dot_in=given, tests__1_dot_out="{'sum':  3}\n")
    problem = datasets.load(str(folder), data=None).problem
    assert (problem.style, problem.entry, problem.checker) == (CallStyle.FUNCTION, "add", "values")
    assert problem.public_tests == (Test("1", "(1, 2)", "{'sum': 3}"),)


@pytest.mark.parametrize("given", ["3", "(3)", "sub(1, 2)", "add(x)", "add(c=1)", "add(1, 2", "[1, 2]", ""])
def test_an_input_that_is_no_argument_tuple_is_refused(folder: Path, given: str) -> None:
    write(folder, problem_dot_toml=FUNCTION, tests__1_dot_in=given, tests__1_dot_out="3")
    assert "1.in: the input must read ([1, 2], 3) or add([1, 2], 3)" in failure(folder)


def test_an_expected_value_that_is_no_literal_is_refused(folder: Path) -> None:
    write(folder, problem_dot_toml=FUNCTION, tests__1_dot_in="(1, 2)", tests__1_dot_out="three")
    assert "expected value" in failure(folder)


def test_an_entry_is_found_in_the_starter_and_a_starter_in_a_file(folder: Path) -> None:
    write(folder, problem_dot_toml='starter = "starter.py"', starter_dot_py="class Solution:\n    def add(self, a):\n")
    problem = datasets.load(str(folder), data=None).problem
    assert (problem.style, problem.entry) == (CallStyle.FUNCTION, "Solution.add")
    assert problem.starter == "class Solution:\n    def add(self, a):\n"


@pytest.mark.parametrize(
    "toml,told",
    [
        ("speed = 1", "unknown key speed; the keys are id, title, style, entry, starter, checker, limits"),
        ("[limits]\ncpu = 1", "unknown key limits.cpu; the keys are cpu_seconds"),
        ("[limits]\ncpu_seconds = 0", "limits.cpu_seconds must be a number above 0"),
        ("[limits]\nmemory_mb = 'much'", "limits.memory_mb must be a number above 0"),
        ("limits = 3", "limits must be a table"),
        ("id = 3", "id must be a text"),
        ("style = 'call'", 'style must be "stdin" or "function", not "call"'),
        ("style = 'function'", "a function needs its name"),
        ("style = 'stdin'\nentry = 'f'", 'entry = "f" needs style = "function"'),
        ("checker = 'close'", "there is no checker 'close'"),
        ("id = 'a'\nstyle = \n", "line 2"),
        ("starter = 'missing.py'", "missing.py cannot be read: No such file"),
    ],
)
def test_a_wrong_setting_is_named(folder: Path, toml: str, told: str) -> None:
    message = failure(write(folder, problem_dot_toml=toml))
    assert told in message
    assert str(folder) in message


@pytest.mark.parametrize(
    "files,told",
    [
        ({"tests__1_dot_in": "1"}, "tests/1.in has no .out beside it"),
        ({"tests__1_dot_out": "1"}, "tests/1.out has no 1.in beside it"),
        ({"hidden__1_dot_ans": "1"}, "hidden/1.ans has no 1.in beside it"),
        ({"tests__1_dot_in": "", "tests__1_dot_out": "", "tests__1_dot_ans": ""}, "both a .out and a .ans"),
        ({"tests__1_dot_in": b"ab\xff", "tests__1_dot_out": ""}, "1.in is not UTF-8: byte 2 is 0xff"),
        ({"tests__1_dot_in": "1", "tests__1_dot_out": b"\xe9t\xe9"}, "1.out is not UTF-8: byte 0 is 0xe9"),
        ({"problem_dot_md": " \n"}, "problem.md is empty"),
        ({"problem_dot_md": b"\xff"}, "problem.md is not UTF-8"),
    ],
)
def test_a_wrong_file_is_named(folder: Path, files: dict[str, str | bytes], told: str) -> None:
    assert told in failure(write(folder, **files))


def test_a_folder_without_a_statement_is_refused(tmp_path: Path) -> None:
    assert "holds no problem.md" in failure(tmp_path)


def test_an_unreadable_file_is_named(folder: Path) -> None:
    (folder / "tests").mkdir()
    (folder / "tests" / "1.out").write_text("1")
    (folder / "tests" / "1.in").symlink_to("1.in")
    assert "1.in" in failure(folder)


@pytest.mark.parametrize("spec", ["missing", "missing.md", "no/such/folder", "a\0b", "x" * 5000])
def test_a_missing_path_is_refused(spec: str) -> None:
    assert "give a folder" in failure(spec) or "cannot be opened" in failure(spec)


def test_an_unknown_data_set_is_refused() -> None:
    assert "there is no data set 'humanevil'; the data sets are humaneval:ID" in failure("humanevil:HumanEval/7")


def test_tests_that_are_no_folder_are_refused(folder: Path) -> None:
    write(folder, tests="1 2\n")
    assert "tests is no folder" in failure(folder)


def test_a_test_that_is_no_file_is_refused(folder: Path) -> None:
    (folder / "tests" / "1.in").mkdir(parents=True)
    write(folder, tests__1_dot_out="1\n")
    assert "1.in" in failure(folder)


def test_memory_below_a_megabyte_is_refused(folder: Path) -> None:
    write(folder, problem_dot_toml="[limits]\nmemory_mb = 0.5\n")
    assert "memory_mb must be at least 1" in failure(folder)
