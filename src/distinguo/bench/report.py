"""What runs come to: every figure of every arm, comparisons, strata, errata; for a terminal, Markdown, JSON, HTML."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from distinguo.bench import report_layout, report_tables, report_warnings
from distinguo.bench.comparing import Comparison, compare, sentences
from distinguo.bench.gathering import Gathered, Measured, gather, models, read
from distinguo.bench.metrics import Metrics, Solved, measure, solved
from distinguo.bench.records import Facts, Result
from distinguo.bench.runfile import Run
from distinguo.errors import InputError
from distinguo.grading.statistics import CONFIDENCE


@dataclass(frozen=True, slots=True)
class Section:
    """One data set.

    metrics: by the arms' names. baseline: the arm that the others are compared with. strata: by kind (difficulty,
    platform, quarter, size), value and arm; kinds with at least two values. errata: problems that have some, and why.
    without: the same arms without these problems; empty where there are none. notes: on the comparisons.
    """

    gathered: Gathered
    metrics: Mapping[str, Metrics]
    baseline: str
    comparisons: tuple[Comparison, ...]
    strata: Mapping[str, Mapping[str, Mapping[str, Solved]]]
    errata: Mapping[str, str]
    without: Mapping[str, Solved]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]

    def as_dict(self, *, per_problem: bool = False) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        told: dict[str, Any] = {
            "dataset": self.gathered.dataset,
            "n_problems": len(self.gathered.facts),
            "confidence": CONFIDENCE,
            "baseline": self.baseline,
            "arms": {arm.name: _about(arm) | self.metrics[arm.name].as_dict() for arm in self.gathered.arms},
            "paired": [one.as_dict() for one in self.comparisons],
            "strata": {
                kind: {value: {name: one.as_dict() for name, one in arms.items()} for value, arms in values.items()}
                for kind, values in self.strata.items()
            },
            "errata": {
                "problems": dict(self.errata),
                "without": {name: one.as_dict() for name, one in self.without.items()},
            },
            "runs": [_made(run) for run in self.gathered.runs],
            "notes": list(self.notes),
            "warnings": list(self.warnings),
        }
        if per_problem:
            told["problems"] = [
                _traced(arm.name, found) for arm in self.gathered.arms for found in arm.results.values()
            ]
        return told


@dataclass(frozen=True, slots=True)
class Report:
    """What `bench report` shows, one section a data set. general: warnings of no data set in particular."""

    sections: tuple[Section, ...]
    general: tuple[str, ...] = ()
    runs: tuple[Run, ...] = field(default=(), repr=False)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences on what a reader should know beside: those of all sections too."""
        return (*self.general, *(warning for section in self.sections for warning in section.warnings))

    def as_dict(self, *, per_problem: bool = False) -> dict[str, Any]:
        """Plain data, ready for JSON: the first data set's, and those of `others` in a list.

        per_problem: with every result, and the digests of its programs.
        """
        first, *others = (section.as_dict(per_problem=per_problem) for section in self.sections)
        first["warnings"] = [*self.general, *first["warnings"]]
        return first | {"others": others}

    def lines(self, *, per_problem: bool = False) -> list[str]:
        """For a terminal of 100 columns, without the warnings, which do not belong on standard output."""
        told = list[str]()
        for section in self.sections:
            told += ["", ""] if told else []
            told += report_tables.wrapped(report_layout.heading(section))
            told += report_tables.text(report_layout.tables(section, per_problem=per_problem))
        return told

    def markdown(self, *, per_problem: bool = False) -> list[str]:
        """The same as Markdown, with the warnings."""
        told = list[str]()
        for section in self.sections:
            told += [*([""] if told else []), f"## {report_layout.heading(section)}"]
            told += report_tables.markdown(report_layout.tables(section, per_problem=per_problem))
        beside = ["", "### To be known beside", "", *(f"- {warning}" for warning in self.warnings)]
        return [*told, *(beside if self.warnings else [])]

    def html(self, *, per_problem: bool = False) -> str:
        """The same as one self-contained page, with plots where matplotlib is installed."""
        from distinguo.bench.report_html import page

        return page(self, per_problem=per_problem)


def report_files(paths: Sequence[Path], *, baseline: str | None = None) -> Report:
    """Sum up what files hold; one that is no run, or holds no result, is warned of. Raises InputError as `report`."""
    runs, refused = read(paths)
    return report(runs, baseline=baseline, warnings=refused)


