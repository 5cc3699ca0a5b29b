"""Fitting the model's constants to pools whose right clusters are known, by maximum likelihood.

Fit on problems that are not reported on: the probabilities are calibrated for pools like those that were fitted.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from distinguo.errors import InputError
from distinguo.selectors.belief import (
    NEVER,
    Parameters,
    Pool,
    from_agreement,
    from_failures,
    from_sizes,
    from_tests,
    normalised,
    prior,
    tempering,
)

GRID: Mapping[str, Sequence[Any]] = {
    "a": (0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.1, 1.5, 2.0),
    "b": (0.3, 0.4, 0.6, 0.8, 0.9, 1.1, 1.5, 2.0, 3.0, 4.0, 6.0),
    "theta": (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 9.0, 14.0, 20.0, 30.0),
    "tilts": ((1.0,), (0.75, 1.33), (0.5, 1.0, 2.0)),
    "spreads": ((1.0,), (0.5, 1.0, 2.0), (0.35, 0.7, 1.4, 2.8), (0.1, 0.3, 1.0, 3.0, 10.0)),
    "cells": (0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 9.0, 13.0, 18.0, 25.0, 50.0, 100.0, math.inf),
    "right_tests": tuple((right, 1.0) for right in (1.0, 2.0, 4.0, 10.0, 30.0, 100.0)),
    "lucky": tuple((1.0, fails) for fails in (1.0, 10.0, 100.0, 1e3, 1e4, 1e5)),
    "failing": (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0),
    "agreeing": (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0),
}
"""The values tried for each constant; the others keep theirs."""

FLOOR = 1e-4  # a probability below this counts as this, so that one mislabelled pool does not decide the fit

_Piece = Callable[[Pool, Parameters], list[float]]

_PIECES: tuple[tuple[_Piece, tuple[str, ...]], ...] = (
    (lambda pool, known: from_sizes(pool.sizes, known), ("a", "b", "theta", "tilts", "spreads")),
    (lambda pool, known: from_tests(pool, replace(known, cells=math.inf)), ("right_tests", "lucky")),
    (from_failures, ("failing",)),
    (from_agreement, ("agreeing",)),
)
"""The pieces of belief.prior, and the constants on which each rests; that of tests before it is tempered."""

_TESTS = 1


@dataclass(frozen=True, slots=True)
class Recorded:
    """A pool and which of its clusters are right, by index; none where no program is."""

    pool: Pool
    right: frozenset[int]


def log_likelihood(recorded: Iterable[Recorded], known: Parameters) -> float:
    """The mean logarithm of the probability given to what is right, in nats: to any right cluster, or to none."""
    values = [_value(prior(one.pool, known), one.right) for one in recorded]
    return math.fsum(values) / len(values)


def fit(
    recorded: Sequence[Recorded],
    start: Parameters | None = None,
    grid: Mapping[str, Sequence[Any]] = GRID,
    told: Callable[[Parameters, float], None] = lambda known, value: None,
) -> Parameters:
    """The likeliest constants: one after another is set to the best value of its grid until none changes.

    told: of each round's constants and log_likelihood. Raises InputError without a pool to fit to.
    """
    if not recorded:
        raise InputError("the posterior cannot be fitted to nothing: give at least one pool with its right clusters")
    evidence = _Evidence(recorded)
    best = start or Parameters()
    value = evidence.log_likelihood(best)
    while True:
        before = best
        for field, values in grid.items():
            for given in values:
                tried = replace(best, **{field: given})
                likelihood = evidence.log_likelihood(tried)
                if likelihood > value:
                    best, value = tried, likelihood
        told(best, value)
        if best == before:
            return best


class _Evidence:
    """log_likelihood of the same pools again and again; what rests on unchanged constants is not computed anew."""

    def __init__(self, recorded: Sequence[Recorded]) -> None:
        self._recorded = recorded
        self._known: dict[tuple[Any, ...], list[list[float]]] = {}

    def log_likelihood(self, known: Parameters) -> float:
        pieces = [self._piece(place, known) for place in range(len(_PIECES))]
        values = []
        for one, *logs in zip(self._recorded, *pieces, strict=True):
            share = tempering(one.pool, known)
            logs[_TESTS] = [share * value for value in logs[_TESTS]]
            summed = [NEVER if NEVER in each else math.fsum(each) for each in zip(*logs, strict=True)]
            values.append(_value(summed, one.right))
        return math.fsum(values) / len(values)

    def _piece(self, place: int, known: Parameters) -> list[list[float]]:
        piece, fields = _PIECES[place]
        key = (place, *(getattr(known, field) for field in fields))
        if key not in self._known:
            self._known[key] = [piece(one.pool, known) for one in self._recorded]
        return self._known[key]


def _value(logs: Sequence[float], right: frozenset[int]) -> float:
    """The logarithm of the probability of what is right."""
    probabilities = normalised(logs)
    return math.log(max(FLOOR, math.fsum(probabilities[index] for index in right or (-1,))))
