"""How close stage 1 comes to the longest chain of dependent calls: `python benchmarks/overlap.py [--seconds 1]`.

Every answer fails the public test, so each of N samples takes 1 + R calls, each as long as the fake client says. Both
sides run in one process: ours (all samples at once) and the same calls one after another. Two kinds of latency:
constant, and random (exponential), where stages overlap only if a sample is debugged while others are still drawn.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from fakes.clients import ScriptedClient

from distinguo import pipeline, sandbox
from distinguo.budget import Budget
from distinguo.config import Settings
from distinguo.problem import Problem, Test
from distinguo.records import Completion, Request, Role
from distinguo.store import Store

PROBLEM = Problem("double", "Print twice the number.", public_tests=(Test("1", "2", "4"),))


class Gated(ScriptedClient):
    """A client that works on so many calls at once; every answer is a wrong program of its own."""

    def __init__(self, gate: asyncio.Semaphore, seconds: Callable[[Request], float]) -> None:
        super().__init__(lambda request: f"```python\nprint({request.seed})\n```", seconds=seconds)
        self._gate = gate

    async def complete(self, request: Request, *, enough: Callable[[str], bool] | None = None) -> Completion:
        """Wait for a turn, then answer."""
        async with self._gate:
            return await super().complete(request, enough=enough)


async def stage_one(seconds: Callable[[Request], float], n: int, rounds: int, at_once: int) -> tuple[float, int]:
    """Wall seconds of stage 1 with at most so many calls at once, and how many calls were in flight at most."""
    client = Gated(asyncio.Semaphore(at_once), seconds)
    settings = Settings(n=n, rounds=rounds, selector="first")
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
            return time.perf_counter() - started, client.most_in_flight


def measure(name: str, seconds: Callable[[Request], float], n: int, rounds: int, at_once: int) -> float:
    """Run stage 1 once, print what it took beside the longest dependent chain, return the wall seconds."""
    chains: dict[int, float] = {}

    def noted(request: Request) -> float:
        chains[request.sample] = chains.get(request.sample, 0.0) + seconds(request)
        return seconds(request)

    wall, in_flight = asyncio.run(stage_one(noted, n, rounds, at_once))
    longest = max(chains.values())
    print(
        f"{name} latency, {at_once:2} at once: {wall:6.2f} s; longest chain {longest:5.2f} s, all calls"
        f" {sum(chains.values()):6.2f} s, {in_flight} in flight at most; {wall / longest:.3f} of the longest chain"
    )
    return wall


def main() -> None:
    """Measure both kinds of latency, both ways."""
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


if __name__ == "__main__":
    main()
