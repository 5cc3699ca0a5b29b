"""Many runs, some of them hostile: no wrong verdict, and nothing left behind.

    python benchmarks/judge_soak.py [--runs 100000] [--hostile 0.05] [--workers 2] [--seed 0]

The hostile ones are the attacks that `distinguo doctor` runs, drawn evenly, under a CPU limit of 0.3 s (a wall limit of
0.3 s for those that sleep); the others are five harmless programs whose verdict and output are known, on inputs of
their own. At the end, and every tenth of the way, this process's descriptors, the processes below it and the memory of
all of them are compared with those after the first 500 runs. Ends with status 1 when a verdict was wrong, an attack got
through or something was left.
"""

import argparse
import asyncio
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import distinguo.sandbox
from distinguo.problem import CallStyle, Limits, Program
from distinguo.protocols import Executor
from distinguo.records import Verdict
from distinguo.sandbox import hostile
from distinguo.sandbox.hostile.traps import Traps, processes_below

LIMITS = Limits(cpu_seconds=0.3, wall_seconds=3.0, memory_mb=128, output_bytes=1 << 16)
NAP = replace(LIMITS, wall_seconds=0.3)
IN_FLIGHT = 64
GROWTH = 64 << 20  # bytes; less is the allocators' own

# program, standard input or arguments by number of the run, verdict, output by number
HARMLESS: tuple[tuple[Program, Callable[[int], str], Verdict, Callable[[int], str] | None], ...] = (
    (Program("print(int(input()) ** 2)"), str, Verdict.AC, lambda n: f"{n * n}\n"),
    (Program("def f(n):\n    return [n, str(n)]", CallStyle.FUNCTION, "f"), lambda n: f"({n},)", Verdict.AC,
     lambda n: f"[{n}, '{n}']"),
    (Program("raise SystemExit(3)"), str, Verdict.RTE, None),
    (Program("print('a' * 10**6)"), str, Verdict.OLE, None),
    (Program("x = = 1"), str, Verdict.CE, None),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class State:
    """What the machine holds for us: descriptors, processes, bytes of resident memory."""

    descriptors: int
    processes: int
    memory: int


def state() -> State:
    """Look."""
    below = processes_below(os.getpid())
    page = os.sysconf("SC_PAGE_SIZE")
    memory = sum(
        int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * page
        for pid in (os.getpid(), *below)
        if Path(f"/proc/{pid}/statm").exists()
    )
    return State(len(list(Path("/proc/self/fd").iterdir())), len(below), memory)


class Soak:
    """Counts what happens."""

    def __init__(self, box: Executor, traps: Traps, seed: int, share: float) -> None:
        self._box = box
        self._traps = traps
        self._random = random.Random(seed)
        self._share = share
        self._attacks = hostile.attacks()
        self.verdicts: Counter[str] = Counter()
        self.hostile = 0
        self.wrong: list[str] = []

    async def run(self, number: int) -> None:
        """One run of either kind."""
        if self._random.random() < self._share:
            await self._attack(self._random.choice(self._attacks))
        else:
            await self._harmless(number)

    async def _harmless(self, number: int) -> None:
        program, given, verdict, output = self._random.choice(HARMLESS)
        execution = await self._box.run(program, given(number), LIMITS)
        self.verdicts[execution.status] += 1
        if execution.status is not verdict or (output and execution.output != output(number)):
            self.wrong.append(f"{program.source!r} on {number}: {execution}")

    async def _attack(self, attack: hostile.Attack) -> None:
        self.hostile += 1
        limits = NAP if attack.sleeps else LIMITS
        seen = await hostile.seen(self._box, attack, self._traps, limits)
        self.verdicts[f"hostile {seen.status}"] += 1
        self.wrong += [f"{attack.name}: {reason}" for reason in hostile.reasons(attack, seen, self._traps)]


async def main() -> int:
    """Soak and print; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--hostile", type=float, default=0.05, help="their share")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    left: list[str] = []
    begin = time.monotonic()
    with Traps(65534 if os.geteuid() == 0 else None) as traps:
        async with distinguo.sandbox.open(options.workers) as box:
            soak = Soak(box, traps, options.seed, options.hostile)
            before: State | None = None
            done = 0
            for stop in [min(500, options.runs), *(options.runs * tenth // 10 for tenth in range(1, 11))]:
                gate = asyncio.Semaphore(IN_FLIGHT)

                async def one(number: int, gate: asyncio.Semaphore = gate) -> None:
                    async with gate:
                        await soak.run(number)

                for start in range(done, stop, 1000):
                    await asyncio.gather(*(one(number) for number in range(start, min(start + 1000, stop))))
                done = max(done, stop)
                now = state()
                print(f"{done:7} runs, {soak.hostile} hostile, {time.monotonic() - begin:6.0f} s: {now}", flush=True)
                before = before or now
                if (now.descriptors, now.processes) != (before.descriptors, before.processes):
                    left.append(f"after {done} runs {now}, at first {before}")
                if now.memory > before.memory + GROWTH:
                    left.append(f"after {done} runs memory grew to {now.memory >> 20} MiB")
        left += [f"{len(rest)} processes outlive the sandbox"] if len(rest := processes_below(os.getpid())) > 1 else []
    print("verdicts:", ", ".join(f"{name} {count}" for name, count in sorted(soak.verdicts.items())))
    print(f"wrong: {len(soak.wrong)}", *soak.wrong[:20], sep="\n  ")
    print(f"left behind: {len(left)}", *left, sep="\n  ")
    return 1 if soak.wrong or left else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
