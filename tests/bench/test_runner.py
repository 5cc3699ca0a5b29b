import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from fakes import many
from fakes.clients import ScriptedClient
from fakes.executors import InProcessExecutor

from distinguo.bench import methods, runfile, runner
from distinguo.bench.records import Arm, State
from distinguo.bench.runner import Finished, Plan, Progress
from distinguo.config import Settings
from distinguo.errors import CallError, InputError, ModelUnavailable
from distinguo.protocols import Client
from distinguo.records import Request, Role

ARMS = tuple(
    methods.arm(name, methods.common(name, {"n": 4, "rounds": 1})) for name in ("zero-shot", "majority", "sstar")
)


async def ran(
    out: Path,
    plan: Plan,
    client: Client | None = None,
    progress: Callable[[Progress], None] = lambda progress: None,
) -> Finished:
    client = client or many.client()
    clients: Mapping[str, Mapping[Role, Client]] = {arm.key: dict.fromkeys(Role, client) for arm in plan.arms}
    return await runner.run(
        plan,
        out / "run.sqlite",
        environment={},
        observe=lambda event: None,
        progress=progress,
        cache=out / "cache.sqlite",
        clients=clients,
        executor=InProcessExecutor(),
    )


def planned(problems: int = 6, arms: tuple[Arm, ...] = ARMS, **more: Any) -> Plan:
    data = many.dataset(problems, more.pop("broken", ()))
    return Plan(data, data.ids, arms, **more)


def comparable(out: Path) -> dict[Any, Any]:
    """Everything that a run came to, but for times and the numbers of calls."""
    found: dict[Any, Any] = {}
    with runfile.reading(out / "run.sqlite") as db:
        for kind, key, body in db.execute("SELECT kind, key, body FROM records WHERE kind != 'bench-calls'"):
            found[kind, key] = _timeless(json.loads(body))
        found["calls"] = sorted(db.execute("SELECT key, text FROM calls WHERE state = 'arrived'"))
    return found


def _timeless(body: Any) -> Any:
    if isinstance(body, dict):
        return {name: _timeless(value) for name, value in body.items() if not name.endswith("seconds")}
    return [_timeless(value) for value in body] if isinstance(body, list) else body


async def test_every_arm_has_a_result_for_every_problem(tmp_path: Path) -> None:
    finished = await ran(tmp_path, planned())
    run = runfile.read(tmp_path / "run.sqlite")
    assert finished.complete
    assert {arm.name for arm in run.arms.values()} == {"zero-shot", "majority n=4", "sstar n=4 rounds=1"}
    assert set(run.results) == {(arm.key, f"largest-{number}") for arm in ARMS for number in range(6)}
    assert all(result.done for result in run.results.values())
    assert run.facts["largest-3"].errata
    assert (run.facts["largest-1"].difficulty, run.facts["largest-1"].hidden_tests) == ("medium", 2)


async def test_a_result_says_which_samples_are_right_and_what_they_took(tmp_path: Path) -> None:
    await ran(tmp_path, planned(12))
    run = runfile.read(tmp_path / "run.sqlite")
    majority, sstar = ARMS[1].key, ARMS[2].key
    for problem in run.facts:
        drawn, debugged = run.results[majority, problem], run.results[sstar, problem]
        assert [sample.sample for sample in drawn.samples] == [0, 1, 2, 3]
        assert [sample.rounds[0] for sample in drawn.samples] == [sample.rounds[0] for sample in debugged.samples]
        assert drawn.used["generator"].calls == debugged.used["generator"].calls == 4
        chosen = {sample.sample: sample for sample in debugged.samples}[debugged.chosen or 0]
        assert debugged.right == chosen.right
        assert all(sample.kept == len(sample.rounds) - 1 for sample in debugged.samples)
    assert {result.covered for result in run.of(sstar).values()} == {True, False}


async def test_arms_share_what_they_have_in_common(tmp_path: Path) -> None:
    client = many.client()
    await ran(tmp_path, planned(), client)
    drafts = [request for request in client.requests if request.role is Role.GENERATOR]
    assert len(drafts) == 6 * 4
    assert len(set(client.requests)) == len(client.requests)


