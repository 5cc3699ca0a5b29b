"""What the OpenAI-compatible client costs, and whether it keeps an endpoint busy.

    python benchmarks/client.py cpu [--calls 300] [--rounds 5] [--words 100]
    python benchmarks/client.py saturation [--problems 500] [-n 16] [--slots 64] [--seconds 1]

The endpoint is a fake server in a process of its own, so that the processor time of this process is the client's.

cpu: processor time a call, of our client and of the bare `openai` SDK (answers parsed, streams read to their end), by
turns in one run, whole answers and streamed ones; the ratio of the medians is printed.
saturation: all problems are there from the beginning, each with N chains of one or two calls, and so many of them in
work that the endpoint has always enough to do; latencies are random (exponential). Printed: the share of slots in
use, as the server saw it, until only 2% of the calls were left; the order in which problems ended; memory as it went.
"""

import argparse
import asyncio
import itertools
import json
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from openai import AsyncOpenAI

from distinguo.llm.openai_client import OpenAIClient
from distinguo.llm.providers import endpoint
from distinguo.records import Message, Request, Role

TESTS = Path(__file__).parent.parent / "tests"
IN_WORK = 8  # samples begun for each slot: a problem's last samples keep it in work long after most have ended
AT_ONCE = 16  # calls in flight while processor time is measured
PROMPT = "Write a program that reads numbers and prints their sum. " * 20  # about 1,100 characters

Call = Callable[[int], Awaitable[str]]


@contextmanager
def server(*options: str, words: int) -> Iterator[str]:
    """A fake server whose answers have so many words; gives its base URL."""
    with TemporaryDirectory() as folder:
        answers = Path(folder) / "answers.json"
        answers.write_text(json.dumps([" ".join(["word"] * words)]))
        command = [sys.executable, "-m", "fakes.openai_server", "--answers", str(answers), *options]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=TESTS) as process:
            try:
                assert process.stdout is not None
                yield process.stdout.readline().strip()
            finally:
                process.kill()


def request(seed: int, *, problem: int = 0, round: int = 0) -> Request:
    """One call; everything but the seed is the same for all samples of a problem."""
    role = Role.DEBUGGER if round else Role.GENERATOR
    return Request(role, seed, round, (Message("user", f"{PROMPT}{problem}"),), 0.7, seed, 4096)


def ours(client: OpenAIClient, *, stream: bool) -> Call:
    """Our client; a stream is watched to its end."""

    async def call(seed: int) -> str:
        answer = await client.complete(request(seed), enough=(lambda text: False) if stream else None)
        return answer.text

    return call


def bare(sdk: AsyncOpenAI, *, stream: bool) -> Call:
    """The SDK as its documentation shows it."""

    async def whole(seed: int) -> str:
        answer = await sdk.chat.completions.create(
            model="fake",
            messages=[{"role": "user", "content": f"{PROMPT}0"}],
            temperature=0.7,
            seed=seed,
            max_tokens=4096,
        )
        return answer.choices[0].message.content or ""

    async def streamed(seed: int) -> str:
        parts = await sdk.chat.completions.create(
            model="fake",
            messages=[{"role": "user", "content": f"{PROMPT}0"}],
            temperature=0.7,
            seed=seed,
            max_tokens=4096,
            stream=True,
            stream_options={"include_usage": True},
        )
        return "".join([part.choices[0].delta.content or "" async for part in parts if part.choices])

    return streamed if stream else whole


