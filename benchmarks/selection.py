"""`posterior` on recorded programs: what it chooses, how true its statements are, and constants fitted to such pools.

    python benchmarks/selection.py [--part chosen|draws|fit] [--only KIND ...] [--runs FOLDER] [--plot FILE.png]

Kinds of pools, gathered by `distinguo.select` without a model, each program run in the sandbox: CodeT's samples and
tests for HumanEval (codet-100: all 100 programs of a task; codet-16: 4 random draws of 16; no public filter, 0.1 s a
run), and LLMDebugger's programs for HumanEval and MBPP (-all: first and debugged ones; -seeds: the first alone; mutated
inputs, the public filter on).

chosen: LLMDebugger's pools, `public`, `posterior` and `majority`, for each data set and, on the problems where right
and wrong programs pass the public tests, for both data sets together.

draws: CodeT's pools, 20 random draws of 16 and all 100 programs: `codet`, `b4-clusters`, and `posterior` with the
tie-break that was best on the other half of the tasks, out of TIE_BREAKS.

fit: two-fold. The 1st, 3rd, ... task in the order of the data set is one half, the 2nd, 4th, ... the other (the files
hold even task numbers only); each half is reported with constants that were fitted to the other one. For each kind: the
fitted constants; the log-likelihood of what is right, in nats a pool; the expected calibration error of "the chosen
cluster is right" and of "none is", under the shipped constants, under those fitted to this kind, and to all kinds; and
reliability tables by tenths.

A cluster is right where most of its programs pass the hidden tests. Pools of one program are left out: nothing is
stated of them. --runs keeps what was run, so that a second time is quick.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import distinguo
from distinguo.bench.simulate import Bin, calibration, calibration_error
from distinguo.config import Settings
from distinguo.grading.choosing import Chosen
from distinguo.grading.statistics import difference, mean
from distinguo.records import Cluster
from distinguo.selectors.b4 import B4ClustersMBR
from distinguo.selectors.belief import Parameters, Pool, normalised, prior
from distinguo.selectors.belief_fit import GRID, Recorded, fit, log_likelihood
from distinguo.selectors.posterior import Posterior, gathered, pool
from distinguo.selectors.protocol import Decision, Question, Selector, State

TIE_BREAKS = (0.0, 10.0, 25.0, 50.0, 100.0)
CODET = "HumanEval_codegen16B_temp0.8_topp0.95_num100_max300"


class Recorder(Posterior):
    """`posterior` without a judge, which keeps the pools that it decides about."""

    def __init__(self) -> None:
        super().__init__(questions=0)
        self.kept: list[tuple[tuple[Cluster, ...], Pool, list[tuple[int, ...]]]] = []

    def next(self, state: State) -> Decision | Sequence[Question]:
        """As `posterior` does."""
        step = super().next(state)
        if isinstance(step, Decision) and state.distinct_programs > 1:
            known = gathered(state)
            if known.inputs or known.tests:
                groups = known.by_outputs()
                self.kept.append((step.clusters, pool(known, groups), [group.samples for group in groups]))
        return step


@dataclass(frozen=True)
class Seen:
    """One pool. task: its problem's place in the data set. chosen: the index of the cluster chosen by tests, if any."""

    task: int
    recorded: Recorded
    chosen: int | None

    def statement(self, known: Parameters) -> tuple[tuple[float, bool], tuple[float, bool]]:
        """What is stated of the chosen cluster and of none, and whether it is true."""
        *clusters, none = normalised(prior(self.recorded.pool, known))
        chosen = self.chosen
        if chosen is None:
            chosen = max(range(len(clusters)), key=lambda place: (clusters[place], -place))
        right = self.recorded.right
        return (clusters[chosen], chosen in right), (none, not right)


def kinds(data: Path) -> dict[str, dict[str, Any]]:
    """What `distinguo.select` is given for each kind of pool."""
    codet, debugger = data / "codet", data / "llmdebugger"
    recorded = {
        "dataset": codet / "dataset/HumanEval_for_code_generation.jsonl.gz",
        "candidates": codet / f"generated_data/{CODET}_code_solution.jsonl.gz",
        "generated_tests": codet / f"generated_data/{CODET}_test_case.jsonl.gz",
        "public_filter": False,
        "time_limit": 0.1,
        "timeout": 0.1,
    }
    found = {"codet-100": recorded, "codet-16": recorded | {"draw": 16, "draws": 4}}
    for name, tests in (("humaneval", "test/tests"), ("mbpp", "dataset/probs")):
        seeds = sorted((debugger / f"input_data/{name}/seed").rglob("*.jsonl.gz"))
        debugged = sorted((debugger / f"results/ldb/{name}").rglob("*.jsonl.gz"))
        dataset = debugger / f"input_data/{name}/{tests}.jsonl.gz"
        mutated = {"dataset": dataset, "settings": Settings(inputs=("mutated", "large")), "time_limit": 1.0}
        found[f"{name}-seeds"] = mutated | {"candidates": seeds}
        found[f"{name}-all"] = mutated | {"candidates": [*seeds, *debugged]}
    return found


