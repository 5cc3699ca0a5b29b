"""Stage 2 end to end: who is in the pool, who is chosen, and what is counted."""

import json
from dataclasses import replace
from typing import ClassVar

import pytest
from fakes.absolute import (
    ALSO_RIGHT,
    ALSO_WRONG,
    FAILING,
    OTHER,
    PROBLEM,
    RIGHT,
    WRONG,
    Stage2,
    model,
    prefers,
)
from fakes.stage2 import InProcessRun, ScriptedAsk, written

from distinguo import selectors
from distinguo.errors import InputError, JudgeFailed
from distinguo.problem import Problem, Program, Test
from distinguo.records import Execution, Role
from distinguo.selectors.protocol import Decision, GeneratedTest, Question, RunOn, State


@pytest.mark.parametrize("preferred, chosen", [("abs", 1), ("print(int", 0)])
async def test_the_judges_answer_changes_the_choice(preferred: str, chosen: int) -> None:
    stage = Stage2(ScriptedAsk(model(prefers(preferred))), WRONG, RIGHT)
    selection = await stage.select()
    assert selection.chosen == chosen
    assert selection.clusters[0].samples == (chosen,)
    assert selection.clusters[0].score == 1.0


async def test_every_step_is_counted() -> None:
    stage = Stage2(ScriptedAsk(model(prefers("abs"))), WRONG, RIGHT, OTHER, ALSO_WRONG)
    selection = await stage.select()
    assert selection.chosen == 1
    assert stage.ask.asked() == {"inputs": 1, "distinguish": 3, "judge": 6}
    steps = dict(selection.steps)
    assert steps.pop("executions") >= 8
    assert steps.pop("executions_again") == 4
    assert steps == {
        "inputs_requested": 8,
        "inputs_written": 2,
        "inputs_usable": 2,
        "distinguish_asked": 3,
        "distinguish_ok": 3,
        "judge_asked": 6,
        "judge_answered": 6,
        "judge_ties": 2,
    }


async def test_the_judge_sees_real_outputs_and_never_a_predicted_one() -> None:
    predicted = json.dumps({"inputs": [{"input": "-5", "output": "PREDICTED"}, "-6\nOutput: PREDICTED"]})
    stage = Stage2(ScriptedAsk(model(prefers("abs"), predicted)), WRONG, RIGHT)
    await stage.select()
    prompts = [call.prompt for call in stage.ask.calls if call.role is Role.JUDGE]
    assert len(prompts) == 2
    for prompt in prompts:
        assert "PREDICTED" not in prompt
        programs = prompt.split("First program:")[1].split("Second program:")
        right = "second" if "abs" in programs[1] else "first"
        assert f"Output of the {right} program:\n5\n" in prompt
        assert "program:\n-5\n" in prompt
        assert "program:\n5\n" in prompt


async def test_judging_is_done_at_temperature_zero_and_inputs_at_the_runs() -> None:
    stage = Stage2(ScriptedAsk(model(prefers("abs"))), WRONG, RIGHT)
    await stage.select()
    assert {(call.role, call.temperature) for call in stage.ask.calls} == {
        (Role.JUDGE, 0.0),
        (Role.TEST_GENERATOR, None),
    }


@pytest.mark.parametrize("sources", [(RIGHT,), (RIGHT, RIGHT, RIGHT), (RIGHT, FAILING), (FAILING, "print(8)")])
async def test_nothing_to_choose_costs_no_call(sources: tuple[str, ...]) -> None:
    stage = Stage2(ScriptedAsk(model(prefers("abs"))), *sources)
    await stage.select()
    assert stage.ask.calls == []


async def test_programs_that_behave_alike_need_no_judge() -> None:
    stage = Stage2(ScriptedAsk(model(prefers("abs"))), RIGHT, ALSO_RIGHT)
    selection = await stage.select()
    assert stage.ask.asked() == {"inputs": 1}
    assert selection.clusters == (selection.clusters[0],)
    assert selection.clusters[0].samples == (0, 1)


@pytest.mark.parametrize("name", selectors.names())
async def test_a_program_that_fails_a_public_test_is_never_chosen_while_another_passes(name: str) -> None:
    stage = Stage2(ScriptedAsk(model(prefers("7"))), FAILING, FAILING, FAILING, RIGHT, WRONG)
    for seed in range(5):
        selection = await stage.select(name, seed=seed)
        assert selection.chosen in (3, 4)
        assert selection.reason.startswith("2 of 5 candidates pass every public test.")


@pytest.mark.parametrize("name", selectors.names())
async def test_when_none_passes_the_best_by_public_tests_is_taken_without_a_call(name: str) -> None:
    tests = (Test("1", "3\n", "3"), Test("2", "-3\n", "3"), Test("3", "-4\n", "none"))
    stage = Stage2(
        ScriptedAsk(model(prefers("7"))), FAILING, FAILING, WRONG, RIGHT, problem=Problem("p", "", public_tests=tests)
    )
    selection = await stage.select(name)
    assert selection.chosen == 3
    assert selection.reason.startswith("No candidate passes every public test.")
    assert stage.ask.calls == []


async def test_ties_among_failing_programs_go_to_the_larger_cluster_by_the_problems_checker() -> None:
    sources = ("print('x')", "print('y  z')", "print('y z ')")
    selection = await Stage2(ScriptedAsk(model(prefers("7"))), *sources).select()
    assert selection.chosen == 1
    assert selection.clusters[0].samples == (1, 2)


