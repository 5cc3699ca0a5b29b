import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distinguo import datasets
from distinguo.datasets import Loaded
from distinguo.datasets.plus_check import Task
from distinguo.errors import InputError

HUMANEVAL = {
    "task_id": "HumanEval/900",
    "prompt": 'def grow(xs, k):\n    """ Grow.\n    >>> grow([1], 2)\n    [1, 2]\n    """\n',
    "entry_point": "grow",
    "canonical_solution": "    xs.append(k)\n    return xs\n",
    "base_input": [[[1], 2]],
    "plus_input": [[[], 0], [[1, 2], 3]],
    "atol": 0,
    "contract": "",
}
MBPP = {
    **HUMANEVAL,
    "task_id": "Mbpp/2",
    "prompt": '"""\nWrite a function.\nassert grow((1,), (2,)) == 3\n"""\n',
    "canonical_solution": "\ndef grow(a, b):\n    return sum(a + b)\n",
    "base_input": [[[1], [2]]],
    "plus_input": [],
}


def load(tmp_path: Path, record: Any) -> Loaded:
    name = "HumanEvalPlus-v0.1.10.jsonl" if record["task_id"].startswith("Human") else "MbppPlus.jsonl"
    (tmp_path / name).write_text(json.dumps(record) + "\n")
    return datasets.open("humaneval+" if name.startswith("Human") else "mbpp+", tmp_path).get(record["task_id"])


def passes(loaded: Loaded, candidate: Callable[..., Any]) -> bool:
    assert loaded.hidden is not None
    scope: dict[str, Any] = {"__name__": "tests"}
    exec(loaded.hidden.assertions, scope)
    try:
        scope["check"](candidate)
    except AssertionError:
        return False
    return True


def in_place(xs: list[int], k: int) -> list[int]:
    """What it does to its arguments does not reach the reference."""
    xs.append(k)
    return xs


def test_a_program_is_compared_with_the_reference_on_all_inputs(tmp_path: Path) -> None:
    loaded = load(tmp_path, HUMANEVAL)
    assert (loaded.problem.entry, loaded.problem.starter) == ("grow", HUMANEVAL["prompt"])
    assert [(test.input, test.expected) for test in loaded.problem.public_tests] == [("([1], 2)", "[1, 2]")]
    assert passes(loaded, lambda xs, k: [*xs, k])
    assert passes(loaded, in_place)
    assert not passes(loaded, lambda xs, k: [*xs, k] if xs else [])
    assert not passes(loaded, lambda xs, k: (*xs, k))


def test_arguments_of_mbpp_get_their_types_back(tmp_path: Path) -> None:
    loaded = load(tmp_path, MBPP)
    assert passes(loaded, lambda a, b: sum(a + b) if (a, b) == ((1,), (2,)) else None)
    assert loaded.problem.statement.startswith("Write a function.")
    assert [(test.input, test.expected) for test in loaded.problem.public_tests] == [("((1,), (2,))", "3")]


@pytest.mark.parametrize(
    "number,given,restored",
    [
        (63, [[[1, 2], [3, 4]]], [[(1, 2), (3, 4)]]),
        (75, [[[1, 2]], 3], [[(1, 2)], 3]),
        (106, [[1], [2]], [[1], (2,)]),
        (115, [[[1, 1], []]], [[{1}, {}]]),
        (124, [1, "2j"], [1.0, 2j]),
        (252, ["1+2j"], [1 + 2j]),
        (259, [[[1, 2], [3, 4]]], [((1, 2), (3, 4))]),
        (278, [[1, [2, 3]]], [(1, (2, 3))]),
        (307, [[1, [2]], 3, 4], [(1, [2]), 3, 4]),
        (580, [[1, [2, [3]]]], [(1, (2, (3,)))]),
        (722, [{"a": [1, 2]}, 3], [{"a": (1, 2)}, 3]),
        (1, [[1, [2]]], [[1, [2]]]),
    ],
)
def test_types_that_json_lacks(tmp_path: Path, number: int, given: list[Any], restored: list[Any]) -> None:
    record = {
        **MBPP,
        "task_id": f"Mbpp/{number}",
        "canonical_solution": "def grow(*a):\n    return repr(a)\n",
        "base_input": [given],
    }
    assert passes(
        load(tmp_path, record), lambda *arguments: repr(tuple(restored)) if list(arguments) == restored else ""
    )


@pytest.mark.parametrize("changes", [{"base_input": 3}, {"atol": "x"}, {"task_id": "Mbpp/x"}, {"plus_input": [3]}])
def test_inputs_that_cannot_be_read_are_an_input_error(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"the inputs of Mbpp/. cannot be read"):
        load(tmp_path, {**MBPP, **changes})


# --- how results are compared


def same(output: Any, expected: Any, entry: str = "f", atol: float = 0, mbpp: bool = True, given: Any = (1,)) -> bool:
    task = Task(f"def {entry}(*arguments):\n    return {expected!r}\n", entry, atol, mbpp)
    return task.accepts(list(given), output)


@pytest.mark.parametrize(
    "output,expected,atol,accepted",
    [
        (1, 1.0, 0, True),
        ([1], (1,), 0, False),
        (0.3, 0.1 + 0.2, 0, True),
        (0.30001, 0.3, 0, False),
        (0.30001, 0.3, 0.001, True),
        ([0.1, 0.2000000001], [0.1, 0.2], 0, True),
        ([0.1], [0.1, 0.2], 0, False),
        ((0.1,), [0.1], 0.1, False),
        (2, 2.00001, 0.1, False),  # another type
        (1e9 + 1, 1e9, 0, True),  # within the relative tolerance
        (float("inf"), 1.0, 0, False),
        ([[0.1]], [[0.10000001]], 0.001, True),
        ("a", "b", 0, False),
        (None, None, 0, True),
    ],
)
def test_equal_or_close(output: Any, expected: Any, atol: float, accepted: bool) -> None:
    assert same(output, expected, atol=atol) is accepted


@pytest.mark.parametrize(
    "entry,output,expected,given,accepted",
    [
        ("are_equivalent", False, True, (1, 2), True),
        ("sum_div", 0, 7, (8,), True),
        ("sum_div", 1, 7, (8,), False),
        ("surface_Area", 33, 30, (3, 4), False),
        ("surface_Area", 35, 33, (3, 4), True),
        ("digit_distance_nums", 6, 5, (1, 256), False),
        ("digit_distance_nums", 2 + 5 + 5, 1, (1, 256), True),
        ("similar_elements", (5, 4), (4, 5), (1,), True),
        ("similar_elements", (5,), (4, 5), (1,), False),
        ("check_str", "found", "other", (1,), True),
        ("check_str", None, "other", (1,), False),
        ("check_str", True, "other", (1,), True),
    ],
)
def test_tasks_with_rules_of_their_own(entry: str, output: Any, expected: Any, given: Any, accepted: bool) -> None:
    assert same(output, expected, entry, given=given) is accepted
    if entry != "are_equivalent" and accepted and output != expected:
        assert not same(output, expected, entry, mbpp=False, given=given)


def test_any_root_of_the_polynomial_is_right() -> None:
    assert same(-1.0, 1.0, "find_zero", atol=1e-4, mbpp=False, given=([-1, 0, 1],))
    assert not same(0.5, 1.0, "find_zero", atol=1e-4, mbpp=False, given=([-1, 0, 1],))


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.lists(inner, max_size=3).map(tuple),
    max_leaves=5,
)


@given(plain.filter(lambda value: "inf" not in repr(value)))
def test_a_value_is_the_same_as_itself(value: Any) -> None:
    assert same(value, value)