def report(runs: Sequence[Run], *, baseline: str | None = None, warnings: Sequence[str] = ()) -> Report:
    """Sum up runs' files.

    baseline: the arm that others are compared with, by its name, method or key; without it the first of each data set.
    Raises InputError where there is no run, or no such arm.
    """
    together = gather(runs)
    if baseline is not None and not any(one.find(baseline) for one in together):
        known = ", ".join(arm.name for one in together for arm in one.arms)
        raise InputError(f"no arm is called {baseline!r}; the arms are {known}")
    told = list(warnings)
    if len(together) > 1:
        names = " and ".join(one.dataset for one in together)
        told.append(f"{names} are different data sets: their arms stand side by side and are not compared")
    return Report(tuple(_section(one, baseline) for one in together), tuple(told), tuple(runs))


def _section(gathered: Gathered, wanted: str | None) -> Section:
    chosen = None if wanted is None else gathered.find(wanted)
    baseline = chosen or gathered.arms[0]
    metrics = {arm.name: measure(arm) for arm in gathered.arms}
    comparisons = tuple(compare(gathered.arms, baseline))
    sound = {name for name, told in gathered.facts.items() if not told.errata}
    errata = {name: told.errata for name, told in gathered.facts.items() if told.errata}
    warnings = report_warnings.of(gathered, metrics)
    if wanted is not None and chosen is None:
        warnings.append(f"{gathered.dataset} has no arm {wanted!r}: its arms are compared with {baseline.name}")
    return Section(
        gathered=gathered,
        metrics=metrics,
        baseline=baseline.name,
        comparisons=comparisons,
        strata=_strata(gathered),
        errata=errata,
        without={arm.name: solved(arm.only(sound)) for arm in gathered.arms} if errata else {},
        notes=tuple(sentences(comparisons)),
        warnings=tuple(warnings),
    )


def _quarter(told: Facts) -> str:
    """`2024-Q3`, or "" where there is no date."""
    year, _, rest = told.date.partition("-")
    month = rest[:2]
    return f"{year}-Q{(int(month) + 2) // 3}" if year.isdecimal() and month.isdecimal() else ""


_KINDS: Mapping[str, Callable[[Facts], str]] = {
    "difficulty": lambda told: told.difficulty,
    "platform": lambda told: told.platform,
    "quarter": _quarter,
    "size": lambda told: told.size,
}
_ORDER = {"easy": 0, "short": 0, "medium": 1, "hard": 2, "long": 2}
UNKNOWN = "unknown"


def _strata(gathered: Gathered) -> dict[str, dict[str, dict[str, Solved]]]:
    told: dict[str, dict[str, dict[str, Solved]]] = {}
    for kind, of in _KINDS.items():
        groups: dict[str, set[str]] = {}
        for problem, facts in gathered.facts.items():
            groups.setdefault(of(facts), set()).add(problem)
        if len(groups) > 1:
            told[kind] = {
                value or UNKNOWN: {arm.name: solved(arm.only(groups[value])) for arm in gathered.arms}
                for value in sorted(groups, key=_place)
            }
    return told


def _place(value: str) -> tuple[bool, int, str]:
    return not value, _ORDER.get(value, 3), value


def _about(arm: Measured) -> dict[str, Any]:
    return {
        "key": arm.arm.key,
        "method": arm.arm.method,
        "model": arm.arm.model(),
        "models": models(arm.arm),
        "dataset": arm.dataset,
        "settings": arm.arm.settings,
    }


def _made(run: Run) -> dict[str, Any]:
    return {
        "path": str(run.path),
        "dataset": run.dataset,
        "chosen": run.chosen,
        "n_problems": len(run.facts),
        "arms": list(run.arms),
        "left_out": run.left_out,
        "sandbox": run.sandbox,
        "version": run.version,
        "command": run.command,
    }


def _traced(name: str, found: Result) -> dict[str, Any]:
    """One result, down to the programs that it is made of: each sample's rounds by digest, public tests, verdict."""
    plain = found.as_dict()
    return {
        "problem": found.problem,
        "arm": name,
        "state": found.state.value,
        "chosen": found.chosen,
        "right": found.right,
        "covered": found.covered,
        "program": chosen_program(found),
        "calls": found.total.calls,
        "usd": found.total.usd,
        **{name: plain[name] for name in ("public_passed", "clusters", "reason", "decided_by", "steps", "stopped")},
        **{
            name: plain[name]
            for name in ("used", "executions", "execution_seconds", "wall_seconds", "errors", "samples")
        },
    }


def chosen_program(found: Result) -> str:
    """The digest of the program that was chosen, or ""."""
    sample = next((one for one in found.samples if one.sample == found.chosen), None)
    return sample.rounds[sample.kept].program if sample is not None and sample.kept is not None else ""