async def milliseconds(call: Call, calls: int) -> float:
    """Processor time a call, in milliseconds."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(seed: int) -> str:
        async with gate:
            return await call(seed)

    began = time.process_time()
    answers = await asyncio.gather(*(one(seed) for seed in range(calls)))
    used = time.process_time() - began
    assert len(set(answers)) == 1
    return used / calls * 1000


async def measure_cpu(base_url: str, calls: int, rounds: int) -> None:
    """Print both sides' processor time a call, whole and streamed."""
    client = OpenAIClient("x/fake", "fake", endpoint("x", {"X_BASE_URL": base_url}), slots=AT_ONCE)
    sdk = AsyncOpenAI(base_url=base_url, api_key="none", max_retries=0)
    for name, stream in (("whole", False), ("streamed", True)):
        sides = {"ours": ours(client, stream=stream), "bare SDK": bare(sdk, stream=stream)}
        for call in sides.values():
            await milliseconds(call, AT_ONCE)  # connections, caches
        times: dict[str, list[float]] = {side: [] for side in sides}
        for _ in range(rounds):
            for side, call in sides.items():
                times[side].append(await milliseconds(call, calls))
        medians = {side: statistics.median(values) for side, values in times.items()}
        spread = "; ".join(f"{side} {min(values):.2f} to {max(values):.2f}" for side, values in times.items())
        print(
            f"{name} answers, CPU a call: ours {medians['ours']:.2f} ms, bare SDK {medians['bare SDK']:.2f} ms,"
            f" ratio {medians['ours'] / medians['bare SDK']:.2f}   ({spread})",
            flush=True,
        )
    await client.aclose()
    await sdk.close()


async def saturate(base_url: str, problems: int, n: int, slots: int) -> None:
    """Run all problems and print how busy the slots were."""
    client = OpenAIClient("x/fake", "fake", endpoint("x", {"X_BASE_URL": base_url}), slots=slots)
    in_work = asyncio.Semaphore(max(2, IN_WORK * slots // n))
    ended: list[int] = []
    memory: list[int] = []
    calls = 0

    async def chain(problem: int, sample: int) -> None:
        nonlocal calls
        for round in range(1 + sample % 2):
            await client.complete(
                request(1000 * problem + 2 * sample + round, problem=problem, round=round),
                rank=problem,
                enough=lambda text: False,
            )
            calls += 1

    async def solve(problem: int) -> None:
        async with in_work:
            await asyncio.gather(*(chain(problem, sample) for sample in range(n)))
        ended.append(problem)
        if len(ended) % max(1, problems // 5) == 0:
            memory.append(_resident_kib())

    began = time.monotonic()
    await asyncio.gather(*(solve(problem) for problem in range(problems)))
    seconds = time.monotonic() - began
    await client.aclose()
    url = base_url.removesuffix("/v1") + "/moments"
    moments: list[tuple[float, int]] = json.loads(await asyncio.to_thread(lambda: urllib.request.urlopen(url).read()))
    late = sum(abs(place - problem) for place, problem in enumerate(ended)) / problems
    print(
        f"{problems} problems, {calls} calls in {seconds:.1f} s; slots in use until 2% of the calls were left:"
        f" {_busy(moments, slots):.1%}; a problem ended {late:.1f} places from its own on average;"
        f" resident memory {', '.join(f'{kib / 1024:.0f}' for kib in memory)} MiB; CPU of the client"
        f" {time.process_time() / calls * 1000:.2f} ms a call"
    )


def _busy(moments: list[tuple[float, int]], slots: int) -> float:
    """The share of the slots in use, from the first call until 2% of all calls were left to begin or to end."""
    end = int(len(moments) * 0.98)
    used = sum(busy * (after - at) for (at, busy), (after, _) in itertools.pairwise(moments[: end + 1]))
    return used / (moments[end][0] - moments[0][0]) / slots


def _resident_kib() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def main() -> None:
    """Run one of the two."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["cpu", "saturation"])
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--words", type=int, default=100, help="in an answer, each a part of a stream")
    parser.add_argument("--problems", type=int, default=500)
    parser.add_argument("-n", type=int, default=16)
    parser.add_argument("--slots", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=1.0, help="latency of a call, on average")
    options = parser.parse_args()
    if options.what == "cpu":
        with server(words=options.words) as base_url:
            asyncio.run(measure_cpu(base_url, options.calls, options.rounds))
    else:
        with server("--latency", str(options.seconds), "--random", words=1) as base_url:
            asyncio.run(saturate(base_url, options.problems, options.n, options.slots))


if __name__ == "__main__":
    main()
