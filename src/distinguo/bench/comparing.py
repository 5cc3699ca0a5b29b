"""Whether arms differ: paired over the problems that both completed, against one baseline.

Shares that are 0 or 1 a problem (pass@1 of the choice, coverage) are tested by McNemar's exact test, mean shares (a
random candidate, a first draft) by a permutation test; p values are adjusted after Holm over all arms that are compared
with the baseline, each metric for itself. Intervals are the paired bootstrap's (grading.statistics).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from distinguo.bench.gathering import NOT_ANSWERS, Measured, some
from distinguo.bench.metrics import random_of, zero_shot_of
from distinguo.bench.records import Result
from distinguo.grading.statistics import Estimate, difference, holm, mcnemar, permutation


@dataclass(frozen=True, slots=True)
class Comparison:
    """By how much an arm's metric is above the baseline's.

    n: problems that both completed; left_out: those that only one of them completed, or has. only_arm, only_against:
    problems on which the one is above the other. p: of `test`; p_holm: adjusted. differs: the settings in which the two
    differ, the arm's value first.
    """

    metric: str
    arm: str
    against: str
    n: int
    left_out: int
    difference: Estimate
    only_arm: int
    only_against: int
    test: str
    p: float
    p_holm: float
    differs: Mapping[str, tuple[Any, Any]]

    def as_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        return {
            "metric": self.metric,
            "arm": self.arm,
            "against": self.against,
            "n": self.n,
            "left_out": self.left_out,
            "difference": self.difference.value,
            "interval": [self.difference.low, self.difference.high],
            "only_arm": self.only_arm,
            "only_against": self.only_against,
            "test": self.test,
            "p": self.p,
            "p_holm": self.p_holm,
            "differs": {name: list(values) for name, values in self.differs.items()},
        }


PASS_AT_1, COVERAGE = "pass@1", "coverage"


METRICS: Mapping[str, Callable[[Result], float]] = {
    PASS_AT_1: lambda found: float(found.right),
    COVERAGE: lambda found: float(found.covered),
    "random": random_of,
    "zero-shot": zero_shot_of,
}
"""What is compared: a problem's value, 0 to 1."""
_OF_ONES = (PASS_AT_1, COVERAGE)  # values that are 0 or 1


def compare(arms: Sequence[Measured], baseline: Measured) -> list[Comparison]:
    """Every other arm with the baseline, metric by metric; none where no problem was completed by both."""
    others = [arm for arm in arms if arm is not baseline]
    told = list[Comparison]()
    for metric in METRICS:
        family = [found for arm in others if (found := _compared(metric, arm, baseline)) is not None]
        adjusted = holm([one.p for one in family])
        told += [replace(one, p_holm=p) for one, p in zip(family, adjusted, strict=True)]
    return told


def _compared(metric: str, arm: Measured, baseline: Measured) -> Comparison | None:
    mine, theirs = ({found.problem: found for found in one.done} for one in (arm, baseline))
    common = mine.keys() & theirs.keys()
    if not common:
        return None
    of = METRICS[metric]
    pairs = sorted((of(mine[name]), of(theirs[name])) for name in common)  # sorted: the bootstrap's draws go by places
    one, other = [a for a, _ in pairs], [b for _, b in pairs]
    above, below = sum(a > b for a, b in pairs), sum(a < b for a, b in pairs)
    exact = metric in _OF_ONES
    return Comparison(
        metric,
        arm.name,
        baseline.name,
        len(common),
        len(arm.facts.keys() | baseline.facts.keys()) - len(common),
        difference(one, other),
        above,
        below,
        "mcnemar" if exact else "permutation",
        mcnemar(above, below) if exact else permutation(one, other),
        1.0,
        differing(arm, baseline),
    )


def differing(arm: Measured, other: Measured) -> dict[str, tuple[Any, Any]]:
    """The settings that shape answers in which two arms differ, and the data set's version."""
    mine, theirs = arm.arm.settings, other.arm.settings
    names = [name for name in [*mine, *(theirs.keys() - mine.keys())] if name not in NOT_ANSWERS]
    told = {name: (mine.get(name), theirs.get(name)) for name in names if mine.get(name) != theirs.get(name)}
    return told | ({"data set": (arm.dataset, other.dataset)} if arm.dataset != other.dataset else {})


def sentences(comparisons: Sequence[Comparison]) -> list[str]:
    """What to know of the comparisons: which settings differ, and that not all problems are common."""
    told = list[str]()
    for one in comparisons:
        if one.metric != PASS_AT_1:
            continue
        if one.differs:
            each = [f"{name} ({_said(mine)}, {_said(theirs)})" for name, (mine, theirs) in one.differs.items()]
            told.append(f"{one.arm} and {one.against} differ in {', '.join(each)}")
    partly = [one.arm for one in comparisons if one.metric == PASS_AT_1 and one.left_out]
    if partly:
        told.append(f"problems that only one of two arms completed are left out of comparisons with {some(partly)}")
    return told


def _said(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "+".join(map(str, value)) or "none"
    return "unset" if value is None else str(value)
