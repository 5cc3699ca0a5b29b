"""What figures are drawn of: arms by model and by what they have in common, their labels, and curves with intervals."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from distinguo.bench import metrics
from distinguo.bench.gathering import NOT_ANSWERS, Gathered, Measured
from distinguo.bench.plots.style import Nothing
from distinguo.grading.statistics import Estimate

Point = tuple[float, Estimate]
ZERO_SHOT = "zero-shot"
_NAME = 16  # characters of a model's name on a line
INTERVALS = "95% intervals over problems"


@dataclass(frozen=True, slots=True)
class Curve:
    """A line, and beside it the points of what was chosen. label: the arms'. coverage: solid. chosen: dashed."""

    label: str
    model: str
    coverage: tuple[Point, ...]
    chosen: tuple[Point, ...] = ()

    @property
    def highest(self) -> float:
        """The upper end of the highest interval."""
        return max((point.high for _, point in (*self.coverage, *self.chosen)), default=0.0)


def usable(of: Gathered) -> list[Measured]:
    """The arms with completed problems. Raises Nothing where there is none."""
    arms = [arm for arm in of.arms if arm.done]
    if not arms:
        raise Nothing("no arm has a completed problem")
    return arms


def labels(arms: Sequence[Measured], setting: str = "") -> dict[str, str]:
    """A label for each arm by its unique name: without the model, and without the setting that is on the axis.

    Arms of one model that would be called the same keep the name that no other has.
    """
    told = {arm.name: without(arm.arm.name, setting) for arm in arms}
    if setting:
        return told
    counted = Counter((model(arm), arm.dataset, told[arm.name]) for arm in arms)
    return {
        arm.name: told[arm.name] if counted[model(arm), arm.dataset, told[arm.name]] == 1 else arm.name for arm in arms
    }


def without(name: str, setting: str) -> str:
    """An arm's name without what it says of a setting (`sstar n=8`)."""
    return " ".join(part for part in name.split(" ") if not setting or not part.startswith(f"{setting}="))


def model(arm: Measured) -> str:
    """Who writes its programs."""
    return arm.arm.model()


def by_model(arms: Iterable[Measured]) -> dict[str, list[Measured]]:
    """The arms of each model, in order."""
    found: dict[str, list[Measured]] = {}
    for arm in arms:
        found.setdefault(model(arm), []).append(arm)
    return found


def families(arms: Iterable[Measured], setting: str) -> list[list[Measured]]:
    """Arms that differ in one setting alone, by its value."""
    found: dict[str, list[Measured]] = {}
    for arm in arms:
        found.setdefault(_identity(arm, setting), []).append(arm)
    return [sorted(family, key=lambda arm: float(arm.arm.settings[setting])) for family in found.values()]


def _identity(arm: Measured, setting: str) -> str:
    kept = {name: told for name, told in arm.arm.settings.items() if name != setting and name not in NOT_ANSWERS}
    return json.dumps([arm.dataset, kept], sort_keys=True)


def merged(curves: Iterable[Curve]) -> list[Curve]:
    """Curves of one model that are the same, as those of arms that share their samples may be, as one."""
    found: dict[Any, Curve] = {}
    for curve in curves:
        same = curve.model, curve.coverage, curve.chosen
        if same in found:
            curve = replace(curve, label=f"{found[same].label}, {curve.label}")
        found[same] = curve
    return list(found.values())


def shared(curves: Sequence[Curve]) -> dict[str, str]:
    """The label of the first curve that has the same coverage, by the label of each other curve.

    Only where that is so for every model that has both.
    """
    found: dict[str, set[str]] = {}
    for place, curve in enumerate(curves):
        first = next(other for other in curves if (other.model, other.coverage) == (curve.model, curve.coverage))
        found.setdefault(curve.label, set()).add("" if first is curves[place] else first.label)
    return {label: first for label, (first, *more) in ((k, sorted(v)) for k, v in found.items()) if first and not more}


def short(models: Iterable[str]) -> dict[str, str]:
    """Models' names as a figure shows them: without provider or folder where they differ without, on short lines."""
    every = list(dict.fromkeys(models))
    tails = {name: name.rpartition("/")[2].removesuffix(".gguf") or name for name in every}
    counted = Counter(tails.values())
    return {name: wrapped(tail if counted[tail] == 1 else name) for name, tail in tails.items()}


def wrapped(name: str, width: int = _NAME) -> str:
    """A name on several lines, broken after hyphens, slashes and blanks; a part without any is left whole."""
    lines = [""]
    for piece in _pieces(name):
        if lines[-1] and len(lines[-1] + piece.rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return "\n".join(line.rstrip() for line in lines)


def _pieces(name: str) -> list[str]:
    pieces, last = [""], ""
    for letter in name:
        if last in ("-", "/", " ", ",") and letter != " ":
            pieces.append("")
        pieces[-1] += letter
        last = letter
    return pieces


def counted(of: Gathered, arms: Iterable[Measured]) -> str:
    """What was measured: the data set, and how many problems the arms completed."""
    numbers = [len(arm.done) for arm in arms]
    low, high = min(numbers), max(numbers)
    return f"{of.dataset}, n = {low:,}" + (f" to {high:,}" if high > low else "") + " problems"


class Bar(NamedTuple):
    """pass@1 of an arm. label: the arm's. whole: whether an arm was run for it; else drafts of another's are."""

    label: str
    model: str
    share: Estimate
    n: int


def bars(arms: Sequence[Measured]) -> list[Bar]:
    """pass@1 of what each arm chose; before them zero-shot, from the drafts of a model's arms where it has no own."""
    named = labels(arms)
    found = list[Bar]()
    for name, some in by_model(arms).items():
        if not any(arm.arm.method == ZERO_SHOT for arm in some):
            most = max(some, key=lambda arm: (len(arm.done), int(arm.arm.settings["n"])))
            drafts = metrics.drafts_at(most, 1)
            found += [] if drafts is None else [Bar(f"{ZERO_SHOT} (drafts)", name, drafts, len(most.done))]
        for arm in some:
            chosen = metrics.solved(arm).pass_at_1
            found += [] if chosen is None else [Bar(named[arm.name], name, chosen, len(arm.done))]
    return found


def reach(shares: Sequence[Estimate]) -> list[list[float]]:
    """How far intervals reach below and above their values, as error bars have it."""
    return [
        [max(0.0, share.value - share.low) for share in shares],
        [max(0.0, share.high - share.value) for share in shares],
    ]


def numbered(labels: Iterable[str]) -> Mapping[str, int]:
    """Each label's number, by which it has its look."""
    return {label: number for number, label in enumerate(dict.fromkeys(labels))}