def gather(given: dict[str, Any], runs: Path) -> list[Seen]:
    """The pools of one kind. runs: where their programs' runs are kept."""
    selector, given = Recorder(), dict(given)
    dataset, candidates = given.pop("dataset"), given.pop("candidates")
    report = distinguo.select_sync(dataset, candidates, [selector], out=runs, **given)
    tasks = {task: place for place, task in enumerate(dict.fromkeys(one.task_id for one in report.problems))}
    found = []
    for one in report.problems:
        clusters = one.choices[selector.name].clusters
        for ranked, known, groups in selector.kept:
            if ranked is clusters:
                right = {
                    place for place, samples in enumerate(groups) if 2 * len(one.rights & set(samples)) > len(samples)
                }
                chosen = groups.index(ranked[0].samples) if known.tests else None
                found.append(Seen(tasks[one.task_id], Recorded(known, frozenset(right)), chosen))
    return found


def fitted(pools: Sequence[Seen], half: int) -> Parameters:
    """To one half; constants of tests are left alone where there are none."""
    some = [one.recorded for one in pools if one.task % 2 == half]
    tested = any(one.pool.tests for one in some)
    return fit(
        some, grid={name: GRID[name] for name in GRID if tested or name not in ("cells", "right_tests", "lucky")}
    )


def described(known: Parameters) -> str:
    """The constants that a fit sets."""
    return ", ".join(f"{each.name} {getattr(known, each.name)}" for each in fields(known) if each.name in GRID)


@dataclass(frozen=True)
class Statements:
    """What constants are worth on pools that they were not fitted to.

    likelihood: the mean logarithm of what is right. chosen, none: statements, and whether they are true.
    """

    likelihood: float
    chosen: list[tuple[float, bool]]
    none: list[tuple[float, bool]]

    def line(self, label: str) -> str:
        """The same for a person."""
        right = sum(true for _, true in self.chosen) / len(self.chosen)
        errors = [calibration_error(calibration(each)) for each in (self.chosen, self.none)]
        return (
            f"  {label:16} log-likelihood {self.likelihood:+.3f}, chosen right {100 * right:.1f}%, "
            f"expected calibration error: chosen {errors[0]:.3f}, none {errors[1]:.3f}"
        )


def stated(pools: Sequence[Seen], constants: Sequence[Parameters]) -> Statements:
    """constants: for the first and for the second half."""
    halves = [(one, constants[one.task % 2]) for one in pools]
    values = [log_likelihood([one.recorded], known) for one, known in halves]
    both = [one.statement(known) for one, known in halves]
    return Statements(sum(values) / len(values), [each[0] for each in both], [each[1] for each in both])


def rows(what: str, bins: Sequence[Bin]) -> Iterator[str]:
    """A reliability table."""
    yield f"  {what}: expected calibration error {calibration_error(bins):.3f}"
    yield "    stated  " + " ".join(f"{each.stated:5.2f}" for each in bins)
    yield "    true    " + " ".join(f"{each.true:5.2f}" for each in bins)
    yield "    count   " + " ".join(f"{each.count:5}" for each in bins)


