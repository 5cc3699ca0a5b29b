"""Answers to single questions: tests that a model wrote or that were recorded, and which of some outputs is right."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from fakes.stage2 import Call, InProcessRun, ScriptedAsk, candidates, vote

from distinguo import checkers
from distinguo.errors import BudgetExhausted, CallError
from distinguo.events import Event, QuestionAnswered
from distinguo.problem import CallStyle, Problem, Program, Test
from distinguo.records import Role
from distinguo.selectors import answering
from distinguo.selectors.answering import Answerer, observed
from distinguo.selectors.evidence import Evidence
from distinguo.selectors.protocol import (
    Answer,
    Choose,
    Chosen,
    Compare,
    Failed,
    GeneratedTest,
    Inputs,
    Question,
    RecordedTests,
    RunOn,
    State,
    Tests,
    WriteInputs,
    WriteTests,
)
from distinguo.testgen import Author
from distinguo.testgen.parse import WrittenTest

PROBLEM = Problem("absolute", "Print the absolute value of an integer.", public_tests=(Test("1", "3\n", "3"),))
RIGHT = "print(abs(int(input())))"
WRONG = "print(int(input()))"
CRASHING = "n = int(input())\nassert n > 0\nprint(n)"
FUNCTION = Problem(
    "f", "Return the absolute value.", CallStyle.FUNCTION, "f", public_tests=(Test("1", "(3,)", "3"),), checker="values"
)


def predicted(*tests: tuple[str, str]) -> str:
    """A model's answer with these tests."""
    return json.dumps({"tests": [{"input": given, "output": expected} for given, expected in tests]})


def right(name: str) -> str:
    """A judge's choice."""
    return json.dumps({"reason": "because", "right": name})


class Pool:
    """Candidates about which questions are put."""

    def __init__(
        self,
        answer: Callable[[Call], str | Exception],
        *sources: str,
        problem: Problem = PROBLEM,
        recorded: RecordedTests | None = None,
    ) -> None:
        self.ask, self.run = ScriptedAsk(answer), InProcessRun()
        self.events: list[Event] = []
        self.records: list[tuple[str, dict[str, Any]]] = []
        self._sources, self._problem, self._recorded = sources, problem, recorded

    async def put(self, *questions: Question) -> list[Answer]:
        pool, checker = await candidates(self._problem, *self._sources), checkers.get(self._problem.checker)
        public = {one.sample: [observed(outcome.execution, checker) for outcome in one.outcomes] for one in pool}
        evidence = Evidence(pool, public, len(self._problem.public_tests), 0)
        self.answerer = Answerer(
            pool,
            evidence,
            Author(self._problem, self.ask),
            self.run,
            checker,
            self.events.append,
            lambda key, body: self.records.append((key, body)),
            self._recorded,
        )
        for question in questions:
            await self.answerer.answer(question)
        self.state: State = evidence.state()
        return [self.state.answers[question] for question in questions]


async def test_written_tests_are_run_on_every_program_and_judged_by_the_problems_checker() -> None:
    pool = Pool(lambda call: predicted(("-5", "5"), ("4", " 4 "), ("-6", "-6")), RIGHT, WRONG, RIGHT)
    (answer,) = await pool.put(WriteTests(3))
    tests = [WrittenTest("-5\n", "5\n"), WrittenTest("4\n", " 4 \n"), WrittenTest("-6\n", "-6\n")]
    assert answer == Tests(tuple(GeneratedTest(test.text, (test.input,)) for test in tests))
    assert [pool.state.passes[0][test.text] for test in tests] == [True, True, False]
    assert [pool.state.passes[1][test.text] for test in tests] == [False, True, True]
    assert pool.state.passes[2] == pool.state.passes[0]
    assert set(pool.state.rows[1]) == {"-5\n", "4\n", "-6\n"}
    assert dict(pool.answerer.steps) == {
        "tests_requested": 3,
        "tests_written": 3,
        "tests_usable": 3,
        "executions": 6,
        "executions_again": 2,
    }
    assert pool.records[0][1]["answer"] == {"tests": [test.text for test in tests]}
    assert pool.events == [QuestionAnswered("tests", True)]


