"""What selecting among recorded programs came to: pass@k of each selector, differences, and what to know beside."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from distinguo.errors import InputError
from distinguo.grading.choosing import Choice, Chosen
from distinguo.grading.evaluation import KS, Averaged, Paired, mean_pass_at, paired
from distinguo.grading.statistics import CONFIDENCE, Estimate, mean

_NAMED = 3  # problems that a sentence names


class Progress(NamedTuple):
    """How many problems are done, and how many there are."""

    problems: int
    total: int


@dataclass(frozen=True, slots=True)
class Selected:
    """One selector over all problems.

    pass_at: by k, as far as it ranks. chosen: the share of problems where the program that it returns is right, which
    differs from pass@1 where equal scores tie. calls, executions: see choosing.Choice, summed.
    """

    pass_at: dict[int, Estimate]
    chosen: float
    calls: int
    executions: int

    def as_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        first = self.pass_at[1]
        return {
            "pass@k": {str(k): estimate.value for k, estimate in self.pass_at.items()},
            "interval": [first.low, first.high],
            "intervals": {str(k): [estimate.low, estimate.high] for k, estimate in self.pass_at.items()},
            "chosen": self.chosen,
            "calls": self.calls,
            "executions": self.executions,
        }


@dataclass(frozen=True, slots=True)
class SelectionReport:
    """`as_dict()` is the object that `--json` prints.

    Where each problem was drawn from several times, a figure of a problem is the mean over its draws, and intervals are
    over problems; calls and executions are those of all draws.
    n_draws: how many draws there were in all, as many as problems where nothing was drawn. n_samples: in all of them.
    oracle: the share of problems with a right program. random: the mean share of right programs.
    paired: differences of pass@1 over the same problems. problems: the choices, one by one.
    contested: the same on those problems where right and wrong programs are there to choose among; None where these are
    all problems, or none.
    """

    n_problems: int
    n_draws: int
    n_samples: int
    public_filter: bool
    oracle: Estimate
    random: float
    selectors: dict[str, Selected]
    paired: tuple[Paired, ...]
    problems: tuple[Chosen, ...] = field(repr=False)
    seconds: float
    warnings: tuple[str, ...] = ()
    sandbox: str = ""
    contested: "SelectionReport | None" = field(default=None, repr=False)

    def as_dict(self, *, per_problem: bool = False) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        told = self._figures() | {
            "n_draws": self.n_draws,
            "n_samples": self.n_samples,
            "public_filter": self.public_filter,
            "contested": self.contested and self.contested._figures(),
            "seconds": round(self.seconds, 3),
            "warnings": list(self.warnings),
            "sandbox": self.sandbox,
        }
        if per_problem:
            told["problems"] = [_problem(chosen) for chosen in self.problems]
        return told

    def _figures(self) -> dict[str, Any]:
        return {
            "n_problems": self.n_problems,
            "oracle": self.oracle.value,
            "random": self.random,
            "selectors": {name: selected.as_dict() for name, selected in self.selectors.items()},
            "paired": [
                {
                    "selector": one.selector,
                    "against": one.against,
                    "difference": one.difference.value,
                    "interval": [one.difference.low, one.difference.high],
                }
                for one in self.paired
            ],
        }

    def lines(self, *, per_problem: bool = False) -> list[str]:
        """The same for a person."""
        told = self._tables(self._of())
        if self.contested:
            number = self.contested.n_problems
            told += ["", f"On the {number} of them where right and wrong programs are there to choose among:", ""]
            told += self.contested._tables(self.contested._of())
        if per_problem:
            told += ["", *_table([["problem", "right", *self.selectors], *map(_row, self.problems)], left=1)]
        return told

    def _of(self) -> str:
        draws = f", {self.n_draws:,} draws" if self.n_draws != self.n_problems else ""
        return f"{self.n_problems} problems{draws}, {self.n_samples:,} samples"

    def _tables(self, of: str) -> list[str]:
        ks = [k for k in KS if any(k in selected.pass_at for selected in self.selectors.values())]
        rows = [["selector", "pass@1", f"{CONFIDENCE:.0%} interval", *(f"pass@{k}" for k in ks[1:]), "calls", "runs"]]
        for name, selected in self.selectors.items():
            others = [f"{selected.pass_at[k].value:.4f}" if k in selected.pass_at else "" for k in ks[1:]]
            first = selected.pass_at[1]
            used = [f"{selected.calls:,}", f"{selected.executions:,}"]
            rows.append([name, f"{first.value:.4f}", _interval(first), *others, *used])
        rows.append(["any sample", f"{self.random:.4f}"])
        rows.append(["oracle", f"{self.oracle.value:.4f}", _interval(self.oracle)])
        told = [*_table(rows, left=1), "", of]
        if self.paired:
            first_name = self.paired[0].against
            differences = [["difference of pass@1", f"to {first_name}", f"{CONFIDENCE:.0%} interval"]]
            for one in self.paired:
                if one.against == first_name:
                    differences.append([one.selector, f"{one.difference.value:+.4f}", _interval(one.difference, "+")])
            told += ["", *_table(differences, left=1)]
        return told


def _interval(estimate: Estimate, sign: str = "") -> str:
    return f"{estimate.low:{sign}.4f} to {estimate.high:{sign}.4f}"


def _table(rows: Sequence[Sequence[str]], *, left: int) -> list[str]:
    """Columns side by side, the first ones flush left."""
    width = [max(len(row[i]) for row in rows if i < len(row)) for i in range(max(map(len, rows)))]
    return [
        "  ".join(f"{cell:{'<' if i < left else '>'}{width[i]}}" for i, cell in enumerate(row)).rstrip() for row in rows
    ]


def _row(chosen: Chosen) -> list[str]:
    marks = [f"{choice.chosen} {'right' if choice.ranking.chosen else 'wrong'}" for choice in chosen.choices.values()]
    name = f"{chosen.task_id} draw {chosen.draw}" if chosen.draw else chosen.task_id
    return [name, f"{chosen.right}/{chosen.samples}", *marks]


def _problem(chosen: Chosen) -> dict[str, Any]:
    return {
        "task_id": chosen.task_id,
        "draw": chosen.draw,
        "n_samples": chosen.samples,
        "right": chosen.right,
        "passing": chosen.passing,
        "pool": chosen.pool,
        "pool_right": chosen.pool_right,
        "selectors": {name: _choice(choice) for name, choice in chosen.choices.items()},
    }


def _choice(choice: Choice) -> dict[str, Any]:
    return {
        "chosen": choice.chosen,
        "right": choice.ranking.chosen,
        "pass@1": choice.ranking.pass_at(1),
        "reason": choice.reason,
        "calls": choice.calls,
        "executions": choice.executions,
    }


def report(
    problems: Sequence[Chosen],
    *,
    public_filter: bool,
    warnings: Sequence[str],
    seconds: float,
    sandbox: str,
) -> SelectionReport:
    """Sum up. Raises InputError where there is no problem."""
    if not problems:
        raise InputError(f"no problem could be evaluated: {next(iter(warnings), 'there are no candidates')}")
    contested = [chosen for chosen in problems if chosen.contested]
    return replace(
        _summed(problems, public_filter, seconds, sandbox),
        warnings=(*warnings, *_sentences(problems)),
        contested=_summed(contested, public_filter, seconds, sandbox) if 0 < len(contested) < len(problems) else None,
    )


def _summed(chosen: Sequence[Chosen], public_filter: bool, seconds: float, sandbox: str) -> SelectionReport:
    draws: dict[str, list[Chosen]] = {}
    for one in chosen:
        draws.setdefault(one.task_id, []).append(one)
    problems = list(draws.values())
    rankings = {name: [_averaged(drawn, name) for drawn in problems] for name in chosen[0].choices}
    return SelectionReport(
        n_problems=len(problems),
        n_draws=len(chosen),
        n_samples=sum(one.samples for one in chosen),
        public_filter=public_filter,
        oracle=mean([sum(one.right > 0 for one in drawn) / len(drawn) for drawn in problems]),
        random=sum(sum(one.right / one.samples for one in drawn) / len(drawn) for drawn in problems) / len(problems),
        selectors={name: _selected(name, chosen, rankings[name]) for name in rankings},
        paired=tuple(paired(rankings)),
        problems=tuple(chosen),
        seconds=seconds,
        sandbox=sandbox,
    )


def _averaged(drawn: Sequence[Chosen], name: str) -> Averaged:
    """What a selector's choices on the draws of one problem are worth."""
    return Averaged(tuple(one.choices[name].ranking for one in drawn))


