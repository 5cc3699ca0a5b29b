"""The tables of an export: their columns, and their rows one after another.

samples: every round of every sample: its program, and how that did. choices: what an arm came to on a problem. calls:
every try that was sent to a model, whichever arms its answer served. arms: methods with their settings.

No table holds a hidden test; of a program's run on them, the verdict alone.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from distinguo.bench.export.source import Body, Place, Source
from distinguo.bench.records import Arm, Facts, Result, RoundGrade
from distinguo.records import Role

Row = dict[str, Any]


class Kind(Enum):
    """What a column holds. Each may be missing (None)."""

    TEXT = auto()
    INTEGER = auto()
    NUMBER = auto()
    TRUTH = auto()
    TEXTS = auto()  # a list of texts
    COUNTS = auto()  # names with whole numbers
    CLUSTERS = auto()  # a list of {samples, score}
    MESSAGES = auto()  # a list of {role, content}
    TREE = auto()  # any JSON; JSON text where a column has one type


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows. arms: whose. chosen: of samples, only the chosen program's. completions: with the answers' texts."""

    arms: tuple[Arm, ...]
    chosen: bool = False
    completions: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table's columns in order, and what makes its rows; `missed` counts what the file lacks, by sentence."""

    columns: Mapping[str, Kind]
    rows: Callable[[Source, Wanted, Counter[str]], Iterator[Row]]
    answers: tuple[str, ...] = ()  # columns that are there with `completions` only

    def shown(self, completions: bool) -> dict[str, Kind]:
        """The columns of an export."""
        return {name: kind for name, kind in self.columns.items() if completions or name not in self.answers}


LOST = "programs that are not in the file"


def _columns(**names: str) -> dict[str, Kind]:
    return {name: Kind[kind.upper()] for kind, listed in names.items() for name in listed.split()}


def _ordered(order: str, columns: Mapping[str, Kind]) -> dict[str, Kind]:
    return {name: columns[name] for name in order.split()}


_SAMPLES = _ordered(
    "dataset problem arm arm_key method model sample round kept chosen program language digest error finish_reason"
    " public_passed public_tests verdict completion reasoning",
    _columns(
        text="dataset problem arm arm_key method model program language digest error finish_reason verdict completion"
        " reasoning",
        integer="sample round public_passed public_tests",
        truth="kept chosen",
    ),
)


def _samples(source: Source, wanted: Wanted, missed: Counter[str]) -> Iterator[Row]:
    for arm, problem, result in results(source, wanted.arms):
        facts = source.facts(problem)
        graded = _graded(result)
        kept = {sample.sample: sample.kept for sample in result.samples}
        answers = source.answers(arm, problem) if wanted.completions else {}
        for place in sorted({*source.places(arm, problem), *graded}):
            sample, index = place
            stands = kept[sample] == index if sample in kept else None
            chosen = stands is True and sample == result.chosen
            if chosen or not wanted.chosen:
                row = _sample(source.round(arm, problem, place), graded.get(place), missed)
                if wanted.completions:
                    row["completion"], row["reasoning"] = answers.get(place, (None, None))
                role = Role.DEBUGGER if index else Role.GENERATOR
                about = _about(source, arm, problem) | {"model": arm.model(role), "sample": sample, "round": index}
                yield about | {"kept": stands, "chosen": chosen, "public_tests": facts.public_tests} | row


def _graded(result: Result) -> dict[Place, RoundGrade]:
    return {(one.sample, index): grade for one in result.samples for index, grade in enumerate(one.rounds)}


def _sample(round: Body | None, grade: RoundGrade | None, missed: Counter[str]) -> Row:
    """A round's own columns. Without a result of its problem it has no verdict."""
    program = (round or {}).get("program") or {}
    if round is None and grade is not None and grade.program:
        missed[LOST] += 1
    told = round or {"passed": grade.public if grade else 0}
    return {
        "program": program.get("source"),
        "language": program.get("language"),
        "digest": (grade.program or None) if grade else None,
        "error": told.get("error", ""),
        "finish_reason": told.get("finish_reason"),
        "public_passed": told["passed"],
        "verdict": grade.verdict if grade else None,
    }


