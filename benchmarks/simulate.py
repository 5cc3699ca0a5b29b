"""What selectors are worth and what they cost in simulation (bench/simulate, bench/worlds).

    python benchmarks/simulate.py [--problems 1500] [--only noted|misspecified|sizes|calibration]

noted: the five settings of published simulations, N = 16. misspecified: the third of them with judges and tests that
are not what `posterior` takes them for. sizes: N = 8, 16, 64 and 1000, with fewer problems where there are more
samples; `sstar-authors` only up to 64. calibration: what `posterior` states against what comes true, over problems of
which some have no right sample.

The difference is to `sstar-authors` (`posterior` to `majority` at N = 1000), paired, in points, with its 95% interval;
the share is of its calls.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace

from distinguo import selectors
from distinguo.bench.simulate import NOTED, Row, calibration, calibration_error, misspecified, simulate
from distinguo.bench.worlds import Setting
from distinguo.grading.statistics import difference, mean
from distinguo.selectors.posterior import PRICE, QUESTIONS, Posterior
from distinguo.selectors.protocol import Selector

NAMES = ("majority", "sstar", "sstar-authors", "posterior")
SIZES = {8: 1.0, 16: 1.0, 64: 0.1, 1000: 0.02}  # samples: the share of the problems that is played


def table(setting: Setting, chosen: Sequence[Selector], count: int, seed: int) -> Iterator[str]:
    """One line for each selector."""
    rows = {selector.name: simulate(setting, selector, count, seed) for selector in chosen}
    base = rows.get("sstar-authors", rows["majority"])
    yield f"{setting.name}, N = {setting.samples}, {count} problems"
    for name, played in rows.items():
        right = mean([float(row.right) for row in played])
        line = f"  {name:14} {100 * right.value:5.1f}%  {_calls(played):6.1f} calls"
        if played is not base:
            apart = difference([float(row.right) for row in played], [float(row.right) for row in base])
            interval = f"{100 * apart.value:+5.1f} ({100 * apart.low:+.1f} to {100 * apart.high:+.1f})"
            line += f"  {interval:24} {_calls(played) / _calls(base):.2f} of its calls"
        yield line


def reliability(setting: Setting, selector: Selector, count: int, seed: int) -> Iterator[str]:
    """What was stated of the chosen cluster and of none, by tenths."""
    played = simulate(replace(setting, any_share=True), selector, count, seed)
    yield f"{setting.name}, N = {setting.samples}, {count} problems of which some have no right sample"
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


def _calls(rows: Sequence[Row]) -> float:
    return sum(row.calls for row in rows) / len(rows)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=("noted", "misspecified", "sizes", "calibration"))
    parser.add_argument("--price", type=float, default=PRICE, help="of a call, for `posterior`")
    parser.add_argument("--questions", type=int, default=QUESTIONS, help="at most, for `posterior`")
    given = parser.parse_args()
    ours = Posterior(questions=given.questions, price=given.price)
    chosen = [ours if name == ours.name else selectors.get(name) for name in NAMES]

    def wanted(name: str) -> bool:
        return given.only in (None, name)

    def show(lines: Iterator[str]) -> None:
        for line in lines:
            print(line, flush=True)

    if wanted("noted"):
        for setting in NOTED:
            show(table(setting, chosen, given.problems, given.seed))
    if wanted("misspecified"):
        for setting in misspecified(NOTED[2]):
            show(table(setting, chosen, given.problems, given.seed))
    if wanted("sizes"):
        for samples, share in SIZES.items():
            fewer = [selector for selector in chosen if samples <= 64 or selector.name != "sstar-authors"]
            setting = replace(NOTED[2], samples=samples)
            show(table(setting, fewer, max(1, round(share * given.problems)), given.seed))
    if wanted("calibration"):
        for setting in NOTED:
            show(reliability(setting, ours, given.problems, given.seed))


if __name__ == "__main__":
    main()
