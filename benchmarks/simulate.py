"""What selectors are worth and what they cost in simulation (bench/simulate, bench/worlds).

    nice python benchmarks/simulate.py [--problems 1500] [--only noted misspecified ...] [--keep FILE] [--show]

noted: the five settings of published simulations, N = 16, and all of them together. misspecified: the third of them
with judges and tests that are not what `posterior` takes them for. small: N = 8, the third and the fourth. large:
N = 64 and 1000, with fewer problems (LARGE); at N = 1000 `sstar-authors` is not played but priced: one call and three
for each two samples of different clusters. calibration: what `posterior` states against what comes true, over problems
of which some have no right sample.

Problems are played BLOCK at a time, every setting in turn. --keep: the file that every block is added to, in which a
later call with the same seed finds what was played; --show only prints what it holds.

The difference is to `sstar-authors` (`posterior` to `majority` at N = 1000), paired, in points, with its 95% interval;
the share is of its calls.
"""

import argparse
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple, dataclass, replace
from pathlib import Path

from distinguo import selectors
from distinguo.bench.simulate import NOTED, Row, calibration, calibration_error, misspecified, play
from distinguo.bench.worlds import Setting, World
from distinguo.grading.statistics import difference, mean
from distinguo.selectors.posterior import PRICE, QUESTIONS, Posterior
from distinguo.selectors.protocol import Selector

NAMES = ("majority", "sstar", "sstar-authors", "posterior")
LARGE = {64: 0.1, 1000: 0.02}  # samples: the share of the problems that is played
PLAYED = 64  # samples up to which `sstar-authors` is played
BLOCK = 50
PARTS = ("noted", "misspecified", "small", "large", "calibration")


@dataclass(frozen=True)
class Job:
    """Selectors on so many problems of a kind."""

    part: str
    setting: Setting
    selectors: tuple[Selector, ...]
    count: int

    def missing(self, rows: "Rows") -> bool:
        """Whether something is still to be played."""
        return any(len(rows.of(self, selector)) < self.count for selector in self.selectors)


