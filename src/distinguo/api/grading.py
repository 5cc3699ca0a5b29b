"""Grading samples in bulk: opens the samples, the results file, the kept grades and the sandbox."""

import asyncio
import io
import os
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypedDict, Unpack, cast

from distinguo import datasets, sandbox
from distinguo.api.loops import require_no_loop
from distinguo.errors import InputError

if TYPE_CHECKING:
    from distinguo.datasets import DataSet
    from distinguo.grading.bulk import Progress
    from distinguo.grading.report import Report

_DAY = 86_400.0  # seconds
_MOST_WORKERS = 1_024


class GradeOptions(TypedDict, total=False):
    """The keywords of `grade`."""

    data: Path | str | None
    out: Path | str | None
    language: str | None
    workers: int | None
    timeout: float | None
    k: Sequence[int]
    all_problems: bool
    fresh: bool
    cache: Path | str | None
    observe: "Callable[[Progress], None]"


async def grade(
    dataset: "str | Path | DataSet", samples: str | Path | BinaryIO, **options: Unpack[GradeOptions]
) -> "Report":
    """Grade samples of a data set's problems on the hidden tests, each program once, and estimate pass@k.

    dataset: a name, a folder or a file, as datasets.open has it; data: where data sets lie.
    samples: a file in one of the forms of datasets/samples.py, or an open one.
    out: the results file; for a path SAMPLES_results.jsonl beside it unless given, for an open file none.
    language: of samples that do not name theirs. workers: programs run at once; one per usable core unless given.
    timeout: CPU seconds of a run in the place of each problem's own limit. k: of pass@k; 1, 10 and 100 unless given.
    all_problems: those without samples count as unsolved instead of not at all.
    fresh: grade anew what has been graded before. cache: the file that keeps grades, the user's own unless given: a
    call that was interrupted goes on from there.
    observe: told of progress now and then; must return at once.

    Raises InputError also when not one sample can be graded, SandboxUnavailable, JudgeFailed when the sandbox fails
    again and again.
    """
    from distinguo.datasets import pipes
    from distinguo.datasets.rows import opened

    _check(options)
    data, out = options.get("data"), options.get("out")
    if isinstance(dataset, (str, Path)):
        dataset = datasets.open(str(dataset), None if data is None else Path(data))
    if not isinstance(samples, (str, Path)):
        return await _grade_all(dataset, samples, None if out is None else Path(out), options)
    with opened(Path(samples)) as file:
        raw = cast(BinaryIO, cast(io.BufferedReader, file).raw)  # nothing has been read yet
        place = _results_place(Path(samples), out)
        return await _grade_all(dataset, raw if pipes.unbuffered(raw) else file, place, options)


def _results_place(samples: Path, out: Path | str | None) -> Path:
    from distinguo.grading import results

    place = results.usual_place(samples) if out is None else Path(out)
    if place.resolve() == samples.resolve():
        raise InputError(f"{place} holds the samples; choose another file with --out")
    return place


def _check(options: GradeOptions) -> None:
    timeout, workers, ks = options.get("timeout"), options.get("workers"), options.get("k", (1,))
    if not ks or min(ks) < 1:
        raise InputError("the k of pass@k are whole numbers from 1 on, such as 1,10,100")
    if timeout is not None and not 0 < timeout <= _DAY:
        raise InputError("the time limit of a run must be above 0 and at most a day, in seconds")
    if workers is not None and workers < 1:
        raise InputError("at least one worker must run programs")
    if workers is not None and workers > _MOST_WORKERS:
        raise InputError(f"at most {_MOST_WORKERS:,} workers can run programs; one per core is fastest")


async def _grade_all(dataset: "DataSet", file: BinaryIO, out: Path | None, options: GradeOptions) -> "Report":
    from importlib.metadata import version

    from distinguo.datasets import pipes, samples
    from distinguo.grading import bulk, report, results, verdicts

    started, passed_over = time.monotonic(), report.PassedOver()
    workers = options.get("workers") or len(os.sched_getaffinity(0))
    cache = Path(options.get("cache") or verdicts.usual_place())
    async with AsyncExitStack() as stack:
        writing = None if out is None else stack.enter_context(results.ResultsFile(out))
        kept = stack.enter_context(verdicts.Verdicts(cache, fresh=options.get("fresh", False)))
        executor = await stack.enter_async_context(sandbox.open(workers))
        grading = bulk.Bulk(
            dataset,
            executor,
            workers=workers,
            version=version("distinguo"),
            kept=kept,
            write=None if writing is None else writing.write,
            language=options.get("language"),
            cpu_seconds=options.get("timeout"),
            observe=options.get("observe", lambda progress: None),
            share=partial(_share_read, file),
        )
        raw = pipes.unbuffered(file)
        if raw is not None:
            pipe = pipes.Pipe(raw)
            stack.callback(pipe.stop)
            file = pipe.buffered()
        read = samples.read(file, dataset, on_warning=passed_over)
        tally = await grading.grade(read, waits=raw is not None)
        if not tally.verdicts:
            raise report.nothing(tally, passed_over)
    return report.report(
        tally,
        dataset.ids,
        options.get("k", (1, 10, 100)),
        all_problems=options.get("all_problems", False),
        warnings=[*dataset.warnings, *passed_over.sentences()],
        seconds=time.monotonic() - started,
        sandbox=executor.isolation.path,
        results="" if out is None else str(out),
    )


def _share_read(file: BinaryIO) -> float | None:
    """How much of a file has been read; None for what is no file of a known size."""
    try:
        size = os.fstat(file.fileno()).st_size
        return min(1.0, file.tell() / size) if size else None
    except (OSError, ValueError):
        return None


def grade_sync(
    dataset: "str | Path | DataSet", samples: str | Path | BinaryIO, **options: Unpack[GradeOptions]
) -> "Report":
    """`grade` for code without an event loop; the same arguments, report and errors.

    Raises InputError inside a running event loop, too.
    """
    require_no_loop("grade")
    return asyncio.run(grade(dataset, samples, **options))
