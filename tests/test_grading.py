import gzip
import json
import math
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from fakes.executors import InProcessExecutor
from hypothesis import given
from hypothesis import strategies as st

from distinguo import datasets, sandbox
from distinguo.errors import SandboxUnavailable
from distinguo.grading import Grade, grade, pass_at_k, replay
from distinguo.problem import CallStyle, HiddenTests, Limits, Problem, Program, Test
from distinguo.protocols import Executor
from distinguo.records import Execution, Verdict
from distinguo.tasks import all_of

DATA = Path(__file__).parents[2] / "shared" / "data"
HUMAN_EVAL = DATA / "human-eval" / "HumanEval.jsonl.gz"
CODEGEN = "HumanEval_codegen16B_temp0.8_topp0.95_num100_max300_code_solution.jsonl.gz"

LIMITS = Limits(cpu_seconds=1, wall_seconds=10, memory_mb=256)
STDIN = Problem("double", "Double it.", limits=LIMITS)
DOUBLE = Problem("double", "", CallStyle.FUNCTION, "f", "def f(x):\n", limits=LIMITS, checker="values")
ASSERTIONS = """
def check(candidate):
    assert candidate(2) == 4
    assert candidate(-3) == -6, "a negative number"
"""
CHECK = HiddenTests("double", assertions=ASSERTIONS)


@pytest.fixture
async def box() -> AsyncIterator[Executor]:
    try:
        async with sandbox.open() as executor:
            yield executor
    except SandboxUnavailable as error:
        pytest.skip(str(error))


def function(body: str, before: str = "") -> Program:
    return Program(f"{before}def f(x):\n    {body}\n", CallStyle.FUNCTION, "f")


