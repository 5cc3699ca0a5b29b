"""Trivial runs a second: the sandbox against a fresh `python -I -S` per run, interleaved, and what bounds them below.

    python benchmarks/sandbox.py [--rounds 10] [--runs 200] [--workers 2]

All sides run the same program, the same number at once. The limits, one at a time: the program's own work, compiled and
executed in one process without anything round it; and a fork of an interpreter as large as a worker's whose child exits
at once, reaped by its parent. Also printed: the start of the sandbox, and the median time of a run with no other beside
it.
"""

import argparse
import asyncio
import contextlib
import io
import json
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
from distinguo.sandbox.inside import zygote

SOURCE = "a, b = map(int, input().split())\nprint(a + b)\n"
STDIN, ANSWER = "20 22\n", "42\n"
FORKS = """
import ctypes, gc, json, os, sys, time
for name in json.loads(sys.argv[1]):
    __import__(name)
gc.freeze()
fork = ctypes.PyDLL(None)._Fork
seconds = []
for _ in range(int(sys.argv[2])):
    begin = time.perf_counter()
    pid = fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)
    seconds.append(time.perf_counter() - begin)
print(json.dumps(seconds))
"""


def run_python(_: int) -> None:
    """One run in a fresh interpreter: a process, no isolation."""
    command = [sys.executable, "-I", "-S", "-c", SOURCE]
    output = subprocess.run(command, input=STDIN, capture_output=True, text=True, check=True).stdout
    assert output == ANSWER


async def run_sandboxed(box: Executor) -> None:
    """One run in the sandbox."""
    execution = await box.run(Program(SOURCE), STDIN, Limits())
    assert execution.output == ANSWER, execution


def run_here() -> float:
    """Seconds that the program itself takes, compiled and executed in this process."""
    printed = io.StringIO()
    begin = time.perf_counter()
    with contextlib.redirect_stdout(printed):
        exec(compile(SOURCE, "program.py", "exec"), {"input": io.StringIO(STDIN).readline})
    seconds = time.perf_counter() - begin
    assert printed.getvalue() == ANSWER
    return seconds


def forks(count: int) -> list[float]:
    """Seconds of each bare fork, exit and wait of an interpreter with a worker's modules."""
    command = [sys.executable, "-I", "-S", "-c", FORKS, json.dumps(zygote.PRELOADED), str(count)]
    seconds: list[float] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return seconds


async def timed(action: Callable[[], Awaitable[object]]) -> float:
    """Seconds."""
    begin = time.perf_counter()
    await action()
    return time.perf_counter() - begin


def milliseconds(seconds: list[float]) -> float:
    """The median."""
    return 1000 * statistics.median(seconds)


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
    alone: dict[str, list[float]] = {"sandbox": [], "python -I -S": [], "bare fork": [], "exec": []}
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
                for _ in range(max(1, options.runs // 8)):
                    alone["sandbox"].append(await timed(lambda: run_sandboxed(box)))
                    alone["exec"].append(run_here())
                alone["bare fork"] += await asyncio.to_thread(forks, options.runs // 8)
                alone["python -I -S"].append(await timed(lambda: asyncio.to_thread(run_python, 0)))
    rate, plain_rate = (options.runs / statistics.median(times) for times in (sandboxed, plain))
    print(f"sandbox:      {rate:7.1f} runs/s, median of one alone {milliseconds(alone['sandbox']):.2f} ms")
    print(f"python -I -S: {plain_rate:7.1f} runs/s, median of one alone {milliseconds(alone['python -I -S']):.2f} ms")
    print(f"ratio:        {rate / plain_rate:7.2f} with {options.workers} at once, {options.rounds} interleaved rounds")
    one = milliseconds(alone["sandbox"])
    for name in ("bare fork", "exec"):
        limit = milliseconds(alone[name])
        print(f"limit: {name:9}{limit:8.3f} ms, and a run alone takes {one / limit:.1f} times that")


if __name__ == "__main__":
    asyncio.run(main())
