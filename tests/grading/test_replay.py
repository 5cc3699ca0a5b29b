"""Test code of any shape is replayed on what a program returned: verdicts as in one interpreter."""

import json
from pathlib import Path

import pytest
from fakes.grading import DOUBLE, LIMITS, function

from distinguo import datasets
from distinguo.grading import Grade, Grader, grade
from distinguo.problem import CallStyle, HiddenTests, Problem, Program
from distinguo.protocols import Executor
from distinguo.records import Verdict
from distinguo.tasks import all_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

TEST_CODE = {
    "calls on results": ("assert candidate(candidate(1)) == 4", Verdict.AC),
    "a loop of calls": ("for i in range(50):\n        y = candidate(i)\n        assert y / 2 == i", Verdict.AC),
    "a loop until": ("i = 1\n    while candidate(i) < 20: i += 1\n    assert i == 10", Verdict.AC),
    "random inputs": (
        "import random\n    for _ in range(20):\n        r = random.random()\n        assert candidate(r) == 2 * r",
        Verdict.AC,
    ),
    "identity": ("assert candidate(True) is not True", Verdict.AC),
    "conversions": ("assert str(candidate(2)) == '4' and isinstance(candidate(2), int)", Verdict.AC),
    "tolerance": ("assert abs(candidate(0.1) - 0.2) < 1e-6", Verdict.AC),
    "helpers of the starter": ("assert candidate(3) == helper(3)", Verdict.AC),
    "the entry by its name": ("assert f(3) == 6", Verdict.AC),
    "an expected exception": (
        "try:\n        candidate(None)\n    except TypeError:\n        return\n    assert False", Verdict.AC,
    ),
    "an exception that does not come": (
        "try:\n        candidate(1)\n    except TypeError:\n        return\n    assert False", Verdict.WA,
    ),
    "order of dictionary keys": ("assert candidate(5) == 10; assert list({'b': 1, 'a': 2}) == ['b', 'a']", Verdict.AC),
    "broken test code": ("assert [][1] == 2", None),
    "test code that uses other names and does not compile": ("assert f(other) == 1\nreturn", None),
}  # fmt: skip


@pytest.mark.parametrize("kind", TEST_CODE)
async def test_test_code_of_any_shape_is_replayed(kind: str, box: Executor) -> None:
    body, verdict = TEST_CODE[kind]
    problem = Problem(
        "double", "", CallStyle.FUNCTION, "f", "def helper(x):\n    return x * 2\n\n\ndef f(x):\n", limits=LIMITS
    )
    hidden = HiddenTests("double", assertions=f"def check(candidate):\n    {body}\n")
    result = await grade(function("return 2 * x"), problem, hidden, box)
    assert result.verdict == verdict
    assert bool(result.detail) == (verdict is not Verdict.AC)


STATE = {
    "a default that grows": (
        "def f(x, seen=[]):\n    seen.append(x)\n    return len(seen)",
        "assert candidate(0) == 1\n    assert candidate(0) == 2",
    ),
    "a list that is sorted in place": (
        "def f(x):\n    x.sort()",
        "xs = [3, 1, 2]\n    candidate(xs)\n    assert xs == [1, 2, 3]",
    ),
    "a list within a dictionary": (
        "def f(x):\n    x['a'].append(1)",
        "inner = []\n    candidate({'a': inner})\n    assert inner == [1]",
    ),
    "a set and a dictionary": (
        "def f(x):\n    x[0].add(5)\n    x[1][2] = x[1].pop(1)",
        "s, d = {4}, {1: 'b'}\n    candidate([s, d])\n    assert (s, d) == ({4, 5}, {2: 'b'})",
    ),
    "an argument that is used again": (
        "def f(x):\n    return x.pop()",
        "xs = [3, 1]\n    assert candidate(xs) == 1\n    assert candidate(xs) == 3\n    assert xs == []",
    ),
    "an argument left alone": (
        "def f(x):\n    return x[::-1]",
        "xs = [3, 1]\n    candidate(xs)\n    assert xs == [3, 1]",
    ),
}


@pytest.mark.parametrize("kind", STATE)
async def test_state_and_arguments_behave_as_in_one_interpreter(kind: str, box: Executor) -> None:
    source, body = STATE[kind]
    hidden = HiddenTests("p", assertions=f"def check(candidate):\n    {body}\n")
    result = await grade(Program(source, CallStyle.FUNCTION, "f"), DOUBLE, hidden, box)
    assert result == Grade(Verdict.AC, 1, 1, "")
    forgetful = await grade(function("return [0]"), DOUBLE, hidden, box)
    assert forgetful.verdict is (Verdict.AC if "alone" in kind else Verdict.WA)


async def test_an_argument_dictionary_keeps_its_order(box: Executor) -> None:
    hidden = HiddenTests(
        "p", assertions="def check(candidate):\n    assert candidate({'b': 1, 'a': 2}) == ['b', 'a']\n"
    )
    assert (await grade(function("return list(x)"), DOUBLE, hidden, box)).verdict is Verdict.AC


