"""What is said beside a report's figures: what could not be run, failed, was left out, or is not known."""

import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping

from distinguo.bench.gathering import Gathered, Measured, some
from distinguo.bench.metrics import Metrics, Solved
from distinguo.bench.records import Result, State

_WAYS = {
    State.API_ERROR: "with an API error", State.JUDGE_ERROR: "with a judge error", State.UNFINISHED: "unfinished"
}  # fmt: skip
_ERROR = 200  # characters of an error's text that a sentence shows


def _left_out(gathered: Gathered) -> list[str]:
    reasons = {problem: why for run in gathered.runs for problem, why in run.left_out.items()}
    counted = Counter(reasons.values())
    return [
        f"{count} of the data set's problems could not be run"
        f" ({some([problem for problem, told in reasons.items() if told == why])}): {why.rstrip('.')}"
        for why, count in counted.items()
    ]


def of(gathered: Gathered, metrics: Mapping[str, Metrics]) -> list[str]:
    """One sentence for everything that a reader of the figures should know beside."""
    told = [*_left_out(gathered), *gathered.warnings]
    told += [line for arm in gathered.arms for line in _failed(arm, metrics[arm.name])]
    unpriced = [name for name, one in metrics.items() if one.total.usd is None]
    if unpriced:
        told.append(f"what {some(unpriced)} cost is not known: no price is known of a model (--prices names a file)")
    uneven = [arm.name for arm in gathered.arms if len({len(found.samples) for found in arm.done}) > 1]
    if uneven:
        told.append(f"pass@k of {some(uneven)} is left out where a problem has fewer than k samples")
    numbers = {len(arm.facts) for arm in gathered.arms}
    if len(numbers) > 1:
        each = some([f"{arm.name} on {len(arm.facts)}" for arm in gathered.arms])
        told.append(f"the arms are on different numbers of problems: {each}")
    return told


def _failed(arm: Measured, metrics: Metrics) -> list[str]:
    """On problems that are not completed, with both figures; on completed ones of which something failed."""
    told, name, states, n = list[str](), arm.name, metrics.states, metrics.solved.n
    if n < metrics.n_problems:
        counted = ", ".join(f"{states[state]} {way}" for state, way in _WAYS.items() if states[state])
        over = f"{_percent(metrics.solved)} over the {n} completed and " if n else ""
        told.append(
            f"{name}: of {metrics.n_problems} problems, {counted}; pass@1 is {over}{_percent(metrics.worst)} with the"
            f" others counted as wrong{_first_error(found for found in arm.results.values() if not found.done)}"
        )
    if metrics.stopped:
        told.append(f"{name}: a budget ended {metrics.stopped} of the completed problems early")
    if metrics.errors:
        told.append(
            f"{name}: something failed on {metrics.errors} of the completed problems, which went on without"
            f" it{_first_error(arm.done)}"
        )
    return told


def _first_error(results: Iterable[Result]) -> str:
    first = next((error for found in results for error in found.errors), "")
    return f"; the first error is: {textwrap.shorten(first, _ERROR, placeholder=' ...').rstrip('.')}" if first else ""


def _percent(one: Solved) -> str:
    return "-" if one.pass_at_1 is None else f"{one.pass_at_1.value:.1%}"
