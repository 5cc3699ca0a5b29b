"""What the benchmark runner itself costs: many problems, a model that answers at once, trivial programs.

    python benchmarks/bench_runner.py [--problems 10000] [-n 16] [--method public]

Everything is real but the model and the sandbox, which answer in this process: the run's file with its flushed commits,
extraction, the public tests, the selector, grading, results. Printed: the runner's CPU milliseconds a problem and a
sample, beside those of the bare loop (the same calls and programs without the runner); memory at the beginning, in the
middle and at the end; and that a second session, which finds all done, takes next to nothing.
"""

import argparse
import asyncio
import resource
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from fakes import many
from fakes.executors import InProcessExecutor

from distinguo.bench import methods, runner
from distinguo.bench.runner import Finished, Plan, Progress
from distinguo.problem import Program
from distinguo.protocols import Client
from distinguo.records import Message, Request, Role


class Answering(InProcessExecutor):
    """Forgets what it ran."""

    async def run(self, *arguments: object, **options: object) -> object:  # type: ignore[override]
        """See protocols.Runner."""
        found = await super().run(*arguments, **options)  # type: ignore[arg-type]
        self.runs.clear()
        return found


class Forgetful:
    """A client that forgets what it was asked."""

    def __init__(self) -> None:
        self._client = many.client()
        self.model, self.context_tokens = self._client.model, None

    async def complete(self, request: Request, **options: object) -> object:
        """See protocols.Client."""
        found = await self._client.complete(request, **options)  # type: ignore[arg-type]
        self._client.requests.clear()
        return found

    async def aclose(self) -> None:
        """See protocols.Client."""
        return


def memory() -> float:
    """MiB resident now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


async def bare(problems: int, n: int) -> float:
    """CPU seconds of the calls and runs alone."""
    client, executor, data = Forgetful(), Answering(), many.dataset(problems)
    started = time.process_time()
    for task_id in data.ids:
        problem, hidden = data.get(task_id)
        assert hidden is not None
        for sample in range(n):
            request = Request(Role.GENERATOR, sample, 0, (Message("user", problem.statement),), 0.7, sample, 4096)
            answer = await client.complete(request)
            source = answer.text.split("```")[1].removeprefix("python\n")  # type: ignore[attr-defined]
            for test in (*problem.public_tests, *hidden.tests):
                await executor.run(Program(source), test.input)
    return time.process_time() - started


async def session(plan: Plan, out: Path, seen: list[float]) -> Finished:
    """One session of the runner; `seen` takes the memory at every tenth."""
    client: Client = Forgetful()  # type: ignore[assignment]
    clients: Mapping[str, Mapping[Role, Client]] = {arm.key: dict.fromkeys(Role, client) for arm in plan.arms}
    tenths = set[int]()

    def progress(now: Progress) -> None:
        tenth = 10 * now.done // max(1, now.total)
        if tenth not in tenths:
            tenths.add(tenth)
            seen.append(memory())

    return await runner.run(
        plan, out / "run.sqlite", environment={}, observe=lambda event: None, progress=progress,
        cache=out / "cache.sqlite", clients=clients, executor=Answering(),  # type: ignore[arg-type]
    )  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=int, default=10_000)
    parser.add_argument("-n", type=int, default=16)
    parser.add_argument("--method", default="public")
    given = parser.parse_args()
    data = many.dataset(given.problems)
    plan = Plan(data, data.ids, [methods.arm(given.method, {"n": given.n, "rounds": 0})])
    alone = asyncio.run(bare(given.problems, given.n))
    with TemporaryDirectory() as folder:
        seen = list[float]()
        wall, cpu = time.perf_counter(), time.process_time()
        finished = asyncio.run(session(plan, Path(folder), seen))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        again = time.process_time()
        asyncio.run(session(plan, Path(folder), []))
        again = time.process_time() - again
        size = (Path(folder) / "run.sqlite").stat().st_size / 2**20
    assert finished.complete, finished
    samples = given.problems * given.n
    print(f"{given.problems:,} problems x {given.n} samples, method {given.method}")
    print(f"CPU a problem  {1000 * cpu / given.problems:8.2f} ms, a sample {1000 * cpu / samples:.3f} ms")
    print(f"bare loop      {1000 * alone / given.problems:8.2f} ms, ratio {cpu / alone:.1f}")
    print(f"wall           {wall:8.1f} s, {samples / wall:,.0f} samples/s")
    print("memory, MiB    " + " ".join(f"{one:.0f}" for one in seen) + "  (at every tenth)")
    print(f"all done again {1000 * again / given.problems:8.2f} ms of CPU a problem; the file has {size:,.0f} MiB")


if __name__ == "__main__":
    main()
