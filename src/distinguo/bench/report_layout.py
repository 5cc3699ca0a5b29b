"""Which tables a report has, and what stands in them. Shares are percentages here, and fractions in JSON."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from distinguo.bench.comparing import COVERAGE, PASS_AT_1, Comparison
from distinguo.bench.gathering import Measured, models
from distinguo.bench.metrics import Metrics, Solved, Spent
from distinguo.bench.records import State
from distinguo.bench.report_tables import WIDTH, Table
from distinguo.grading.statistics import CONFIDENCE, Estimate

if TYPE_CHECKING:
    from distinguo.bench.report import Section

_INTERVAL = f"{CONFIDENCE:.0%} interval"
_NONE = "-"


def heading(section: "Section") -> str:
    """The data set, and how many of its problems."""
    number = len(section.gathered.facts)
    return f"{section.gathered.dataset}, {number:,} {'problem' if number == 1 else 'problems'}"


def tables(section: "Section", *, per_problem: bool = False) -> list[Table]:
    """All tables that the runs have something for."""
    return [*summary(section), *details(section), *([problems(section)] if per_problem else [])]


def summary(section: "Section") -> list[Table]:
    """What is looked at first: how good the arms are, and what is missing."""
    return [*_by_model(section), _arms(section.metrics), *_states(section.metrics)]


def details(section: "Section") -> list[Table]:
    """Everything else but the listing of the problems."""
    each = section.metrics
    return [
        *_comparisons(section.comparisons, section.notes),
        _choices(each),
        *_at_k("pass@k of candidates, %", {name: one.candidates for name, one in each.items()}),
        *_at_k("pass@k of first drafts, %", {name: one.drafts for name, one in each.items()}),
        *_rounds(each),
        _spent(
            "Used for a completed problem, on average",
            {name: one.each if one.solved.n else None for name, one in each.items()},
            1,
        ),
        _spent("Used in total, failed problems too", {name: one.total for name, one in each.items()}, 0),
        *_decided(each),
        *_strata(section),
        *_errata(section),
        *_made(section),
    ]


def _by_model(section: "Section") -> list[Table]:
    """The layout of the paper's table 1: methods by models."""
    arms = section.gathered.arms
    if len({arm.arm.model() for arm in arms}) < 2:
        return []
    ways: tuple[Callable[[Measured], tuple[str, str]], ...] = (
        lambda arm: (arm.arm.name, arm.arm.model()),
        lambda arm: (arm.arm.name, models(arm.arm)),
        lambda arm: (arm.name, arm.arm.model()),
    )
    place = next((way for way in ways if len({way(arm) for arm in arms}) == len(arms)), ways[-1])
    cells = {place(arm): _percent(section.metrics[arm.name].solved.pass_at_1) for arm in arms}
    methods, columns = (list(dict.fromkeys(of[side] for of in cells)) for side in (0, 1))
    names = [column.rpartition("/")[2] for column in columns]
    names = names if len(set(names)) == len(names) else columns
    if len(columns) > len(methods) and sum(len(name) + 2 for name in names) > WIDTH - 20:
        rows = [
            (name, *(cells.get((method, at), "") for method in methods))
            for name, at in zip(names, columns, strict=True)
        ]
        return [Table("Models by methods: pass@1, %", ("model", *methods), tuple(rows))]
    rows = [(method, *(cells.get((method, at), "") for at in columns)) for method in methods]
    return [Table("Methods by models: pass@1, %", ("method", *names), tuple(rows))]


def _arms(each: Mapping[str, Metrics]) -> Table:
    rows = [
        (
            name,
            f"{one.solved.n}",
            _percent(one.solved.pass_at_1),
            _interval(one.solved.pass_at_1),
            _percent(one.solved.coverage),
            _percent(one.solved.selection_accuracy),
            _percent(one.random),
            _percent(one.zero_shot),
        )
        for name, one in each.items()
    ]
    header = ("arm", "n", PASS_AT_1, _INTERVAL, "coverage", "accuracy", "random", "zero-shot")
    return Table(
        "Arms: pass@1 of the chosen program, %, over the n completed problems",
        header,
        tuple(rows),
        (
            "coverage: problems with a right candidate (the oracle). accuracy: right choices among them, the share of"
            " the oracle. random: a candidate drawn at random. zero-shot: a first draft of the same samples.",
        ),
    )


