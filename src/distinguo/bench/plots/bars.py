"""Figures 1 and 3 of Li et al. (2025): methods side by side for each model, and parts added one by one."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from distinguo.bench import metrics
from distinguo.bench.gathering import Gathered, Measured
from distinguo.bench.plots import series, style
from distinguo.bench.plots.series import Bar
from distinguo.bench.plots.style import Nothing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROWS = 24  # bars one below the other
_PANELS = 4
_LINE_OF_TEXT = 0.055  # of the height of a panel
_WHISKER = {"ecolor": style.INK, "elinewidth": 0.8, "capsize": 2}


def bars(of: Gathered) -> "Figure":
    """pass@1 of each method, for each model. Raises Nothing where there are too many to tell apart."""
    arms = series.usable(of)
    found = series.bars(arms)
    models = list(dict.fromkeys(bar.model for bar in found))
    drawn = _below(found) if len(models) == 1 else _beside(found, models)
    told = f"{models[0]}; " if len(models) == 1 else ""
    style.note(drawn, f"{told}{series.counted(of, arms)}; whiskers: {series.INTERVALS}")
    return drawn


def _below(found: Sequence[Bar]) -> "Figure":
    """One model: a row for each method, with its figure behind it."""
    if len(found) > _ROWS:
        raise Nothing(f"{len(found)} arms are more than {_ROWS} bars")
    drawn = style.figure(0.75 + 0.27 * len(found))
    axes = drawn.subplots()
    for place, bar in enumerate(found):
        colour = style.PALE if bar.label.startswith(series.ZERO_SHOT) else style.COLOURS[0]
        axes.barh(place, bar.share.value, 0.66, color=colour, xerr=series.reach([bar.share]), error_kw=_WHISKER)
        axes.annotate(
            f"{100 * bar.share.value:.1f}", (bar.share.high, place), (4, 0), textcoords="offset points", va="center"
        )
    axes.set_yticks(range(len(found)), [series.wrapped(bar.label, 34) for bar in found])
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    style.percent(axes, "pass@1", 1.06 * max(bar.share.high for bar in found), along="x")
    return drawn


def _beside(found: Sequence[Bar], models: Sequence[str]) -> "Figure":
    """Several models: a group of bars for each, a kind of bar for each method."""
    numbers = series.numbered(bar.label for bar in found)
    plain = [label for label in numbers if not label.startswith(series.ZERO_SHOT)]
    if len(plain) > style.LINES:
        raise Nothing(f"{len(plain)} methods are more than {style.LINES} kinds of bars")
    names = series.short(models)
    bars = sum(len({bar.label for bar in found if bar.model == model}) for model in models)
    width = min(13.0, max(style.WIDTH, 0.085 * bars + 0.2 * len(models)))
    drawn = style.figure(3.3, width=width)
    axes = drawn.subplots()
    handles = []
    drawn_for = {(bar.model, bar.label) for bar in found}
    thick = 0.84 / len(numbers)
    groups = {model: [label for label in numbers if (model, label) in drawn_for] for model in models}
    for label in numbers:
        own = [bar for bar in found if bar.label == label]
        looks = style.look(plain.index(label)) if label in plain else style.Look(style.PALE)
        places = [models.index(bar.model) + _beside_middle(groups[bar.model], label) * thick for bar in own]
        handles.append(
            axes.bar(
                places, [bar.share.value for bar in own], thick * 0.94, yerr=series.reach([bar.share for bar in own]),
                color=looks.colour, hatch=looks.hatch, edgecolor="white", linewidth=0, error_kw=_WHISKER,
            )
        )  # fmt: skip
    axes.set_xlim(-0.6, len(models) - 0.4)
    _models(axes, [names[model] for model in models], drawn.get_figwidth())
    style.percent(axes, "pass@1", max(bar.share.high for bar in found))
    style.legend(drawn, handles, list(numbers))
    return drawn


def _beside_middle(group: Sequence[str], label: str) -> float:
    return group.index(label) - (len(group) - 1) / 2


def _models(axes: "Axes", names: Sequence[str], width: float) -> None:
    """Names below groups: upright where they fit, else slanted."""
    longest = max(len(line) for name in names for line in name.split("\n"))
    axes.tick_params(axis="x", length=0)
    if longest * 0.075 < 0.88 * width / len(names):
        axes.set_xticks(range(len(names)), list(names))
    else:
        axes.set_xticks(range(len(names)), list(names), rotation=45, ha="right", va="top", rotation_mode="default")


def parts(of: Gathered) -> "Figure":
    """Arms in their order, each with what it adds, for each model to whose arms parts were added; others as lines.

    Raises Nothing where there is no such model: whose arms grow in samples and debugging rounds.
    """
    return _parts(of, _grow)


def parts_as_they_come(of: Gathered) -> "Figure":
    """The same for each model that has several arms, in whatever order. Raises Nothing where none has."""
    return _parts(of, lambda arms: len(arms) > 1)


def _parts(of: Gathered, wanted: Callable[[Sequence[Measured]], bool]) -> "Figure":
    arms = series.usable(of)
    every = series.by_model(arms)
    grown = {model: some for model, some in every.items() if wanted(some)}
    if not grown:
        raise Nothing("no model has arms to which parts were added one by one")
    if len(grown) > _PANELS:
        raise Nothing(f"{len(grown)} models are more than {_PANELS} panels")
    lines = [arm for model, some in every.items() if model not in grown and len(some) == 1 for arm in some]
    names, labels = series.short(every), series.labels(arms)
    most = max(map(len, grown.values()))
    drawn = style.figure(3.0, width=max(style.WIDTH, len(grown) * (0.9 + 0.5 * most)))
    panels = drawn.subplots(1, len(grown), sharey=True, squeeze=False)[0]
    highest = 0.0
    others = {names[series.model(arm)].replace("\n", ""): metrics.solved(arm).pass_at_1 for arm in lines}
    heights = {name: share.value for name, share in others.items() if share is not None}
    for axes, (model, some) in zip(panels, grown.items(), strict=True):
        highest = max(highest, _stairs(axes, some, labels), *heights.values())
        for height in heights.values():
            axes.axhline(height, color=style.INK, linestyle=(0, (4, 2)), linewidth=0.8, zorder=0.5)
        axes.set_title(names[model].replace("\n", ""))
        axes.grid(True, axis="y")
    style.percent(panels[0], "pass@1", 1.08 * highest)
    _named(panels[-1], heights)
    style.note(drawn, f"{series.counted(of, arms)}; whiskers: {series.INTERVALS}; differences are to the bar before")
    return drawn


def _grow(arms: Sequence[Measured]) -> bool:
    """Whether each arm is the one before with something added, and they are no sweep of one setting."""
    if min(len(series.families(arms, name)) for name in ("n", "temperature", "rounds")) < 3:
        return False
    sizes = [(int(arm.arm.settings["n"]), int(arm.arm.settings["rounds"])) for arm in arms]
    grows = all(one[0] <= other[0] and one[1] <= other[1] for one, other in pairwise(sizes))
    kept = {arm.arm.settings["keep"] for arm in arms if int(arm.arm.settings["rounds"])}
    return grows and sizes[0] != sizes[-1] and len(kept) <= 1


def _stairs(axes: "Axes", arms: Sequence[Measured], labels: dict[str, str]) -> float:
    """A bar for each arm with the step to it; returns how high they reach."""
    shares = [share for arm in arms if (share := metrics.solved(arm).pass_at_1) is not None]
    colours = [style.PALE, *[style.COLOURS[0]] * (len(shares) - 1)]
    axes.bar(
        range(len(shares)), [share.value for share in shares], 0.62, color=colours, yerr=series.reach(shares),
        error_kw=_WHISKER,
    )  # fmt: skip
    for place, share in enumerate(shares):
        step = f"{100 * share.value:.1f}" if not place else f"{100 * (share.value - shares[place - 1].value):+.1f}"
        axes.annotate(
            step, (place, share.high), (0, 3), textcoords="offset points", ha="center", fontsize=7.5,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
        )  # fmt: skip
    told = [series.wrapped(labels[arm.name], 18) for arm in arms]
    axes.set_xticks(range(len(arms)), told, rotation=30, ha="right", rotation_mode="anchor")
    axes.tick_params(axis="x", length=0)
    return max(share.high for share in shares)


def _named(axes: "Axes", heights: Mapping[str, float]) -> None:
    """The lines' names, on their right, one above the other where they would overlap."""
    low, high = axes.get_ylim()
    gap = _LINE_OF_TEXT * (high - low)
    place = low - gap
    for name, height in sorted(heights.items(), key=lambda line: line[1]):
        place = max(height, place + gap)
        axes.annotate(
            name, (1.0, place), (3, 0), xycoords=("axes fraction", "data"), textcoords="offset points", fontsize=7.5,
            va="center", annotation_clip=False,
        )  # fmt: skip
