"""Whether `distinguo grade` stays small: peak memory and rate by the number of samples.

    python benchmarks/grading.py [--samples 10000,100000,1000000] [--programs 500] [--workers 2]

Each number of samples is graded in a process of its own, on one problem, with an empty file of verdicts. The programs
are PROGRAMS different texts in turn, so that most samples are answered from what is known, which is the fastest way to
fill memory with whatever is kept of a sample.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import distinguo


def main() -> None:
    """Print a row for each number of samples."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--samples", default="10000,100000,1000000")
    parser.add_argument("--programs", type=int, default=500)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        asyncio.run(grade(given.child, given.workers))
        return
    print(f"{'samples':>10} {'known':>10} {'seconds':>8} {'samples/s':>10} {'peak MiB':>9} {'results MiB':>12}")
    for count in map(int, given.samples.split(",")):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write(folder, count, given.programs)
            command = [sys.executable, __file__, "--child", name, "--workers", str(given.workers)]
            told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            size = (folder / "samples.jsonl_results.jsonl").stat().st_size / 2**20
        seconds, rate = told["seconds"], count / told["seconds"]
        print(f"{count:>10} {told['kept']:>10} {seconds:>8.1f} {rate:>10.0f} {told['peak']:>9.1f} {size:>12.1f}")


def write(folder: Path, samples: int, programs: int) -> None:
    """A problem with one hidden test, and samples of it, one program in three of them wrong."""
    (folder / "double" / "hidden").mkdir(parents=True)
    (folder / "double" / "problem.md").write_text("Print twice the number.\n")
    (folder / "double" / "hidden" / "1.in").write_text("21\n")
    (folder / "double" / "hidden" / "1.out").write_text("42\n")
    with (folder / "samples.jsonl").open("w") as file:
        for number in range(samples):
            kind = number % programs
            source = f"# {kind} {'.' * 400}\nprint({2 if kind % 3 else 3} * int(input()))\n"
            file.write(json.dumps({"task_id": "double", "program": source, "number": number}) + "\n")


async def grade(folder: Path, workers: int) -> None:
    """Grade them here and print what it took."""
    started = time.monotonic()
    report = await distinguo.grade(
        folder / "double", folder / "samples.jsonl", workers=workers, cache=folder / "verdicts.sqlite"
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"kept": report.kept, "seconds": time.monotonic() - started, "peak": peak}))


if __name__ == "__main__":
    main()