async def test_tests_of_a_function_expect_values() -> None:
    source = "def f(x):\n    return float(abs(x))"
    pool = Pool(lambda call: predicted(("f(-5)", "5"), ("f(2)", "'2'")), source, problem=FUNCTION)
    (answer,) = await pool.put(WriteTests(2))
    assert isinstance(answer, Tests)
    assert [test.inputs for test in answer.tests] == [("(-5,)",), ("(2,)",)]
    assert list(pool.state.passes[0].values()) == [True, False]


async def test_a_failing_run_passes_no_test_whatever_it_printed() -> None:
    printing = "print(5)\nassert int(input()) > 0"
    pool = Pool(lambda call: predicted(("-5", "5")), printing, RIGHT)
    await pool.put(WriteTests(1))
    assert [list(pool.state.passes[sample].values()) for sample in (0, 1)] == [[False], [True]]


async def test_tests_on_which_every_program_crashes_are_asked_for_again_and_then_given_up() -> None:
    pool = Pool(lambda call: predicted((f"word {call.round}", "5")), RIGHT, WRONG)
    assert await pool.put(WriteTests(1)) == [Tests(())]
    assert [call.round for call in pool.ask.calls] == [0, 1, 2]
    assert "word 0\nOutput:\n5\n  Not usable: every program fails on it" in pool.ask.calls[1].prompt
    assert pool.events == [QuestionAnswered("tests", False)]


async def test_two_tests_that_contradict_each_other_are_both_kept() -> None:
    pool = Pool(lambda call: predicted(("-5", "5"), ("-5", "-5")), RIGHT, WRONG)
    await pool.put(WriteTests(2))
    assert [list(pool.state.passes[sample].values()) for sample in (0, 1)] == [[True, False], [False, True]]


async def test_a_test_written_in_two_batches_is_there_twice() -> None:
    pool = Pool(lambda call: predicted(("-5", "5")), RIGHT, WRONG)
    first, second = await pool.put(WriteTests(1), WriteTests(1, 1))
    assert first == second
    assert len(pool.ask.calls) == 2
    assert pool.answerer.steps["executions"] == 2, "a program is never run twice on an input"


async def test_a_predicted_output_never_reaches_a_judge() -> None:
    def answer(call: Call) -> str:
        if call.role is Role.TEST_GENERATOR:
            return predicted(("-5", "123456"))
        return right("A") if "output" in call.messages[0].content else vote("first")

    pool = Pool(answer, RIGHT, WRONG)
    await pool.put(WriteTests(1), Compare(0, 1, ("-5\n",)), Choose("-5\n", (0, 1)))
    prompts = [call.prompt for call in pool.ask.calls if call.role is Role.JUDGE]
    assert len(prompts) == 2
    assert not any("123456" in prompt for prompt in prompts)


class Recorded:
    """Tests of somebody else: whatever the programs do, the first passes all of them and the others none."""

    tests = tuple(GeneratedTest(f"assert {text.strip()}", (text,)) for text in ("-5\n", "4\n", "-5\n"))

    async def passes(self, program: Program) -> Mapping[str, bool]:
        return {test.text: program.source == RIGHT for test in self.tests}


async def test_recorded_tests_answer_the_first_requests_without_a_call() -> None:
    pool = Pool(lambda call: predicted(("9", "9")), RIGHT, WRONG, recorded=Recorded())
    tests, inputs = await pool.put(WriteTests(8), WriteInputs(8))
    assert tests == Tests(Recorded.tests)
    assert inputs == Inputs(("-5\n", "4\n"))
    assert pool.state.passes[0] == {"assert -5": True, "assert 4": True}
    assert not any(pool.state.passes[1].values())
    assert set(pool.state.rows[1]) == {"-5\n", "4\n"}
    assert pool.ask.calls == []


