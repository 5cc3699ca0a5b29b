"""Test code and program in processes of their own: what programs do is their verdict, and none can be forged."""

import marshal
from collections.abc import Sequence

import pytest
from fakes.executors import InProcessExecutor
from fakes.grading import ASSERTIONS, CHECK, DOUBLE, LIMITS, function

from distinguo import values
from distinguo.grading import Grade, Grader, grade
from distinguo.problem import CallStyle, HiddenTests, Limits, Program
from distinguo.protocols import Decided, Executor
from distinguo.records import Called, CallsExecution, Execution, Verdict

pytestmark = pytest.mark.asyncio(loop_scope="session")


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