_CHOICES = _ordered(
    "dataset problem arm arm_key method model state chosen right covered candidates candidates_right public_passed"
    " public_tests hidden_tests selector reason decided_by clusters steps stopped calls prompt_tokens completion_tokens"
    " call_seconds usd executions execution_seconds wall_seconds errors difficulty platform date size errata",
    _columns(
        text="dataset problem arm arm_key method model state selector reason stopped difficulty platform date size"
        " errata",
        integer="chosen candidates candidates_right public_passed public_tests hidden_tests calls prompt_tokens"
        " completion_tokens executions",
        number="call_seconds usd execution_seconds wall_seconds",
        truth="right covered",
        texts="decided_by errors",
        counts="steps",
        clusters="clusters",
    ),
)


def _choices(source: Source, wanted: Wanted, missed: Counter[str]) -> Iterator[Row]:
    for arm, problem, result in results(source, wanted.arms):
        about = _about(source, arm, problem) | {"model": arm.model()}
        yield about | _choice(result, source.selection(arm, problem)) | _facts(source.facts(problem))


def _choice(result: Result, selection: Body) -> Row:
    used = result.total
    return {
        "state": result.state,
        "chosen": result.chosen,
        "right": result.right if result.done else None,
        "covered": result.covered if result.done else None,
        "candidates": sum(sample.kept is not None for sample in result.samples),
        "candidates_right": sum(sample.right for sample in result.samples),
        "public_passed": result.public_passed,
        "selector": selection.get("selector"),
        "reason": result.reason,
        "decided_by": list(result.decided_by),
        "clusters": selection.get("clusters", []),
        "steps": dict(result.steps),
        "stopped": result.stopped,
        "calls": used.calls,
        "prompt_tokens": used.prompt_tokens,
        "completion_tokens": used.completion_tokens,
        "call_seconds": used.seconds,
        "usd": used.usd,
        "executions": result.executions,
        "execution_seconds": result.execution_seconds,
        "wall_seconds": result.wall_seconds,
        "errors": list(result.errors),
    }


def _facts(facts: Facts) -> Row:
    names = ("difficulty", "platform", "date", "size", "errata", "public_tests", "hidden_tests")
    return {name: getattr(facts, name) for name in names}


_CALLS = _ordered(
    "id problem model role sample round state started seconds temperature seed max_tokens messages text reasoning"
    " finish_reason prompt_tokens completion_tokens estimated error",
    _columns(
        text="problem model role state text reasoning finish_reason error",
        integer="id sample round seed max_tokens prompt_tokens completion_tokens",
        number="started seconds temperature",
        truth="estimated",
        messages="messages",
    ),
)


def _calls(source: Source, wanted: Wanted, missed: Counter[str]) -> Iterator[Row]:
    return ({name: call[name] for name in _CALLS} for call in source.calls())


_ARMS = _columns(text="arm_key arm method", tree="settings")


def _arms(source: Source, wanted: Wanted, missed: Counter[str]) -> Iterator[Row]:
    for arm in wanted.arms:
        yield {"arm_key": arm.key, "arm": arm.name, "method": arm.method, "settings": arm.settings}


def _about(source: Source, arm: Arm, problem: str) -> Row:
    return {
        "dataset": source.dataset, "problem": problem, "arm": arm.name, "arm_key": arm.key, "method": arm.method,
    }  # fmt: skip


def results(source: Source, arms: Iterable[Arm]) -> Iterator[tuple[Arm, str, Result]]:
    """The results of arms, each arm's in the problems' order."""
    for arm in arms:
        for problem in source.problems:
            result = source.result(arm, problem)
            if result is not None:
                yield arm, problem, result


TABLES: Mapping[str, Table] = {
    "samples": Table(_SAMPLES, _samples, answers=("completion", "reasoning")),
    "choices": Table(_CHOICES, _choices),
    "calls": Table(_CALLS, _calls),
    "arms": Table(_ARMS, _arms),
}