async def test_further_requests_for_tests_ask_a_model() -> None:
    pool = Pool(lambda call: predicted(("9", "9")), RIGHT, WRONG, recorded=Recorded())
    await pool.put(WriteTests(8, 1))
    assert len(pool.ask.calls) == 1


async def test_recorded_tests_are_there_after_a_budget_has_ended() -> None:
    pool = Pool(lambda call: BudgetExhausted("no calls are left"), RIGHT, WRONG, recorded=Recorded())
    asked, recorded, more = await pool.put(Compare(0, 1, ("-5\n",)), WriteTests(8), WriteTests(8, 1))
    assert (asked, more) == (Failed("no calls are left"), Failed("no calls are left"))
    assert recorded == Tests(Recorded.tests)
    assert len(pool.ask.calls) == 1


@pytest.mark.parametrize("name, chosen", [("A", 2), ("B", 0), ("C", 1), ("none", None)])
async def test_the_judge_chooses_among_outputs_in_the_order_of_the_question(name: str, chosen: int | None) -> None:
    pool = Pool(lambda call: right(name), RIGHT, WRONG, CRASHING)
    assert await pool.put(Choose("-5\n", (2, 0, 1))) == [Chosen(chosen)]
    (call,) = pool.ask.calls
    assert (call.role, call.temperature) == (Role.JUDGE, 0.0)
    assert call.schema is not None
    assert call.schema["properties"]["right"]["enum"] == ["A", "B", "C", "none"]
    assert "Output A:\n(no output: runtime error: AssertionError" in call.prompt
    assert "Output B:\n5\n\nOutput C:\n-5\n" in call.prompt
    assert "print(" not in call.prompt, "it sees no program"
    assert dict(pool.answerer.steps) == {
        "executions": 3,
        "choose_asked": 1,
        "choose_answered": 1,
        "choose_none": int(chosen is None),
    }
    assert pool.records[0][1]["answer"] == {"chosen": chosen}
    assert pool.records[0][1]["outputs"][1:] == ["5\n", "-5\n"]


@pytest.mark.parametrize("answer", ["I like them all.", '{"right": "D"}', "", CallError("the server hung up")])
async def test_a_choice_that_says_nothing_is_a_failure(answer: str | Exception) -> None:
    pool = Pool(lambda call: answer, RIGHT, WRONG)
    assert isinstance((await pool.put(Choose("-5\n", (0, 1))))[0], Failed)
    assert pool.events == [QuestionAnswered("choose", False)]


async def test_outputs_of_any_length_fit_the_prompt() -> None:
    sources = [f"print('{letter}' * 100_000)" for letter in "xyz"]
    pool = Pool(lambda call: right("C"), *sources)
    assert await pool.put(Choose("-5\n", (0, 1, 2))) == [Chosen(2)]
    prompt = pool.ask.calls[0].prompt
    assert len(prompt) < 9000
    assert all(f"{letter}\n... (" in prompt for letter in "xyz")


async def test_a_program_is_run_on_all_inputs_together_and_equal_programs_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pool = Pool(lambda call: "", RIGHT, WRONG, RIGHT)
    await pool.put(RunOn((0, 1, 2), ("1\n", "2\n", "1\n")), RunOn((0, 1), ("2\n", "3\n")))
    assert [(program.source, inputs) for program, inputs in pool.run.together] == [
        (RIGHT, ("1\n", "2\n")),
        (WRONG, ("1\n", "2\n")),
        (RIGHT, ("3\n",)),
        (WRONG, ("3\n",)),
    ]
    monkeypatch.setattr(answering, "AT_ONCE", 2)
    pool = Pool(lambda call: "", RIGHT, WRONG)
    await pool.put(RunOn((0, 1), ("1\n", "2\n", "3\n")))
    assert [inputs for _, inputs in pool.run.together] == [("1\n", "2\n"), ("3\n",), ("1\n", "2\n"), ("3\n",)]
    assert set(pool.state.rows[0]) == {"1\n", "2\n", "3\n"}
