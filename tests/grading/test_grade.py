"""One program on tests with expected answers."""

from dataclasses import replace

import pytest
from fakes.executors import InProcessExecutor
from fakes.grading import CHECK, DOUBLE, STDIN, function, numbered

from distinguo.grading import Grade, GroupGrade, grade
from distinguo.problem import CallStyle, HiddenTests, Program, Test, TestGroup, Validator
from distinguo.protocols import Executor
from distinguo.records import Validation, Verdict

pytestmark = pytest.mark.asyncio(loop_scope="session")

TWICE = Program("print(2 * int(input()))")
MIXED = numbered(("2\n", "4\n"), ("x\n", "0\n"), ("5\n", "11\n"), ("0\n", "0\n"))


async def test_every_test_is_run_and_the_first_failure_is_the_verdict(box: Executor) -> None:
    result = await grade(TWICE, STDIN, HiddenTests("double", MIXED), box)
    assert (result.verdict, result.passed, result.total, result.test) == (Verdict.RTE, 2, 4, "2")
    assert result.detail.startswith("ValueError: invalid literal for int()")
    assert result.wall_seconds > 0


async def test_with_stop_nothing_is_run_behind_the_first_failure() -> None:
    executor = InProcessExecutor()
    result = await grade(TWICE, STDIN, HiddenTests("double", MIXED), executor, stop=True)
    assert (result.verdict, result.passed, result.total, result.test) == (Verdict.RTE, 1, 4, "2")
    assert [stdin for _, stdin in executor.runs] == ["2\n", "x\n"]


async def test_a_wrong_answer_says_where(box: Executor) -> None:
    hidden = HiddenTests("double", (Test("big", "(20,)", "[40, 41]"),))
    result = await grade(function("return [2 * x, 2 * x]"), DOUBLE, hidden, box)
    assert result == Grade(Verdict.WA, 0, 1, "at [1]: 40 instead of 41", "big")


async def test_without_hidden_tests_there_is_no_verdict() -> None:
    result = await grade(function("return x"), DOUBLE, HiddenTests("double"), InProcessExecutor())
    assert result == Grade(None, 0, 0, "there are no hidden tests")


async def test_an_empty_program_is_a_compile_error() -> None:
    executor = InProcessExecutor()
    result = await grade(Program(" \n", CallStyle.FUNCTION, "f"), DOUBLE, CHECK, executor)
    assert result == Grade(Verdict.CE, 0, 1, "the program is empty")
    assert executor.runs == []


async def test_tests_without_an_expected_answer_are_run_and_prove_nothing() -> None:
    only = HiddenTests("double", numbered(("2\n", None), ("3\n", None)))
    result = await grade(TWICE, STDIN, only, InProcessExecutor(), stop=True)
    assert result == Grade(None, 0, 0, "no hidden test has an expected answer")
    beside = HiddenTests("double", numbered(("2\n", None), ("3\n", "6\n")))
    assert await grade(TWICE, STDIN, beside, InProcessExecutor(), stop=True) == Grade(Verdict.AC, 1, 1, "")
    crashing = HiddenTests("double", numbered(("x\n", None), ("3\n", "6\n")))
    result = await grade(TWICE, STDIN, crashing, InProcessExecutor())
    assert (result.verdict, result.passed, result.total, result.test) == (Verdict.RTE, 1, 1, "1")


GROUPS = HiddenTests(
    "double",
    (
        Test("secret/small/1", "1\n", "2\n"),
        Test("secret/small/2", "2\n", "4\n"),
        Test("secret/large/1", "x\n", "0\n"),
        Test("secret/large/2", "3\n", "6\n"),
        Test("secret/larger/1", "4\n", "8\n"),
    ),
    groups=(TestGroup("secret/small", 30), TestGroup("secret/large/", 50), TestGroup("secret/larger", 20)),
)


@pytest.mark.parametrize("stop", [False, True])
async def test_a_group_counts_when_all_of_it_is_accepted(stop: bool) -> None:
    executor = InProcessExecutor()
    result = await grade(TWICE, STDIN, GROUPS, executor, stop=stop)
    assert (result.verdict, result.score, result.test) == (Verdict.RTE, 50, "secret/large/1")
    assert result.groups == (
        GroupGrade("secret/small", 2, 2, 30),
        GroupGrade("secret/large/", 0 if stop else 1, 2, 0),
        GroupGrade("secret/larger", 1, 1, 20),
    )
    assert len(executor.runs) == (4 if stop else 5)


async def test_a_validator_judges_in_the_checkers_place() -> None:
    class Judging(InProcessExecutor):
        async def validate(self, validator: Validator, test_input: str, answer: str, output: str) -> Validation:
            return Validation(output == "4\n", f"said {output.strip()}\nmore")

    problem = replace(STDIN, validator=Validator((("validate.py", ""),)))
    hidden = HiddenTests("double", numbered(("2\n", "?\n"), ("3\n", "?\n")))
    result = await grade(TWICE, problem, hidden, Judging())
    assert result == Grade(Verdict.WA, 1, 2, "said 6", "2")


async def test_what_the_runs_used_is_told(box: Executor) -> None:
    program = Program("x = bytearray(50 << 20)\nprint(2 * int(input()))")
    result = await grade(program, STDIN, HiddenTests("double", numbered(("2\n", "4\n"), ("0\n", "0\n"))), box)
    assert result.verdict is Verdict.AC
    assert result.memory_mb > 40
    assert result.cpu_seconds > 0