def lines(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        pytest.skip(f"{path} is absent")
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


# --- inputs with expected answers


async def test_every_test_is_run_and_the_first_failure_is_the_verdict(box: Executor) -> None:
    tests = [Test("1", "2\n", "4\n"), Test("2", "x\n", "0\n"), Test("3", "5\n", "11\n"), Test("4", "0\n", "0\n")]
    result = await grade(Program("print(2 * int(input()))"), STDIN, HiddenTests("double", tuple(tests)), box)
    assert (result.verdict, result.passed, result.total) == (Verdict.RTE, 2, 4)
    assert result.detail.startswith("test 2: ValueError")


async def test_a_wrong_answer_says_where(box: Executor) -> None:
    hidden = HiddenTests("double", (Test("big", "(20,)", "[40, 41]"),))
    assert await grade(function("return [2 * x, 2 * x]"), DOUBLE, hidden, box) == Grade(
        Verdict.WA, 0, 1, "test big: at [1]: 40 instead of 41"
    )


async def test_without_hidden_tests_nothing_fails(box: Executor) -> None:
    assert await grade(function("return x"), DOUBLE, HiddenTests("double"), box) == Grade(Verdict.AC, 0, 0, "")


# --- test code


async def test_the_program_never_meets_the_test_code() -> None:
    executor = InProcessExecutor()
    result = await grade(function("return 2 * x"), DOUBLE, CHECK, executor)
    assert result == Grade(Verdict.AC, 1, 1, "")
    with_tests = [program for program, stdin in executor.runs if "assert candidate" in program.source + stdin]
    calls = [(program, stdin) for program, stdin in executor.runs if program not in with_tests]
    assert calls == [(function("return 2 * x"), "(2,)"), (function("return 2 * x"), "(-3,)")]
    assert all(program.entry == "replay" for program in with_tests)
    assert len(with_tests) == 2


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
    "an object as argument": ("assert candidate(object()) == 2", None),
    "keyword arguments": ("assert candidate(x=2) == 4", None),
    "broken test code": ("assert undefined_name == 2", None),
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


async def test_endless_test_code_gives_no_verdict(box: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "TEST_LIMITS", LIMITS)
    hidden = HiddenTests("p", assertions="def check(candidate):\n    while True: pass\n")
    result = await grade(function("return x"), DOUBLE, hidden, box)
    assert result.verdict is None
    assert "TLE" in result.detail


@pytest.mark.parametrize(
    "output", ["", "3", "('missing', [3])", "('passed', 3)", "('ended', 'AC')", "('won', '')", "<x>"]
)
async def test_an_answer_that_test_code_forged_gives_no_verdict(output: str) -> None:
    class Forged:
        async def run(self, program: Program, stdin: str, limits: Limits) -> Execution:
            return Execution(Verdict.AC, output)

    result = await grade(function("return x"), DOUBLE, CHECK, Forged())
    assert result == Grade(None, 0, 1, "the test code gave an answer that cannot be read")


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


# --- HumanEval


async def test_the_reference_solutions_of_human_eval_are_accepted(box: Executor) -> None:
    async def one(task: dict[str, str]) -> None:
        problem, hidden = datasets.load(f"humaneval:{task['task_id']}", data=HUMAN_EVAL)
        program = Program(task["prompt"] + task["canonical_solution"], problem.style, problem.entry)
        assert hidden is not None
        assert (task["task_id"], await grade(program, problem, hidden, box)) == (
            task["task_id"], Grade(Verdict.AC, 1, 1, ""),
        )  # fmt: skip

    await all_of(one(task) for task in lines(HUMAN_EVAL))


CHEATS = (
    "    return None\n",
    "    import sys\n    sys.exit(0)\n",
    "    import os\n    os._exit(0)\n",
    "    class Equal:\n        __eq__ = __lt__ = lambda self, other: True\n    return Equal()\n",
    "    class Equal(int):\n        __eq__ = lambda self, other: True\n        __bool__ = __eq__\n    return Equal()\n",
)


async def test_no_cheat_passes_human_eval(box: Executor) -> None:
    async def one(number: int, task: dict[str, str]) -> None:
        problem, hidden = datasets.load(f"humaneval:{number}", data=HUMAN_EVAL)
        program = Program(task["prompt"] + CHEATS[number % len(CHEATS)], problem.style, problem.entry)
        assert hidden is not None
        result = await grade(program, problem, hidden, box)
        assert result.verdict in (Verdict.WA, Verdict.RTE), (task["task_id"], program, result)
        assert (result.passed, result.total) == (0, 1)

    await all_of(one(number, task) for number, task in list(enumerate(lines(HUMAN_EVAL)))[::3])


async def test_verdicts_on_sampled_programs_are_those_of_one_plain_interpreter(box: Executor) -> None:
    tasks = {row["prompt"]: row for row in lines(DATA / "codet" / "dataset" / "HumanEval_for_code_generation.jsonl.gz")}
    verdicts = Counter[tuple[bool, bool]]()

    async def one(task: dict[str, str], completion: str) -> None:
        entry, source = task["entry_point"], task["prompt"] + completion
        problem = Problem("p", "", CallStyle.FUNCTION, entry, task["prompt"], limits=LIMITS)
        hidden = HiddenTests("p", assertions=task["test"])
        replayed = await grade(Program(source, CallStyle.FUNCTION, entry), problem, hidden, box)
        plain = await box.run(Program(f"{source}\n{task['test']}\ncheck({entry})\n"), "", LIMITS)
        assert (replayed.verdict is Verdict.AC) == (plain.status is Verdict.AC), (task["task_id"], replayed, plain)
        verdicts[replayed.verdict is Verdict.AC, plain.status is Verdict.AC] += 1

    rows = lines(DATA / "codet" / "generated_data" / CODEGEN)
    await all_of(one(tasks[row["prompt"]], cut(row["samples"][place % 100])) for place, row in enumerate(rows))
    assert verdicts[True, True] > 5
    assert verdicts[False, False] > 5


def cut(completion: str) -> str:
    """The function body at the beginning, as CodeT cuts it."""
    ends = [completion.find(stop) for stop in ("\nclass", "\ndef", "\n#", "\nif", "\nprint")]
    return completion[: min([end for end in ends if end >= 0], default=len(completion))]


# --- pass@k


@given(st.integers(1, 60), st.data())
def test_pass_at_k_is_the_share_of_draws_that_hold_a_right_one(n: int, data: st.DataObject) -> None:
    c, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    assert pass_at_k(n, c, k) == pytest.approx(1 - math.comb(n - c, k) / math.comb(n, k), abs=1e-12)


@pytest.mark.parametrize("n,c,k,expected", [(5, 2, 6, None), (0, 0, 1, None), (200, 0, 100, 0.0), (10**6, 1, 1, 1e-6)])
def test_pass_at_k_at_its_edges(n: int, c: int, k: int, expected: float | None) -> None:
    assert pass_at_k(n, c, k) == (None if expected is None else pytest.approx(expected, rel=1e-12))


@pytest.mark.parametrize("n,c,k", [(5, 6, 1), (5, -1, 1), (5, 2, 0)])
def test_pass_at_k_refuses_impossible_counts(n: int, c: int, k: int) -> None:
    with pytest.raises(ValueError, match="pass@k"):
        pass_at_k(n, c, k)