WHOLE = {
    "an object as argument": ("assert candidate(object()) is None", "return None if type(x) is object else 2 * x"),
    "keyword arguments": ("assert candidate(x=2) == 4", "return 2 * x"),
    "a class of the program": ("assert candidate(Pair(1, 2).first) == 2", "return 2 * x"),
    "an object behind other calls": (
        "assert candidate(1) == 2\n    assert candidate(object()) is None",
        "return None if type(x) is object else 2 * x",
    ),
    "one list in two places": (
        "row = [0]\n    rows = [row, row]\n    candidate(rows)\n    assert rows == [[1], [1]]",
        "x[0][0] = 1",
    ),
    "a counter": ("import collections\n    assert candidate(collections.Counter('aa'))", "return x.most_common()"),
}


@pytest.mark.parametrize("kind", WHOLE)
async def test_arguments_that_no_literal_describes_make_test_code_run_whole(kind: str, box: Executor) -> None:
    body, right = WHOLE[kind]
    hidden = HiddenTests("double", assertions=f"def check(candidate):\n    {body}\n")
    pair = "class Pair:\n    def __init__(self, a, b):\n        self.first = a\n\n"
    expected = Grade(Verdict.AC, 1, 1, "", whole=True)
    assert await grade(function(right, pair), DOUBLE, hidden, box) == expected
    wrong = await grade(function("return 7", pair), DOUBLE, hidden, box)
    assert (wrong.verdict, wrong.whole) == (Verdict.WA if "most" not in right else Verdict.AC, True)


MBPP_STYLE = {
    "asserts": "assert f(2) == 4\nassert f(3) == 6\n",
    "asserts behind an import": "import math\nassert math.isclose(f(0.1), 0.2)\n",
    "a check that is called": "def check(candidate):\n    assert f(2) == 4\ncheck(f)\n",
    "a loop with a helper": "def same(a, b):\n    assert a == b\nfor x, y in [(1, 2), (2, 4)]:\n    same(f(x), y)\n",
}


@pytest.mark.parametrize("kind", MBPP_STYLE)
async def test_asserts_may_name_the_function(kind: str, box: Executor) -> None:
    hidden = HiddenTests("p", assertions=MBPP_STYLE[kind])
    assert await grade(function("return 2 * x"), DOUBLE, hidden, box) == Grade(Verdict.AC, 1, 1, "")
    assert (await grade(function("return 3 * x"), DOUBLE, hidden, box)).verdict is Verdict.WA


async def test_a_program_s_own_function_may_be_called_check(box: Executor) -> None:
    problem = Problem("p", "", CallStyle.FUNCTION, "check", limits=LIMITS)
    hidden = HiddenTests("p", assertions="assert check(70) == False\nassert check(73) == True\n")
    program = Program("def check(n):\n    return 2 * int(str(n)[::-1]) == n + 1\n", CallStyle.FUNCTION, "check")
    assert await grade(program, problem, hidden, box) == Grade(Verdict.AC, 1, 1, "")


async def test_the_function_that_asserts_name_is_the_one_that_is_tested(box: Executor) -> None:
    problem = Problem("p", "", CallStyle.FUNCTION, "helper", "def helper(x):\n", limits=LIMITS)
    hidden = HiddenTests("p", assertions="def check(candidate):\n    assert twice(2) == 4\ncheck(helper)\n")
    program = Program("def helper(x):\n    return x\n\ndef twice(x):\n    return 2 * x\n", CallStyle.FUNCTION, "helper")
    result = await grade(program, problem, hidden, box)
    assert (result.verdict, result.whole) == (Verdict.AC, True)
    hidden = HiddenTests("p", assertions="assert twice(2) == 4\n")
    assert await grade(program, problem, hidden, box) == Grade(Verdict.AC, 1, 1, "")


async def test_test_code_may_use_numpy(box: Executor) -> None:
    pytest.importorskip("numpy")
    hidden = HiddenTests("p", assertions="import numpy as np\nassert np.allclose([f(1), f(2)], [2, 4])\n")
    beside = HiddenTests("p", assertions="assert f(1) == 2\n")
    grader = Grader(box)
    bodies = ["return 2 * x", "return 3 * x"]
    grades = await all_of(grader.grade(function(body), DOUBLE, tests) for body in bodies for tests in (hidden, beside))
    assert [one.verdict for one in grades] == [Verdict.AC, Verdict.AC, Verdict.WA, Verdict.WA]


async def test_evalplus_s_test_code_runs_beside_the_program(box: Executor, tmp_path: Path) -> None:
    record = {
        "task_id": "HumanEval/500", "prompt": "def f(xs):\n    \"\"\"The mean.\"\"\"\n", "entry_point": "f",
        "canonical_solution": "    return sum(xs) / len(xs)\n", "base_input": [[[1, 2]]],
        "plus_input": [[[n, n + 1, 0.1]] for n in range(300)], "atol": 0,
    }  # fmt: skip
    (tmp_path / "HumanEvalPlus.jsonl").write_text(json.dumps(record) + "\n")
    problem, hidden = datasets.open(str(tmp_path / "HumanEvalPlus.jsonl")).get("HumanEval/500")
    assert hidden is not None
    right = Program("def f(xs):\n    xs.append(-sum(xs))\n    return -xs[-1] / (len(xs) - 1)\n", problem.style, "f")
    assert await grade(right, problem, hidden, box) == Grade(Verdict.AC, 1, 1, "")
    wrong = Program("def f(xs):\n    return sum(xs) // len(xs)\n", problem.style, "f")
    assert (await grade(wrong, problem, hidden, box)).verdict is Verdict.WA
