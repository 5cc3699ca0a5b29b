"""How long selectors take to decide over a large pool once everything has been run, and the memory they need for it.

    python benchmarks/ranking.py [--programs 1000] [--tests 1000] [--rounds 3] [SELECTOR ...]

All programs and tests differ. Programs follow one of a hundred habits with a few outputs changed, each test has an
input of its own and expects one of four outputs, and every tenth run fails. `posterior` asks no judge. The seconds are
CPU time, the median of whole decisions, from the first look at the evidence to the ranking; the peak memory is measured
in a run of its own, beside the evidence, whose size is also printed.
"""

import argparse
import random
import statistics
import sys
import time
import tracemalloc
from collections.abc import Sequence

from distinguo import selectors
from distinguo.problem import Program
from distinguo.records import Candidate, Verdict
from distinguo.selectors.evidence import Evidence
from distinguo.selectors.posterior import Posterior
from distinguo.selectors.protocol import Answer, Decision, Failed, GeneratedTest, Inputs, Observed, Question, Tests

NAMES = (
    "majority",
    "soft-mbr",
    "generated-tests",
    "codet",
    "b4",
    "b4-clusters",
    "b4-clusters-mbr",
    "srank",
    "posterior",
)
HABITS = 100
OUTPUTS = (*(Observed(Verdict.AC, letter * 64) for letter in "abcd"), Observed(Verdict.RTE, "RTE"))
OFTEN = (36, 18, 18, 18, 10)


class Pool:
    """Programs whose every run is known."""

    def __init__(self, programs: int, tests: int, seed: int = 0) -> None:
        draw = random.Random(seed)
        self.inputs = tuple(f"({number},)" for number in range(tests))
        self.tests = tuple(GeneratedTest(f"f{text} == {draw.choice('abcd')}", (text,)) for text in self.inputs)
        habits = [draw.choices(OUTPUTS, OFTEN, k=tests) for _ in range(HABITS)]
        self.candidates = [Candidate(sample, Program(f"program {sample}"), ()) for sample in range(programs)]
        self.rows = []
        for _ in self.candidates:
            row = list(draw.choice(habits))
            for place in draw.sample(range(tests), k=draw.randrange(3)):
                row[place] = draw.choice(OUTPUTS)
            self.rows.append(row)

    def evidence(self) -> Evidence:
        """Every program on every input and test, with no question answered yet."""
        evidence = Evidence(self.candidates, {candidate.sample: () for candidate in self.candidates}, 0, 0)
        for candidate, row in zip(self.candidates, self.rows, strict=True):
            for text, test, seen in zip(self.inputs, self.tests, row, strict=True):
                evidence.observe(candidate.sample, text, seen)
                evidence.passed(candidate.sample, test.text, seen.works and test.text.endswith(seen.key[0]))
        return evidence

    def answer(self, question: Question) -> Answer:
        """All tests to who asks for tests, all inputs to who asks for inputs."""
        if question.kind in {"inputs", "mutate", "generate"}:
            return Inputs(self.inputs)
        if question.kind == "tests":
            return Tests(self.tests)
        return Failed("no model is asked")


def decide(name: str, pool: Pool, evidence: Evidence) -> Decision:
    """Ask until the selector decides."""
    selector = Posterior(questions=0) if name == Posterior.name else selectors.get(name)
    while True:
        step = selector.next(evidence.state())
        if isinstance(step, Decision):
            return step
        for question in step:
            evidence.answer(question, pool.answer(question))


def measure(name: str, pool: Pool, rounds: int) -> str:
    """One line: seconds, peak memory, how many clusters were ranked."""
    seconds = []
    for _ in range(rounds):
        evidence = pool.evidence()
        begin = time.process_time()
        decision = decide(name, pool, evidence)
        seconds.append(time.process_time() - begin)
    evidence = pool.evidence()
    tracemalloc.start()
    decide(name, pool, evidence)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return f"{name:16} {statistics.median(seconds):7.3f} s {peak / 2**20:8.1f} MiB {len(decision.clusters):6} clusters"


def main(arguments: Sequence[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=int, default=1000)
    parser.add_argument("--tests", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("names", nargs="*", metavar="SELECTOR")
    options = parser.parse_args(arguments)
    pool = Pool(options.programs, options.tests)
    tracemalloc.start()
    evidence = pool.evidence()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del evidence
    print(f"{options.programs} programs x {options.tests} tests; the evidence itself holds {held / 2**20:.0f} MiB")
    for name in options.names or NAMES:
        print(measure(name, pool, options.rounds), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
