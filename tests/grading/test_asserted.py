"""Recorded asserts: who passes them is what plain Python says, and a program cannot forge it."""

from pathlib import Path

import pytest
from fakes.grading import CODET_SAMPLES, CODET_TASKS
from fakes.published import published

from distinguo import datasets
from distinguo.budget import Budget
from distinguo.config import Settings
from distinguo.datasets import generated, samples
from distinguo.datasets.generated import WrittenTest
from distinguo.grading.asserted import Asserted
from distinguo.grading.examiner import Examiner
from distinguo.judge import Judge
from distinguo.problem import CallStyle, Limits, Problem, Program
from distinguo.protocols import Executor
from distinguo.records import Verdict
from distinguo.store import Store
from distinguo.tasks import all_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

LIMITS = Limits(cpu_seconds=0.5, wall_seconds=4, memory_mb=256)
STARTER = "import math\ndef helper(x):\n    return x + 1\n\ndef f(x, y=0):\n"
PROBLEM = Problem("f", "", CallStyle.FUNCTION, "f", STARTER, limits=LIMITS, checker="values")
UNLIMITED = Budget(Settings(), {})


async def passing(box: Executor, folder: Path, source: str, *tests: object, problem: Problem = PROBLEM) -> list[bool]:
    reader = generated._Reader(problem)
    written = [test for text in tests if (test := reader.own(text)) is not None]
    assert len(written) == len(tests)
    with Store(folder / "run.sqlite") as store:
        async with Judge(problem, box, store, UNLIMITED) as judge:
            asserted = Asserted(problem, written, judge, box, Examiner(box))
            program = Program(source, problem.style, problem.entry)
            passed = await asserted.passes(program)
            assert await asserted.passes(program) is passed
    assert [test.text for test in asserted.tests] == [test.text for test in written]
    return [passed[test.text] for test in written]


IDENTITY = "def f(x, y=0):\n    return x\n"


@pytest.mark.parametrize(
    "text",
    [
        "assert f(1) == 1",
        "assert 1.0 == f(1)",
        "assert f(True) == 1",
        "assert f([1, (2,)]) == [1, (2,)]",
        "assert f({1: {2}}) == {1: {2}}",
        "assert f(1), 'some'",
        "assert not f(0)",
        "assert f(None) is None",
        "assert f(f(3)) == 3",
        "assert f(x=3, y=2) in (3, 4)",
        "assert helper(f(2)) == 3",
        "assert math.sqrt(f(4)) == 2",
        "assert f(0) or f(2)",
        "assert f('a' * 1000) == 'a' * 1000",
        "assert [f(i) for i in range(5)] == list(range(5))",
        "assert all(f(i) == i for i in range(5))",
        "assert str(f(2)) == '2'",
        {"input": "(2.5,)", "expected": "2.5"},
        {"input": "f(x=2)", "expected": "2.0"},
    ],
)
async def test_what_holds_passes(box: Executor, tmp_path: Path, text: object) -> None:
    assert await passing(box, tmp_path, IDENTITY, text) == [True]


@pytest.mark.parametrize(
    "text",
    [
        "assert f(1) == 2",
        "assert f(1) == '1'",
        "assert f((1,)) == [1]",
        "assert f(nan) == nan",
        "assert f(float('nan')) == float('nan')",
        "assert f(0)",
        "assert f(1) is None",
        "assert unknown(f(1)) == 1",
        "assert f(unknown) == 1",
        "assert g(1) == 1",
        "assert f(1)[0] == 1",
        "assert f() == None",
        "assert f(1) == 1 and f(2) == 3",
        {"input": "(1,)", "expected": "2"},
    ],
)
async def test_what_does_not_hold_fails(box: Executor, tmp_path: Path, text: object) -> None:
    assert await passing(box, tmp_path, IDENTITY, text) == [False]


@pytest.mark.parametrize(
    "source",
    [
        "def f(x, y=0):\n    class A:\n        __eq__ = __ne__ = __lt__ = lambda *_: True\n    return A()",
        "import sys\ndef f(x, y=0):\n    sys.exit(0)",
        "import os\ndef f(x, y=0):\n    os._exit(0)",
        "def f(x, y=0):\n    while True: pass",
        "def f(x, y=0):\n    raise ValueError(4)",
        "def g(x): return 4",
        "def f(x",
    ],
)
async def test_a_program_that_gives_no_value_passes_nothing(box: Executor, tmp_path: Path, source: str) -> None:
    tests = ["assert f(2) == 4", "assert f(2) in (4, 5)", "assert f(2) < 5", {"input": "(2,)", "expected": "4"}]
    assert await passing(box, tmp_path, source, *tests) == [False] * 4


async def test_programs_on_standard_input_are_compared_by_the_checker(box: Executor, tmp_path: Path) -> None:
    problem = Problem("double", "", limits=LIMITS)
    tests = ["assert solution('2') == ' 4  '", {"input": "3", "expected": "7"}]
    assert await passing(box, tmp_path, "print(2 * int(input()))", *tests, problem=problem) == [True, False]


async def test_each_input_is_run_once_and_known_as_needed(box: Executor, tmp_path: Path) -> None:
    written = [
        WrittenTest(f"assert f(1) == {number}", ("(1,)",), str(number), f"assert f(1) == {number}")
        for number in range(300)
    ]
    with Store(tmp_path / "run.sqlite") as store:
        async with Judge(PROBLEM, box, store, UNLIMITED) as judge:
            asserted = Asserted(PROBLEM, written * 2, judge, box, Examiner(box))
            program = Program(IDENTITY, CallStyle.FUNCTION, "f")
            passed = await asserted.passes(program)
    assert [text for text, one in passed.items() if one] == ["assert f(1) == 1"]
    assert asserted.needed(program) == {"(1,)"}
    assert len(asserted.tests) == 600


CODET_TESTS = "codet/generated_data/HumanEval_codegen16B_temp0.8_topp0.95_num100_max300_test_case.jsonl.gz"


async def test_recorded_asserts_are_passed_as_one_plain_interpreter_says(box: Executor, tmp_path: Path) -> None:
    dataset = datasets.open(str(published(CODET_TASKS)))
    chosen = dataset.ids[3::16]
    sources: dict[str, list[str]] = {}
    for sample in samples.read(published(CODET_SAMPLES), dataset, on_warning=lambda line, message: None):
        if sample.task_id in chosen and sample.index % 20 == 3:
            sources.setdefault(sample.task_id, []).append(sample.source)
    found = generated.read(published(CODET_TESTS), dataset, on_warning=lambda line, message: None)
    compared = passes = 0
    for record in found:
        if record.task_id not in chosen:
            continue
        problem = dataset.problem(record.task_id)
        with Store(tmp_path / f"{record.task_id.replace('/', '-')}.sqlite") as store:
            async with Judge(problem, box, store, UNLIMITED) as judge:
                asserted = Asserted(problem, record.tests, judge, box, Examiner(box))
                for source in sources[record.task_id]:
                    told = await asserted.passes(Program(source, problem.style, problem.entry))
                    plain = await _plainly(box, source, list(told), problem)
                    assert told == plain, source
                    compared, passes = compared + len(told), passes + sum(told.values())
    assert compared > 500
    assert 0 < passes < compared


async def _plainly(box: Executor, source: str, tests: list[str], problem: Problem) -> dict[str, bool]:
    """Each assert behind the program, in one interpreter."""

    async def one(text: str) -> bool:
        return (await box.run(Program(f"{source}\n\n{text}"), "", problem.limits)).status is Verdict.AC

    return dict(zip(tests, await all_of(one(text) for text in tests), strict=True))