def _selected(name: str, chosen: Sequence[Chosen], rankings: Sequence[Averaged]) -> Selected:
    choices = [one.choices[name] for one in chosen]
    return Selected(
        pass_at={k: estimate for k in KS if (estimate := mean_pass_at(rankings, k)) is not None},
        chosen=sum(ranking.chosen for ranking in rankings) / len(rankings),
        calls=sum(choice.calls for choice in choices),
        executions=sum(choice.executions for choice in choices),
    )


def _sentences(problems: Sequence[Chosen]) -> list[str]:
    told = list[str]()
    unjudged = sum((chosen.unjudged for chosen in problems), Counter[str]())
    for reason, number in unjudged.items():
        told.append(f"no verdict for {number} programs, which count as wrong: {reason.rstrip('.')}")
    for name in problems[0].choices:
        unasked = sum(chosen.choices[name].unasked for chosen in problems)
        if unasked:
            told.append(f"{name} asked {unasked} times for a model and none was given: --model names one")
        stopped = list(dict.fromkeys(chosen.task_id for chosen in problems if chosen.choices[name].stopped))
        if stopped:
            why = next(iter(chosen.choices[name].stopped for chosen in problems if chosen.choices[name].stopped))
            told.append(f"{name} was ended early on {some(stopped)}: {why.rstrip('.')}")
    return told


def some(tasks: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    more = f" and {len(tasks) - _NAMED} more" if len(tasks) > _NAMED else ""
    return ", ".join(tasks[:_NAMED]) + more