async def test_a_method_that_is_added_later_asks_for_no_sample_again(tmp_path: Path) -> None:
    await ran(tmp_path, planned())
    client = many.client()
    arms = (*ARMS, methods.arm("posterior", {"n": 4, "rounds": 1, "keep": "last"}))
    assert (await ran(tmp_path, planned(arms=arms), client)).complete
    assert not [request for request in client.requests if request.role in (Role.GENERATOR, Role.DEBUGGER)]
    assert len(runfile.read(tmp_path / "run.sqlite").arms) == 4


async def test_a_finished_run_asks_for_nothing(tmp_path: Path) -> None:
    await ran(tmp_path, planned())
    client, told = many.client(), list[Progress]()
    assert (await ran(tmp_path, planned(), client, told.append)).complete
    assert not client.requests
    assert (told[-1].done, told[-1].known, told[-1].total) == (18, 18, 18)


@pytest.mark.parametrize("after", [3, 20, 41])
async def test_a_run_that_is_cut_off_ends_as_if_it_had_not_been(tmp_path: Path, after: int) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    await ran(whole, planned(8))
    client = many.client()

    def answer(request: Request) -> str:
        if len(client.requests) > after:
            raise asyncio.CancelledError
        return many.answer(request)

    client._answer = answer
    with pytest.raises(asyncio.CancelledError):
        await ran(cut, planned(8), client)
    await ran(cut, planned(8))
    assert comparable(cut) == comparable(whole)


async def test_failed_calls_are_an_api_error_that_is_tried_again(tmp_path: Path) -> None:
    def answer(request: Request) -> str | Exception:
        return CallError("the server fell over") if request.sample == 2 else many.answer(request)

    finished = await ran(tmp_path, planned(), ScriptedClient(answer))
    run = runfile.read(tmp_path / "run.sqlite")
    assert finished.states[State.API_ERROR] == 12  # zero-shot draws no sample 2
    assert not finished.complete
    assert all("fell over" in run.results[ARMS[1].key, problem].errors[0] for problem in run.facts)
    assert (await ran(tmp_path, planned())).complete


async def test_a_budget_for_the_run_leaves_problems_for_later(tmp_path: Path) -> None:
    client = many.client()
    finished = await ran(tmp_path, planned(20, limits=Settings(budget_calls=30)), client)
    assert finished.stopped == "30 calls for all problems"
    assert len(client.requests) == 30
    assert finished.states[State.UNFINISHED] > 0
    assert len(runfile.read(tmp_path / "run.sqlite").facts) == 20
    rest = await ran(tmp_path, planned(20, limits=Settings(budget_calls=10_000)))
    assert rest.complete


async def test_a_problem_with_wrong_data_is_left_out_and_the_rest_goes_on(tmp_path: Path) -> None:
    finished = await ran(tmp_path, planned(broken=["largest-2"]))
    run = runfile.read(tmp_path / "run.sqlite")
    assert finished.left_out == {"largest-2": "largest-2 has no statement"} == run.left_out
    assert finished.complete, "every problem that can be run is done"
    assert len(run.facts) == 5
    assert all(result.done for result in run.results.values())


async def test_a_model_that_cannot_be_had_ends_the_run(tmp_path: Path) -> None:
    client = ScriptedClient(lambda request: ModelUnavailable("the key is wrong"))
    with pytest.raises(ModelUnavailable, match="the key is wrong"):
        await ran(tmp_path, planned(), client)


async def test_another_data_set_needs_another_file(tmp_path: Path) -> None:
    await ran(tmp_path, planned())
    other = many.dataset(2)
    other.name = "smallest"
    with pytest.raises(InputError, match=r"is a run of largest, not of smallest; choose another --out"):
        await ran(tmp_path, Plan(other, other.ids, ARMS))


async def test_progress_says_how_far_it_is_and_what_it_took(tmp_path: Path) -> None:
    told = list[Progress]()
    await ran(tmp_path, planned(), progress=told.append)
    assert [now.done for now in told] == sorted(now.done for now in told)
    last = told[-1]
    assert (last.done, last.total, last.problems, last.failed) == (18, 18, 6, 0)
    assert 0 < last.covered <= 6
    assert last.calls > 24
    assert last.usd is None  # nobody knows what fake/model costs
