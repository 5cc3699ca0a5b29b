"""Stage 2 end to end: a scripted model, programs that are really run, and what the driver makes of both."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from fakes.clients import ScriptedClient
from fakes.executors import InProcessExecutor
from fakes.stage2 import Call, InProcessRun, ScriptedAsk, candidates, vote, written

from distinguo import selectors
from distinguo.ask import Asker
from distinguo.budget import Budget
from distinguo.config import Settings
from distinguo.errors import BudgetExhausted, CallError, InputError, JudgeFailed, ModelUnavailable, ReplayMiss
from distinguo.events import Event, QuestionAnswered, SelectionStarted
from distinguo.judge import Judge
from distinguo.problem import Problem, Program, Test
from distinguo.records import Candidate, Execution, Request, Role, Selection
from distinguo.selectors.answering import place
from distinguo.selectors.driver import select
from distinguo.selectors.protocol import (
    Compare,
    Decision,
    Distinguish,
    GeneratedTest,
    Question,
    RunOn,
    Selector,
    State,
    WriteInputs,
)
from distinguo.store import Store

PROBLEM = Problem("absolute", "Print the absolute value of an integer.", public_tests=(Test("1", "3\n", "3"),))
RIGHT = "print(abs(int(input())))"
ALSO_RIGHT = "n = int(input())\nprint(n if n > 0 else -n)"
WRONG = "print(int(input()))"
ALSO_WRONG = "x = int(input())\nprint(x)"
OTHER = "print(max(0, int(input())))"
FAILING = "print(7)"
Answer = Callable[[Call], str | Exception]


def model(judge: Callable[[Call], str | Exception], inputs: str = written("-5", "4")) -> Answer:
    return lambda call: judge(call) if call.role is Role.JUDGE else inputs


def prefers(text: str) -> Answer:
    """A judge for the program that holds a text, who holds no output for right without seeing a program."""

    def judge(call: Call) -> str:
        if "First program:" not in call.prompt:
            return json.dumps({"reason": "because", "right": "none"})
        first, second = call.prompt.split("First program:")[1].split("Both programs")[0].split("Second program:")
        found = text in first, text in second
        return vote("tie" if found[0] == found[1] else "first" if found[0] else "second")

    return judge


class Stage2:
    """Stage 2 of the problem above."""

    def __init__(self, ask: ScriptedAsk, *sources: str, problem: Problem = PROBLEM) -> None:
        self.ask, self.sources, self.problem = ask, sources, problem
        self.run = InProcessRun()
        self.events: list[Event] = []
        self.records: list[tuple[str, dict[str, Any]]] = []

    async def select(self, selector: str | Selector = "sstar", seed: int = 0, **options: Any) -> Selection:
        return await select(
            selectors.get(selector) if isinstance(selector, str) else selector,
            await candidates(self.problem, *self.sources),
            self.problem,
            ask=self.ask,
            run=self.run,
            seed=seed,
            observe=self.events.append,
            record=lambda key, body: self.records.append((key, body)),
            **options,
        )


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


@pytest.mark.parametrize("failing", ["inputs", "distinguish", "judge"])
async def test_calls_that_fail_leave_a_choice(failing: str) -> None:
    def answer(call: Call) -> str | Exception:
        purpose = "judge" if call.role is Role.JUDGE else "distinguish" if call.distinguishes else "inputs"
        return CallError("the server hung up") if purpose == failing else model(prefers("abs"))(call)

    selection = await Stage2(ScriptedAsk(answer), WRONG, RIGHT, ALSO_WRONG).select()
    assert selection.chosen == (0 if failing == "judge" else 1), "changed public inputs take the place of written ones"
    assert selection.steps["calls_failed"] >= 1
    assert selection.stopped == ""


@pytest.mark.parametrize("paid", range(4))
async def test_after_a_budget_ends_no_further_call_is_made_and_the_reason_says_so(paid: int) -> None:
    left = iter(range(paid))

    def answer(call: Call) -> str | Exception:
        return BudgetExhausted("the budget of calls is used up") if next(left, None) is None else judge(call)

    judge = model(prefers("abs"))
    stage = Stage2(ScriptedAsk(answer), WRONG, RIGHT, ALSO_WRONG)
    selection = await stage.select()
    assert selection.chosen in (0, 1, 2)
    assert selection.stopped == "the budget of calls is used up"
    assert "The budget ended the selection early: the budget of calls is used up." in selection.reason
    assert len(stage.ask.calls) <= paid + 2


async def test_inputs_on_which_every_program_crashes_are_dropped_and_asked_for_again() -> None:
    def answer(call: Call) -> str | Exception:
        if call.role is Role.TEST_GENERATOR and not call.distinguishes and call.round < 2:
            return written("a word", "3.5")
        return model(prefers("abs"))(call)

    stage = Stage2(ScriptedAsk(answer), WRONG, RIGHT)
    assert (await stage.select()).chosen == 1
    assert stage.ask.asked()["inputs"] == 3
    fault = "every program fails on it (no output: runtime error: ValueError: invalid literal for int()"
    assert f"- a word\n  Not usable: {fault}" in stage.ask.calls[1].prompt
    assert stage.records[0][1]["requests"] == 3


async def test_an_input_on_which_only_one_program_crashes_tells_two_apart() -> None:
    crashing = "n = int(input())\nassert n > 0\nprint(n)"
    stage = Stage2(ScriptedAsk(model(prefers("abs"))), crashing, RIGHT)
    assert (await stage.select()).chosen == 1
    judged = [call.prompt for call in stage.ask.calls if call.role is Role.JUDGE]
    assert all("(no output: runtime error: AssertionError" in prompt for prompt in judged)


async def test_inputs_that_fail_to_distinguish_are_asked_for_again_with_what_both_programs_did() -> None:
    def answer(call: Call) -> str | Exception:
        return written("7", "x") if call.distinguishes else model(prefers("abs"))(call)

    stage = Stage2(ScriptedAsk(answer), WRONG, RIGHT)
    selection = await stage.select()
    assert stage.ask.asked() == {"inputs": 1, "distinguish": 3, "judge": 2}
    assert (selection.steps["distinguish_asked"], selection.steps["distinguish_ok"]) == (1, 0)
    repeated = next(call.prompt for call in stage.ask.calls if call.distinguishes and call.round == 1)
    assert "- 7\n  Not usable: both programs give the same output, 7." in repeated
    assert "- x\n  Not usable: both programs fail on it." in repeated
    assert selection.chosen == 1, "the judge is shown the written input on which the two differ"


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


async def test_an_unreadable_verdict_is_no_vote() -> None:
    stage = Stage2(ScriptedAsk(model(lambda call: "I like both.")), WRONG, RIGHT)
    selection = await stage.select()
    assert selection.steps["judge_asked"] == 2
    assert selection.steps["judge_answered"] == 0
    assert [cluster.score for cluster in selection.clusters] == [0.0, 0.0]


@pytest.mark.parametrize("error", [ModelUnavailable("wrong key"), ReplayMiss("not recorded"), JudgeFailed("no worker")])
async def test_what_must_end_the_run_passes_through_and_cancels_the_rest(error: Exception) -> None:
    def answer(call: Call) -> str | Exception:
        return error if call.role is Role.JUDGE else model(prefers("abs"))(call)

    first_judge = iter([0.0])
    ask = ScriptedAsk(answer, seconds=lambda call: next(first_judge, 60.0) if call.role is Role.JUDGE else 0.0)
    with pytest.raises(type(error), match=str(error)):
        await Stage2(ask, WRONG, RIGHT).select()
    assert ask.asked()["judge"] == 2
    assert ask.cancelled == 1


async def test_questions_that_do_not_depend_on_each_other_run_at_once() -> None:
    stage = Stage2(ScriptedAsk(model(prefers("abs")), seconds=lambda call: 0.02), WRONG, RIGHT, OTHER)
    await stage.select()
    assert stage.ask.most_in_flight == 6


async def test_a_pair_is_judged_while_another_still_waits_for_its_inputs() -> None:
    judged = asyncio.Event()

    class Ask(ScriptedAsk):
        async def __call__(self, role: Role, messages: Any, **options: Any) -> Any:
            text = messages[-1].content
            if "tell two programs apart" in messages[0].content and "max(" in text:
                await judged.wait()
            completion = await super().__call__(role, messages, **options)
            if role is Role.JUDGE:
                judged.set()
            return completion

    stage = Stage2(Ask(model(prefers("abs"))), WRONG, RIGHT, OTHER)
    assert (await asyncio.wait_for(stage.select(), 30)).chosen == 1


async def test_the_choice_and_the_calls_are_the_same_whatever_the_latencies() -> None:
    def latency(factor: int) -> Callable[[Call], float]:
        return lambda call: (call.sample * factor) % 7 / 1000

    seen = []
    for factor in (1, 2, 3, 5):
        stage = Stage2(ScriptedAsk(model(prefers("abs")), seconds=latency(factor)), WRONG, RIGHT, OTHER, ALSO_RIGHT)
        selection = await stage.select()
        seen.append((selection, sorted((call.sample, call.round, call.prompt) for call in stage.ask.calls)))
    assert all(one == seen[0] for one in seen)


def test_no_two_questions_share_a_place() -> None:
    questions: list[Question] = [WriteInputs(8), WriteInputs(8, 1), RunOn((0, 1), ("a",)), Compare(0, 1, ("a",))]
    questions += [Compare(1, 0, ("a",)), Compare(0, 1, ("a", "b")), Distinguish(0, 1, 3), Distinguish(1, 0, 3)]
    assert len({place(question) for question in questions}) == len(questions)
    assert all(0 <= place(question) < 1 << 48 for question in questions)


async def test_every_question_is_recorded_with_its_answer_under_a_key_of_its_own() -> None:
    stage = Stage2(ScriptedAsk(model(prefers("abs"))), WRONG, RIGHT)
    await stage.select()
    keys = [key for key, _ in stage.records]
    bodies = [body for _, body in stage.records]
    assert len(set(keys)) == len(keys) == 4
    assert [body["kind"] for body in bodies] == ["inputs", "distinguish", "compare", "compare"]
    assert bodies[0]["answer"] == {"inputs": ["-5\n", "4\n"]}
    assert bodies[1]["answer"] == {"inputs": ["-5\n"]}
    assert bodies[1]["dropped"] == [{"text": "4\n", "why": "both programs give the same output, 4"}]
    assert {json.dumps(body["outputs"]) for body in bodies[2:]} == {'[["-5\\n", "5\\n"]]', '[["5\\n", "-5\\n"]]'}
    assert {body["answer"]["vote"] for body in bodies[2:]} == {"first", "second"}
    json.dumps(bodies)


async def test_progress_is_told() -> None:
    stage = Stage2(ScriptedAsk(model(prefers("abs"))), WRONG, RIGHT, FAILING)
    await stage.select()
    assert stage.events[0] == SelectionStarted("sstar", 2)
    assert stage.events[1] == QuestionAnswered("inputs", True)
    assert stage.events.count(QuestionAnswered("compare", True)) == 2


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


async def test_a_repeated_selection_is_answered_from_the_store(tmp_path: Path) -> None:
    def answer(request: Request) -> str:
        call = Call(request.role, request.messages, request.sample, request.round, request.temperature, None)
        answered = model(prefers("abs"))(call)
        assert isinstance(answered, str)
        return answered

    client, executor = ScriptedClient(answer), InProcessExecutor()
    settings = Settings.model_validate({"n": 4})
    pool: list[Candidate] = await candidates(PROBLEM, WRONG, RIGHT, OTHER)

    async def once() -> Selection:
        with Store(tmp_path / "run.sqlite") as store:
            budget = Budget(settings, store.usage_by_model())
            ask = Asker(PROBLEM.id, settings, dict.fromkeys(Role, client), store, budget, lambda event: None)
            async with Judge(PROBLEM, executor, store, budget) as run:
                return await select(
                    selectors.get("sstar"),
                    pool,
                    PROBLEM,
                    ask=ask,
                    run=run,
                    seed=0,
                    observe=lambda event: None,
                    record=lambda key, body: store.record("question", key, body),
                )

    first = await once()
    requests, runs = len(client.requests), len(executor.runs)
    assert requests == 10
    assert await once() == first
    assert (len(client.requests), len(executor.runs)) == (requests, runs)
