"""Measuring methods on a data set: opens the data set, chooses its problems, makes the arms, runs them."""

import asyncio
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypedDict, Unpack

from distinguo import config, datasets
from distinguo.api.loops import require_no_loop
from distinguo.api.recorded import Recorded, recorded
from distinguo.api.solving import ignore
from distinguo.bench import methods as presets
from distinguo.bench import runner
from distinguo.bench.records import Arm
from distinguo.bench.runner import Finished, Plan, Progress
from distinguo.config import Settings
from distinguo.datasets import DataSet
from distinguo.datasets.choosing import Filter, choose, explain
from distinguo.errors import InputError
from distinguo.protocols import Observer

_DAY = 86_400.0  # seconds
_ASKING = ("model", "debugger", "test_generator", "judge")


class BenchOptions(TypedDict, total=False):
    """The keywords of `run`."""

    arms: Sequence[Arm]
    given: Mapping[str, Any]
    n: int | None
    rounds: int | None
    choosing: Filter
    limits: Settings
    candidates: Sequence[Path | str]
    generated_tests: Sequence[Path | str]
    recorded_verdicts: bool
    data: Path | str | None
    config: Path | None
    environment: Mapping[str, str]
    command: str
    workers: int | None
    time_limit: float | None
    timeout: float | None
    cache: Path | None
    observe: Observer
    progress: Callable[[Progress], None]


async def run(
    dataset: str | Path | DataSet, methods: Sequence[str], out: Path | str, **options: Unpack[BenchOptions]
) -> Finished:
    """Run methods on a data set's problems; what the file `out` holds already is not done again.

    dataset: a name, a folder or a file, as datasets.open has it; data: where data sets lie.
    methods: presets or selectors, with settings of their own behind them (`first:public_filter=false`), see methods.py;
    arms: further ones, made already. given: settings of all methods in the place of the presets'; n: samples of the
    methods that draw several; rounds: of those that debug. config: a file of settings for what no preset fixes, with
    DISTINGUO_* in `environment`, where keys are looked up too (os.environ unless given).
    choosing: which problems. limits: budgets of the whole run.
    candidates: files in the forms of datasets/samples.py; their programs stand in for first drafts, and a model is
    asked only in roles for which one is named (`given`, or a method's own settings).
    generated_tests: files in the forms of datasets/generated.py.
    recorded_verdicts: grade candidates by what their records say, those that say nothing by hidden tests; a problem
    whose candidates have neither is left out.
    command: the command line, for reports. workers: programs run at once. time_limit, timeout: CPU seconds of a
    program's run, and of one that grades.
    cache: the file that keeps grades. observe: told of every call, progress: of how far it is; both return at once.

    A budget that ends, and calls that fail, leave problems for the next call. Raises InputError, ModelUnavailable,
    ReplayMiss, SandboxUnavailable, JudgeFailed when the sandbox fails again and again.
    """
    with plan(dataset, methods, **options) as planned:
        return await runner.run(
            planned,
            Path(out),
            environment=options.get("environment", os.environ),
            observe=options.get("observe", ignore),
            progress=options.get("progress", lambda progress: None),
            cache=options.get("cache"),
        )


def run_sync(
    dataset: str | Path | DataSet, methods: Sequence[str], out: Path | str, **options: Unpack[BenchOptions]
) -> Finished:
    """`run` for code without an event loop; the same arguments, result and errors.

    Raises InputError inside a running event loop, too.
    """
    require_no_loop("bench.run")
    return asyncio.run(run(dataset, methods, out, **options))


