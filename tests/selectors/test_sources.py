"""Sources of inputs: what each brings, what is switched off, and which of them decided."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from fakes.stage2 import Call, InProcessRun, ScriptedAsk, candidates, vote, written

from distinguo.config import INPUTS
from distinguo.errors import BudgetExhausted, CallError
from distinguo.problem import CallStyle, Problem, Test, Validator
from distinguo.records import Cluster, Role, Selection
from distinguo.selectors import sources
from distinguo.selectors.driver import select
from distinguo.selectors.protocol import (
    Answer,
    Compare,
    Decision,
    Distinguish,
    Failed,
    Generate,
    Inputs,
    Mutate,
    Question,
    RunOn,
    State,
    Stress,
    Tests,
    WriteInputs,
    WriteTests,
)

PROBLEM = Problem("absolute", "Print the absolute value.", public_tests=(Test("1", "3\n", "3"), Test("2", "-4\n", "4")))
RIGHT = "n = int(input())\nprint(abs(n))"
WRONG = "n = int(input())\nprint(abs(n) if n < 10 else 10)"
STATED = """Print the absolute value.

Constraints

- -10^6 <= n <= 10^6

Input

The input is given in the following format:
n

Output

Its absolute value.
"""
GENERATOR = "print(int(input()) + 30)"
OK = "input()\nprint('OK')"


class Asking:
    """A selector that asks these questions and remembers what it saw."""

    name: ClassVar[str] = "asking"

    def __init__(self, *questions: Question) -> None:
        self.questions = questions
        self.state: State | None = None

    def next(self, state: State) -> Decision | Sequence[Question]:
        self.state = state
        if any(question not in state.answers for question in self.questions):
            return self.questions
        return Decision(0, (Cluster((0,)), Cluster((1,))), "It is the first.")

    def most_questions(self, candidates: int) -> dict[str, int]:
        return {}


def answers(call: Call) -> str | Exception:
    if call.role is Role.JUDGE:
        return vote("tie")
    if "check whether test inputs" in call.prompt:
        return f"```python\n{OK}\n```"
    if "print random test inputs" in call.prompt:
        return f"```python\n{GENERATOR}\n```"
    if "slow programs" in call.prompt:
        return f"```python\n{RIGHT}\n```"
    return written("12", "5")


class Stage2:
    def __init__(self, *questions: Question, ask: ScriptedAsk | None = None, problem: Problem = PROBLEM) -> None:
        self.selector = Asking(*questions)
        self.ask = ask or ScriptedAsk(answers)
        self.problem = problem
        self.records: list[dict[str, Any]] = []

    async def select(self, *programs: str, seed: int = 0, **options: Any) -> Selection:
        return await select(
            self.selector,
            await candidates(self.problem, *programs),
            self.problem,
            ask=self.ask,
            run=InProcessRun(),
            seed=seed,
            observe=lambda event: None,
            record=lambda key, body: self.records.append(body),
            **options,
        )

    def answer(self, question: Question) -> Answer:
        assert self.selector.state is not None
        return self.selector.state.answers[question]


async def test_mutants_cost_no_call_and_all_candidates_are_run_on_them() -> None:
    stage = Stage2(Mutate(12))
    selection = await stage.select(RIGHT, WRONG)
    answer = stage.answer(Mutate(12))
    assert isinstance(answer, Inputs)
    assert len(answer.texts) == 12
    assert stage.ask.calls == []
    assert selection.steps["inputs_mutated"] == 12
    assert stage.selector.state is not None
    assert all(set(answer.texts) <= set(row) for row in stage.selector.state.rows.values())
    assert selection.decided_by == ("mutated",)


async def test_batches_and_large_inputs_are_other_inputs() -> None:
    questions = Mutate(4), Mutate(4, batch=1), Mutate(4, large=True)
    stage = Stage2(*questions, problem=replace(PROBLEM, statement=STATED))
    await stage.select(RIGHT, WRONG)
    found = [stage.answer(question) for question in questions]
    first, second, large = [set(answer.texts) for answer in found if isinstance(answer, Inputs)]
    assert not first & second
    assert all(abs(int(text)) >= 10 for text in large)
    assert [len(answer.texts) for answer in found if isinstance(answer, Inputs)] == [4, 4, 4]


async def test_large_inputs_time_out_slow_programs_only_and_say_that_they_decided() -> None:
    slow = "n = int(input())\nassert abs(n) < 1000, 'as good as a timeout'\nprint(abs(n))"
    stage = Stage2(Mutate(6, large=True), problem=replace(PROBLEM, statement=STATED))
    selection = await stage.select(RIGHT, slow)
    answer, state = stage.answer(Mutate(6, large=True)), stage.selector.state
    assert isinstance(answer, Inputs)
    assert state is not None
    assert selection.steps["inputs_large"] == len(answer.texts) == 6
    assert any(not state.rows[1][text].works for text in answer.texts)
    assert all(state.rows[0][text].works for text in answer.texts)
    assert all(abs(int(text)) <= 10**6 for text in answer.texts)
    assert selection.decided_by == ("large",)


async def test_large_inputs_are_switched_off_apart_from_other_mutants() -> None:
    stage = Stage2(Mutate(6), Mutate(6, large=True), problem=replace(PROBLEM, statement=STATED))
    await stage.select(RIGHT, WRONG, sources=("mutated",))
    assert stage.answer(Mutate(6, large=True)) == Inputs(())
    assert stage.answer(Mutate(6)) != Inputs(())


async def test_large_inputs_that_no_program_can_bear_are_dropped() -> None:
    slow = "n = int(input())\nassert abs(n) < 10, 'as good as a timeout'\nprint(abs(n))"
    stage = Stage2(Mutate(6, large=True), problem=replace(PROBLEM, statement=STATED))
    await stage.select(slow, slow + "\n")
    assert stage.answer(Mutate(6, large=True)) == Inputs(())


async def test_without_a_stated_bound_no_input_is_made_large() -> None:
    stage = Stage2(Mutate(6), Mutate(6, large=True))
    selection = await stage.select(RIGHT, WRONG)
    assert stage.answer(Mutate(6, large=True)) == Inputs(())
    assert selection.steps["inputs_large"] == 0


async def test_inputs_that_the_statement_does_not_allow_are_never_run() -> None:
    ask = ScriptedAsk(lambda call: written("7", "11", "-4000000"))
    stage = Stage2(WriteInputs(3), Mutate(20), ask=ask, problem=replace(PROBLEM, statement=STATED.replace("10^6", "9")))
    selection = await stage.select(RIGHT, WRONG)
    assert stage.answer(WriteInputs(3)) == Inputs(("7\n",))
    mutated = stage.answer(Mutate(20))
    assert isinstance(mutated, Inputs)
    assert {int(text) for text in mutated.texts} == set(range(-9, 10)) - {3, -4}
    assert stage.selector.state is not None
    assert "11\n" not in stage.selector.state.rows[0]
    assert selection.steps["inputs_not_allowed"] == 2
    dropped = stage.records[0]["dropped"] or stage.records[1]["dropped"]
    assert dropped[0] == {"text": "11\n", "why": "the statement does not allow it: n, 11, must be at most 9"}


async def test_validators_that_a_model_wrote_judge_mutants_too() -> None:
    picky = "n = int(input())\nprint('OK' if n in (3, -4) or n % 2 else 'n is even')"

    def answer(call: Call) -> str | Exception:
        return f"```python\n{picky}\n```" if "check whether test inputs" in call.prompt else answers(call)

    stage = Stage2(Generate(4), Mutate(10), ask=ScriptedAsk(answer))
    await stage.select(RIGHT, WRONG, sources=INPUTS)
    mutated = stage.answer(Mutate(10))
    assert isinstance(mutated, Inputs)
    assert stage.answer(Generate(4)) == Inputs(("31\n", "33\n"))
    assert mutated.texts
    assert all(int(text) % 2 for text in mutated.texts)


@pytest.mark.parametrize("failure", [BudgetExhausted("no calls are left"), CallError("busy")])
async def test_mutants_count_where_validators_cannot_be_written(failure: Exception) -> None:
    def answer(call: Call) -> str | Exception:
        return failure if "check whether test inputs" in call.prompt else answers(call)

    stage = Stage2(Generate(4), Mutate(10), ask=ScriptedAsk(answer))
    await stage.select(RIGHT, WRONG, sources=INPUTS)
    mutated = stage.answer(Mutate(10))
    assert isinstance(mutated, Inputs)
    assert len(mutated.texts) == 10


async def test_inputs_on_which_every_candidate_fails_are_replaced() -> None:
    picky = "n = int(input())\nassert n > 0 or n == -4\nprint(abs(n))"
    stage = Stage2(Mutate(10))
    await stage.select(picky, picky + "\n")
    answer = stage.answer(Mutate(10))
    assert isinstance(answer, Inputs)
    assert len(answer.texts) >= 5
    assert all(int(text) > 0 for text in answer.texts)


async def test_without_public_tests_there_is_nothing_to_mutate() -> None:
    stage = Stage2(Mutate(10), Stress(3), problem=Problem("p", "Print it."))
    await stage.select(RIGHT, WRONG, sources=INPUTS)
    assert stage.answer(Mutate(10)) == Inputs(())
    assert stage.answer(Stress(3)) == Failed("no small input can be made from the public tests")


async def test_generated_inputs_are_validated_and_counted() -> None:
    stage = Stage2(Generate(3))
    selection = await stage.select(RIGHT, WRONG, sources=INPUTS)
    assert stage.answer(Generate(3)) == Inputs(("30\n", "31\n", "32\n"))
    assert selection.steps["inputs_generated"] == 3
    assert selection.decided_by == ("generated",)
    assert len(stage.ask.calls) == 5


async def test_a_brute_force_makes_tests_that_every_candidate_is_run_on() -> None:
    shown = "n = int(input())\nprint(abs(n) if n in (3, -4) or n % 2 else 7)"
    stage = Stage2(Stress(8))
    selection = await stage.select(RIGHT, shown, sources=INPUTS)
    answer = stage.answer(Stress(8))
    assert isinstance(answer, Tests)
    assert selection.steps["tests_by_stress"] == len(answer.tests) >= 3
    state = stage.selector.state
    assert state is not None
    assert all(state.passes[0][test.text] for test in answer.tests)
    failed = {test.inputs[0] for test in answer.tests if not state.passes[1][test.text]}
    assert failed == {test.inputs[0] for test in answer.tests if int(test.inputs[0]) % 2 == 0} != set()
    assert selection.decided_by == ("stress",)


async def test_stress_fails_where_no_brute_force_gives_the_public_outputs() -> None:
    stage = Stage2(Stress(8), ask=ScriptedAsk(lambda call: "```python\nprint(int(input()))\n```"))
    await stage.select(RIGHT, WRONG, sources=INPUTS)
    assert stage.answer(Stress(8)) == Failed("no brute force was written that gives the public tests' outputs")
    assert len(stage.ask.calls) == 3


async def test_stress_fails_where_a_validator_judges_the_outputs() -> None:
    problem = Problem("p", "Print any.", public_tests=PROBLEM.public_tests, validator=Validator((("v.py", ""),)))
    stage = Stage2(Stress(8), problem=problem)
    await stage.select(RIGHT, WRONG, sources=INPUTS)
    assert isinstance(stage.answer(Stress(8)), Failed)
    assert stage.ask.calls == []


@pytest.mark.parametrize("question", [Generate(2), Stress(2)])
async def test_a_call_that_fails_makes_the_answer_failed(question: Question) -> None:
    stage = Stage2(question, ask=ScriptedAsk(lambda call: CallError("busy")))
    selection = await stage.select(RIGHT, WRONG, sources=INPUTS)
    assert stage.answer(question) == Failed("busy")
    assert selection.steps["calls_failed"] == 1


@pytest.mark.parametrize(
    "on, off",
    [
        ((), [WriteInputs(2), WriteTests(2), Distinguish(0, 1, 2), Mutate(2), Generate(2), Stress(2)]),
        (("written", "mutated"), [Generate(2), Stress(2)]),
        (("mutated", "generated", "stress"), [WriteInputs(2), WriteTests(2), Distinguish(0, 1, 2)]),
        (("written", "generated", "stress"), [Mutate(2), Mutate(2, large=True)]),
    ],
)
async def test_a_source_that_is_off_brings_nothing_and_costs_nothing(on: tuple[str, ...], off: list[Question]) -> None:
    stage = Stage2(*off)
    await stage.select(RIGHT, WRONG, sources=on)
    assert stage.ask.calls == []
    for question in off:
        assert stage.answer(question) == (Tests(()) if isinstance(question, WriteTests | Stress) else Inputs(()))
        assert not sources.is_asked(question.kind, on)


async def test_runs_and_judgements_are_no_source_and_cannot_be_off() -> None:
    stage = Stage2(RunOn((0, 1), ("12\n",)), Compare(0, 1, ("12\n",)))
    selection = await stage.select(RIGHT, WRONG, sources=())
    assert len(stage.ask.calls) == 1
    assert selection.decided_by == ()
    assert sources.is_asked(Compare.kind, ())


async def test_every_source_that_brought_a_deciding_input_is_named() -> None:
    stage = Stage2(Mutate(12), WriteInputs(2), Generate(2))
    assert (await stage.select(RIGHT, WRONG, sources=INPUTS)).decided_by == ("written", "mutated", "generated")
    stage = Stage2(Mutate(12), WriteInputs(2))
    assert (await stage.select(RIGHT, RIGHT + "\n")).decided_by == ()


async def test_public_tests_are_named_where_they_tell_the_two_apart() -> None:
    stage = Stage2(WriteInputs(2), problem=PROBLEM)
    selection = await stage.select(RIGHT, "print(3)", public_filter=False)
    assert selection.decided_by == ("public", "written")


async def test_functions_are_mutated_by_their_arguments() -> None:
    problem = Problem(
        "f", "Sum.", CallStyle.FUNCTION, "f", public_tests=(Test("1", "([1, 2],)", "3"),), checker="values"
    )
    stage = Stage2(Mutate(6), problem=problem)
    await stage.select("def f(xs):\n    return sum(xs)", "def f(xs):\n    return xs[0] + xs[-1]")
    answer = stage.answer(Mutate(6))
    assert isinstance(answer, Inputs)
    assert len(answer.texts) == 6


async def test_equal_runs_get_equal_inputs_and_another_seed_gets_others() -> None:
    found = []
    for seed in (1, 1, 2):
        stage = Stage2(Mutate(8))
        await stage.select(RIGHT, WRONG, seed=seed)
        found.append(stage.answer(Mutate(8)))
    assert found[0] == found[1] != found[2]
