"""The Python API on a real HTTP server and the real sandbox: results, resuming, replaying, what is never written."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fakes import coder
from fakes.openai_replies import Reply, failure
from fakes.openai_server import OpenAIServer

import distinguo
from distinguo.api import Result
from distinguo.errors import InputError, ModelUnavailable, ReplayMiss
from distinguo.prices import Price

KEY = "sk-this-must-stay-secret"
PRICE = Price(prompt=1, completion=1)


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(coder.answer, api_key=KEY) as running:
        yield running


def environment(server: OpenAIServer, key: str = KEY) -> dict[str, str]:
    return {"OPENAI_API_KEY": key, "OPENAI_BASE_URL": server.base_url}


async def solve(server: OpenAIServer, problem: Any, tmp_path: Path, **options: Any) -> Result:
    given: dict[str, Any] = {"model": "openai/fake", "n": 6, "out": tmp_path / "runs"}
    return await distinguo.solve(problem, **given | {"environment": environment(server)} | options)


async def test_the_result_says_what_was_chosen_and_why(
    server: OpenAIServer, problem_folder: Path, tmp_path: Path
) -> None:
    result = await solve(server, problem_folder, tmp_path)
    assert result.program is not None
    assert result.program.strip() == coder.LARGEST
    assert result.public == {"passed": 1, "total": 1}
    assert result.passes_public
    assert result.hidden is not None
    assert (result.hidden["verdict"], result.hidden["passed"], result.hidden["total"]) == ("AC", 2, 2)
    assert result.selection is not None
    assert result.selection["selector"] == "posterior"
    assert result.selection["reason"]
    assert result.usage["calls"] == len(server.requests)
    assert json.loads(json.dumps(result.as_dict()))["run"] == result.run


async def test_a_finished_run_is_shown_without_a_call(
    server: OpenAIServer, problem_folder: Path, tmp_path: Path
) -> None:
    first = await solve(server, problem_folder, tmp_path)
    asked = len(server.requests)
    assert await solve(server, problem_folder, tmp_path) == first
    assert len(server.requests) == asked


async def test_drafts_may_share_a_call(server: OpenAIServer, problem_folder: Path, tmp_path: Path) -> None:
    result = await solve(server, problem_folder, tmp_path, drafts_per_call=6, rounds=0, selector="first")
    assert server.requests[0]["n"] == 6
    assert result.program is not None


async def test_fresh_draws_anew(server: OpenAIServer, problem_folder: Path, tmp_path: Path) -> None:
    await solve(server, problem_folder, tmp_path)
    asked = len(server.requests)
    await solve(server, problem_folder, tmp_path, fresh=True)
    assert len(server.requests) == 2 * asked


async def test_fresh_forgets_nothing_when_it_cannot_start(
    server: OpenAIServer, problem_folder: Path, tmp_path: Path
) -> None:
    first = await solve(server, problem_folder, tmp_path)
    with pytest.raises(InputError, match="OPENAI_API_KEY"):
        await solve(server, problem_folder, tmp_path, fresh=True, environment={})
    assert await solve(server, problem_folder, tmp_path) == first


async def test_other_hidden_tests_are_graded_without_a_call(
    server: OpenAIServer, problem_folder: Path, tmp_path: Path
) -> None:
    await solve(server, problem_folder, tmp_path)
    asked = len(server.requests)
    (problem_folder / "hidden" / "2.out").write_text("0\n")
    again = await solve(server, problem_folder, tmp_path)
    assert again.hidden is not None
    assert (again.hidden["verdict"], again.hidden["passed"]) == ("WA", 1)
    assert len(server.requests) == asked


async def test_calls_that_failed_are_tried_again(problem_folder: Path, tmp_path: Path) -> None:
    failing = True

    def unsteady(body: dict[str, Any]) -> Reply | str:
        return failure(400, "context length exceeded") if failing and body["seed"] % 2 else coder.answer(body)

    with OpenAIServer(unsteady, api_key=KEY) as server:
        first = await solve(server, problem_folder, tmp_path, rounds=0)
        assert first.failed_calls > 0
        failing = False
        second = await solve(server, problem_folder, tmp_path, rounds=0)
    assert second.failed_calls == 0
    assert second.run == first.run


async def test_what_makes_no_sense_is_said_before_anything_is_paid(
    server: OpenAIServer, problem_folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="not both"):
        await solve(server, problem_folder, tmp_path, settings=distinguo.Settings())
    with pytest.raises(InputError, match="HiddenTests"):
        await solve(server, problem_folder, tmp_path, hidden=["1"])
    with pytest.raises(InputError, match="await distinguo"):
        distinguo.solve_sync(problem_folder)
    assert server.requests == []


async def test_a_recorded_run_is_replayed_without_a_server(
    server: OpenAIServer, problem_folder: Path, tmp_path: Path
) -> None:
    first = await solve(server, problem_folder, tmp_path)
    asked = len(server.requests)
    again = await solve(server, problem_folder, tmp_path, model=f"replay:{first.run}", environment={})
    assert len(server.requests) == asked
    assert (again.program, again.selection) == (first.program, first.selection)


async def test_a_replay_that_misses_is_an_error(server: OpenAIServer, problem_folder: Path, tmp_path: Path) -> None:
    first = await solve(server, problem_folder, tmp_path)
    with pytest.raises(ReplayMiss, match="holds no answer"):
        await solve(server, problem_folder, tmp_path, model=f"replay:{first.run}", n=7, environment={})


async def test_a_budget_is_resumed_with_a_larger_one(
    server: OpenAIServer, problem_folder: Path, tmp_path: Path
) -> None:
    first = await solve(server, problem_folder, tmp_path, budget_calls=4)
    assert first.stopped == "4 calls"
    second = await solve(server, problem_folder, tmp_path, budget_calls=400)
    assert second.stopped == ""
    assert second.run == first.run
    bodies = [json.dumps([body["messages"], body["seed"]]) for body in server.requests]
    assert len(bodies) == len(set(bodies)) == second.usage["calls"]


async def test_seconds_of_earlier_sessions_are_spent(problem_folder: Path, tmp_path: Path) -> None:
    with OpenAIServer(coder.answer, api_key=KEY, latency=0.2) as slow:
        first = await solve(slow, problem_folder, tmp_path, max_seconds=0.3)
        assert first.stopped == "0.3 seconds"
        asked = len(slow.requests)
        again = await solve(slow, problem_folder, tmp_path, max_seconds=0.3)
        assert (again.stopped, len(slow.requests)) == (first.stopped, asked)
        assert again.seconds >= first.seconds
        done = await solve(slow, problem_folder, tmp_path, max_seconds=60)
    assert done.stopped == ""


async def test_every_role_is_charged_at_its_own_models_price(
    server: OpenAIServer, problem_folder: Path, tmp_path: Path
) -> None:
    prices = {"openai/fake": Price(prompt=1e6, completion=0), "openai/judge": Price(prompt=0, completion=1e6)}
    roles: dict[str, Any] = {"judge": "openai/judge", "prices": prices}
    result = await solve(server, problem_folder, tmp_path, **roles)
    with closing(sqlite3.connect(result.run)) as db:
        tokens = "SELECT SUM(prompt_tokens), SUM(completion_tokens) FROM calls WHERE model = ?"
        prompt, _ = db.execute(tokens, ("openai/fake",)).fetchone()
        _, answer = db.execute(tokens, ("openai/judge",)).fetchone()
    assert answer > 0
    assert result.usage["usd"] == prompt + answer
    assert {body["model"] for body in server.requests} == {"fake", "judge"}
    unknown = await solve(server, problem_folder, tmp_path, judge="openai/judge", prices={"openai/fake": PRICE})
    assert (unknown.usage["usd"], unknown.usage["unpriced"]) == (None, ["openai/judge"])
    with pytest.raises(InputError, match="--budget-usd needs the price of openai/judge"):
        await solve(server, problem_folder, tmp_path, judge="openai/judge", prices={"openai/fake": PRICE}, seed=1,
                    budget_usd=5)  # fmt: skip


async def test_a_problem_may_be_given_as_an_object(server: OpenAIServer, tmp_path: Path) -> None:
    problem = distinguo.Problem("largest", coder.STATEMENT, public_tests=(distinguo.Test("1", *coder.TEST),))
    result = await solve(server, problem, tmp_path, n=2)
    assert result.hidden is None
    assert Path(result.run).parent == tmp_path / "runs"


async def test_the_key_is_nowhere_in_the_run(server: OpenAIServer, problem_folder: Path, tmp_path: Path) -> None:
    result = await solve(server, problem_folder, tmp_path, n=2)
    for file in Path(result.run).parent.iterdir():
        assert KEY.encode() not in file.read_bytes()
    assert KEY not in json.dumps(result.as_dict())


async def test_hidden_tests_are_in_no_request(server: OpenAIServer, problem_folder: Path, tmp_path: Path) -> None:
    await solve(server, problem_folder, tmp_path)
    assert "-3 -2 -5" not in json.dumps(server.requests)


async def test_a_wrong_key_stops_at_once_and_is_not_shown(
    server: OpenAIServer, problem_folder: Path, tmp_path: Path
) -> None:
    wrong = "sk-wrong-but-still-secret"
    with pytest.raises(ModelUnavailable, match="OPENAI_API_KEY") as caught:
        await solve(server, problem_folder, tmp_path, environment=environment(server, wrong))
    assert wrong not in str(caught.value)


async def test_calls_that_all_fail_are_an_error_and_not_a_verdict(problem_folder: Path, tmp_path: Path) -> None:
    def refuses(body: dict[str, Any]) -> Reply:
        return failure(400, "context length exceeded")

    with OpenAIServer(refuses) as server, pytest.raises(ModelUnavailable, match="context length exceeded"):
        await solve(server, problem_folder, tmp_path, n=2, rounds=0)


async def test_an_unknown_setting_is_an_input_error(server: OpenAIServer, problem_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no setting 'samples'"):
        await solve(server, problem_folder, tmp_path, samples=3)


def test_the_synchronous_twin_gives_the_same(server: OpenAIServer, problem_folder: Path, tmp_path: Path) -> None:
    options: dict[str, Any] = {"model": "openai/fake", "n": 2, "environment": environment(server)}
    plain = distinguo.solve_sync(problem_folder, out=tmp_path / "a", **options)
    awaited = asyncio.run(distinguo.solve(problem_folder, out=tmp_path / "b", **options))
    assert plain.program == awaited.program
    assert plain.selection == awaited.selection


def test_the_public_names_are_these() -> None:
    assert sorted(distinguo.__all__) == [
        "CallStyle", "HiddenTests", "Limits", "Problem", "Program", "Result", "Settings", "Test", "grade", "grade_sync",
        "sandbox", "select", "select_sync", "solve", "solve_sync",
    ]  # fmt: skip
    assert all(getattr(distinguo, name) is not None for name in distinguo.__all__)
