import json
from pathlib import Path
from typing import Any

import pytest
from fakes.published import published

from distinguo import datasets
from distinguo.datasets import Loaded
from distinguo.errors import InputError
from distinguo.problem import CallStyle

CODE = "def helper(n):\n    return n\n\ndef triple(n):\n    return helper(3 * n)"
TASK = {
    "task_id": 901,
    "text": "Write a function that triples a number.",
    "code": CODE,
    "test_list": ["assert triple(2) == 6", "assert triple(0) == 0", "assert triple(-1) == -3"],
    "test_setup_code": "",
    "challenge_test_list": ["assert triple(10) == 30"],
}
SANITIZED = {
    "source_file": "x",
    "task_id": 901,
    "prompt": TASK["text"],
    "code": CODE,
    "test_imports": ["import math"],
    "test_list": ["assert math.isclose(triple(0.5), 1.5, rel_tol=0.001)", "assert triple(2) == 6"],
}


def load(tmp_path: Path, record: Any, task_id: str = "901") -> Loaded:
    path = tmp_path / "sanitized-mbpp.json"
    path.write_text(json.dumps([record]))
    return datasets.load(f"mbpp:{task_id}", data=tmp_path)


def test_a_task_is_a_function_whose_first_assert_is_public(tmp_path: Path) -> None:
    problem, hidden = load(tmp_path, TASK, "MBPP/901")
    assert (problem.id, problem.style, problem.entry) == ("MBPP/901", CallStyle.FUNCTION, "triple")
    assert (problem.starter, problem.checker) == ("", "values")
    assert [(test.input, test.expected) for test in problem.public_tests] == [("(2,)", "6")]
    assert "triples a number" in problem.statement
    assert "assert triple(2) == 6" in problem.statement
    assert "triple(0)" not in problem.statement
    assert hidden is not None
    assert hidden.assertions == "assert triple(2) == 6\nassert triple(0) == 0\nassert triple(-1) == -3\n"


def test_a_sanitized_task_brings_its_imports(tmp_path: Path) -> None:
    problem, hidden = load(tmp_path, SANITIZED)
    assert problem.entry == "triple"
    assert problem.public_tests == ()  # a tolerance is more than a test can say
    assert hidden is not None
    scope: dict[str, Any] = {}
    exec(CODE, scope)
    exec(hidden.assertions, scope)
    with pytest.raises(AssertionError):
        exec(hidden.assertions, {"triple": lambda n: 0})


def test_setup_code_stands_before_the_asserts(tmp_path: Path) -> None:
    _, hidden = load(tmp_path, {**TASK, "test_setup_code": "x = 2", "test_list": ["assert triple(x) == 6"]})
    assert hidden is not None
    assert hidden.assertions == "x = 2\nassert triple(x) == 6\n"


def test_further_tests_take_the_place_of_the_asserts(tmp_path: Path) -> None:
    _, hidden = load(tmp_path, {**SANITIZED, "test": "for n in range(9):\n    assert triple(n) == 3 * n\n"})
    assert hidden is not None
    assert hidden.assertions.startswith("for n in range(9)")


@pytest.mark.parametrize(
    "record,told",
    [
        ({**TASK, "text": ""}, "line 1: an MBPP task has"),
        ({**TASK, "test_list": []}, "line 1: an MBPP task has"),
        ({**TASK, "test_list": ["assert other(2) == 6"]}, "MBPP/901: no assert calls a function that its code defines"),
        ({**TASK, "code": "def ("}, "no assert calls a function"),
    ],
)
def test_what_is_wrong_in_a_task_is_said(tmp_path: Path, record: Any, told: str) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, record)
    assert told in str(caught.value)


# --- the same tasks in HumanEval's form


IN_CHECK = {
    "task_id": "MBPP/901",
    "prompt": 'def triple(n):\n    """ Triple. """\n',
    "entry_point": "triple",
    "test": "\ndef check(candidate):\n    assert triple(2) == 6\n    assert triple('''a\n  b''') != 2\ncheck(triple)\n",
    "canonical_solution": CODE,
}


def in_check(tmp_path: Path, **changes: Any) -> Loaded:
    path = tmp_path / "probs.jsonl"
    path.write_text(json.dumps({**IN_CHECK, **changes}))
    return datasets.open(str(path)).get(901)


def test_asserts_that_name_the_function_are_taken_out_of_check(tmp_path: Path) -> None:
    problem, hidden = in_check(tmp_path)
    assert hidden is not None
    assert hidden.assertions == "assert triple(2) == 6\nassert triple('''a\n  b''') != 2\n"
    assert [(test.input, test.expected) for test in problem.public_tests] == [("(2,)", "6")]


def test_given_tests_are_the_public_ones(tmp_path: Path) -> None:
    problem, _ = in_check(tmp_path, given_tests=["assert triple(1) == 3", "assert triple(5) == 15"])
    assert [test.input for test in problem.public_tests] == ["(1,)", "(5,)"]


def test_the_entry_is_the_function_that_the_asserts_call(tmp_path: Path) -> None:
    problem, hidden = in_check(
        tmp_path,
        entry_point="rev",
        test="def check(candidate):\n    assert check(70) == False\ncheck(rev)\n",
        canonical_solution="def rev(n):\n    return n\n\ndef check(n):\n    return rev(n) == 70\n",
    )
    assert problem.entry == "check"
    assert hidden is not None
    assert hidden.assertions == "assert check(70) == False\n"


@pytest.mark.parametrize(
    "file,tasks,public",
    [
        ("llmdebugger/input_data/mbpp/dataset/probs.jsonl.gz", 250, 249),
        ("codet/dataset/mbpp_sanitized_for_code_generation.jsonl.gz", 219, 207),
    ],
)
def test_published_tasks_have_entries_and_public_tests(file: str, tasks: int, public: int) -> None:
    loaded = list(datasets.open(str(published(file))))
    assert len(loaded) == tasks
    assert sum(bool(problem.public_tests) for problem, _ in loaded) == public
    for problem, hidden in loaded:
        assert hidden is not None
        assert "check(candidate)" not in hidden.assertions
        assert str(problem.entry) in hidden.assertions
