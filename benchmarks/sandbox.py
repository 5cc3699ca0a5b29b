"""Trivial runs a second: the sandbox against a fresh `python -I -S` per run, interleaved in one process.

    python benchmarks/sandbox.py [--rounds 10] [--runs 200] [--workers 2]

Both sides run the same program, the same number at once. Also printed: the start of the sandbox, and the median time of
a run with no other beside it.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import distinguo.sandbox
from distinguo.problem import Limits, Program
from distinguo.protocols import Executor

SOURCE = "a, b = map(int, input().split())\nprint(a + b)\n"
STDIN, ANSWER = "20 22\n", "42\n"


def run_python(_: int) -> None:
    """One run in a fresh interpreter: a process, no isolation."""
    command = [sys.executable, "-I", "-S", "-c", SOURCE]
    output = subprocess.run(command, input=STDIN, capture_output=True, text=True, check=True).stdout
    assert output == ANSWER


async def run_sandboxed(box: Executor) -> None:
    """One run in the sandbox."""
    execution = await box.run(Program(SOURCE), STDIN, Limits())
    assert execution.output == ANSWER, execution


async def timed(action: Callable[[], Awaitable[object]]) -> float:
    """Seconds."""
    begin = time.perf_counter()
    await action()
    return time.perf_counter() - begin


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--runs", type=int, default=200, help="runs a round and side")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    loop = asyncio.get_running_loop()
    sandboxed: list[float] = []
    plain: list[float] = []
    begin = time.perf_counter()
    with ThreadPoolExecutor(options.workers) as threads:
        async with distinguo.sandbox.open(options.workers) as box:
            print(f"open: {1000 * (time.perf_counter() - begin):.0f} ms")

            async def many_sandboxed() -> None:
                await asyncio.gather(*(run_sandboxed(box) for _ in range(options.runs)))

            async def many_plain() -> None:
                await asyncio.gather(*(loop.run_in_executor(threads, run_python, n) for n in range(options.runs)))

            await many_sandboxed()  # starts the workers
            for _ in range(options.rounds):
                sandboxed.append(await timed(many_sandboxed))
                plain.append(await timed(many_plain))
            singles = [await timed(lambda: run_sandboxed(box)) for _ in range(options.runs)]
            single_plain = [await timed(lambda: asyncio.to_thread(run_python, 0)) for _ in range(options.runs // 4)]
    rate, plain_rate = (options.runs / statistics.median(times) for times in (sandboxed, plain))
    print(f"sandbox:      {rate:7.1f} runs/s, median of one alone {1000 * statistics.median(singles):.2f} ms")
    print(
        f"python -I -S: {plain_rate:7.1f} runs/s, median of one alone {1000 * statistics.median(single_plain):.2f} ms"
    )
    print(f"ratio:        {rate / plain_rate:7.2f} with {options.workers} at once, {options.rounds} interleaved rounds")


if __name__ == "__main__":
    asyncio.run(main())