def draw(found: dict[str, dict[str, list[Bin]]], path: Path) -> None:
    """Reliability as a picture, one line for each kind of pools."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 5), layout="constrained")
    axes = figure.subplots(1, 2)
    for place, what in enumerate(next(iter(found.values()))):
        axes[place].plot((0, 1), (0, 1), color="grey", linewidth=0.8)
        for name, statements in found.items():
            bins = statements[what]
            (line,) = axes[place].plot([each.stated for each in bins], [each.true for each in bins], label=name)
            sizes = [4 * each.count for each in bins]
            axes[place].scatter(*zip(*((b.stated, b.true) for b in bins), strict=True), s=sizes, color=line.get_color())
        axes[place].set(title=what, xlabel="stated probability", ylabel="share that is true")
        axes[place].legend()
    figure.savefig(path, dpi=150)


def part_fit(data: Path, runs: Path, given: argparse.Namespace) -> None:
    """Gather, fit and report."""
    pools = {}
    for name, recorded in kinds(data).items():
        if not given.only or name in given.only:
            pools[name] = gather(recorded, folder(runs, name))
            print(f"{name}: {len(pools[name])} pools gathered", flush=True)
    shipped = Parameters()
    everything = [one for each in pools.values() for one in each]
    together = [fitted(everything, 1 - half) for half in (0, 1)]
    print(f"shipped: {described(shipped)}")
    for half in (0, 1):
        print(f"fitted to half {2 - half} of all kinds: {described(together[half])}", flush=True)
    found = {}
    for name, each in pools.items():
        none = sum(not one.recorded.right for one in each)
        print(f"{name}: {len(each)} pools; in {none} of them none is right")
        own = [fitted(each, 1 - half) for half in (0, 1)]
        for half in (0, 1):
            print(f"  fitted to half {2 - half}: {described(own[half])}")
        statements = stated(each, (shipped, shipped))
        print(statements.line("shipped"))
        print(stated(each, own).line("fitted to it"))
        print(stated(each, together).line("fitted to all"), flush=True)
        found[name] = {
            "the chosen cluster is right": calibration(statements.chosen),
            "no program is right": calibration(statements.none),
        }
        for what, bins in found[name].items():
            print("\n".join(rows(what, bins)), flush=True)
    if given.plot is not None:
        draw(found, given.plot)


def part_chosen(data: Path, runs: Path, given: argparse.Namespace) -> None:
    """What selectors choose among LLMDebugger's programs."""
    names = ("public", "posterior", "majority")
    contested: dict[str, list[Chosen]] = {}
    for name, recorded in kinds(data).items():
        if name.startswith("codet") or (given.only and name not in given.only):
            continue
        recorded = dict(recorded)
        dataset, candidates = recorded.pop("dataset"), recorded.pop("candidates")
        report = distinguo.select_sync(dataset, candidates, names, out=folder(runs, name), **recorded)
        print("\n".join([f"{name}:", *report.lines(), ""]), flush=True)
        contested.setdefault(name.partition("-")[2], []).extend(one for one in report.problems if one.contested)
    for which, problems in contested.items():
        if not problems:
            continue
        print(f"{which}, both data sets, {len(problems)} problems with right and wrong programs to choose among:")
        values = {name: [one.choices[name].ranking.pass_at(1) or 0.0 for one in problems] for name in names}
        for name, each in values.items():
            print(f"  {name:10} {100 * mean(each).value:5.1f}%")
        for one, other in (("posterior", "public"), ("majority", "public"), ("posterior", "majority")):
            apart = difference(values[one], values[other])
            print(f"  {one} - {other}: {100 * apart.value:+.1f} ({100 * apart.low:+.1f} to {100 * apart.high:+.1f})")


class WithTieBreak(Posterior):
    """`posterior` without a judge, with another tie-break."""

    def __init__(self, tie_break: float) -> None:
        super().__init__(questions=0, by_tests=B4ClustersMBR(tie_break))
        self.name = f"posterior, {tie_break:g}"  # type: ignore[misc]  # one name for each


def part_draws(data: Path, runs: Path, given: argparse.Namespace) -> None:
    """What selectors choose among CodeT's programs, with a tie-break chosen on other tasks."""
    ours = [WithTieBreak(value) for value in TIE_BREAKS]
    for name, recorded in kinds(data).items():
        if not name.startswith("codet") or (given.only and name not in given.only):
            continue
        recorded = dict(recorded) | ({"draws": 20} if "draw" in recorded else {})
        dataset, candidates = recorded.pop("dataset"), recorded.pop("candidates")
        settings = Settings(seed=given.seed)
        chosen: list[str | Selector] = ["codet", "b4-clusters", *ours]
        report = distinguo.select_sync(
            dataset, candidates, chosen, out=folder(runs, name), settings=settings, **recorded
        )
        print("\n".join([f"{name}:", *report.lines(), ""]), flush=True)
        drawn: dict[str, list[Chosen]] = {}
        for problem in report.problems:
            drawn.setdefault(problem.task_id, []).append(problem)
        values = {
            one: [
                sum(draw.choices[one].ranking.pass_at(1) or 0.0 for draw in draws) / len(draws)
                for draws in drawn.values()
            ]
            for one in ("codet", "b4-clusters", *(one.name for one in ours))
        }
        apart_from = [max(ours, key=lambda one: sum(values[one.name][1 - half :: 2])).name for half in (0, 1)]
        values["posterior, of the other half"] = [values[apart_from[i % 2]][i] for i in range(len(drawn))]
        print(f"  chosen for the 1st, 3rd, ... task: {apart_from[0]}; for the others: {apart_from[1]}")
        for one, each in values.items():
            apart = difference(each, values["codet"])
            interval = f"{100 * apart.value:+.1f} ({100 * apart.low:+.2f} to {100 * apart.high:+.2f})"
            print(f"  {one:30} {100 * mean(each).value:5.1f}%  {interval}", flush=True)


def folder(runs: Path, kind: str) -> Path:
    """Where the runs of a kind are kept: with those of the same data set."""
    return runs / kind.partition("-")[0]


PARTS = {"chosen": part_chosen, "draws": part_draws, "fit": part_fit}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=tuple(PARTS), default="fit")
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared/data")
    parser.add_argument("--only", nargs="*", default=(), help="kinds of pools")
    parser.add_argument("--seed", type=int, default=0, help="of the draws")
    parser.add_argument("--runs", type=Path, help="folder that keeps runs; a temporary one unless given")
    parser.add_argument("--plot", type=Path, help="picture of the reliability; needs matplotlib")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        runs = given.runs or Path(temporary)
        PARTS[given.part](given.data, runs, given)


if __name__ == "__main__":
    main()
