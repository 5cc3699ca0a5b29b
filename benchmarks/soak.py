"""Runs under fire end as runs in peace: `python benchmarks/soak.py [--calls 2000] [--share 0.2] [--kills 50]`.

A deterministic model behind a local server answers the same runs twice: plainly, and through a server that spoils a
share of the tries (429, 5xx, dropped connections, truncated bodies, broken streams, wrong types, refusals). A run
whose calls failed for good is repeated by the same command until none has. Then the command line is killed (SIGKILL)
at random moments, beside the same faults, and run to its end.

Printed: how many runs chose the same program for the same reason as in peace, and how many answers that had arrived
were asked for again (none should be).
"""

import argparse
import asyncio
import json
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from fakes import coder
from fakes.command import KEY, MODEL, Cli
from fakes.openai_replies import PASSING, USELESS, Handler, Reply, hostile
from fakes.openai_server import OpenAIServer

import distinguo
from distinguo.problem import Problem, Test

PROBLEM = Problem("largest", coder.STATEMENT, public_tests=(Test("1", *coder.TEST),))
TRIES = 20  # of one run, until no call of it has failed
AT_ONCE = 4  # runs

Choice = tuple[str | None, dict[str, Any] | None]


class Counting:
    """A handler that counts how often each question was answered well."""

    def __init__(self, latency: float = 0.0) -> None:
        self.answered: Counter[str] = Counter()
        self._latency = latency

    def __call__(self, body: dict[str, Any]) -> Reply:
        """Answer, and count."""
        self.answered[question(body)] += 1
        return Reply(coder.answer(body), latency=self._latency)

    @property
    def repeated(self) -> int:
        """Answers to questions that had been answered before."""
        return sum(count - 1 for count in self.answered.values())


def question(body: dict[str, Any]) -> str:
    """What tells one call from every other."""
    return json.dumps([body["messages"], body["seed"]])


async def chosen(seed: int, base_url: str, out: Path) -> tuple[Choice, int, int]:
    """What a run ends with, how many calls it took, and how often it was started."""
    environment = {"OPENAI_BASE_URL": base_url, "OPENAI_API_KEY": KEY}
    for tries in range(1, TRIES + 1):
        result = await distinguo.solve(PROBLEM, model="openai/fake", seed=seed, out=out, environment=environment)
        if not result.failed_calls:
            return (result.program, result.selection), int(result.usage["calls"]), tries
    raise RuntimeError(f"run {seed} still has failed calls after {TRIES} tries")


async def all_chosen(seeds: range, base_url: str, out: Path) -> list[tuple[Choice, int, int]]:
    """The same for every seed, a few at once."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(seed: int) -> tuple[Choice, int, int]:
        async with gate:
            return await chosen(seed, base_url, out)

    return await asyncio.gather(*(one(seed) for seed in seeds))


def faults(handler: Handler, share: float) -> Handler:
    """Spoil a share of the tries, in every way that the fake server knows."""
    return hostile(handler, seed=5, share=share, faults=(*PASSING, *USELESS))


def soak(calls: int, share: float, out: Path) -> None:
    """Run as many problems as take so many calls, in peace and under fire, and compare."""
    plain, spoilt = Counting(), Counting()
    with OpenAIServer(plain) as server, OpenAIServer(faults(spoilt, share)) as enemy:
        probe, used, _ = asyncio.run(chosen(0, server.base_url, out / "probe"))
        seeds = range(max(1, -(-calls // used)))
        started = time.perf_counter()
        peace = asyncio.run(all_chosen(seeds, server.base_url, out / "peace"))
        between = time.perf_counter()
        fire = asyncio.run(all_chosen(seeds, enemy.base_url, out / "fire"))
        ended = time.perf_counter()
        sent = len(enemy.requests)
    assert peace[0][0] == probe
    same = sum(a[0] == b[0] for a, b in zip(peace, fire, strict=True))
    print(
        f"faults: {len(seeds)} runs, {sum(calls for _, calls, _ in peace)} calls in peace ({between - started:.0f} s);"
        f" under fire {sent} requests, {sent - spoilt.answered.total()} spoilt"
        f" ({(sent - spoilt.answered.total()) / sent:.0%}), {sum(calls for _, calls, _ in fire)} calls counted,"
        f" runs started {sum(tries for *_, tries in fire)} times ({ended - between:.0f} s);"
        f" {same} of {len(seeds)} end as in peace, {spoilt.repeated} answers asked for again"
    )


def killed(kills: int, share: float, out: Path) -> None:
    """Kill the command at random moments, go on with it, and compare what its runs end with."""
    moments, spoilt, again, done, ended = random.Random(7), Counting(latency=0.1), 0, 0, 0
    arrived: set[str] = set()
    folder = out / "killed"
    folder.mkdir(parents=True)
    (folder / "p.md").write_text(
        f"{coder.STATEMENT}\n## Example\n\nInput:\n\n```\n1 2 3\n```\n\nOutput:\n\n```\n3\n```\n"
    )
    choices: dict[int, Choice] = {}
    with OpenAIServer(faults(spoilt, share)) as enemy, OpenAIServer(Counting()) as server:
        cli, peaceful = Cli(folder, enemy.base_url), Cli(folder, server.base_url)
        seed = 0
        while done < kills or seed not in choices:
            asked = len(enemy.requests)
            enemy.first_request.clear()
            process = cli.start("solve", "p.md", *MODEL, "--out", folder / "fire", "--seed", seed, "--json")
            if done < kills:
                enemy.first_request.wait(20)
                time.sleep(moments.uniform(0.0, 0.8))
                process.send_signal(signal.SIGKILL)
            output, errors = process.communicate(timeout=120)
            again += len(arrived & {question(body) for body in enemy.requests[asked:]})
            arrived |= in_files(folder / "fire")
            if process.returncode == -signal.SIGKILL:
                done += 1
            elif process.returncode in (0, 1):
                result = json.loads(output)
                if not result["failed_calls"]:
                    choices[seed] = (result["program"], result["selection"])
                    seed += done < kills
            else:
                raise RuntimeError(errors)
        for number, choice in choices.items():
            told = peaceful.run("solve", "p.md", *MODEL, "--out", folder / "peace", "--seed", number, "--json").stdout
            result = json.loads(told)
            ended += choice == (result["program"], result["selection"])
        counted = sum(rows(file) for file in (folder / "fire").glob("*.sqlite"))
    print(
        f"kills: {done} in {len(choices)} runs, {len(enemy.requests)} requests, {counted} calls counted;"
        f" {ended} of {len(choices)} end as in peace, {again} answers in a file asked for again"
    )


def in_files(folder: Path) -> set[str]:
    """The questions whose answers the runs' files hold."""
    found = set()
    for file in folder.glob("*.sqlite"):
        with closing(sqlite3.connect(file)) as db:
            for (request,) in db.execute("SELECT request FROM calls WHERE state = 'arrived'"):
                found.add(question(json.loads(request)))
    return found


def rows(file: Path) -> int:
    """How many calls a run's file counts."""
    with closing(sqlite3.connect(file)) as db:
        return int(db.execute("SELECT COUNT(*) FROM calls").fetchone()[0])


def main() -> None:
    """Measure both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--share", type=float, default=0.2, help="of the tries that are spoilt")
    parser.add_argument("--kills", type=int, default=50)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.calls:
            soak(options.calls, options.share, Path(folder))
        if options.kills:
            killed(options.kills, options.share, Path(folder))


if __name__ == "__main__":
    main()
