"""Inputs against the bounds of their statement: arguments by parameter, words by the layout."""

from pathlib import Path

import pytest

import distinguo
from distinguo import datasets
from distinguo.problem import CallStyle, Problem, Program, Test
from distinguo.testgen.constraints import Constraints
from distinguo.testgen.mutation import Size, mutants

STATEMENT = """Given nums and k, pair them.

Constraints:
1 <= nums.length <= 1000
-5 <= nums[i] <= 5
0 <= k < 4
1 <= words[i].length <= 2
1 <= pairs[i][1] <= 9
"""
DRAWN = """Sum.

Constraints

- 1 \\leq N \\leq 2000
- 0 \\leq A_i \\leq 10
- 1 \\leq |S| \\leq 3

Input

The input is given in the following format:
N
A_1 A_2 \\ldots A_N
S

Output

The sum.
"""
LIVECODEBENCH = (
    Path(distinguo.__file__).parents[2].parent
    / "shared/data/livecodebench/o1-mini-2024-09-12/Scenario.codegeneration_1_0.2_eval_all.json.gz"
)


def function(*inputs: str, statement: str = STATEMENT, parameters: str = "nums, k, words, pairs") -> Problem:
    tests = tuple(Test(str(number), text, "1") for number, text in enumerate(inputs))
    starter = f"class Solution:\n    def pair(self, {parameters}):"
    return Problem("p", statement, CallStyle.FUNCTION, "Solution.pair", starter, tests, checker="values")


def stdin(*inputs: str, statement: str = DRAWN) -> Problem:
    return Problem("p", statement, public_tests=tuple(Test(str(n), text, "1") for n, text in enumerate(inputs)))


@pytest.mark.parametrize(
    "text, fault",
    [
        ("([1], 0, ['a'], [[0, 1]])", ""),
        ("([1, -5, 5], 3, ['a', 'bc'], [])", ""),
        ("([], 0, ['a'], [])", "a length of nums must be at least 1"),
        ("([1, 6], 0, ['a'], [])", "nums, 6, must be at most 5"),
        ("([1], 4, ['a'], [])", "k, 4, must be less than 4"),
        ("([1], 0, ['a', ''], [])", "a length of words must be at least 1"),
        ("([1], 0, ['a'], [[0, 0]])", "pairs, 0, must be at least 1"),
        ("([1], 0, ['a'], [[0]])", ""),
        ("('text', None, 3, True)", ""),
        ("no literal", ""),
    ],
)
def test_arguments_are_held_to_the_bounds_of_their_parameters(text: str, fault: str) -> None:
    assert Constraints(function("([1], 0, ['a'], [[0, 1]])"), ()).fault(text) == fault


def test_a_program_shows_the_parameters_where_the_problem_does_not() -> None:
    problem = Problem("p", "1 <= n <= 9", CallStyle.FUNCTION, "f", public_tests=(Test("1", "(3,)", "1"),))
    assert Constraints(problem, ()).fault("(10,)") == ""
    program = Program("def f(n):\n    return n", CallStyle.FUNCTION, "f")
    assert Constraints(problem, (program,)).fault("(10,)") == "n, 10, must be at most 9"


@pytest.mark.parametrize(
    "text, fault",
    [
        ("2\n1 10\nabc\n", ""),
        ("2\n1 11\nabc\n", "A, 11, must be at most 10"),
        ("0\n\nabc\n", "N, 0, must be at least 1"),
        ("2\n1 10\nabcd\n", "a length of S must be at most 3"),
        ("something else\n", ""),
    ],
)
def test_words_are_held_to_the_bounds_of_their_names(text: str, fault: str) -> None:
    assert Constraints(stdin("1\n1\na\n"), ()).fault(text) == fault


def test_what_a_public_test_contradicts_was_misread() -> None:
    known = Constraints(stdin("2\n1 11\na\n"), ())
    assert known.fault("2\n1 12\na\n") == ""
    assert known.fault("2001\n1\na\n") == "N, 2001, must be at most 2000"


@pytest.mark.parametrize(
    "problem, longest, grows",
    [
        (function("([1], 0, ['a'], [])"), 1000, True),
        (stdin("1\n1\na\n"), 2000, True),
        (function("(1,)", statement="1 <= n <= 10^9", parameters="n"), None, True),
        (function("(1,)", statement="1 <= n <= 10", parameters="n"), None, False),
        (function("([1],)", statement="Sum them.", parameters="nums"), None, False),
    ],
)
def test_what_may_grow_is_known(problem: Problem, longest: int | None, grows: bool) -> None:
    known = Constraints(problem, ())
    assert (known.longest, known.grows) == (longest, grows)


@pytest.mark.parametrize(
    "problem", [function("([1, 2, 3], 0, ['a'], [[0, 1]])"), stdin("3\n1 2 3\nab\n", "2\n9 9\nc\n", "1\n10\nabc\n")]
)
@pytest.mark.parametrize("size", [Size.USUAL, Size.LARGE])
def test_mutants_can_be_kept_within_the_bounds(problem: Problem, size: Size) -> None:
    known = Constraints(problem, ())
    made = mutants(
        problem, 4, seed=0, size=size, allowed=lambda text: not known.fault(text), longest=known.longest or 1
    )
    assert made
    assert not any(map(known.fault, made))
    if size is Size.LARGE:
        assert max(map(len, made)) > 1000
    assert any(map(known.fault, mutants(problem, 40, seed=0))), "without them, some leave the bounds"


@pytest.mark.skipif(not LIVECODEBENCH.exists(), reason="LiveCodeBench's submissions are not in ../shared/data")
def test_most_published_statements_are_understood() -> None:
    dataset = datasets.open(str(LIVECODEBENCH))
    bounded, grows = dict.fromkeys(CallStyle, 0), 0
    for task in dataset.ids[::6]:
        problem, _ = dataset.get(task)
        known = Constraints(problem, ())
        assert not any(known.fault(test.input) for test in problem.public_tests)
        bounded[problem.style] += bool(known.bounds)
        grows += known.grows
    assert bounded[CallStyle.FUNCTION] >= 43
    assert bounded[CallStyle.STDIN] >= 35
    assert grows >= 50
