"""The command `distinguo bench`: methods on data sets."""

import json
import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from distinguo import cli_report, options
from distinguo.cli_report import print_report
from distinguo.errors import InputError
from distinguo.terminal import errors_in_one_sentence, run, say, show
from distinguo.watching import logged

if TYPE_CHECKING:
    from distinguo.bench import BenchOptions, Finished

BUDGET_ENDED, CALLS_FAILED = 3, 4

app = typer.Typer(no_args_is_help=True, help="Run methods over a data set and report how good they are.")
app.add_typer(cli_report.app)


@app.command("run", no_args_is_help=True)
def run_methods(
    dataset: options.DatasetName,
    out: options.RunFile,
    method: options.Methods = ("distinguo",),  # type: ignore[assignment]  # a list to typer, unchangeable here
    model: options.Model = None,
    debugger: options.Debugger = None,
    test_generator: options.TestGenerator = None,
    judge: options.JudgeModel = None,
    replay: options.Replay = None,
    n: options.SeveralSamples = None,
    rounds: options.SeveralRounds = None,
    temperature: options.Temperature = None,
    context: options.Context = None,
    inputs: options.InputSources = None,
    max_tokens: options.MaxTokens = None,
    reasoning_effort: options.ReasoningEffort = None,
    seed: options.Seed = None,
    settings: options.Assignments = None,
    candidates: options.BenchCandidates = None,
    generated_tests: options.GeneratedTests = None,
    recorded_verdicts: options.TakeRecordedVerdicts = False,
    limit: options.Limit = None,
    ids: options.Ids = None,
    shard: options.Shard = None,
    sample: options.Sample = None,
    sample_seed: options.SampleSeed = 0,
    since: options.Since = None,
    until: options.Until = None,
    difficulty: options.Difficulty = None,
    platform: options.Platform = None,
    budget_calls: options.BudgetCalls = None,
    budget_tokens: options.BudgetTokens = None,
    budget_prompt_tokens: options.BudgetPromptTokens = None,
    budget_completion_tokens: options.BudgetCompletionTokens = None,
    budget_usd: options.BudgetUsd = None,
    max_seconds: options.MaxSeconds = None,
    prices: options.Prices = None,
    time_limit: options.SelectionLimit = None,
    timeout: options.TimeLimit = None,
    workers: options.Workers = None,
    as_json: options.ReportAsJson = False,
    config: options.Config = None,
    log: options.Log = None,
    log_prompts: options.LogPrompts = False,
    data: options.Data = None,
) -> None:
    """Run methods on a data set's problems and print what they come to.

    The methods share what they have in common: samples, runs, answers. The same command goes on where it was
    interrupted. Exit status: 0 all done, 2 bad input, 3 a budget ended the run, 4 the model failed or calls did, 5 no
    sandbox, 130 interrupted.
    """
    if replay is not None:
        model = debugger = test_generator = judge = f"replay:{replay}"
    given = {
        "model": model, "debugger": debugger, "test_generator": test_generator, "judge": judge,
        "temperature": temperature, "context": context, "inputs": inputs, "max_tokens": max_tokens,
        "reasoning_effort": reasoning_effort, "seed": seed,
    }  # fmt: skip
    budgets = {
        "budget_calls": budget_calls, "budget_tokens": budget_tokens, "budget_prompt_tokens": budget_prompt_tokens,
        "budget_completion_tokens": budget_completion_tokens, "budget_usd": budget_usd, "max_seconds": max_seconds,
        "prices": prices,
    }  # fmt: skip
    with errors_in_one_sentence():
        from distinguo import config as configuration
        from distinguo.datasets.choosing import Filter

        limits = configuration.load(budgets, os.environ, config)
        choosing = Filter(
            ids=_listed(ids), since=since or "", until=until or "", difficulty=_listed(difficulty),
            platform=_listed(platform), sample=sample, seed=sample_seed, limit=limit, shard=shard or "",
        )  # fmt: skip
        finished = _run(dataset, method, out, log, log_prompts, {
            "given": {**given, **_assigned(settings or ()), "prices": limits.prices or None}, "n": n, "rounds": rounds,
            "choosing": choosing, "limits": limits, "candidates": candidates or (),
            "generated_tests": generated_tests or (), "recorded_verdicts": recorded_verdicts, "data": data,
            "config": config, "workers": workers, "time_limit": time_limit, "timeout": timeout,
        })  # fmt: skip
        print_report([out], as_json=as_json)
    _end(finished)


