"""The command line. Answers go to standard output, everything else to standard error."""

import json
import os
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, cast

import typer

from distinguo import cli_bench, options
from distinguo.errors import InputError
from distinguo.terminal import errors_in_one_sentence, run, say, show
from distinguo.watching import logged

if TYPE_CHECKING:
    from distinguo import datasets
    from distinguo.api import GradeOptions, Result
    from distinguo.config import Settings
    from distinguo.grading.report import Report
    from distinguo.problem import HiddenTests, Problem
    from distinguo.protocols import Observer

FAILS_PUBLIC, BUDGET_ENDED = 1, 3

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Better programs from any language model: sample many, debug each on the public tests, and choose by running"
    " them on inputs that tell them apart (S*).",
)


app.add_typer(cli_bench.app, name="bench")


def main() -> None:
    """The `distinguo` command."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a polite kill saves, like Ctrl-C
    app()


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"distinguo {version('distinguo')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


@app.command(no_args_is_help=True)
def solve(
    problem: options.ProblemName,
    model: options.Model = None,
    debugger: options.Debugger = None,
    test_generator: options.TestGenerator = None,
    judge: options.JudgeModel = None,
    replay: options.Replay = None,
    n: options.Samples = None,
    rounds: options.Rounds = None,
    temperature: options.Temperature = None,
    context: options.Context = None,
    selector: options.SelectorName = None,
    inputs: options.InputSources = None,
    max_tokens: options.MaxTokens = None,
    reasoning_effort: options.ReasoningEffort = None,
    seed: options.Seed = None,
    budget_calls: options.BudgetCalls = None,
    budget_tokens: options.BudgetTokens = None,
    budget_prompt_tokens: options.BudgetPromptTokens = None,
    budget_completion_tokens: options.BudgetCompletionTokens = None,
    budget_usd: options.BudgetUsd = None,
    max_seconds: options.MaxSeconds = None,
    prices: options.Prices = None,
    out: options.Out = None,
    fresh: options.Fresh = False,
    dry_run: options.DryRun = False,
    as_json: options.AsJson = False,
    log: options.Log = None,
    log_prompts: options.LogPrompts = False,
    config: options.Config = None,
    data: options.Data = None,
) -> None:
    """Solve PROBLEM and print the best program.

    The same command resumes an interrupted run and shows a finished one again. Exit status: 0 the program passes every
    public test, 1 it fails some, 2 bad input, 3 a budget ended the run, 4 the model failed, 5 no sandbox, 130
    interrupted.
    """
    if replay is not None:
        model = debugger = test_generator = judge = f"replay:{replay}"
    flags = {
        "model": model, "debugger": debugger, "test_generator": test_generator, "judge": judge, "n": n,
        "rounds": rounds, "temperature": temperature, "context": context, "selector": selector,
        "inputs": inputs, "max_tokens": max_tokens, "reasoning_effort": reasoning_effort, "seed": seed,
        "budget_calls": budget_calls, "budget_tokens": budget_tokens, "budget_prompt_tokens": budget_prompt_tokens,
        "budget_completion_tokens": budget_completion_tokens, "budget_usd": budget_usd, "max_seconds": max_seconds,
        "prices": prices,
    }  # fmt: skip
    with errors_in_one_sentence():
        settings, loaded = _load(problem, flags, config, data)
        if dry_run:
            _print_estimate(loaded.problem, settings, as_json)
            return
        with logged(log, log_prompts) as observers:
            result = _solve(loaded.problem, loaded.hidden, settings, out, fresh, observers)
        if as_json:
            show(json.dumps(result.as_dict()))
        elif result.program is not None:
            show(result.program.rstrip("\n"))
    raise typer.Exit(BUDGET_ENDED if result.stopped else 0 if result.passes_public else FAILS_PUBLIC)


def _load(
    problem: str, flags: Mapping[str, object], config: Path | None, data: Path | None
) -> "tuple[Settings, datasets.Loaded]":
    from distinguo import config as configuration
    from distinguo import datasets

    settings = configuration.load(flags, os.environ, config)
    text = None
    if problem == "-":
        if sys.stdin is None:
            raise InputError("standard input is closed; write the problem there or give a file")
        text = sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
    return settings, datasets.load(problem, data=data, stdin=text)


def _solve(
    problem: "Problem",
    hidden: "HiddenTests | None",
    settings: "Settings",
    out: Path | None,
    fresh: bool,
    observers: "Sequence[Observer]",
) -> "Result":
    from distinguo import api, events, progress

    console = progress.console()
    samples, rounds = _counted(settings.n, "sample"), _counted(settings.rounds, "debugging round")
    say(f"Problem {problem.id}: {samples} of {settings.model}, up to {rounds} each")
    with progress.Progress(console, settings.n) as shown:
        observe = events.told_to([shown, *observers])
        result = run(api.solve(problem, hidden=hidden, settings=settings, out=out, fresh=fresh, observe=observe))
    _summary(result)
    return result


def _summary(result: "Result") -> None:
    if result.program is None:
        say("No answer held a program.")
    elif result.selection is None:
        say("The budget ended before any program was tested; this is the first that was written.")
    else:
        say(f"Chosen: sample {result.selection['chosen']}. {result.selection['reason']}")
        if result.selection["decided_by"]:
            say(f"It differs from the runner-up on inputs from: {', '.join(result.selection['decided_by'])}.")
        steps = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in result.selection["steps"].items())
        if steps:
            say(f"Stage 2: {steps}.")
        say(f"Public tests: {result.public['passed']} of {result.public['total']} passed.")
    if result.hidden is not None:
        hidden = result.hidden
        say(f"Hidden tests: {hidden['verdict']}, {hidden['passed']} of {hidden['total']} passed.")
    if result.failed_calls:
        say(f"{_counted(result.failed_calls, 'call')} failed; the same command tries again.")
    if result.cut_answers:
        were = "was" if result.cut_answers == 1 else "were"
        cut = _counted(result.cut_answers, "answer")
        say(f"{cut} {were} cut at the limit of tokens; --max-tokens allows longer ones.")
    if result.stopped:
        left = [f"{count} {_LEFT_OUT[name]}" for name, count in result.left_out.items()]
        out = f" Left out: {', '.join(left)}." if left else ""
        say(f"The budget of {result.stopped} ended the run.{out} The same command with a larger one goes on.")
    say(f"Used {_used(result.usage)}, {result.seconds:.1f} s. Everything is kept in {result.run}")


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


_LEFT_OUT = {"samples": "samples", "debugging": "samples' debugging", "questions": "questions of stage 2"}


def _used(usage: "Mapping[str, Any]") -> str:
    calls = _counted(usage["calls"], "call")
    if usage["estimated"]:
        calls += f" ({usage['estimated']} with estimated tokens)"
    tokens = f"{usage['prompt_tokens']:,} prompt and {usage['completion_tokens']:,} completion tokens"
    if usage["unpriced"]:
        return f"{calls}, {tokens}, cost: unknown for {', '.join(usage['unpriced'])}"
    return f"{calls}, {tokens}" + (f", ${usage['usd']:.4f}" if usage["usd"] else "")


def _print_estimate(problem: "Problem", settings: "Settings", as_json: bool) -> None:
    from distinguo import estimate

    expected = estimate.at_most(problem, settings)
    if as_json:
        typer.echo(json.dumps(expected.as_dict()))
        return
    for line in expected.lines():
        typer.echo(line)


@app.command(no_args_is_help=True)
def grade(
    samples: options.SamplesFile,
    dataset: options.DatasetName,
    language: options.Language = None,
    workers: options.Workers = None,
    k: options.Ks = "1,10,100",
    timeout: options.TimeLimit = None,
    all_problems: options.AllProblems = False,
    out: options.ResultsOut = None,
    fresh: options.GradeFresh = False,
    as_json: options.ReportAsJson = False,
    data: options.Data = None,
) -> None:
    """Grade SAMPLES of a data set's problems on its hidden tests and print pass@k.

    Each sample's verdict is written to SAMPLES_results.jsonl. The same command goes on where an interrupted one
    stopped. Exit status: 0 graded, 2 nothing can be graded, 5 no sandbox, 130 interrupted.
    """
    with errors_in_one_sentence():
        report = _grade(samples, dataset, {
            "data": data, "out": out, "language": language, "workers": workers, "timeout": timeout,
            "k": _whole_numbers(k), "all_problems": all_problems, "fresh": fresh,
        })  # fmt: skip
        for sentence in report.warnings:
            say(f"Note: {sentence}.")
        show(json.dumps(report.as_dict()) if as_json else "\n".join(report.lines()))


def _grade(samples: Path, dataset: str, flags: "GradeOptions") -> "Report":
    from distinguo import api, progress

    if str(samples) == "-" and sys.stdin is None:
        raise InputError("standard input is closed; write the samples there or give a file")
    source = cast(BinaryIO, cast(BufferedReader, sys.stdin.buffer).raw) if str(samples) == "-" else samples
    with progress.GradingProgress(progress.console()) as observe:
        flags["observe"] = observe
        report = run(api.grade(dataset, source, **flags))
    if report.results:
        say(f"Each sample's verdict is in {report.results}")
    return report


def _whole_numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(sorted({int(number) for number in text.split(",")}))
    except ValueError:
        raise InputError(f"--k takes whole numbers such as 1,10,100, not {text!r}") from None


@app.command(no_args_is_help=True)
def select(
    dataset: options.DatasetName,
    candidates: options.CandidateFiles,
    selector: options.SelectorNames,
    generated_tests: options.GeneratedTests = None,
    public_filter: options.PublicFilter = "on",
    draw: options.Drawn = None,
    draws: options.Draws = None,
    per_problem: options.PerProblem = False,
    time_limit: options.SelectionLimit = None,
    timeout: options.TimeLimit = None,
    language: options.Language = None,
    workers: options.Workers = None,
    model: options.SelectionModel = None,
    test_generator: options.TestGenerator = None,
    judge: options.JudgeModel = None,
    replay: options.Replay = None,
    inputs: options.InputSources = None,
    max_tokens: options.MaxTokens = None,
    reasoning_effort: options.ReasoningEffort = None,
    seed: options.Seed = None,
    out: options.SelectionOut = None,
    as_json: options.ReportAsJson = False,
    config: options.Config = None,
    data: options.Data = None,
) -> None:
    """Choose among recorded programs with several selectors and compare what they choose.

    Each selector gets pass@1, and pass@2 and pass@10 where it ranks; each is compared with the first one. Exit status:
    0 compared, 2 nothing can be compared, 4 the model failed, 5 no sandbox, 130 interrupted.
    """
    if replay is not None:
        model = test_generator = judge = f"replay:{replay}"
    flags = {
        "model": model, "test_generator": test_generator, "judge": judge, "inputs": inputs, "max_tokens": max_tokens,
        "reasoning_effort": reasoning_effort, "seed": seed,
    }  # fmt: skip
    with errors_in_one_sentence():
        from distinguo import api, progress
        from distinguo import config as configuration

        if public_filter not in ("on", "off"):
            raise InputError(f"--public-filter is on or off, not {public_filter!r}")
        settings = configuration.load(flags, os.environ, config)
        with progress.SelectingProgress(progress.console()) as observe:
            chosen = api.select(
                dataset, candidates, selector, generated_tests=generated_tests, public_filter=public_filter == "on",
                data=data, settings=settings, out=out, language=language, workers=workers, time_limit=time_limit,
                timeout=timeout, draw=draw, draws=draws, observe=observe,
            )  # fmt: skip
            report = run(chosen)
        for sentence in report.warnings:
            say(f"Note: {sentence}.")
        as_text = report.lines(per_problem=per_problem)
        show(json.dumps(report.as_dict(per_problem=per_problem)) if as_json else "\n".join(as_text))


@app.command()
def models(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list.")] = False,
) -> None:
    """List the models that can be used here and what each needs."""
    from distinguo.llm import catalog

    with errors_in_one_sentence():
        rows = catalog.rows(os.environ)
    if as_json:
        typer.echo(json.dumps([row._asdict() for row in rows]))
        return
    name, source = (max(len(text) for text in column) for column in ([r.name for r in rows], [r.source for r in rows]))
    for row in rows:
        typer.echo(f"{row.name:{name}}  {row.source:{source}}  {row.state}")


@app.command()
def doctor(
    quick: Annotated[bool, typer.Option("--quick", help="Leave the hostile programs out.")] = False,
    namespaces: Annotated[
        bool | None,
        typer.Option("--namespaces/--no-namespaces", help="Examine this way of isolation.  [default: the active one]"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Try what isolates programs on this machine, and run hostile programs against it.

    Exit status: 0 all holds, 1 a hostile program got through, 5 there is no sandbox, 130 interrupted.
    """
    from distinguo import doctor as machine
    from distinguo import progress

    with errors_in_one_sentence():
        with progress.console().status("Trying the layers of isolation") as status:
            found = run(
                machine.examine(
                    quick=quick,
                    namespaces=namespaces,
                    observe=lambda result: status.update(f"Hostile programs: {result.attack.group}"),
                )
            )
        show(json.dumps(found.as_dict()) if as_json else found.text(shutil.get_terminal_size().columns))
    raise typer.Exit(found.exit_status)


if __name__ == "__main__":
    main()
