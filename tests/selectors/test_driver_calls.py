"""Stage 2 end to end: what comes of calls that fail, repeat, wait or end a budget, and what is kept of them."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
from fakes.clients import ScriptedClient
from fakes.executors import InProcessExecutor
from fakes.stage2 import Call, ScriptedAsk, candidates, written

from distinguo import selectors
from distinguo.ask import Asker
from distinguo.budget import Budget
from distinguo.config import Settings
from distinguo.errors import BudgetExhausted, CallError, JudgeFailed, ModelUnavailable, ReplayMiss
from distinguo.events import QuestionAnswered, SelectionStarted
from distinguo.judge import Judge
from distinguo.records import Candidate, Request, Role, Selection
from distinguo.selectors.driver import select
from distinguo.store import Store


@pytest.mark.parametrize("failing", ["inputs", "distinguish", "judge"])
async def test_calls_that_fail_leave_a_choice(failing: str) -> None:
    def answer(call: Call) -> str | Exception:
        purpose = "judge" if call.role is Role.JUDGE else "distinguish" if call.distinguishes else "inputs"
        return CallError("the server hung up") if purpose == failing else model(prefers("abs"))(call)

    selection = await Stage2(ScriptedAsk(answer), WRONG, RIGHT, ALSO_WRONG).select()
    assert selection.chosen in ((0, 2) if failing == "judge" else (1,)), (
        "changed public inputs take the place of written ones"
    )
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
    def seconds(call: Call) -> float:
        return 0.3 if call.role is Role.JUDGE else 0.0

    stage = Stage2(ScriptedAsk(model(prefers("abs")), seconds=seconds), WRONG, RIGHT, OTHER)
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