class Rows:
    """What was played, by part, setting, size and selector, in the order of the problems; also in a file, if any."""

    def __init__(self, keep: Path | None, seed: int, map_all: Callable[..., Iterable[Row]] = map) -> None:
        """map_all: plays several problems, as `map` does."""
        self._keep, self._seed, self._map = keep, seed, map_all
        self._rows: dict[tuple[str, str, int, str], list[Row]] = {}
        if keep is not None and keep.exists():
            for line in keep.read_text().splitlines():
                key, first, rows = json.loads(line)
                known = self._rows.setdefault(tuple(key[1:]), [])
                if key[0] == seed and first == len(known):
                    known += [Row(*row) for row in rows]

    def of(self, job: Job, selector: Selector) -> list[Row]:
        """One selector's."""
        return self._rows.setdefault((job.part, job.setting.name, job.setting.samples, selector.name), [])

    def play(self, job: Job) -> None:
        """The next problems, at most a block."""
        for selector in job.selectors:
            known = self.of(job, selector)
            first, last = len(known), min(job.count, (len(known) // BLOCK + 1) * BLOCK)
            worlds = [World(job.setting, f"{self._seed}/{index}") for index in range(first, last)]
            known += self._map(play, [selector] * len(worlds), worlds)
            if self._keep is not None and first < last:
                key = [self._seed, job.part, job.setting.name, job.setting.samples, selector.name]
                with self._keep.open("a") as file:
                    file.write(json.dumps([key, first, [astuple(row) for row in known[first:]]]) + "\n")


def table(job: Job, rows: Rows, seed: int) -> Iterator[str]:
    """One line for each selector, over the problems that all have played."""
    played = {selector.name: rows.of(job, selector) for selector in job.selectors}
    count = min(map(len, played.values()))
    if not count:
        return
    yield f"{job.setting.name}, N = {job.setting.samples}, {count} problems"
    played = {name: each[:count] for name, each in played.items()}
    priced = None
    if job.setting.samples > PLAYED:
        matches = [World(job.setting, f"{seed}/{index}").matches for index in range(count)]
        priced = 1 + 3 * sum(matches) / count
        yield f"  {'sstar-authors':14} not played {priced:11,.0f} calls"
    yield from compared(played, priced)


def compared(played: dict[str, list[Row]], priced: float | None = None) -> Iterator[str]:
    """One line for each selector. priced: the calls of `sstar-authors` where it was not played."""
    base = played.get("sstar-authors", next(iter(played.values())))
    for name, each in played.items():
        right = mean([float(row.right) for row in each])
        line = f"  {name:14} {100 * right.value:5.1f}%  {calls(each):6.1f} calls"
        if each is not base:
            apart = difference([float(row.right) for row in each], [float(row.right) for row in base])
            interval = f"{100 * apart.value:+5.1f} ({100 * apart.low:+.1f} to {100 * apart.high:+.1f})"
            line += f"  {interval:24} {calls(each) / (priced or calls(base)):.2f} of its calls"
        yield line


def reliability(job: Job, rows: Rows) -> Iterator[str]:
    """What was stated of the chosen cluster and of none, by tenths."""
    played = rows.of(job, job.selectors[0])
    if not played:
        return
    none = sum(not row.solvable for row in played)
    yield f"{job.setting.name}, N = {job.setting.samples}, {len(played)} problems, {none} without a right sample"
    stated = {
        "the chosen cluster is right": [(row.stated, row.right) for row in played],
        "no candidate is right": [(row.none, not row.solvable) for row in played],
    }
    for what, statements in stated.items():
        bins = calibration(statements)
        yield f"  {what}: expected calibration error {calibration_error(bins):.3f}"
        yield "    stated  " + " ".join(f"{each.stated:5.2f}" for each in bins)
        yield "    true    " + " ".join(f"{each.true:5.2f}" for each in bins)
        yield "    count   " + " ".join(f"{each.count:5}" for each in bins)


def calls(rows: Sequence[Row]) -> float:
    """On average."""
    return sum(row.calls for row in rows) / len(rows)


def jobs(problems: int, ours: Posterior) -> Iterator[Job]:
    """Everything that may be played."""
    every = tuple(ours if name == ours.name else selectors.get(name) for name in NAMES)
    for setting in NOTED:
        yield Job("noted", setting, every, problems)
    for setting in misspecified(NOTED[2]):
        yield Job("misspecified", setting, every, problems)
    for setting in NOTED[2:4]:
        yield Job("small", replace(setting, samples=8), every, problems)
    for samples, share in LARGE.items():
        fewer = tuple(one for one in every if samples <= PLAYED or one.name != "sstar-authors")
        yield Job("large", replace(NOTED[2], samples=samples), fewer, max(1, round(share * problems)))
    for setting in NOTED:
        yield Job("calibration", replace(setting, any_share=True), (ours,), problems)


def main() -> None:
    """Play and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS)
    parser.add_argument("--keep", type=Path, help="the file that keeps what was played")
    parser.add_argument("--processes", type=int, help="that play at once, as many as there are cores unless given")
    parser.add_argument("--show", action="store_true", help="only print what is kept")
    parser.add_argument("--price", type=float, default=PRICE, help="of a call, for `posterior`")
    parser.add_argument("--questions", type=int, default=QUESTIONS, help="at most, for `posterior`")
    given = parser.parse_args()
    wanted = [
        job
        for job in jobs(given.problems, Posterior(questions=given.questions, price=given.price))
        if job.part in given.only
    ]
    with ProcessPoolExecutor(given.processes) as processes:
        rows = Rows(given.keep, given.seed, processes.map)
        while not given.show and any(job.missing(rows) for job in wanted):
            for job in wanted:
                rows.play(job)
    together: dict[str, list[Row]] = {}
    for job in wanted:
        for line in reliability(job, rows) if job.part == "calibration" else table(job, rows, given.seed):
            print(line, flush=True)
        if job.part == "noted":
            count = min(len(rows.of(job, selector)) for selector in job.selectors)
            for selector in job.selectors:
                together.setdefault(selector.name, []).extend(rows.of(job, selector)[:count])
    if together and all(together.values()):
        print(f"the noted settings together, {len(together['posterior'])} problems")
        print("\n".join(compared(together)))


if __name__ == "__main__":
    main()
