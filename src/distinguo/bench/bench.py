"""Measuring methods on a data set: opens the data set, chooses its problems, makes the arms, runs them."""

import asyncio
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
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
    methods: presets or selectors, see methods.py; arms: further ones, made already. given: settings in the place of the
    presets'; n: samples of the methods that draw several; rounds: of those that debug. config: a file of settings for
    what no preset fixes, with DISTINGUO_* in `environment`, where keys are looked up too (os.environ unless given).
    choosing: which problems. limits: budgets of the whole run.
    candidates: files in the forms of datasets/samples.py; their programs stand in for first drafts, and no model is
    asked unless `given` names one. generated_tests: files in the forms of datasets/generated.py.
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
    if not isinstance(dataset, DataSet):
        dataset = datasets.open(str(dataset), None if data is None else Path(data))
    wanted = options.get("choosing", Filter())
    tasks, said = choose(dataset, wanted), explain(dataset, wanted)
    candidates = [Path(path) for path in options.get("candidates", ())]
    tests = [Path(path) for path in options.get("generated_tests", ())]
    asks = not candidates or any(options.get("given", {}).get(name) for name in _ASKING)
    arms = _arms(methods, options, recorded=bool(candidates), debugs=asks)
    if not candidates:
        if tests:
            raise InputError("generated tests go with candidates; name their file with --candidates")
        yield _plan(dataset, tasks, said, arms, options, None, "", asks=True)
        return
    name = _digest([*candidates, *tests])
    with recorded(dataset, candidates, tests) as records:
        there = [task_id for task_id in tasks if records.count(task_id)]
        if not there:
            raise InputError(f"no problem of {dataset.name} that was chosen has a candidate")
        yield _plan(dataset, there, said, arms, options, records, name, asks=asks)


def _plan(
    dataset: DataSet,
    tasks: Sequence[str],
    chosen: str,
    arms: Sequence[Arm],
    options: BenchOptions,
    records: Recorded | None,
    name: str,
    *,
    asks: bool,
) -> Plan:
    return Plan(
        dataset=dataset,
        tasks=tasks,
        arms=arms,
        chosen=chosen,
        limits=options.get("limits", Settings()),
        recorded=records,
        recorded_name=name,
        asks=asks,
        command=options.get("command", ""),
        workers=options.get("workers"),
        time_limit=options.get("time_limit"),
        timeout=options.get("timeout"),
    )


def _arms(methods: Sequence[str], options: BenchOptions, *, recorded: bool, debugs: bool) -> list[Arm]:
    environment = options.get("environment", os.environ)
    usual = config.load({}, environment, options.get("config")).model_dump(exclude_unset=True)
    given, n, rounds = options.get("given", {}), options.get("n"), options.get("rounds")
    told = {"n": _ALL if recorded and n is None else n, "rounds": rounds if debugs else 0}
    arms = [presets.arm(method, presets.common(method, told) | _given(given), usual) for method in methods]
    if recorded and n is None:  # then n says nothing: there are as many as there are
        arms = [replace(arm, name=arm.method) for arm in arms]
    unique = {arm.key: arm for arm in [*arms, *options.get("arms", ())]}
    if not unique:
        raise InputError(f"name at least one method: {', '.join(presets.names())}")
    return list(unique.values())


_ALL = 100_000  # samples: as many as there are recorded ones


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
