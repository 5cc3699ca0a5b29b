"""S* end to end on the real sandbox, with models that answer by script."""

import ast
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from fakes.clients import Answer, ScriptedClient

from distinguo import pipeline, sandbox
from distinguo.budget import Budget
from distinguo.config import Settings
from distinguo.errors import CallError
from distinguo.events import Note
from distinguo.pipeline import Solved
from distinguo.problem import Problem, Program, Test
from distinguo.protocols import Executor
from distinguo.records import Request, Role
from distinguo.store import Store

# Both programs pass the public test; only one is right on what it leaves open.
PROBLEM = Problem("largest", "Print the largest of the numbers on the line.", public_tests=(Test("1", "1 2 3", "3"),))
LAST = "print(input().split()[-1])"
LARGEST = "print(max(map(int, input().split())))"


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def executor() -> AsyncIterator[Executor]:
    async with sandbox.open(workers=1) as box:
        yield box


def judged_by(better: str, seen: list[str] | None = None) -> Answer:
    """Samples 0 and 1 print the last number, 2 and 3 the largest; the judge prefers programs that hold `better`."""

    def answer(request: Request) -> str:
        prompt = request.messages[-1].content
        if request.role is Role.GENERATOR:
            return f"```python\n{LAST if request.sample < 2 else LARGEST}\n```"
        if request.role is Role.TEST_GENERATOR:
            return json.dumps({"inputs": ["3 2 1", "5"]})
        if seen is not None:
            seen.append(prompt)
        first, second = prompt.find(LAST), prompt.find(LARGEST)
        order = ["last", "largest"] if first < second else ["largest", "last"]
        return json.dumps({"reason": "The outputs differ.", "better": ["first", "second"][order.index(better)]})

    return answer


async def solved(
    tmp_path: Path, executor: Executor, answer: Answer, problem: Problem = PROBLEM, **settings: Any
) -> tuple[Solved, ScriptedClient, Store]:
    client = ScriptedClient(answer)
    made = Settings.model_validate({"n": 4, "selector": "sstar"} | settings)
    store = Store(tmp_path / "run.sqlite")
    budget = Budget(made, store.usage_by_model())
    done = await pipeline.solve(problem, made, dict.fromkeys(Role, client), executor, store, budget, lambda event: None)
    return done, client, store


@pytest.mark.parametrize("better,program", [("last", LAST), ("largest", LARGEST)])
async def test_the_judges_answer_decides(tmp_path: Path, executor: Executor, better: str, program: str) -> None:
    seen: list[str] = []
    done, _, store = await solved(tmp_path, executor, judged_by(better, seen))
    with store:
        assert done.candidate is not None
        assert done.candidate.program.source.strip() == program
        assert len(seen) == 2  # one pair of clusters, in both orders
        assert all("3 2 1" in prompt for prompt in seen)
        questions = list(store.records("question").values())
        assert {"inputs", "distinguish", "compare"} <= {question["kind"] for question in questions}
        (selection,) = store.records("selection").values()
        assert selection["chosen"] == done.candidate.sample


async def test_one_cluster_costs_no_judgement(tmp_path: Path, executor: Executor) -> None:
    def answer(request: Request) -> str:
        if request.role is Role.GENERATOR:
            return f"```python\n{LARGEST}  # {request.sample}\n```"
        return json.dumps({"inputs": ["3 2 1"]})

    done, client, store = await solved(tmp_path, executor, answer)
    with store:
        assert [request.role for request in client.requests].count(Role.JUDGE) == 0
        assert done.selection is not None
        assert len(done.selection.clusters) == 1


async def test_the_choice_is_made_without_any_program_that_fails_a_public_test(
    tmp_path: Path, executor: Executor
) -> None:
    def answer(request: Request) -> str:
        code = LARGEST if request.sample == 3 else "print(0)"
        return f"```python\n{code}\n```"

    done, client, store = await solved(tmp_path, executor, answer, rounds=1)
    with store:
        assert done.candidate is not None
        assert done.candidate.sample == 3
        assert {request.role for request in client.requests} == {Role.GENERATOR, Role.DEBUGGER}


async def test_no_program_in_any_answer_is_no_choice(tmp_path: Path, executor: Executor) -> None:
    done, _, store = await solved(tmp_path, executor, lambda request: "I do not know.", rounds=0)
    with store:
        assert done == Solved(None, None, rounds=done.rounds)
        assert [round.error for round in done.rounds] == ["the answer holds no code"] * 4


async def test_a_failing_judge_leaves_the_larger_cluster(tmp_path: Path, executor: Executor) -> None:
    def answer(request: Request) -> str | Exception:
        if request.role is Role.JUDGE:
            return CallError("overloaded")
        if request.role is Role.GENERATOR and request.sample == 1:
            return f"```python\n{LARGEST}\n```"
        return judged_by("last")(request)

    done, _, store = await solved(tmp_path, executor, answer)
    with store:
        assert done.candidate is not None
        assert done.candidate.program.source.strip() == LARGEST


async def test_a_second_run_on_the_same_file_asks_nothing(tmp_path: Path, executor: Executor) -> None:
    first, _, store = await solved(tmp_path, executor, judged_by("largest"))
    store.close()
    second, client, store = await solved(tmp_path, executor, judged_by("last"))
    store.close()
    assert client.requests == []
    assert second.selection == first.selection


