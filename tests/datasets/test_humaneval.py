import ast
import gzip
import json
from pathlib import Path

import pytest
from fakes.published import DATA, published

from distinguo import checkers, datasets
from distinguo.datasets import humaneval
from distinguo.errors import InputError
from distinguo.problem import CallStyle, HiddenTests, Program
from distinguo.protocols import Executor
from distinguo.records import Verdict
from distinguo.tasks import all_of

FOLDER = DATA / "human-eval"

TASK = {
    "task_id": "HumanEval/900",
    "prompt": 'import math\n\n\ndef helper(x):\n    """ >>> helper(1)\n    1\n    """\n    return x\n\n\n'
    'def twice(x, y=1):\n    """ Twice.\n    >>> twice(2)\n    4\n    >>> twice(2)\n    5\n    """\n',
    "entry_point": "twice",
    "canonical_solution": "    return 2 * x\n",
    "test": "def check(candidate):\n    assert candidate(3) == 6\n",
}


@pytest.fixture(params=["HumanEval.jsonl.gz", "HumanEval.jsonl", "human-eval/HumanEval.jsonl.gz"])
def data(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / request.param
    path.parent.mkdir(exist_ok=True)
    content = json.dumps(TASK).encode() + b"\n\n"
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
    return tmp_path


def failure(spec: str, data: Path | None) -> str:
    with pytest.raises(InputError) as caught:
        datasets.load(spec, data=data)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("identifier", ["HumanEval/900", "900"])
def test_a_task_is_a_function_with_its_hidden_tests_apart(data: Path, identifier: str) -> None:
    problem, hidden = datasets.load(f"humaneval:{identifier}", data=data)
    assert (problem.id, problem.style, problem.entry) == ("HumanEval/900", CallStyle.FUNCTION, "twice")
    assert (problem.starter, problem.checker) == (TASK["prompt"], "values")
    assert [(test.name, test.input, test.expected) for test in problem.public_tests] == [("1", "(2,)", "4")]
    assert hidden == HiddenTests("HumanEval/900", assertions=TASK["test"])


def test_what_is_missing_is_said(data: Path, tmp_path: Path) -> None:
    assert "there are 1, such as HumanEval/900" in failure("humaneval:HumanEval/7", data)
    for nowhere in (None, tmp_path / "nowhere", tmp_path / "human-eval-2"):
        assert "--data or DISTINGUO_DATA" in failure("humaneval:7", nowhere)


@pytest.mark.parametrize(
    "content,told",
    [
        (b"", "it is empty"),
        (b'{"task_id": "a"}\n', "no known data set's format: its first record holds task_id"),
        (json.dumps(TASK).encode() + b"\n{oops\n", "line 2: not JSON"),
        (b"[]", "it is empty"),
        (b"[1]", "its first record holds int"),
        (json.dumps(TASK).encode() + b'\n{"task_id": 7}', "line 2: a HumanEval task has the texts task_id, prompt"),
        (b"\x1f\x8bbroken", "is damaged"),
        (gzip.compress(b"x" * 1000, mtime=0)[:-20], "is damaged"),
        (b"\xff\xfe", "not JSON"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "HumanEval.jsonl"
    path.write_bytes(content)
    message = failure("humaneval:0", path)
    assert told in message
    assert str(path) in message


# --- the published file


@pytest.fixture(scope="module")
def tasks() -> list[dict[str, str]]:
    path = published("human-eval/HumanEval.jsonl.gz")
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def test_how_many_examples_are_read(tasks: list[dict[str, str]]) -> None:
    found = {
        task["task_id"]: datasets.load(f"humaneval:{task['task_id']}", data=FOLDER).problem.public_tests
        for task in tasks
    }
    without = [int(name.partition("/")[2]) for name, tests in found.items() if not tests]
    assert without == [32, 38, 41, 50, 80, 81, 83, 105, 116, 149, 160]  # prose, other names, or wrong
    assert sum(map(len, found.values())) == 441


@pytest.mark.parametrize(
    "number,given,expected",
    [
        (0, "([1.0, 2.0, 3.0], 0.5)", "False"),
        (12, "([],)", "None"),
        (51, "('abcdef\\nghijklm',)", "'bcdf\\nghjklm'"),
        (67, "('5 apples and 6 oranges', 19)", "8"),
        (76, "(1, 4)", "True"),
        (79, "(15,)", "'db1111db'"),
        (84, "(1000,)", "'1'"),
        (
            87,
            "([[1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 1, 6], [1, 2, 3, 4, 5, 1]], 1)",
            "[(0, 0), (1, 4), (1, 0), (2, 5), (2, 0)]",
        ),
        (99, "('14.5',)", "15"),
        (112, "('abcde', 'ae')", "('bcd', False)"),
        (115, "([[0, 0, 1, 0], [0, 1, 0, 0], [1, 1, 1, 1]], 1)", "6"),
        (122, "([111, 21, 3, 4000, 5, 6, 7, 8, 9], 4)", "24"),
        (128, "([],)", "None"),
        (141, "('1example.dll',)", "'No'"),
        (151, "([1, 3, 2, 0],)", "10"),
        (162, "('Hello world',)", "'3e25960a79dbc69b674cd4ec67a72c62'"),
    ],
)
def test_examples_of_every_shape_are_read(tasks: list[dict[str, str]], number: int, given: str, expected: str) -> None:
    tests = datasets.load(f"humaneval:{number}", data=FOLDER).problem.public_tests
    assert (given, expected) in [(test.input, test.expected) for test in tests]


@pytest.mark.parametrize("task_id", humaneval.ERRATA)
def test_wrong_published_examples_are_dropped(tasks: list[dict[str, str]], task_id: str) -> None:
    tests = {
        (test.input, test.expected) for test in datasets.load(f"humaneval:{task_id}", data=FOLDER).problem.public_tests
    }
    assert not tests & humaneval.ERRATA[task_id]


@pytest.mark.parametrize("number", [10, 32, 38, 50])
def test_helpers_before_the_target_are_kept(tasks: list[dict[str, str]], number: int) -> None:
    starter = datasets.load(f"humaneval:{number}", data=FOLDER).problem.starter
    assert sum(isinstance(node, ast.FunctionDef) for node in ast.parse(starter).body) == 2


@pytest.mark.asyncio(loop_scope="session")
async def test_the_reference_solutions_pass_every_public_test(tasks: list[dict[str, str]], box: Executor) -> None:
    async def one(task: dict[str, str]) -> None:
        problem = datasets.load(f"humaneval:{task['task_id']}", data=FOLDER).problem
        program = Program(task["prompt"] + task["canonical_solution"], problem.style, problem.entry)
        for test in problem.public_tests:
            run = await box.run(program, test.input, problem.limits)
            assert run.status is Verdict.AC, (problem.id, test, run)
            assert checkers.get("values").difference(run.output, test.expected or "") == "", (problem.id, test)

    await all_of(one(task) for task in tasks)
