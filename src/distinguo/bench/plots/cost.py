"""Accuracy against what it takes: calls and tokens a problem, with the line of the arms that nothing beats."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from distinguo.bench import metrics
from distinguo.bench.gathering import Gathered, Measured
from distinguo.bench.plots import series, style
from distinguo.bench.plots.style import Nothing
from distinguo.grading.statistics import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LOGARITHMIC = 8  # times the smallest, from which on an axis is logarithmic
_FRONTIER = "#b0b0b0"
_CALLS = "calls a problem"


class Spot(NamedTuple):
    """An arm's place. label: the arm's. calls, tokens: a problem, of all roles."""

    label: str
    model: str
    calls: float
    tokens: float
    share: Estimate


def cost(of: Gathered) -> "Figure":
    """pass@1 of the chosen program against calls and tokens a problem; of several models against calls, a panel each.

    Raises Nothing where no call was made, and where there is one arm or too many to tell apart.
    """
    arms = series.usable(of)
    labels = series.labels(arms)
    spots = [spot for arm in arms if (spot := _spot(arm, labels[arm.name])) is not None]
    if len(spots) == 1:
        raise Nothing("one arm has none to be compared with")
    if not any(spot.calls for spot in spots):
        raise Nothing("no calls were made")
    models = list(dict.fromkeys(spot.model for spot in spots))
    drawn = _together(spots, models) if len(models) in (1, len(spots)) else _apart(spots, models)
    told = f"{models[0]}; " if len(models) == 1 else ""
    frontier = "grey line: the best for as much or less"
    style.note(drawn, f"{told}{series.counted(of, arms)}; whiskers: {series.INTERVALS}; {frontier}")
    return drawn


def _spot(arm: Measured, label: str) -> Spot | None:
    share = metrics.solved(arm).pass_at_1
    each = metrics.per_problem(arm)
    if share is None:
        return None
    return Spot(label, series.model(arm), each.calls, each.prompt_tokens + each.completion_tokens, share)


def frontier(spots: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Of (cost, accuracy) those that no other reaches at the same cost or less, by cost."""
    best, found = -1.0, list[tuple[float, float]]()
    for cost, share in sorted(spots, key=lambda spot: (spot[0], -spot[1])):
        if share > best:
            found.append((cost, share))
            best = share
    return found


def _together(spots: Sequence[Spot], models: Sequence[str]) -> "Figure":
    """A panel for calls and one for tokens; a colour and a marker for each arm, or model where each has one arm."""
    names = series.short(models)
    told = [spot.label if len(models) == 1 else names[spot.model].replace("\n", "") for spot in spots]
    looks = _looks(told)
    drawn = style.figure(3.2)
    panels = drawn.subplots(1, 2, sharey=True)
    style.percent(panels[0], "pass@1", max(spot.share.high for spot in spots))
    costs = [spot.calls for spot in spots], [spot.tokens for spot in spots]
    for axes, each, along in zip(panels, costs, (_CALLS, "tokens a problem (prompt and completion)"), strict=True):
        _scale(axes, each)
        _points(axes, each, spots, [looks[name] for name in told])
        axes.set_xlabel(along)
        axes.grid(True, axis="both")
    _legend(drawn, looks)
    return drawn


def _apart(spots: Sequence[Spot], models: Sequence[str]) -> "Figure":
    """A panel for each model, a colour and a marker for each kind of arm."""
    looks = _looks([spot.label for spot in spots])
    drawn, panels = style.panels(series.short(models))
    _scale(next(iter(panels.values())), [spot.calls for spot in spots])
    for model, axes in panels.items():
        own = [spot for spot in spots if spot.model == model]
        _points(axes, [spot.calls for spot in own], own, [looks[spot.label] for spot in own])
        axes.grid(True, axis="both")
    style.outer(drawn, list(panels.values()), _CALLS, "pass@1", max(spot.share.high for spot in spots))
    _legend(drawn, looks)
    return drawn


def _looks(names: Sequence[str]) -> dict[str, style.Look]:
    """Those of more than COLOURS are hollow. Raises Nothing where they cannot be told apart."""
    every = list(dict.fromkeys(names))
    if len(every) > 2 * style.LINES:
        raise Nothing(f"{len(every)} kinds of arms are more than {2 * style.LINES} markers")
    return {name: style.look(number) for number, name in enumerate(every)}


def _scale(axes: "Axes", costs: Sequence[float]) -> None:
    least, most = min(costs), max(costs)
    if least > 0 and most / least >= _LOGARITHMIC:
        axes.set_xscale("log")
        axes.set_xlim(least / 1.6, most * 1.6)
    else:
        axes.set_xlim(0, most * 1.12)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")


def _points(axes: "Axes", costs: Sequence[float], spots: Sequence[Spot], looks: Sequence[style.Look]) -> None:
    """The points, and the line of the best."""
    best = frontier([(cost, spot.share.value) for cost, spot in zip(costs, spots, strict=True)])
    best.append((axes.get_xlim()[1], best[-1][1]))
    axes.step(
        [at for at, _ in best], [share for _, share in best], where="post", color=_FRONTIER, linewidth=1.0, zorder=1
    )
    for cost, spot, look in zip(costs, spots, looks, strict=True):
        axes.errorbar(
            [cost], [spot.share.value], yerr=series.reach([spot.share]), color=look.colour, marker=look.marker,
            markersize=5.5, markerfacecolor=look.face, elinewidth=0.7, zorder=3,
        )  # fmt: skip


def _legend(drawn: "Figure", looks: Mapping[str, style.Look]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=look.colour, marker=look.marker, markerfacecolor=look.face, linestyle="")
        for look in looks.values()
    ]
    style.legend(drawn, handles, list(looks))
