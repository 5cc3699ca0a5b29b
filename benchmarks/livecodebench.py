"""Are programs that LiveCodeBench calls correct also correct here? Its recorded programs, on their statements' tests.

    python benchmarks/livecodebench.py FOLDER [--step K]

FOLDER holds results of submissions, each MODEL/*eval_all.json(.gz). Prints every program that is officially correct and
fails a test of its statement here, with the reason, and counts. Exit status 1 if there is any that is not known.
"""

import argparse
import asyncio
import collections
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from distinguo import datasets, judge, sandbox
from distinguo.datasets import samples
from distinguo.problem import Problem, Program, Test
from distinguo.protocols import Executor
from distinguo.records import Verdict
from distinguo.tasks import all_of

AT_ONCE = 16

# Officially correct programs that fail here, by (model, task), and why that is no error of the judge.
KNOWN = {("o1-mini-2024-09-12", "abc341_c"): "imports numpy, which need not be installed"}


class Case(NamedTuple):
    """A recorded program with its official verdict."""

    model: str
    problem: Problem
    program: Program
    correct: bool


def cases(folder: Path) -> Iterator[Case]:
    """The recorded programs of every submission in the folder."""
    for file in sorted(folder.glob("*/*eval_all.json*")):
        data = datasets.open(str(file))
        for sample in samples.read(file, data, on_warning=_refused):
            problem = data.problem(sample.task_id)
            program = Program(sample.source, problem.style, problem.entry)
            yield Case(file.parent.name, problem, program, sample.right is True)


def _refused(line: int, told: str) -> None:
    raise SystemExit(f"record {line}: {told}")


async def failure(case: Case, box: Executor) -> str:
    """Why the program fails the tests of its statement, or ""."""
    results = await all_of(_one(case, test, box) for test in case.problem.public_tests)
    return next(filter(None, results), "")


async def _one(case: Case, test: Test, box: Executor) -> str:
    run = await box.run(case.program, test.input, case.problem.limits)
    verdict, detail = await judge.verdict(case.problem, test, run, box)
    return "" if verdict is Verdict.AC else f"test {test.name}: {verdict} {detail}"


async def run(folder: Path, step: int) -> int:
    """Run every `step`-th program and print what there is to say. Returns the exit status."""
    counts: collections.Counter[str] = collections.Counter()
    unknown = 0
    started = time.perf_counter()
    async with sandbox.open() as box:
        waiting = list(cases(folder))[::step]
        for start in range(0, len(waiting), AT_ONCE):
            part = waiting[start : start + AT_ONCE]
            for case, why in zip(part, await all_of(failure(case, box) for case in part), strict=True):
                counts[f"officially {'right' if case.correct else 'wrong'}, {'fails' if why else 'passes'} here"] += 1
                if why and case.correct:
                    known = KNOWN.get((case.model, case.problem.id))
                    unknown += known is None
                    print(f"{case.model} {case.problem.id}: {why}{f'  ({known})' if known else ''}")
    print(f"{sum(counts.values())} programs in {time.perf_counter() - started:.0f} s: {dict(sorted(counts.items()))}")
    return 1 if unknown else 0


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--step", type=int, default=1, help="only every step-th program")
    arguments = parser.parse_args()
    sys.exit(asyncio.run(run(arguments.folder, arguments.step)))


if __name__ == "__main__":
    main()