@app.command("sweep", no_args_is_help=True)
def sweep(
    name: options.SweepName,
    out: options.RunFile,
    renamed: options.Renamed = None,
    settings: options.SweepAssignments = None,
    pool: options.ExamplePool = None,
    dataset: options.SweepDataset = None,
    limit: options.Limit = None,
    ids: options.Ids = None,
    shard: options.Shard = None,
    sample: options.Sample = None,
    sample_seed: options.SampleSeed = 0,
    budget_calls: options.BudgetCalls = None,
    budget_tokens: options.BudgetTokens = None,
    budget_usd: options.BudgetUsd = None,
    max_seconds: options.MaxSeconds = None,
    prices: options.Prices = None,
    workers: options.Workers = None,
    dry_run: options.SweepDryRun = False,
    yes: options.Yes = False,
    as_json: options.ReportAsJson = False,
    config: options.Config = None,
    log: options.Log = None,
    log_prompts: options.LogPrompts = False,
    data: options.Data = None,
) -> None:
    """Run an experiment of the paper, or one of your own: many arms on the same problems.

    What it may cost is printed first; where it may cost anything, it starts after a yes, or with --yes. Exit status: as
    `bench run`.
    """
    budgets = {
        "budget_calls": budget_calls, "budget_tokens": budget_tokens, "budget_usd": budget_usd,
        "max_seconds": max_seconds, "prices": prices,
    }  # fmt: skip
    with errors_in_one_sentence():
        from distinguo import bench
        from distinguo import config as configuration
        from distinguo.bench import sweeps
        from distinguo.datasets.choosing import Filter
        from distinguo.estimate.arms import of_arms

        limits = configuration.load(budgets, os.environ, config)
        given = {**_assigned(settings or ()), "prices": limits.prices or None}
        loaded = sweeps.load(name, _pairs("--map", "openai/gpt-4o-mini=local", renamed or ()), pool=pool, given=given)
        own = Filter() if dataset else loaded.filter  # another data set may have no dates
        chosen = replace(
            own, ids=_listed(ids) or own.ids, limit=own.limit if limit is None else limit, shard=shard or own.shard,
            sample=own.sample if sample is None else sample, seed=own.seed if sample is None else sample_seed,
        )  # fmt: skip
        what: BenchOptions = {
            "arms": loaded.arms, "limits": limits, "data": data, "config": config, "workers": workers,
            "choosing": chosen,
        }  # fmt: skip
        with bench.plan(dataset or loaded.dataset, (), **what) as planned:
            arms = [configuration.Settings.model_validate(arm.settings) for arm in planned.arms]
            estimate = of_arms(planned.tasks, planned.dataset.problem, arms)
        if dry_run:
            told = {"sweep": loaded.name, "dataset": planned.dataset.name, **estimate.as_dict()}
            show(json.dumps(told) if as_json else "\n".join([loaded.note, *estimate.lines(), "Nothing was sent."]))
            return
        _agree([loaded.note, *estimate.lines()], asks=estimate.paid and not yes)
        finished = _run(dataset or loaded.dataset, (), out, log, log_prompts, what)
        print_report([out], as_json=as_json)
    _end(finished)


def _agree(lines: Sequence[str], *, asks: bool) -> None:
    """Say what it may cost, and ask a person whether to start. Raises InputError without a yes."""
    for line in lines:
        say(line)
    if not asks:
        return
    if sys.stdin is None or not sys.stdin.isatty():
        raise InputError("its models cost money, or nobody knows whether they do: start it with --yes")
    say("What the run's file holds already is not paid for again. Start it? [y/N]")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise InputError("nothing was sent")


def _run(
    dataset: str, methods: Sequence[str], out: Path, log: Path | None, prompts: bool, given: "BenchOptions"
) -> "Finished":
    from distinguo import bench, events, progress

    with logged(log, prompts) as observers, progress.BenchProgress(progress.console()) as shown:

        def noted(event: events.Event) -> None:
            if isinstance(event, events.Note) and event.text not in told:
                told.add(event.text)
                shown.note(event.text)

        told = set[str]()
        given["command"] = shlex.join(["distinguo", *sys.argv[1:]])
        given["progress"], given["observe"] = shown, events.told_to([noted, *observers])
        finished = run(bench.run(dataset, methods, out, **given))
    for sentence in finished.notes:
        say(f"Note: {sentence.rstrip('.')}.")
    for task_id, why in finished.left_out.items():
        say(f"Note: {task_id} is left out: {why.rstrip('.')}.")
    return finished


def _end(finished: "Finished") -> None:
    """What is left to do, and the exit status that says so."""
    from distinguo.bench.records import State

    if finished.stopped:
        say(f"The budget of {finished.stopped} ended the run. The same command with a larger one goes on.")
        raise typer.Exit(BUDGET_ENDED)
    failed = finished.states[State.API_ERROR] + finished.states[State.JUDGE_ERROR]
    if failed:
        say(f"{failed} results have errors; the same command tries them again.")
        raise typer.Exit(CALLS_FAILED)


def _listed(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip()) if text else ()


def _assigned(pairs: Sequence[str]) -> dict[str, Any]:
    return dict(_pairs("--set", "keep=last", pairs))


def _pairs(flag: str, example: str, pairs: Sequence[str]) -> dict[str, str]:
    found = dict[str, str]()
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise InputError(f"{flag} takes a name and what it becomes, such as {flag} {example}, not {pair!r}")
        found[name.strip()] = value.strip()
    return found
