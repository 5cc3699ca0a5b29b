"""The cold profile: trivial compiled programs a second, against a fork and exec of the same program without isolation.

    python benchmarks/cold.py [--rounds 10] [--runs 100] [--workers 2]

Both sides run the same executable, the same number at once, interleaved. Also printed: the time of a compilation, and
of a Python output validator, whose interpreter starts anew each time.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import distinguo.sandbox
from distinguo.problem import Limits, Program, Validator
from distinguo.sandbox.box import Box

SOURCE = '#include <cstdio>\nint main() { int a, b; scanf("%d%d", &a, &b); printf("%d\\n", a + b); }\n'
LARGE_SOURCE = (
    "#include <bits/stdc++.h>\nint main() { int a, b; std::cin >> a >> b; std::cout << a + b << std::endl; }\n"
)
STDIN, ANSWER = "20 22\n", "42\n"
VALIDATOR = Validator((("v.py", "import sys\nsys.exit(42 if sys.stdin.read() == open(sys.argv[2]).read() else 43)\n"),))


async def run_sandboxed(box: Box) -> None:
    """One run in the sandbox, compiled before."""
    execution = await box.run(Program(SOURCE, language="c++"), STDIN, Limits())
    assert execution.output == ANSWER, execution


async def timed(action: Callable[[], Awaitable[object]]) -> float:
    """Milliseconds."""
    begin = time.perf_counter()
    await action()
    return 1000 * (time.perf_counter() - begin)


def compile_plain(folder: Path) -> Path:
    """The same program, compiled outside of the sandbox."""
    program = folder / "plain"
    subprocess.run(["g++", "-O2", "-x", "c++", "-", "-o", program], input=SOURCE, text=True, check=True)
    return program


async def measure(options: argparse.Namespace, folder: Path) -> None:
    """Measure and print."""
    plain_program = compile_plain(folder)

    def run_plain(_: int) -> None:
        output = subprocess.run([plain_program], input=STDIN, capture_output=True, text=True, check=True).stdout
        assert output == ANSWER

    loop = asyncio.get_running_loop()
    sandboxed: list[float] = []
    plain: list[float] = []
    with ThreadPoolExecutor(options.workers) as threads:
        async with distinguo.sandbox.open(options.workers, compiled=folder / "compiled") as box:

            async def many_sandboxed() -> None:
                await asyncio.gather(*(run_sandboxed(box) for _ in range(options.runs)))

            async def many_plain() -> None:
                await asyncio.gather(*(loop.run_in_executor(threads, run_plain, n) for n in range(options.runs)))

            await many_sandboxed()  # starts the servers
            for _ in range(options.rounds):
                sandboxed.append(await timed(many_sandboxed))
                plain.append(await timed(many_plain))
            single = statistics.median([await timed(lambda: run_sandboxed(box)) for _ in range(options.runs)])
            compilation = await timed(lambda: box.run(Program(LARGE_SOURCE, language="c++"), STDIN))
            validating = [await timed(lambda: box.validate(VALIDATOR, "", ANSWER, ANSWER)) for _ in range(20)]
    rate, plain_rate = (1000 * options.runs / statistics.median(times) for times in (sandboxed, plain))
    print(f"sandbox:      {rate:7.1f} runs/s, median of one alone {single:.2f} ms")
    print(f"not isolated: {plain_rate:7.1f} runs/s")
    print(f"validator:    {statistics.median(validating):7.1f} ms")
    print(f"compilation:  {compilation:7.1f} ms with <bits/stdc++.h>")


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--runs", type=int, default=100, help="runs a round and side")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(parser.parse_args(), Path(folder)))


if __name__ == "__main__":
    main()
