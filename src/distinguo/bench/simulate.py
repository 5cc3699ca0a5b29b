"""Simulation: what a selector's choices are worth and what they cost, in worlds without programs or models.

The selectors are the real ones. Every question that a model would be asked is one call: both orders of a pair are two,
a request for inputs that tell a pair apart is one.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from distinguo.bench.worlds import Setting, World, problems
from distinguo.errors import InputError
from distinguo.selectors.evidence import Evidence
from distinguo.selectors.protocol import Decision, Inputs, Question, Selector, Tests

NOTED = tuple(
    Setting(f"{a} {b} {theta:g} / {q} {t} {d}", 16, a, b, theta, accuracy=q, ties=t, fooled=d, choosing=q - 0.05)
    for a, b, theta, q, t, d in (
        (0.7, 0.7, 2.0, 0.75, 0.15, 0.10),
        (0.7, 0.7, 2.0, 0.65, 0.25, 0.10),
        (0.4, 1.2, 4.0, 0.75, 0.15, 0.10),
        (0.4, 1.2, 4.0, 0.65, 0.25, 0.15),
        (0.4, 1.2, 4.0, 0.85, 0.10, 0.10),
    )
)
"""Samples, and a judge of pairs, from good to poor."""


@dataclass(frozen=True, slots=True)
class Row:
    """One selector on one problem.

    right: whether it chose a right sample. calls: to models. solvable: whether there was a right sample. stated: the
    score of the cluster that it chose, which for `posterior` is a probability; none: what it left to no cluster.
    """

    right: bool
    calls: int
    solvable: bool
    stated: float
    none: float


@dataclass(frozen=True, slots=True)
class Bin:
    """Statements of about the same probability: how many, the mean probability, and the share that came true."""

    count: int
    stated: float
    true: float


def simulate(setting: Setting, selector: Selector, count: int, seed: int = 0) -> list[Row]:
    """A selector on so many problems of a kind; another one meets the same problems under the same seed.

    Raises InputError where the selector neither asks nor decides.
    """
    return [play(selector, world) for world in problems(setting, count, seed)]


def play(selector: Selector, world: World) -> Row:
    """One problem: every question is answered at once."""
    public = {candidate.sample: () for candidate in world.candidates}
    evidence = Evidence(world.candidates, public, 0, world.selector_seed)
    asked: dict[Question, None] = {}
    while True:
        step = selector.next(evidence.state())
        if isinstance(step, Decision):
            break
        new = [question for question in dict.fromkeys(step) if question not in asked]
        if not new:
            raise InputError(f"the selector {selector.name!r} neither asks nor decides")
        for question in new:
            asked[question] = None
            _answer(question, world, evidence)
    scores = [cluster.score for cluster in step.clusters]
    return Row(
        right=world.right(step.chosen),
        calls=sum(question.calls_model for question in asked),
        solvable=world.solvable,
        stated=scores[0] if scores else math.nan,
        none=1 - math.fsum(scores),
    )


def _answer(question: Question, world: World, evidence: Evidence) -> None:
    answer = world.answer(question)
    texts: Sequence[str] = ()
    if isinstance(answer, Tests):
        texts = [text for test in answer.tests for text in test.inputs]
        for candidate in world.candidates:
            for test in answer.tests:
                evidence.passed(candidate.sample, test.text, world.passes(candidate.sample, test.text))
    elif isinstance(answer, Inputs):
        texts = answer.texts
    for candidate in world.candidates:
        for text in texts:
            evidence.observe(candidate.sample, text, world.observed(candidate.sample, text))
    evidence.answer(question, answer)


def calibration(statements: Iterable[tuple[float, bool]], bins: int = 10) -> list[Bin]:
    """Statements (probability, whether it came true) by tenths of probability; bins without any are left out."""
    kept: dict[int, list[tuple[float, bool]]] = {}
    for stated, true in statements:
        kept.setdefault(min(bins - 1, int(stated * bins)), []).append((stated, true))
    return [
        Bin(len(each), math.fsum(stated for stated, _ in each) / len(each), sum(true for _, true in each) / len(each))
        for _, each in sorted(kept.items())
    ]


def calibration_error(bins: Iterable[Bin]) -> float:
    """The expected calibration error: the mean distance of what was stated from what came true, by bin."""
    known = list(bins)
    return math.fsum(each.count * abs(each.stated - each.true) for each in known) / sum(each.count for each in known)


def misspecified(setting: Setting) -> list[Setting]:
    """The same problems with judges and tests that are not what the model of `posterior` takes them for."""
    changes: dict[str, dict[str, Any]] = {
        "accuracy 0.60": {"accuracy": 0.60, "choosing": 0.55},
        "accuracy 0.90": {"accuracy": 0.90, "choosing": 0.85},
        "a third of wrong clusters fool": {"fooled": 0.33},
        "outputs alone say little": {"choosing": 0.55},
        "prefers the first": {"prefers_first": 0.3},
        "each order by itself": {"orders_apart": True},
        "persistent errors": {"persistent": True},
        "judged by outputs": {"by_outputs": True},
        "wrong programs are often right": {"alike": 0.4},
        "tests, 70% right": {"tests": 0.7},
        "correlated tests, 60% right": {"tests": 0.6, "repeated": 0.7},
    }
    return [replace(setting, name=name, **change) for name, change in changes.items()]