def _states(each: Mapping[str, Metrics]) -> list[Table]:
    if all(one.solved.n == one.n_problems for one in each.values()):
        return []
    rows = [
        (
            name,
            *(f"{one.states[state]}" for state in State),
            _percent(one.solved.pass_at_1),
            _percent(one.worst.pass_at_1),
            _interval(one.worst.pass_at_1),
        )
        for name, one in each.items()
    ]
    header = ("arm", *(state.value for state in State), PASS_AT_1, "worst case", _INTERVAL)
    title = "Problems that are not completed; in the worst case they count as wrong"
    return [Table(title, header, tuple(rows))]


def _comparisons(every: Sequence[Comparison], notes: Sequence[str]) -> list[Table]:
    told = list[Table]()
    for metric in (PASS_AT_1, COVERAGE):
        of = [one for one in every if one.metric == metric]
        if not of:
            continue
        first = metric == PASS_AT_1
        rows = [
            (
                one.arm,
                f"{one.n}",
                f"{100 * one.difference.value:+.1f}",
                _interval(one.difference, "+"),
                f"{one.only_arm}",
                f"{one.only_against}",
                _chance(one.p),
                _chance(one.p_holm),
            )
            for one in of
        ]
        about = "n: problems that both completed. p: McNemar's exact test of those that only one solved; Holm: adjusted"
        told.append(
            Table(
                f"Difference of {metric} to {of[0].against}, percentage points",
                ("arm", "n", "difference", _INTERVAL, "only it", "only other", "p", "Holm"),
                tuple(rows),
                (
                    f"{about} for {len(of)} {'comparison' if len(of) == 1 else 'comparisons'}.",
                    *(notes if first else ()),
                ),
            )
        )
    return told


def _choices(each: Mapping[str, Metrics]) -> Table:
    rows = [
        (
            name,
            _percent(one.solved.coverage),
            _interval(one.solved.coverage),
            _percent(one.solved.selection_accuracy),
            _interval(one.solved.selection_accuracy),
            f"{one.solved.n_covered}",
            _percent(one.solved.contested),
            f"{one.solved.n_contested}",
        )
        for name, one in each.items()
    ]
    header = ("arm", "coverage", _INTERVAL, "accuracy", _INTERVAL, "of", "contested", "of")
    note = "contested: right choices among the problems that have right and wrong candidates."
    return Table("Coverage and selection accuracy, %", header, tuple(rows), (note,))


def _at_k(title: str, each: Mapping[str, Mapping[int, Estimate]]) -> list[Table]:
    ks = sorted({k for by_k in each.values() for k in by_k})
    if ks in ([], [1]):
        return []
    rows = [(name, *(_percent(by_k.get(k)) if k in by_k else "" for k in ks)) for name, by_k in each.items()]
    return [Table(title, ("arm", *(f"k={k}" for k in ks)), tuple(rows), ("The unbiased estimate over all samples.",))]


def _rounds(each: Mapping[str, Metrics]) -> list[Table]:
    curves = {name: one.after for name, one in each.items() if len(one.after) > 1}
    most = max(map(len, curves.values()), default=0)
    rows = [
        (name, *(f"{_percent(one.pass_at_1)} / {_percent(one.coverage)}" for one in after), *[""] * (most - len(after)))
        for name, after in curves.items()
    ]
    header = ("arm", *(f"{rounds} rounds" if rounds != 1 else "1 round" for rounds in range(most)))
    title = "A sample's pass@1 / coverage by rounds of debugging, %"
    return [Table(title, header, tuple(rows))] if rows else []


def _spent(title: str, each: Mapping[str, Spent | None], decimals: int) -> Table:
    header = ("arm", "calls", "prompt tokens", "answer tokens", "dollars", "call s", "executions", "CPU s")
    rows = [
        (
            name,
            f"{one.calls:,.{decimals}f}",
            f"{one.prompt_tokens:,.0f}",
            f"{one.completion_tokens:,.0f}",
            "unknown" if one.usd is None else f"{one.usd:,.4f}",
            f"{one.call_seconds:,.1f}",
            f"{one.executions:,.{decimals}f}",
            f"{one.cpu_seconds:,.1f}",
        )
        if one is not None
        else (name, *[_NONE] * (len(header) - 1))
        for name, one in each.items()
    ]
    note = "As if each arm had been run alone. call s: the calls' own durations, summed. CPU s: of the programs run."
    return Table(title, header, tuple(rows), (note,))


