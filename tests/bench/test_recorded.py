"""Recorded programs in the place of a model's: verdicts of their records, settings of one method, replays."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes import many
from fakes.clients import ScriptedClient
from fakes.coder import LARGEST, PROGRAMS
from fakes.executors import InProcessExecutor

from distinguo import bench
from distinguo.bench import methods, runfile, runner
from distinguo.bench.runfile import Run
from distinguo.bench.runner import Finished, Plan
from distinguo.config import Settings
from distinguo.datasets import DataSet
from distinguo.datasets.choosing import Filter
from distinguo.errors import InputError, ReplayMiss
from distinguo.problem import HiddenTests
from distinguo.protocols import Client
from distinguo.records import Request, Role

LAST, _, FIRST = PROGRAMS  # the public test's largest number is the last
SELECTING = ("first", "random", "public", "posterior:inputs=mutated")


class Unhidden(many.Largest):
    """Its hidden tests are the public ones, as those of a statement are."""

    def hidden(self, task_id: str) -> HiddenTests | None:
        return HiddenTests(task_id, self.problem(task_id).public_tests)


def written(path: Path, *records: Mapping[str, Any]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def records(told: Mapping[str, bool | None], problems: int = 3) -> Iterator[dict[str, Any]]:
    """Every program for each problem, with what is told of it."""
    for number in range(problems):
        for program, right in told.items():
            yield {"task_id": f"largest-{number}", "program": program, "passed": right}


async def ran(folder: Path, data: DataSet, names: Sequence[str], file: Path, **more: Any) -> tuple[Finished, Run]:
    out = folder / "run.sqlite"
    with bench.plan(data, names, candidates=[file], environment={}, **more) as planned:
        finished = await runner.run(
            planned,
            out,
            environment={},
            observe=lambda event: None,
            progress=lambda progress: None,
            cache=folder / "cache.sqlite",
            executor=InProcessExecutor(),
        )
    return finished, runfile.read(out)


def rights(run: Run, problem: str = "largest-0") -> dict[str, list[bool]]:
    return {
        run.arms[arm].name: [sample.right for sample in found.samples]
        for (arm, of), found in run.results.items()
        if of == problem
    }


async def test_recorded_programs_are_chosen_from_without_a_model(tmp_path: Path) -> None:
    file = written(tmp_path / "c.jsonl", *records({LAST: None, LARGEST: None, FIRST: None}))
    finished, run = await ran(tmp_path, many.dataset(3), SELECTING, file)
    assert finished.complete
    assert [arm.name for arm in run.arms.values()] == ["first", "random", "public", "posterior inputs=mutated"]
    assert rights(run)["first"] == [False, True, False]
    assert all(found.total.calls == 0 for found in run.results.values())
    assert {arm.model(role) for arm in run.arms.values() for role in Role} == {methods.NOBODY}


async def test_settings_of_one_method_are_its_own(tmp_path: Path) -> None:
    file = written(tmp_path / "c.jsonl", *records({FIRST: None, LARGEST: None}))
    _, run = await ran(tmp_path, many.dataset(3), ["first", "first:public_filter=false:seed=3", "zero-shot"], file)
    chosen = {run.arms[arm].name: found.chosen for (arm, _), found in run.results.items()}
    assert chosen == {"first": 1, "first public_filter=False seed=3": 0, "zero-shot": 0}


@pytest.mark.parametrize(
    "text,parsed",
    [
        ("sstar", ("sstar", {})),
        (" first:public_filter=false:n=4 ", ("first", {"public_filter": "false", "n": "4"})),
        ("sstar:model=gguf:/a/b.gguf:n=4", ("sstar", {"model": "gguf:/a/b.gguf", "n": "4"})),
        ("sstar:inputs=written,mutated", ("sstar", {"inputs": "written,mutated"})),
    ],
)
def test_a_method_with_settings(text: str, parsed: tuple[str, dict[str, str]]) -> None:
    assert methods.parse(text) == parsed


@pytest.mark.parametrize("text", ["first:public_filter", "first:", "first=3", "first:=3", "first:a:b=1"])
def test_a_method_in_another_form_is_told_how_settings_are_written(text: str) -> None:
    with pytest.raises(InputError, match="NAME:SETTING=VALUE"):
        methods.parse(text)


@pytest.mark.parametrize(
    "text,told", [("frst", "there is no method 'frst'"), ("first:nn=4", "no setting 'nn'"), ("first:n=x", "n: input")]
)
def test_a_wrong_method_or_setting_is_one_sentence(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(InputError, match=told), bench.plan(many.dataset(2), [text], environment={}):
        pass


async def test_recorded_verdicts_stand_in_for_hidden_tests(tmp_path: Path) -> None:
    told = {LAST: True, LARGEST: False, FIRST: False}  # the contrary of what the hidden tests say
    file = written(tmp_path / "c.jsonl", *records(told))
    finished, run = await ran(tmp_path, many.dataset(3), SELECTING, file, recorded_verdicts=True)
    assert finished.complete
    assert rights(run)["first"] == [True, False, False]
    assert run.chosen == "Programs are graded by the verdicts in their records."


async def test_programs_without_a_verdict_are_graded_by_hidden_tests(tmp_path: Path) -> None:
    twice = {"task_id": "largest-0", "program": LARGEST}
    contradicting = [twice | {"passed": True}, twice | {"passed": False}]
    file = written(tmp_path / "c.jsonl", *records({LAST: True, FIRST: None}), *contradicting)
    finished, run = await ran(tmp_path, many.dataset(3), ["first"], file, recorded_verdicts=True)
    assert rights(run)["first"] == [True, False, True, True]
    assert "5 programs have no recorded verdict; they are graded by the hidden tests" in finished.notes


async def test_a_problem_is_left_out_where_nothing_tells_which_programs_are_right(tmp_path: Path) -> None:
    some = list(records({LAST: True, FIRST: False}))
    some[0]["passed"] = None
    finished, run = await ran(
        tmp_path,
        DataSet("stated", Unhidden(3)),
        ["first"],
        written(tmp_path / "c.jsonl", *some),
        recorded_verdicts=True,
    )
    assert list(finished.left_out) == ["largest-0"]
    assert "there is no recorded verdict on 1 of its 2 programs" in finished.left_out["largest-0"]
    assert list(run.facts) == ["largest-1", "largest-2"]
    assert rights(run, "largest-1")["first"] == [True, False]


async def test_no_record_of_sampling_or_selection_holds_a_verdict(tmp_path: Path) -> None:
    """The verdicts turned round change what is right, and nothing else that is kept."""
    kept = dict[bool, dict[Any, Any]]()
    for turned in (False, True):
        folder = tmp_path / str(turned)
        folder.mkdir()
        told = {LAST: turned, LARGEST: not turned, FIRST: turned}
        _, run = await ran(
            folder,
            many.dataset(4),
            SELECTING,
            written(folder / "c.jsonl", *records(told, 4)),
            recorded_verdicts=True,
        )
        assert rights(run)["first"] == [turned, not turned, turned]
        with runfile.reading(folder / "run.sqlite") as db:
            kept[turned] = {
                (kind, key): body
                for kind, key, body in db.execute("SELECT kind, key, body FROM records WHERE kind != 'bench-result'")
            }
            kept[turned]["calls"] = db.execute("SELECT * FROM calls").fetchall()
            kept[turned]["runs"] = sorted(db.execute("SELECT key, output, status FROM executions"))
    assert {kind for kind, _ in (key for key in kept[True] if len(key) == 2)} >= {"round", "selection"}
    assert kept[True] == kept[False]


async def test_a_run_is_not_continued_with_other_verdicts(tmp_path: Path) -> None:
    file = written(tmp_path / "c.jsonl", *records({LAST: True, FIRST: False}))
    await ran(tmp_path, many.dataset(3), ["first"], file)
    with pytest.raises(InputError, match="was begun with other candidates, generated tests or verdicts"):
        await ran(tmp_path, many.dataset(3), ["first"], file, recorded_verdicts=True)


async def test_verdicts_that_nobody_recorded_are_asked_for_in_a_sentence(tmp_path: Path) -> None:
    file = written(tmp_path / "c.jsonl", *records({LAST: None}))
    with pytest.raises(InputError, match=r"no candidate of .* comes with a verdict"):
        await ran(tmp_path, many.dataset(3), ["first"], file, recorded_verdicts=True)
    with (
        pytest.raises(InputError, match="recorded verdicts go with candidates"),
        bench.plan(many.dataset(2), ["first"], environment={}, recorded_verdicts=True),
    ):
        pass


@pytest.mark.parametrize(
    "given,why",
    [
        ([], "the files are empty"),
        ([{"task_id": "smallest", "program": LAST}], "line 1: largest has no task 'smallest'"),
        ([{"task_id": "largest-2", "program": LAST}], "all are for others"),
    ],
)
def test_files_without_a_candidate_say_why(tmp_path: Path, given: Sequence[Mapping[str, Any]], why: str) -> None:
    file = written(tmp_path / "c.jsonl", *given)
    only = Filter(ids=("largest-0",))
    with (
        pytest.raises(InputError, match=f"no problem of largest that was chosen has a candidate: {why}"),
        bench.plan(many.dataset(3), ["first"], candidates=[file], choosing=only, environment={}),
    ):
        pass


async def test_a_run_is_not_continued_under_other_limits(tmp_path: Path) -> None:
    file = written(tmp_path / "c.jsonl", *records({LAST: None}))
    await ran(tmp_path, many.dataset(3), ["first"], file, timeout=2.0)
    with pytest.raises(InputError, match="was begun with another --time-limit or --timeout"):
        await ran(tmp_path, many.dataset(3), ["random"], file)
    for name in ("time_limit", "timeout"):
        with pytest.raises(InputError, match="must be above 0"):
            await ran(tmp_path, many.dataset(3), ["first"], file, **{name: 0.0})


async def test_methods_that_differ_in_a_budget_alone_do_not_share_a_file(tmp_path: Path) -> None:
    file = written(tmp_path / "c.jsonl", *records({LAST: None}))
    with pytest.raises(InputError, match="first:budget_calls=3 differs from first in nothing that shapes answers"):
        await ran(tmp_path, many.dataset(3), ["first", "first:budget_calls=3"], file)
    _, run = await ran(tmp_path, many.dataset(3), ["distinguo", "posterior"], file)
    assert [arm.name for arm in run.arms.values()] == ["distinguo"]


async def test_rounds_of_debugging_by_nobody_are_refused(tmp_path: Path) -> None:
    file = written(tmp_path / "c.jsonl", *records({LAST: None}))
    with pytest.raises(InputError, match="name it with --model or --debugger"):
        await ran(tmp_path, many.dataset(3), ["first"], file, rounds=2)


def test_a_model_for_one_role_is_asked_in_no_other(tmp_path: Path) -> None:
    file = written(tmp_path / "c.jsonl", *records({LAST: None}))
    environment = {"DISTINGUO_DEBUGGER": "openai/dear"}
    given = {"judge": "openai/judge"}
    with bench.plan(
        many.dataset(2), ["sstar", "first:model=local"], candidates=[file], given=given, environment=environment
    ) as planned:
        judged, modelled = (Settings.model_validate(arm.settings) for arm in planned.arms)
    assert {role: judged.model_of(role) for role in Role if role is not Role.JUDGE} == {
        role: methods.NOBODY for role in Role if role is not Role.JUDGE
    }
    assert (judged.model_of(Role.JUDGE), judged.rounds) == ("openai/judge", 0)
    assert modelled.model_of(Role.GENERATOR) == "local"


# Replays

ARMS = [
    methods.arm(name, {"n": 4, "rounds": 1, **more})
    for name, more in (
        ("zero-shot", {"n": 1, "rounds": 0}),
        ("majority", {"rounds": 0}),
        ("self-debug", {"n": 1}),
        ("sstar", {}),
        ("sstar", {"temperature": 0.2}),
        ("sstar-authors", {}),
        ("distinguo", {}),
    )
]


def warm(request: Request) -> str:
    """Other answers at another temperature, and with another room for them."""
    return many.answer(replace(request, seed=request.seed + round(10 * request.temperature) + request.max_tokens))


async def run_arms(out: Path, arms: Sequence[Any], clients: Mapping[str, Any] | None) -> Finished:
    data = many.dataset(5)
    return await runner.run(
        Plan(data, data.ids, list(arms)),
        out,
        environment={},
        observe=lambda event: None,
        progress=lambda progress: None,
        cache=out.with_name("cache.sqlite"),
        clients=clients,
        executor=InProcessExecutor(),
    )


def replaying(file: Path, **more: Any) -> list[Any]:
    asked = dict.fromkeys(("model", "debugger", "test_generator", "judge"), f"replay:{file}")
    return [methods.arm(arm.method, {**arm.settings, **asked, **more}) for arm in ARMS]


async def test_a_run_of_all_methods_is_replayed_without_a_model(tmp_path: Path) -> None:
    recorded = tmp_path / "recorded.sqlite"
    client: Client = ScriptedClient(warm)
    assert (await run_arms(recorded, ARMS, {arm.key: dict.fromkeys(Role, client) for arm in ARMS})).complete
    replayed = tmp_path / "replayed.sqlite"
    assert (await run_arms(replayed, replaying(recorded), None)).complete
    first, second = runfile.read(recorded), runfile.read(replayed)
    for one, other in zip(first.arms, second.arms, strict=True):
        for problem in first.facts:
            was, now = first.results[one, problem], second.results[other, problem]
            assert (was.chosen, was.right, was.samples, was.reason) == (now.chosen, now.right, now.samples, now.reason)
            assert was.total.calls == now.total.calls


async def test_a_call_that_a_replay_does_not_hold_ends_the_run_in_a_sentence(tmp_path: Path) -> None:
    recorded = tmp_path / "recorded.sqlite"
    client: Client = many.client()
    await run_arms(recorded, ARMS[:2], {arm.key: dict.fromkeys(Role, client) for arm in ARMS})
    with pytest.raises(ReplayMiss, match=r"holds no answer for the .* call of sample"):
        await run_arms(tmp_path / "replayed.sqlite", replaying(recorded), None)


async def test_a_replay_does_not_guess_which_of_several_models_is_meant(tmp_path: Path) -> None:
    recorded = tmp_path / "recorded.sqlite"
    for name in ("one", "two"):
        client = many.client()
        client.model = f"fake/{name}"
        arm = methods.arm("zero-shot", {"model": f"fake/{name}"})
        await run_arms(recorded, [arm], {arm.key: dict.fromkeys(Role, client)})
    with pytest.raises(ReplayMiss, match="holds answers of fake/one and of fake/two to the same call"):
        await run_arms(tmp_path / "replayed.sqlite", replaying(recorded)[:1], None)
