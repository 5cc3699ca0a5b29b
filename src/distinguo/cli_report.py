"""`distinguo bench report` and `export`: what runs came to, and what they hold."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from distinguo import options
from distinguo.errors import InputError
from distinguo.terminal import errors_in_one_sentence, say, show

if TYPE_CHECKING:
    from distinguo.bench.report import Report

app = typer.Typer()


def print_report(runs: Sequence[Path], *, as_json: bool) -> None:
    """The report on runs as text or JSON, and on standard error what to know beside it. Raises InputError."""
    from distinguo.bench import report

    made = report.report_files(runs)
    _warn(made)
    show(json.dumps(made.as_dict()) if as_json else "\n".join(made.lines()))


def _warn(made: "Report") -> None:
    for sentence in made.warnings:
        say(f"Note: {sentence.rstrip('.')}.")


@app.command("report", no_args_is_help=True)
def report(
    runs: options.RunFiles,
    as_json: options.ReportAsJson = False,
    markdown: options.ReportAsMarkdown = False,
    html: options.ReportAsHtml = False,
    plot: options.ReportAsPlots = False,
    to: options.ReportTo = None,
    baseline: options.Baseline = None,
    per_problem: options.PerProblem = False,
) -> None:
    """Report what runs came to: figures with intervals, comparisons, costs, by difficulty and without known errata.

    Several files are put together: shards of a run, other models, other methods. Exit status: 0 reported, 2 nothing to
    report.
    """
    with errors_in_one_sentence():
        if sum((as_json, markdown, html, plot)) > 1:
            raise InputError("--json, --md, --html and --plot are different reports; ask for one at a time")
        if plot:
            _plot(runs, to)
            return
        from distinguo.bench import report as reports

        made = reports.report_files(runs, baseline=baseline)
        _warn(made)
        if as_json:
            text = json.dumps(made.as_dict(per_problem=per_problem))
        elif html:
            text = made.html(per_problem=per_problem)
        else:
            text = "\n".join((made.markdown if markdown else made.lines)(per_problem=per_problem))
        if to is None:
            show(text)
        else:
            _write(to, text)
            say(f"The report is in {to}")


@app.command("export", no_args_is_help=True)
def export_run(
    source: options.ExportedRun,
    to: options.ExportTo,
    as_json_lines: options.AsJsonLines = False,
    as_parquet: options.AsParquet = False,
    table: options.ExportTable = None,
    samples: options.SampleForm = None,
    arm: options.ExportArm = None,
    chosen: options.OnlyChosen = False,
    completions: options.WithCompletions = False,
    dataset: options.PromptsOf = None,
    data: options.Data = None,
) -> None:
    """Write out what a run holds: samples with their verdicts, choices, calls and arms, or samples for other tools.

    `grade` and `select` read the sample formats back. Exit status: 0 written, 2 bad input, 130 interrupted.
    """
    with errors_in_one_sentence():
        from distinguo import datasets
        from distinguo.bench.export import export

        if as_json_lines and as_parquet:
            raise InputError("choose one of --jsonl and --parquet")
        if str(to) == "-" and sys.stdout is None:
            raise InputError("standard output is closed; give a file with --to")
        try:
            done = export(
                source, sys.stdout.buffer if str(to) == "-" else to, form="parquet" if as_parquet else "jsonl",
                table=table, samples=samples, arm=arm, chosen=chosen, completions=completions,
                dataset=datasets.open(dataset, data) if dataset else None,
            )  # fmt: skip
        except InputError as error:
            if not isinstance(error.__cause__, BrokenPipeError):
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has all that it wants
            return
        for sentence in done.warnings:
            say(f"Note: {sentence}.")
        where = "" if str(to) == "-" else f" are in {to}"
        counted = ", ".join(f"{count:,} {name}" for name, count in done.rows.items())
        say(f"{sum(done.rows.values()):,} records of {samples}{where}" if samples else f"{counted}{where}")


def _plot(runs: Sequence[Path], to: Path | None) -> None:
    from distinguo.bench import gathering, plots

    found, warnings = gathering.read(runs)
    for sentence in warnings:
        say(f"Note: {sentence.rstrip('.')}.")
    folder = runs[0].with_name(f"{runs[0].stem}-plots") if to is None else to
    said = list[str]()
    files = plots.draw(found, folder, say=said.append)
    for sentence in said:
        say(f"Note: {sentence.rstrip('.')}.")
    for file in files:
        show(str(file))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(f"{text}\n", encoding="utf-8", errors="surrogatepass")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}; choose another place with --to") from error
