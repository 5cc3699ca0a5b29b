"""How close a run comes to its longest chain of dependent calls: `python benchmarks/overlap.py [--seconds 1]`.

Stage 1: every answer fails the public test, so each of N samples takes 1 + R calls, each as long as the fake client
says. Both sides run in one process: ours (all samples at once) and the same calls one after another. Two kinds of
latency: constant, and random (exponential), where stages overlap only if a sample is debugged while others are drawn.

Both stages: each sample passes in its last round, and the programs are of 4 or of N kinds: S* puts every pair of these
clusters to the model, in both orders. The chain is 1 + R calls, the inputs, an input that tells a pair apart, a
comparison. With N clusters some 800 programs are run between the calls, which two cores need seconds for.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from fakes.clients import Answer, ScriptedClient

from distinguo import pipeline, sandbox
from distinguo.budget import Budget
from distinguo.config import Settings
from distinguo.problem import Problem, Test
from distinguo.records import Completion, Request, Role
from distinguo.store import Store

PROBLEM = Problem("double", "Print twice the number.", public_tests=(Test("1", "2", "4"),))


class Gated(ScriptedClient):
    """A client that works on so many calls at once."""

    def __init__(self, gate: asyncio.Semaphore, seconds: Callable[[Request], float], answer: Answer) -> None:
        super().__init__(answer, seconds=seconds)
        self._gate = gate

    async def complete(self, request: Request, **more: Any) -> Completion:
        """Wait for a turn, then answer."""
        async with self._gate:
            return await super().complete(request, **more)


def differing(rounds: int, clusters: int) -> Callable[[Request], str]:
    """A model whose samples pass in their last round and then are of so many kinds on all other inputs."""

    def answer(request: Request) -> str:
        if request.role is Role.TEST_GENERATOR:
            return json.dumps({"inputs": [f"{request.seed % 1000 + place}" for place in range(8)]})
        if request.role is Role.JUDGE:
            return json.dumps({"reason": "It is shorter.", "better": "first"})
        right = 4 if request.round == rounds else 5
        return f"```python\nn = int(input())\nprint({right} if n == 2 else 100 * n + {request.sample % clusters})\n```"

    return answer


def wrong(request: Request) -> str:
    """A wrong program, another for each call."""
    return f"```python\nprint({request.seed})\n```"


async def solved(
    seconds: Callable[[Request], float], settings: Settings, at_once: int, answer: Answer = wrong
) -> tuple[float, Gated]:
    """Wall seconds of a run with at most so many calls at once, and its client."""
    client = Gated(asyncio.Semaphore(at_once), seconds, answer)
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "run.sqlite") as store:
        async with sandbox.open() as executor:
            started = time.perf_counter()
            await pipeline.solve(
                PROBLEM,
                settings,
                dict.fromkeys(Role, client),
                executor,
                store,
                Budget(settings, {}),
                lambda event: None,
            )
            return time.perf_counter() - started, client


def measure(name: str, seconds: Callable[[Request], float], n: int, rounds: int, at_once: int) -> float:
    """Run stage 1 once, print what it took beside the longest dependent chain, return the wall seconds."""
    chains: dict[int, float] = {}

    def noted(request: Request) -> float:
        chains[request.sample] = chains.get(request.sample, 0.0) + seconds(request)
        return seconds(request)

    settings = Settings(n=n, rounds=rounds, selector="first")
    wall, client = asyncio.run(solved(noted, settings, at_once))
    longest = max(chains.values())
    print(
        f"{name} latency, {at_once:2} at once: {wall:6.2f} s; longest chain {longest:5.2f} s, all calls"
        f" {sum(chains.values()):6.2f} s, {client.most_in_flight} in flight at most;"
        f" {wall / longest:.3f} of the longest chain"
    )
    return wall


def measure_both_stages(seconds: float, n: int, rounds: int, clusters: int) -> None:
    """Run S* once at a constant latency; print what it took beside the longest chain and beside all calls."""
    settings = Settings(n=n, rounds=rounds, selector="sstar")
    wall, client = asyncio.run(solved(lambda request: seconds, settings, 4096, differing(rounds, clusters)))
    calls = Counter(request.role.value for request in client.requests)
    assert calls["judge"] == clusters * (clusters - 1), calls
    chain = (1 + rounds + 3) * seconds
    print(
        f"both stages, {clusters} clusters, {len(client.requests)} calls ({dict(calls)}),"
        f" {client.most_in_flight} in flight at most:"
        f" {wall:6.2f} s; longest chain {chain:5.2f} s, all calls {len(client.requests) * seconds:6.2f} s;"
        f" {wall / chain:.3f} of the longest chain"
    )


def main() -> None:
    """Measure stage 1 at both kinds of latency, both ways, then both stages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1.0, help="latency of one call (mean, where it is random)")
    parser.add_argument("-n", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()

    def constant(request: Request) -> float:
        return float(options.seconds)

    def drawn(request: Request) -> float:
        return random.Random(request.seed).expovariate(1 / options.seconds)

    for name, seconds in (("constant", constant), ("random", drawn)):
        ours = measure(name, seconds, options.n, options.rounds, options.n)
        serial = measure(name, seconds, options.n, options.rounds, 1)
        print(f"{name} latency: one after another takes {serial / ours:.1f} times as long")
    for clusters in (4, options.n):
        measure_both_stages(options.seconds, options.n, options.rounds, clusters)


if __name__ == "__main__":
    main()
