"""Fitting the model's constants to pools whose right clusters are known, by maximum likelihood.

Fit on problems that are not reported on: the probabilities are calibrated for pools like those that were fitted.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from distinguo.errors import InputError
from distinguo.selectors.belief import Parameters, Pool, normalised, prior

GRID: Mapping[str, Sequence[Any]] = {
    "a": (0.2, 0.3, 0.4, 0.6, 0.8, 1.1, 1.5, 2.0),
    "b": (0.3, 0.4, 0.6, 0.8, 1.1, 1.5, 2.0, 3.0, 4.0, 6.0),
    "theta": (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 9.0, 14.0, 20.0, 30.0),
    "cells": (0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 9.0, 13.0, 18.0, 25.0, 50.0, 100.0, math.inf),
    "right_tests": tuple((right, 1.0) for right in (1.0, 2.0, 4.0, 10.0, 30.0, 100.0)),
    "lucky": tuple((1.0, fails) for fails in (1.0, 10.0, 100.0, 1e3, 1e4, 1e5)),
    "failing": (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0),
    "agreeing": (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0),
}
"""The values tried for each constant; the others keep theirs."""

FLOOR = 1e-4  # a probability below this counts as this, so that one mislabelled pool does not decide the fit


@dataclass(frozen=True, slots=True)
class Recorded:
    """A pool and which of its clusters are right, by index; none where no program is."""

    pool: Pool
    right: frozenset[int]


def log_likelihood(recorded: Iterable[Recorded], known: Parameters) -> float:
    """The mean logarithm of the probability given to what is right, in nats: to any right cluster, or to none."""
    values = []
    for one in recorded:
        probabilities = normalised(prior(one.pool, known))
        values.append(math.log(max(FLOOR, math.fsum(probabilities[index] for index in one.right or (-1,)))))
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
    best = start or Parameters()
    value = log_likelihood(recorded, best)
    while True:
        before = best
        for field, values in grid.items():
            for given in values:
                tried = replace(best, **{field: given})
                likelihood = log_likelihood(recorded, tried)
                if likelihood > value:
                    best, value = tried, likelihood
        told(best, value)
        if best == before:
            return best
