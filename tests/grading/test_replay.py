"""Test code and program in processes of their own: verdicts as in one interpreter, and none that can be forged."""

import ast
import inspect
import json
import marshal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from fakes.executors import InProcessExecutor
from fakes.grading import ASSERTIONS, CHECK, DOUBLE, LIMITS, function

from distinguo import datasets, values
from distinguo.grading import Grade, Grader, driver, examiner, grade
from distinguo.problem import CallStyle, HiddenTests, Limits, Problem, Program
from distinguo.protocols import Decided, Executor
from distinguo.records import Called, CallsExecution, Execution, Verdict
from distinguo.tasks import all_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_driver_and_the_values_that_it_uses_share_no_name() -> None:
    """Both are one text in the sandbox."""
    texts = map(inspect.getsource, (values, driver))
    names = [{name for node in ast.parse(text).body for name in _defined(node)} for text in texts]
    assert names[0] & names[1] == set()
    assert {"dumps", "loads"} <= names[0]
    assert "replay" in names[1]


def _defined(node: ast.stmt) -> list[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
    return []


async def test_the_program_never_meets_the_test_code() -> None:
    executor = InProcessExecutor()
    result = await grade(function("return 2 * x"), DOUBLE, CHECK, executor)
    assert result == Grade(Verdict.AC, 1, 1, "")
    runs = [(program.entry, program.source, stdin) for program, stdin in executor.runs]
    source = function("return 2 * x").source
    assert [run for run in runs if run[0] == "f"] == [("f", source, "(2,)"), ("f", source, "(-3,)")]
    judging = [run for run in runs if run[0] == "replay"]
    assert len(judging) == 2
    for _, code, stdin in judging:
        asked = _asked(stdin)
        assert b"a negative number" in asked
        assert source.encode() not in asked
        assert source not in code


def _asked(arguments: str) -> bytes:
    """What the driver is told in a call."""
    (question,) = values.loads(arguments)
    return bytes.fromhex(question)


PROGRAMS = {
    "right": (function("return x + x"), Verdict.AC),
    "wrong sign": (function("return abs(2 * x)"), Verdict.WA),
    "nothing": (function("pass"), Verdict.WA),
    "crash": (function("return 2 * x if x > 0 else {}[x]"), Verdict.RTE),
    "loop": (function("while x < 0: pass\n    return 4"), Verdict.TLE),
    "memory": (function("return bytearray(1 << 40)"), Verdict.MLE),
    "syntax": (Program("def f(x) return 2 * x", CallStyle.FUNCTION, "f"), Verdict.CE),
    "no entry": (Program("def g(x): return 2 * x", CallStyle.FUNCTION, "f"), Verdict.RTE),
    "sys.exit": (function("sys.exit(0)", "import sys\n"), Verdict.RTE),
    "exit at import": (function("return 0", "import sys; sys.exit(0)\n"), Verdict.RTE),
    "os._exit": (function("os._exit(0)", "import os\n"), Verdict.RTE),
    "equal to all": (function("return E()", "class E(int):\n    def __eq__(self, o): return True\n"), Verdict.WA),
    "equal to all, no literal": (
        function("return E()", "class E:\n    def __eq__(self, o): return True\n"),
        Verdict.WA,
    ),
    "a generator": (function("yield 2 * x"), Verdict.WA),
    "frames": (
        function(
            "wanted, frame = ' '.join(['a', 'negative', 'number']), sys._getframe()\n"
            "    while frame and wanted not in str(frame.f_code.co_consts): frame = frame.f_back\n"
            "    return 2 * x if frame else 0",
            "import sys\n",
        ),
        Verdict.WA,
    ),
    "memory of the interpreter": (
        function(
            "wanted = ' '.join(['a', 'negative', 'number'])\n"
            "    return 2 * x if any(wanted in o for o in gc.get_objects() if type(o) is tuple) else 0",
            "import gc\n",
        ),
        Verdict.WA,
    ),
    "patched builtins": (function("return 0", "import builtins\nbuiltins.AssertionError = None\n"), Verdict.WA),
}


@pytest.mark.parametrize("kind", PROGRAMS)
async def test_what_a_program_does_is_its_verdict(kind: str, box: Executor) -> None:
    program, verdict = PROGRAMS[kind]
    result = await grade(program, DOUBLE, CHECK, box)
    assert (result.verdict, result.passed, result.total) == (verdict, int(verdict is Verdict.AC), 1)


@pytest.mark.parametrize("kind", ["sys.exit", "os._exit", "equal to all", "equal to all, no literal", "frames"])
async def test_attacks_that_work_in_one_interpreter(kind: str, box: Executor) -> None:
    program = Program(f"{PROGRAMS[kind][0].source}\n{ASSERTIONS}\ncheck(f)\n")
    assert (await box.run(program, "", LIMITS)).status is Verdict.AC


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


FORGERIES = {
    "noise in the replies": """
import os
for file in range(3, 64):
    try: os.write(file, b'\\xff' * 999)
    except OSError: pass
""",
    "replies of its own": """
import os, struct
for layout in ('<cQQ', '<cII', '>cQQ'):
    os.write(3, struct.pack(layout, b'V', 1, 0) + b'4')
""",
    "an end at import": """
import os
os.write(3, b'V4')
os._exit(0)
""",
    "calls that are taken away": """
import gc
for found in gc.get_objects():
    if type(found) is list and '(2,)' in map(str, found): found.clear()
""",
    "a patched serialiser": """
import sys
for module in list(sys.modules.values()):
    for name in ('dumps', 'loads'):
        if hasattr(module, name): setattr(module, name, lambda *a: '4')
""",
    "emptied frames of the caller": """
import sys
frame = sys._getframe()
while frame:
    frame.f_locals.clear()
    frame.f_globals.pop('values', None)
    frame = frame.f_back
""",
    "an endless repr": """
class Endless(int):
    def __repr__(self):
        while True: pass
    __str__ = __repr__
""",
    "another AssertionError": """
import builtins
class AssertionError(Exception): pass
builtins.AssertionError = AssertionError
""",
    "a huge result": """
def huge():
    return [[0] * 1000] * 1000
""",
    "another tuple": "import builtins\nbuiltins.tuple = list\n",
}


@pytest.mark.parametrize("kind", FORGERIES)
async def test_no_program_forges_its_verdict_and_the_next_is_judged(kind: str, box: Executor) -> None:
    body = {"an endless repr": "return Endless(0)", "a huge result": "return huge()"}.get(kind, "return 0")
    grader = Grader(box)
    result = await grader.grade(function(body, FORGERIES[kind]), DOUBLE, CHECK)
    assert result.verdict not in (Verdict.AC, None)
    assert not result.whole
    assert await grader.grade(function("return 2 * x"), DOUBLE, CHECK) == Grade(Verdict.AC, 1, 1, "")


SPOILING = {  # (what the test code does with a result, a result that it cannot do it with, the verdict)
    "a message that cannot be shown": ("assert result == 2, result", "1 << 200_000", Verdict.WA),
    "a key that cannot be shown": ("assert {2: True}[result]", "1 << 200_000", Verdict.WA),
    "more memory than there is": ("assert [0] * result == [0, 0]", "1 << 40", Verdict.MLE),
}


@pytest.mark.parametrize("kind", SPOILING)
async def test_a_result_that_test_code_chokes_on_is_its_programs_alone(kind: str, box: Executor) -> None:
    statement, result, verdict = SPOILING[kind]
    hidden = HiddenTests("double", assertions=f"def check(candidate):\n    result = candidate(1)\n    {statement}\n")
    grader = Grader(box)
    programs = [function(f"return {result}"), function("return 2 * x"), function("return 3 * x")]
    grades = [await grader.grade(program, DOUBLE, hidden) for program in programs]
    assert [one.verdict for one in grades] == [verdict, Verdict.AC, Verdict.WA]
    at_once = await all_of(Grader(box).grade(program, DOUBLE, hidden) for program in programs)
    assert [one.verdict for one in at_once] == [verdict, Verdict.AC, Verdict.WA]


class Garbled(InProcessExecutor):
    """Test code that fails in the judge itself as soon as there are results."""

    async def run_calls(
        self, program: Program, calls: Sequence[str], limits: Limits = LIMITS, *, decided: Decided | None = None
    ) -> CallsExecution:
        run = await super().run_calls(program, calls, limits, decided=decided)
        if program.entry == "replay" and any("'4'" in repr(marshal.loads(_asked(call))) for call in calls):
            return CallsExecution(run.execution, tuple(Called(None, "an error") for _ in calls))
        return run


async def test_no_program_gets_out_of_its_verdict_by_confusing_the_judge() -> None:
    grader = Grader(Garbled())
    assert (await grader.grade(function("return 4"), DOUBLE, CHECK)).verdict is Verdict.WA
    assert (await grader.grade(function("return 3"), DOUBLE, CHECK)).verdict is Verdict.WA


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


@pytest.mark.parametrize("kind", ["sys.exit", "exit at import", "os._exit"])
async def test_where_test_code_runs_whole_only_its_end_is_a_pass(kind: str, box: Executor) -> None:
    hidden = HiddenTests("double", assertions="def check(candidate):\n    assert candidate(x=2) == 4\n")
    result = await grade(PROGRAMS[kind][0], DOUBLE, hidden, box)
    assert (result.verdict, result.whole) == (Verdict.RTE, True)


async def test_a_program_cannot_bring_it_about_that_test_code_runs_whole(box: Executor) -> None:
    hidden = HiddenTests("double", assertions="def check(candidate):\n    assert candidate(candidate(1)) == 4\n")
    for body in ("return object()", "return iter(())", "x = []\n    x.append(x)\n    return x"):
        result = await grade(function(body), DOUBLE, hidden, box)
        assert (result.verdict, result.whole) == (Verdict.WA, False)


async def test_endless_test_code_gives_no_verdict(box: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examiner, "TEST_LIMITS", replace(LIMITS, cpu_seconds=0.3))
    hidden = HiddenTests("p", assertions="def check(candidate):\n    while True: pass\n")
    result = await grade(function("return x"), DOUBLE, hidden, box)
    assert result.verdict is None
    assert "TLE" in result.detail


async def test_results_with_which_test_code_never_ends_are_the_programs_fault(
    box: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examiner, "TEST_LIMITS", replace(LIMITS, cpu_seconds=0.3))
    hidden = HiddenTests("p", assertions="def check(candidate):\n    y = candidate(1)\n    while y != 2: pass\n")
    grader = Grader(box)
    programs = [function("return 3"), function("return 2 * x"), function("return 4")]
    grades = await all_of(grader.grade(program, DOUBLE, hidden) for program in programs)
    assert [one.verdict for one in grades] == [Verdict.TLE, Verdict.AC, Verdict.TLE]


class Forged(InProcessExecutor):
    """Test code whose process tells this."""

    def __init__(self, told: str | None) -> None:
        super().__init__()
        self._told = told

    async def run_calls(
        self, program: Program, calls: Sequence[str], limits: Limits = LIMITS, *, decided: Decided | None = None
    ) -> CallsExecution:
        return CallsExecution(Execution(Verdict.AC, ""), tuple(Called(self._told, "an error") for _ in calls))


@pytest.mark.parametrize(
    "told",
    [
        "",
        "3",
        "('missing', [3], 0)",
        "('passed', 3, 0)",
        "('limit', 'AC', 0)",
        "('won', '', 0)",
        "('passed', '')",
        "<x>",
    ],
)
async def test_an_answer_that_test_code_forged_gives_no_verdict(told: str) -> None:
    result = await grade(function("return x"), DOUBLE, CHECK, Forged(told))
    assert result == Grade(None, 0, 1, "the test code gave an answer that cannot be read")


async def test_test_code_that_raises_in_the_judge_itself_gives_no_verdict() -> None:
    assert (await grade(function("return x"), DOUBLE, CHECK, Forged(None))).verdict is None


async def test_an_argument_dictionary_keeps_its_order(box: Executor) -> None:
    hidden = HiddenTests(
        "p", assertions="def check(candidate):\n    assert candidate({'b': 1, 'a': 2}) == ['b', 'a']\n"
    )
    assert (await grade(function("return list(x)"), DOUBLE, hidden, box)).verdict is Verdict.AC


async def test_calls_behind_one_that_hangs_are_not_made(box: Executor) -> None:
    body = "\n".join(f"    assert candidate({n}) == {n}" for n in range(500))
    hidden = HiddenTests("p", assertions=f"def check(candidate):\n{body}\n")
    problem = replace(DOUBLE, limits=Limits(cpu_seconds=0.3, wall_seconds=10))
    result = await grade(function("while x > 3: pass\n    return x"), problem, hidden, box)
    assert result.verdict is Verdict.TLE


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


async def test_a_run_is_ended_once_the_verdict_is_known(box: Executor) -> None:
    body = "assert candidate(1) == 2\n    assert candidate(2) == 4"
    hidden = HiddenTests("p", assertions=f"def check(candidate):\n    {body}\n")
    problem = replace(DOUBLE, limits=Limits(cpu_seconds=30, wall_seconds=60))
    result = await grade(function("while x == 2: pass\n    return 7"), problem, hidden, box)
    assert result.verdict is Verdict.WA
    assert result.cpu_seconds < 20


async def test_programs_with_equal_results_are_judged_once() -> None:
    executor = InProcessExecutor()
    grader = Grader(executor)
    bodies = ["return 2 * x", "return x + x", "return x * 2", "return x", "return 1 * x", "return x - 0"]
    grades = [await grader.grade(function(body), DOUBLE, CHECK) for body in bodies]
    assert [one.verdict for one in grades] == [Verdict.AC] * 3 + [Verdict.WA] * 3
    judged = [stdin for program, stdin in executor.runs if program.entry == "replay"]
    assert len(judged) == 3  # the plan, one that is right, one that is wrong


async def test_results_that_come_at_once_are_judged_in_one_run(box: Executor) -> None:
    runs = list[int]()

    class Counting:
        async def run_calls(
            self, program: Program, calls: Sequence[str], limits: Limits, *, decided: Decided | None = None
        ) -> CallsExecution:
            if program.entry == "replay":
                runs.append(len(calls))
            return await box.run_calls(program, calls, limits, decided=decided)

    grader = Grader(Counting())  # type: ignore[arg-type]
    grades = await all_of(grader.grade(function(f"return {n} * x"), DOUBLE, CHECK) for n in range(40))
    assert [one.verdict for one in grades] == [Verdict.AC if n == 2 else Verdict.WA for n in range(40)]
    assert sum(runs) == 41
    assert len(runs) < 20


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


async def test_results_that_the_test_code_never_ends_with_are_tle(box: Executor) -> None:
    body = "def check(candidate):\n    x = 1\n    while x < 100: x = candidate(x)\n"
    hidden = HiddenTests("double", assertions=body)
    assert (await grade(function("return 2 * x"), DOUBLE, hidden, box)).verdict is Verdict.AC
    endless = await grade(function("return x"), DOUBLE, hidden, InProcessExecutor())
    assert (endless.verdict, "still asked for new calls" in endless.detail) == (Verdict.TLE, True)