def _decided(each: Mapping[str, Metrics]) -> list[Table]:
    sources = sorted({source for one in each.values() for source in one.decided_by})
    rows = [(name, *(f"{one.decided_by.get(source, 0)}" for source in sources)) for name, one in each.items()]
    title = "Problems by the sources of the inputs that decided"
    return [Table(title, ("arm", *sources), tuple(rows))] if sources else []


def _strata(section: "Section") -> list[Table]:
    told = list[Table]()
    for kind, values in section.strata.items():
        numbers = {value: max((one.n for one in arms.values()), default=0) for value, arms in values.items()}
        rows = [(name, *(_two(arms[name]) for arms in values.values())) for name in section.metrics]
        header = ("arm", *(f"{value} ({numbers[value]})" for value in values))
        told.append(Table(f"pass@1 / coverage by {kind}, % (problems)", header, tuple(rows)))
    return told


def _errata(section: "Section") -> list[Table]:
    if not section.errata:
        return []
    rows = [
        (
            name,
            f"{one.solved.n}",
            _two(one.solved),
            _percent(one.solved.selection_accuracy),
            f"{section.without[name].n}",
            _two(section.without[name]),
            _percent(section.without[name].selection_accuracy),
        )
        for name, one in section.metrics.items()
    ]
    header = ("arm", "all", "pass@1 / coverage", "accuracy", "without", "pass@1 / coverage", "accuracy")
    reasons: dict[str, list[str]] = {}
    for problem, reason in section.errata.items():
        reasons.setdefault(reason, []).append(problem)
    notes = tuple(f"{', '.join(problems)}: {reason}" for reason, problems in reasons.items())
    return [Table("With and without the problems that have errata, %", header, tuple(rows), notes)]


def _made(section: "Section") -> list[Table]:
    files = [
        (str(run.path), f"{len(run.facts)}", f"{len(run.results)}", run.version or _NONE, run.sandbox or _NONE)
        for run in section.gathered.runs
    ]
    chosen = dict.fromkeys(f"{run.path}: {run.chosen}" for run in section.gathered.runs if run.chosen)
    chosen |= dict.fromkeys(run.command for run in section.gathered.runs if run.command)
    arms = section.gathered.arms
    names = dict.fromkeys(name for arm in arms for name in arm.arm.settings)
    apart = [name for name in names if len({_said(arm.arm.settings.get(name)) for arm in arms}) > 1]
    alike = {name: arms[0].arm.settings.get(name) for name in names if name not in apart}
    common = ", ".join(f"{name}={_said(value)}" for name, value in alike.items() if value not in (None, {}))
    rows = [(arm.name, arm.arm.key, *(_said(arm.arm.settings.get(name)) for name in apart)) for arm in arms]
    header = ("run", "problems", "results", "distinguo", "sandbox")
    return [
        Table("How the figures were made", header, tuple(files), tuple(chosen)),
        Table("Settings", ("arm", "key", *apart), tuple(rows), (f"For all arms: {common}.",) if common else ()),
    ]


def problems(section: "Section") -> Table:
    """Every result: what was chosen, whether it is right, how many samples are."""
    rows = [
        (
            found.problem,
            arm.name,
            found.state.value,
            _NONE if found.chosen is None else f"{found.chosen}",
            ("right" if found.right else "wrong") if found.done else "",
            f"{sum(sample.right for sample in found.samples)}/{len(found.samples)}",
            f"{found.total.calls}",
        )
        for problem in section.gathered.facts
        for arm in section.gathered.arms
        for found in _maybe(arm.results.get(problem))
    ]
    header = ("problem", "arm", "state", "chosen", "verdict", "right samples", "calls")
    return Table("Problems, one by one", header, tuple(rows), left=3)


def _maybe(found: Any) -> Iterable[Any]:
    return () if found is None else (found,)


def _said(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "+".join(map(str, value)) or "none"
    return _NONE if value is None else str(value)


def _two(one: Solved) -> str:
    return f"{_percent(one.pass_at_1)} / {_percent(one.coverage)}"


def _percent(estimate: Estimate | None) -> str:
    return _NONE if estimate is None else f"{100 * estimate.value:.1f}"


def _interval(estimate: Estimate | None, sign: str = "") -> str:
    return _NONE if estimate is None else f"{100 * estimate.low:{sign}.1f} to {100 * estimate.high:{sign}.1f}"


def _chance(p: float) -> str:
    return "<0.0001" if p < 0.0001 else f"{p:.4f}"
