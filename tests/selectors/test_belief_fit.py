"""Fitting: constants that were used to draw pools are found again, and the data interface holds what it says."""

import math
import random
from dataclasses import replace

import pytest

from distinguo.errors import InputError
from distinguo.selectors import belief_fit
from distinguo.selectors.belief import Parameters, Pool
from distinguo.selectors.belief_fit import FLOOR, Recorded, fit, log_likelihood

TRUE = Parameters(a=0.4, b=0.8, theta=4.0, tilts=(1.0,), spreads=(1.0,))
GRID = {"a": (0.2, 0.4, 0.8, 1.6), "b": (0.4, 0.8, 1.6), "theta": (1.0, 2.0, 4.0, 8.0)}


def drawn(seed: int, known: Parameters, samples: int = 16) -> Recorded:
    draw = random.Random(seed)
    share = draw.betavariate(known.a, known.b)
    right = sum(draw.random() < share for _ in range(samples))
    tables: list[int] = []
    for seated in range(samples - right):
        chosen = draw.choices([*range(len(tables)), -1], [*tables, known.theta])[0] if seated else -1
        if chosen < 0:
            tables.append(1)
        else:
            tables[chosen] += 1
    sizes = tuple([right] * bool(right) + tables)
    pool = Pool(
        sizes, tuple(1 for _ in sizes), tuple(0 for _ in sizes), 0, tuple(() for _ in sizes), tuple(0 for _ in sizes)
    )
    return Recorded(pool, frozenset({0} if right else ()))


def test_the_constants_that_drew_the_pools_are_found() -> None:
    recorded = [drawn(seed, TRUE) for seed in range(600)]
    rounds: list[float] = []
    found = fit(recorded, replace(TRUE, a=1.6, b=0.4, theta=1.0), GRID, lambda _, value: rounds.append(value))
    assert (found.a, found.b, found.theta) == (TRUE.a, TRUE.b, TRUE.theta)
    assert rounds == sorted(rounds)


def test_a_fit_is_at_least_as_likely_as_its_start() -> None:
    recorded = [drawn(seed, TRUE) for seed in range(40)]
    start = Parameters()
    assert log_likelihood(recorded, fit(recorded, start, GRID)) >= log_likelihood(recorded, start)


def test_one_pool_that_contradicts_everything_is_bounded() -> None:
    impossible = Recorded(
        Pool((9, 1), (1, 1), (0, 0), 0, ((False,), (True,)), (0, 0)), frozenset({0})
    )  # it fails where another works, and yet it is right
    assert log_likelihood([impossible], Parameters()) == pytest.approx(math.log(FLOOR))


def test_every_constant_of_the_grid_is_fitted_to_what_rests_on_it() -> None:
    """What a fit says of its own likelihood is what log_likelihood says of the constants that it found."""
    draw = random.Random(0)
    recorded = []
    for _ in range(12):
        sizes = tuple(draw.randint(1, 5) for _ in range(4))
        rows = tuple(tuple(draw.random() < 0.8 for _ in range(3)) for _ in sizes)
        pool = Pool(sizes, sizes, tuple(draw.randrange(16) for _ in sizes), 4, rows, tuple(map(sum, rows)))
        recorded.append(Recorded(pool, frozenset({draw.randrange(4)})))
    for field, values in belief_fit.GRID.items():
        rounds: list[float] = []
        found = fit(recorded, grid={field: values}, told=lambda _, value, rounds=rounds: rounds.append(value))  # type: ignore[misc]
        of_each = [log_likelihood(recorded, replace(found, **{field: value})) for value in values]
        assert rounds[-1] == pytest.approx(log_likelihood(recorded, found))
        assert rounds[-1] >= max(of_each) - 1e-9


def test_any_of_several_right_clusters_counts() -> None:
    pool = Pool((3, 3), (1, 1), (0, 0), 0, ((), ()), (0, 0))
    one, both = (log_likelihood([Recorded(pool, frozenset(right))], Parameters()) for right in ({0}, {0, 1}))
    assert both > one


def test_nothing_to_fit_to_is_bad_input() -> None:
    with pytest.raises(InputError, match="give at least one pool"):
        fit([])
