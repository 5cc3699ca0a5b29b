"""Coverage as lines: against N on a logarithmic axis, against debugging rounds, against the temperature.

Solid is coverage, dashed and hollow what comes of it without an oracle. Where one picture cannot hold all lines, each
model has a panel of its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from distinguo.bench import metrics
from distinguo.bench.gathering import Gathered, Measured
from distinguo.bench.plots import series, style
from distinguo.bench.plots.series import Curve, Point
from distinguo.bench.plots.style import Nothing
from distinguo.grading.statistics import Estimate

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TOGETHER = 5  # lines in one picture
_BESIDE = 20  # characters on a line of a legend beside it
_DASHED = (0, (3, 1.5))
_APART = 0.022  # of the axis, between chosen programs of different arms at the same place


class _Axis(NamedTuple):
    """What lies along the figure. ticks: its places. doubling: whether equal steps are factors of 2."""

    name: str
    ticks: Sequence[float]
    doubling: bool = False

    def prepare(self, axes: "Axes") -> None:
        if self.doubling:
            axes.set_xscale("log", base=2)
        axes.set_xticks(self.ticks, [f"{tick:g}" for tick in self.ticks])
        axes.minorticks_off()

    def beside(self, at: float, steps: float) -> float:
        """The place so many steps beside another."""
        span = max(self.ticks[-1] / self.ticks[0], 2) if self.doubling else max(self.ticks[-1] - self.ticks[0], 1e-9)
        return float(at * span ** (steps * _APART)) if self.doubling else at + steps * _APART * span


def scaling(of: Gathered) -> "Figure":
    """Coverage of k of the samples (unbiased pass@k), and pass@1 of the chosen program of N, against k and N.

    Raises Nothing where no arm has more than one sample.
    """
    arms = series.usable(of)
    labels = series.labels(arms, "n")
    curves = list[Curve]()
    for family in series.families(arms, "n"):
        largest = family[-1]
        coverage = _points((k, metrics.candidates_at(largest, k)) for k in metrics.powers(_drawn_samples(largest)))
        chosen = _points((_drawn_samples(arm), metrics.solved(arm).pass_at_1) for arm in family)
        if len(coverage) > 1:
            curves.append(Curve(labels[largest.name], series.model(largest), coverage, chosen))
    if not curves:
        raise Nothing("no arm has more than one sample on every problem")
    ticks = metrics.powers(max(int(k) for curve in curves for k, _ in (*curve.coverage, *curve.chosen)))
    axis = _Axis("samples a problem (N)", ticks, doubling=True)
    drawn = _drawn(curves, axis, ("coverage (pass@N)", "chosen (pass@1)"))
    style.note(drawn, f"{_only(curves)}{series.counted(of, arms)}; bands and whiskers: {series.INTERVALS}")
    return drawn


def _drawn_samples(arm: Measured) -> int:
    """How many samples an arm has of a problem, at most: where others' programs are all there is, fewer than its n."""
    return max(len(found.samples) for found in arm.done)


def rounds(of: Gathered) -> "Figure":
    """Coverage and the mean share of right candidates, had debugging ended after so many rounds.

    Raises Nothing where no arm debugs.
    """
    arms = [arm for arm in series.usable(of) if int(arm.arm.settings["rounds"])]
    labels = series.labels(arms)
    curves = list[Curve]()
    for arm in arms:
        after = list(enumerate(metrics.debugged(arm)))
        coverage = _points((rounds, one.coverage) for rounds, one in after)
        share = _points((rounds, one.pass_at_1) for rounds, one in after)
        if len(coverage) > 1:
            several = any(len(found.samples) > 1 for found in arm.done)
            curves.append(Curve(labels[arm.name], series.model(arm), coverage, share if several else ()))
    if not curves:
        raise Nothing("no arm debugs")
    last = int(max(at for curve in curves for at, _ in curve.coverage))
    drawn = _drawn(curves, _Axis("debugging rounds", range(last + 1)), ("coverage", "candidates' mean pass@1"))
    style.note(drawn, f"{_only(curves)}{series.counted(of, arms)}; bands and whiskers: {series.INTERVALS}")
    return drawn


def temperature(of: Gathered) -> "Figure":
    """Coverage and pass@1 of the chosen program against the temperature.

    Raises Nothing where no arms differ in it alone.
    """
    every = series.usable(of)
    families = [some for some in series.families(every, "temperature") if len(some) > 1]
    if not families:
        raise Nothing("no arms differ in temperature alone")
    labels = series.labels(every, "temperature")
    curves = [
        Curve(
            labels[family[0].name],
            series.model(family[0]),
            _points((arm.arm.settings["temperature"], metrics.solved(arm).coverage) for arm in family),
            _points((arm.arm.settings["temperature"], metrics.solved(arm).pass_at_1) for arm in family),
        )
        for family in families
    ]
    axis = _Axis("temperature", sorted({at for curve in curves for at, _ in curve.coverage}))
    drawn = _drawn(curves, axis, ("coverage", "chosen (pass@1)"))
    arms = [arm for family in families for arm in family]
    style.note(drawn, f"{_only(curves)}{series.counted(of, arms)}; bands and whiskers: {series.INTERVALS}")
    return drawn