@contextmanager
def plan(dataset: str | Path | DataSet, methods: Sequence[str], **options: Unpack[BenchOptions]) -> Iterator[Plan]:
    """What `run` would do with the same arguments. Raises InputError."""
    data = options.get("data")
    if not all(limit is None or 0 < limit <= _DAY for limit in (options.get("time_limit"), options.get("timeout"))):
        raise InputError("the time limit of a run must be above 0 and at most a day, in seconds")
    if not isinstance(dataset, DataSet):
        dataset = datasets.open(str(dataset), None if data is None else Path(data))
    wanted = options.get("choosing", Filter())
    tasks, said = choose(dataset, wanted), explain(dataset, wanted)
    candidates = [Path(path) for path in options.get("candidates", ())]
    tests = [Path(path) for path in options.get("generated_tests", ())]
    verdicts = options.get("recorded_verdicts", False)
    arms = _arms(methods, options, recorded=bool(candidates))
    if not candidates:
        if tests or verdicts:
            what = "generated tests" if tests else "recorded verdicts"
            raise InputError(f"{what} go with candidates; name their file with --candidates")
        yield _plan(dataset, tasks, said, arms, options, None, "")
        return
    name = _digest([*candidates, *tests]) + "+verdicts" * verdicts
    with recorded(dataset, candidates, tests) as records:
        there = [task_id for task_id in tasks if records.count(task_id)]
        if not there:
            why = "; ".join(records.notes) or ("the files are empty" if not len(records) else "all are for others")
            raise InputError(f"no problem of {dataset.name} that was chosen has a candidate: {why}")
        if verdicts and not records.has_verdicts:
            raise InputError(f"no candidate of {', '.join(map(str, candidates))} comes with a verdict; {_VERDICTS}")
        said = " ".join(filter(None, (said, "Programs are graded by the verdicts in their records." * verdicts)))
        yield _plan(dataset, there, said, arms, options, records, name)


_VERDICTS = "records have it in graded_list, is_solved or passed"


def _plan(
    dataset: DataSet,
    tasks: Sequence[str],
    chosen: str,
    arms: Sequence[Arm],
    options: BenchOptions,
    records: Recorded | None,
    name: str,
) -> Plan:
    return Plan(
        dataset=dataset,
        tasks=tasks,
        arms=arms,
        chosen=chosen,
        limits=options.get("limits", Settings()),
        recorded=records,
        recorded_name=name,
        recorded_verdicts=options.get("recorded_verdicts", False),
        command=options.get("command", ""),
        workers=options.get("workers"),
        time_limit=options.get("time_limit"),
        timeout=options.get("timeout"),
    )


def _arms(methods: Sequence[str], options: BenchOptions, *, recorded: bool) -> list[Arm]:
    environment = options.get("environment", os.environ)
    usual = config.load({}, environment, options.get("config")).model_dump(exclude_unset=True)
    unique = dict[str, Arm]()
    for text in methods:
        method, own = presets.parse(text)
        given = _given(options.get("given", {})) | own
        told = {"n": options.get("n"), "rounds": options.get("rounds")}
        known = _of_recorded(told, given) if recorded else {}
        made = presets.arm(method, presets.common(method, told | known) | given, usual, unsaid=known)
        same = unique.setdefault(made.key, made)
        if same.settings != made.settings:
            raise InputError(f"{text} differs from {same.name} in nothing that shapes answers; give it another --out")
    for made in options.get("arms", ()):
        unique.setdefault(made.key, made)
    if not unique:
        raise InputError(f"name at least one method: {', '.join(presets.names())}")
    return list(unique.values())


_ALL = 100_000  # samples: as many as there are recorded ones


def _of_recorded(told: Mapping[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """What recorded programs settle: how many there are, and without a model that debugs, no rounds.

    Puts NOBODY where `given` names no model. Raises InputError for rounds of debugging by nobody.
    """
    if not given.get("model"):
        given |= {role: presets.NOBODY for role in _ASKING if role not in given}
    settled = {"n": _ALL} if told["n"] is None else {}
    if (given.get("debugger") or given["model"]) == presets.NOBODY:
        if told["rounds"]:
            raise InputError("recorded programs are debugged by a model; name it with --model or --debugger")
        settled["rounds"] = 0
    return {name: value for name, value in settled.items() if name not in given}


def _given(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}


def _digest(files: Sequence[Path]) -> str:
    """What tells recorded programs and tests from others. Raises InputError where a file cannot be read."""
    digest = hashlib.sha256()
    for path in files:
        try:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}") from error
    return digest.hexdigest()[:16] if files else ""