async def test_a_budget_that_ends_in_stage_two_leaves_a_choice(tmp_path: Path, executor: Executor) -> None:
    done, client, store = await solved(tmp_path, executor, judged_by("largest"), budget_calls=5)
    with store:
        assert done.stopped == "5 calls"
        assert done.left_out == {"questions": 3}
        assert done.selection is not None
        assert "The budget ended the selection early" in done.selection.reason
        assert len(client.requests) == 5
        assert done.candidate is not None
        assert done.candidate.passes_all


async def test_what_a_budget_left_out_is_counted(tmp_path: Path, executor: Executor) -> None:
    def answer(request: Request) -> str:
        return "```python\nprint(0)\n```"

    done, _, store = await solved(tmp_path, executor, answer, budget_calls=6, rounds=3, n=8)
    with store:
        assert done.stopped == "6 calls"
        assert done.left_out == {"samples": 2, "debugging": 6}
        assert done.candidate is not None


async def test_time_that_ends_before_any_test_leaves_the_first_program(tmp_path: Path, executor: Executor) -> None:
    def answer(request: Request) -> str:
        return "```python\nimport time\ntime.sleep(30)\n```"

    done, _, store = await solved(tmp_path, executor, answer, max_seconds=1, n=2)
    with store:
        assert done.stopped == "1 seconds"
        assert done.candidate is not None
        assert "sleep" in done.candidate.program.source
        assert (done.candidate.outcomes, done.selection) == ((), None)


async def test_one_problems_budget_leaves_the_runs_to_the_others(tmp_path: Path, executor: Executor) -> None:
    run = Budget(Settings(budget_calls=9), {}, scope="for all problems")
    stopped = []
    for name in ("a", "b", "c"):
        settings = Settings(n=4, selector="first", budget_calls=4)
        client = ScriptedClient(lambda request: "```python\nprint(0)\n```")
        with Store(tmp_path / f"{name}.sqlite") as store:
            budget = Budget(settings, {}, parent=run)
            done = await pipeline.solve(
                PROBLEM, settings, dict.fromkeys(Role, client), executor, store, budget, lambda event: None
            )
        stopped.append((done.stopped, len(client.requests)))
    assert stopped == [("4 calls", 4), ("4 calls", 4), ("9 calls for all problems", 1)]


@pytest.mark.parametrize("rounds, told", [(2, True), (0, False)])
async def test_a_problem_without_tests_says_that_debugging_is_skipped_where_it_was_wanted(
    tmp_path: Path, executor: Executor, rounds: int, told: bool
) -> None:
    notes: list[str] = []
    client = ScriptedClient(judged_by("largest"))
    settings = Settings(n=2, rounds=rounds, selector="first")
    with Store(tmp_path / "run.sqlite") as store:
        done = await pipeline.solve(
            Problem("free", "Print the largest."), settings, dict.fromkeys(Role, client), executor, store,
            Budget(settings, {}), lambda event: notes.append(event.text) if isinstance(event, Note) else None,
        )  # fmt: skip
    assert done.candidate is not None
    assert any("no public tests" in note for note in notes) == told


async def test_every_question_asked_is_in_the_file(tmp_path: Path, executor: Executor) -> None:
    _, client, store = await solved(tmp_path, executor, judged_by("largest"))
    with store:
        rounds = store.records("round")
        assert sorted(rounds) == ["0.0", "1.0", "2.0", "3.0"]
        assert all(ast.parse(round["program"]["source"]) for round in rounds.values())
        assert store.usage().calls == len(client.requests)


async def test_programs_of_others_are_debugged_and_chosen_from(tmp_path: Path, executor: Executor) -> None:
    drafts = [Program(LAST), Program("print(")]
    answer = judged_by("largest")

    def corrects(request: Request) -> str | Exception:
        return f"```python\n{LARGEST}\n```" if request.role is Role.DEBUGGER else answer(request)

    client = ScriptedClient(corrects)
    settings = Settings(n=8)
    with Store(tmp_path / "run.sqlite") as store:
        done = await pipeline.solve(
            PROBLEM, settings, dict.fromkeys(Role, client), executor, store, Budget(settings, {}),
            lambda event: None, drafts=drafts,
        )  # fmt: skip
        assert sorted(store.records("round")) == ["0.0", "1.0", "1.1"]
    assert done.candidate is not None
    assert done.candidate.program.source.strip() == LARGEST
    assert [request.role for request in client.requests].count(Role.GENERATOR) == 0
    assert [request.role for request in client.requests].count(Role.DEBUGGER) == 1


async def test_generated_tests_of_a_round_are_in_the_file(tmp_path: Path, executor: Executor) -> None:
    def answer(request: Request) -> str:
        if request.role is Role.TEST_GENERATOR:
            return json.dumps({"tests": [{"input": "3 2 1", "output": "3"}]})
        return f"```python\n{LAST if request.round == 0 else LARGEST}\n```"

    done, _, store = await solved(tmp_path, executor, answer, n=1, selector="first", debug_tests="generated")
    with store:
        assert done.candidate is not None
        assert done.candidate.program.source.strip() == LARGEST
        rounds = store.records("round")
        verdicts = [[one["verdict"] for one in rounds[name]["generated"]] for name in ("0.0", "0.1")]
        assert verdicts == [["WA"], ["AC"]]