def _only(curves: Sequence[Curve]) -> str:
    """What the one curve there is shows, which no legend says."""
    every = series.merged(curves)
    return f"{every[0].model}, {every[0].label}; " if len(every) == 1 else ""


def _points(pairs: Iterable[tuple[float, Estimate | None]]) -> tuple[Point, ...]:
    return tuple((float(at), found) for at, found in pairs if found is not None)


def _drawn(found: Sequence[Curve], axis: _Axis, kinds: Sequence[str]) -> "Figure":
    """All curves in one picture, or each model's in a panel."""
    curves = series.merged(found)
    models = list(dict.fromkeys(curve.model for curve in curves))
    if len(curves) <= _TOGETHER:
        drawn = style.figure(2.9)
        panels, names = {"": drawn.subplots()}, _names(curves, models)
    else:
        drawn, panels = style.panels(series.short(models))
        names = [curve.label for curve in curves]
    numbers = series.numbered(names)
    if len(numbers) > style.LINES:
        raise Nothing(f"{len(numbers)} kinds of arms are more than {style.LINES} lines")
    handles: dict[str, Artist] = {}
    for model, axes in panels.items():
        own = [(name, curve) for name, curve in zip(names, curves, strict=True) if model in ("", curve.model)]
        _panel(axes, own, numbers, axis, handles)
    style.outer(drawn, list(panels.values()), axis.name, "share of problems", max(curve.highest for curve in curves))
    same = series.shared([replace(curve, label=name) for name, curve in zip(names, curves, strict=True)])
    texts = [f"{name} (coverage as {same[name]})" if name in same else name for name in numbers]
    if len(panels) == 1:
        texts = [series.wrapped(text, _BESIDE) for text in texts]
    alone = len(curves) == 1
    shown = [] if alone else [handles[name] for name in numbers]
    kinds = kinds[: 1 + any(curve.chosen for curve in curves)]
    _legend(drawn, shown, [] if alone else texts, kinds, beside=len(panels) == 1)
    return drawn


def _names(curves: Sequence[Curve], models: Sequence[str]) -> list[str]:
    """What each curve is called beside the others: its arm, its model, or both."""
    if len(models) == 1:
        return [curve.label for curve in curves]
    short = {model: name.replace("\n", "") for model, name in series.short(models).items()}
    alone = len({curve.label for curve in curves}) == 1 and len(models) == len(curves)
    return [short[curve.model] if alone else f"{short[curve.model]}, {curve.label}" for curve in curves]


def _panel(
    axes: "Axes",
    own: Sequence[tuple[str, Curve]],
    numbers: Mapping[str, int],
    axis: _Axis,
    handles: "dict[str, Artist]",
) -> None:
    """The curves of a panel; coverage that several have in common is drawn once. handles gets what stands for them."""
    covered = set[tuple[Point, ...]]()
    hollow = [name for name, curve in own if curve.chosen]
    for name, curve in own:
        looks = style.look(numbers[name])
        if curve.coverage not in covered:
            covered.add(curve.coverage)
            handles[name] = _line(axes, curve.coverage, looks)
        if curve.chosen:
            steps = hollow.index(name) - (len(hollow) - 1) / 2
            drawn = _hollow(axes, [(axis.beside(at, steps), share) for at, share in curve.chosen], looks)
            handles.setdefault(name, drawn)
    axis.prepare(axes)
    axes.grid(True, axis="y")


def _line(axes: "Axes", points: Sequence[Point], looks: style.Look) -> "Artist":
    places, shares = [at for at, _ in points], [share for _, share in points]
    low, high = [share.low for share in shares], [share.high for share in shares]
    axes.fill_between(places, low, high, color=looks.colour, alpha=0.13, linewidth=0)
    return axes.plot(places, [share.value for share in shares], color=looks.colour, marker=looks.marker)[0]


def _hollow(axes: "Axes", points: Sequence[Point], looks: style.Look) -> "Artist":
    shares = [share for _, share in points]
    drawn = axes.errorbar(
        [at for at, _ in points], [share.value for share in shares], yerr=series.reach(shares), color=looks.colour,
        marker=looks.marker, markerfacecolor="white", linestyle=_DASHED, elinewidth=0.7, zorder=3,
    )  # fmt: skip
    return drawn.lines[0]


def _legend(drawn: "Figure", handles: "list[Artist]", texts: list[str], kinds: Sequence[str], *, beside: bool) -> None:
    """The series, then what solid and dashed stand for."""
    from matplotlib.lines import Line2D

    solid = Line2D([], [], color=style.INK, marker="o")
    dashed = Line2D([], [], color=style.INK, marker="o", markerfacecolor="white", linestyle=_DASHED)
    style.legend(drawn, [*handles, solid, dashed][: len(handles) + len(kinds)], [*texts, *kinds], beside=beside)