async def test_without_the_public_filter_all_candidates_compete() -> None:
    stage = Stage2(ScriptedAsk(model(prefers("7"))), RIGHT, FAILING)
    assert (await stage.select(public_filter=False)).chosen == 1


async def test_without_public_tests_all_candidates_compete() -> None:
    problem = Problem("p", "Print the absolute value.")
    stage = Stage2(ScriptedAsk(model(prefers("abs"))), WRONG, RIGHT, problem=problem)
    assert (await stage.select()).chosen == 1


async def test_the_same_seed_draws_otherwise_on_another_problem() -> None:
    chosen = set[int]()
    for number in range(12):
        stage = Stage2(
            ScriptedAsk(model(prefers("abs"))), RIGHT, WRONG, OTHER, problem=replace(PROBLEM, id=f"p/{number}")
        )
        first, again = await stage.select("random"), await stage.select("random")
        assert first.chosen == again.chosen
        chosen.add(first.chosen)
    assert chosen == {0, 1, 2}


async def test_an_input_on_which_only_one_program_crashes_tells_two_apart() -> None:
    crashing = "n = int(input())\nassert n > 0\nprint(n)"
    stage = Stage2(ScriptedAsk(model(prefers("abs"))), crashing, RIGHT)
    assert (await stage.select()).chosen == 1
    judged = [call.prompt for call in stage.ask.calls if call.role is Role.JUDGE]
    assert all("(no output: runtime error: AssertionError" in prompt for prompt in judged)


async def test_outputs_that_the_problems_checker_accepts_for_one_another_tell_nothing_apart() -> None:
    problem = Problem("half", "Print half of a number.", checker="float:1e-3", public_tests=(Test("1", "2\n", "1.0"),))
    near = "n = int(input())\nprint(n / 2 + 0.00001 * (n > 2))"
    far = "n = int(input())\nprint(n / 2 + (n > 90))"
    stage = Stage2(
        ScriptedAsk(model(prefers("0.00001"), written("99", "8"))),
        near,
        far,
        "print(int(input()) / 2)",
        problem=problem,
    )
    selection = await stage.select()
    assert {frozenset(cluster.samples) for cluster in selection.clusters} >= {frozenset({1})}
    for _, body in stage.records:
        if body["kind"] == "distinguish" and 1 in (body["question"]["first"], body["question"]["second"]):
            assert body["answer"] == {"inputs": ["99\n"]}


async def test_an_empty_pool_is_refused() -> None:
    with pytest.raises(InputError, match="no candidate to select from"):
        await Stage2(ScriptedAsk(model(prefers("abs")))).select()


class Unbounded:
    """A selector that does not know its cost."""

    def most_questions(self, candidates: int) -> dict[str, int]:
        return {}


class Idle(Unbounded):
    """A selector that never gets anywhere."""

    name: ClassVar[str] = "idle"

    def next(self, state: State) -> tuple[()]:
        return ()


async def test_a_selector_that_neither_asks_nor_decides_is_refused() -> None:
    with pytest.raises(InputError, match="'idle' neither asks nor decides"):
        await Stage2(ScriptedAsk(model(prefers("abs"))), RIGHT, WRONG).select(Idle())


class Runner(Unbounded):
    """A selector that asks for runs of its own, then looks at what it got."""

    name: ClassVar[str] = "runner"

    def next(self, state: State) -> Decision | tuple[Question, ...]:
        question = RunOn(state.samples, ("-9\n",))
        if question not in state.answers:
            return (question,)
        assert [found.text for found in state.inputs()] == ["-9\n"]
        keys = {state.rows[sample]["-9\n"].key for sample in state.samples}
        return Decision(state.samples[0], (), f"{len(keys)} outputs.")


async def test_a_selector_may_run_programs_without_any_call() -> None:
    stage = Stage2(ScriptedAsk(model(prefers("abs"))), RIGHT, WRONG, ALSO_RIGHT)
    selection = await stage.select(Runner())
    assert selection.reason == "2 outputs."
    assert selection.steps == {"executions": 3}
    assert stage.ask.calls == []


async def test_a_judge_that_fails_itself_ends_the_selection() -> None:
    stage = Stage2(ScriptedAsk(model(prefers("abs"))), RIGHT, WRONG)

    class Broken(InProcessRun):
        async def __call__(self, program: Program, stdin: str) -> Execution:
            raise JudgeFailed("the sandbox broke")

    stage.run = Broken()
    with pytest.raises(JudgeFailed, match="the sandbox broke"):
        await stage.select()


class Recorded:
    """Tests that were written before the run."""

    tests = (GeneratedTest("first", ("-5\n",)), GeneratedTest("second", ("4\n",)))

    async def passes(self, program: Program) -> dict[str, bool]:
        return {"first": program.source == RIGHT, "second": True}


@pytest.mark.parametrize("name", ["codet", "generated-tests", "majority", "soft-mbr"])
async def test_recorded_tests_decide_without_a_call(name: str) -> None:
    stage = Stage2(ScriptedAsk(model(prefers("print(int"))), WRONG, RIGHT, FAILING, RIGHT)
    selection = await stage.select(name, tests=Recorded())
    assert selection.chosen == 1
    assert stage.ask.calls == []
    assert selection.steps["executions"] == 4
