"""Several runs' files as one: an arm's results from all files that have it, and what to know about how they fit."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from distinguo.bench import runfile
from distinguo.bench.records import Arm, Facts, Result, State
from distinguo.bench.runfile import Run
from distinguo.errors import InputError
from distinguo.records import Role

T = TypeVar("T")

_NAMED = 3  # things that a sentence names
NOT_ANSWERS = frozenset(
    {"budget_calls", "budget_tokens", "budget_prompt_tokens", "budget_completion_tokens", "budget_usd", "max_seconds",
     "slots", "prices"}
)  # fmt: skip
"""Settings that shape no answer: what may be spent, and how fast."""


@dataclass(frozen=True, slots=True)
class Measured:
    """An arm on one data set, over all files that have it.

    name: the arm's, with its model or key behind it where another one has the same. facts: of every problem that it is
    to solve. results: those there are, whatever their state. Both by problem, sorted, so that the order of files and
    of problems changes no figure.
    """

    arm: Arm
    name: str
    dataset: str
    facts: Mapping[str, Facts] = field(repr=False)
    results: Mapping[str, Result] = field(repr=False)

    @property
    def done(self) -> list[Result]:
        """The completed ones."""
        return [found for found in self.results.values() if found.done]

    @property
    def states(self) -> dict[State, int]:
        """How many problems are in each state; one without a result is unfinished."""
        counted = Counter(found.state for found in self.results.values())
        counted[State.UNFINISHED] += len(self.facts) - len(self.results)
        return {state: counted[state] for state in State}

    def only(self, problems: Collection[str]) -> "Measured":
        """The same on some problems."""
        facts = {name: told for name, told in self.facts.items() if name in problems}
        results = {name: found for name, found in self.results.items() if name in problems}
        return replace(self, facts=facts, results=results)


@dataclass(frozen=True, slots=True)
class Gathered:
    """All that files hold on one data set, whatever its versions. There is at least one arm.

    dataset: its name, with the version where it is one only. arms: in the files' order; their names differ. facts: of
    all problems. warnings: sentences on how the files fit together.
    """

    dataset: str
    runs: tuple[Run, ...]
    arms: tuple[Measured, ...]
    facts: Mapping[str, Facts] = field(repr=False)
    warnings: tuple[str, ...] = ()

    def find(self, name: str) -> Measured | None:
        """The first arm with this name, key or method."""
        ways: Sequence[Callable[[Measured], str]] = (
            lambda one: one.name, lambda one: one.arm.name, lambda one: one.arm.key, lambda one: one.arm.method
        )  # fmt: skip
        return next((one for way in ways for one in self.arms if way(one) == name), None)


def read(paths: Sequence[Path]) -> tuple[list[Run], list[str]]:
    """Read runs' files; one that is none, or is empty, gives a sentence and the others go on.

    Raises InputError where not one can be read.
    """
    runs, refused = list[Run](), list[str]()
    for path in paths:
        try:
            runs.append(runfile.read(path))
        except InputError as error:
            refused.append(str(error))
    if not runs:
        raise InputError("; ".join(refused) or "no run is given")
    return runs, refused


def gather(runs: Sequence[Run]) -> list[Gathered]:
    """Put together what belongs together, one Gathered a data set, in the order of the files.

    An arm that several files have is one arm: its problems are theirs together, as with shards. Where two files have a
    result of the same problem the later one counts, but a completed one before one that is not. Versions of a
    data set (`livecodebench@v4`) stay arms apart and may be compared; data sets of different names may not.
    Raises InputError where there is no run.
    """
    if not runs:
        raise InputError("no run is given")
    sets: dict[str, list[Run]] = {}
    for run in runs:
        sets.setdefault(run.dataset.partition("@")[0], []).append(run)
    return [_together(some) for some in sets.values()]


def some(names: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _together(runs: list[Run]) -> Gathered:
    arms: dict[tuple[str, str], Arm] = {}
    facts: dict[tuple[str, str], dict[str, Facts]] = {}
    results: dict[tuple[str, str], dict[str, Result]] = {}
    twice: Counter[str] = Counter()
    for run in runs:
        for key, arm in run.arms.items():
            place = key, run.dataset
            arms[place] = arm
            facts.setdefault(place, {}).update(run.facts)
            have = results.setdefault(place, {})
            for problem, found in run.of(key).items():
                if problem in have:
                    twice[str(run.path)] += 1
                    if have[problem].done and not found.done:
                        continue
                have[problem] = found
    names = _names(arms)
    versions = list(dict.fromkeys(run.dataset for run in runs))
    return Gathered(
        dataset=" and ".join(versions),
        runs=tuple(runs),
        arms=tuple(
            Measured(arm, names[place], place[1], _ordered(facts[place]), _ordered(results[place]))
            for place, arm in arms.items()
        ),
        facts=_ordered({name: told for each in facts.values() for name, told in each.items()}),
        warnings=(*_repeated(twice), *_unlike(runs, versions)),
    )


def _ordered(each: Mapping[str, T]) -> dict[str, T]:
    """By name, numbers in names by their size."""
    return {name: each[name] for name in sorted(each, key=_numbered)}


def _numbered(name: str) -> tuple[list[tuple[int, str]], str]:
    parts = re.split(r"([0-9]{1,18})", name)
    return [(int(part), "") if place % 2 else (-1, part) for place, part in enumerate(parts)], name


def _names(arms: Mapping[tuple[str, str], Arm]) -> dict[tuple[str, str], str]:
    """A name for each arm that no other has: as it is, or with its model (`b` of `a/b` where that will do), all its
    models, the data set's version, its key.
    """
    ways: tuple[Callable[[tuple[str, str], Arm], str], ...] = (
        lambda _, arm: arm.name,
        lambda _, arm: f"{arm.name} {arm.model().rpartition('/')[2]}",
        lambda _, arm: f"{arm.name} {arm.model()}",
        lambda _, arm: f"{arm.name} {models(arm)}",
        lambda place, arm: f"{arm.name} {models(arm)} {place[1].partition('@')[2]}".rstrip(),
        lambda place, arm: f"{arm.name} {arm.key} {place[1]}",
    )
    names: dict[tuple[str, str], str] = {}
    for way in ways:
        told = {place: way(place, arm) for place, arm in arms.items() if place not in names}
        counted = Counter([*told.values(), *names.values()])
        names |= {place: name for place, name in told.items() if counted[name] == 1}
    return names


def models(arm: Arm) -> str:
    """The models that play a part in it, the generator first, each once."""
    return "+".join(dict.fromkeys(arm.model(role) for role in Role))


def _repeated(twice: Counter[str]) -> list[str]:
    return [
        f"{path} has {count:,} results that files named before it have too; the later ones count, but completed ones"
        " before those that are not"
        for path, count in twice.items()
    ]


def _unlike(runs: Sequence[Run], versions: Sequence[str]) -> list[str]:
    told = list[str]()
    if len(versions) > 1:
        told.append(f"the runs are on several versions of the data set: {', '.join(versions)}")
    for what, of in (
        ("versions of distinguo", [run.version for run in runs]),
        ("sandboxes", [run.sandbox for run in runs]),
    ):
        known = list(dict.fromkeys(one for one in of if one))
        if len(known) > 1:
            told.append(f"the runs were made with several {what}: {'; '.join(known)}")
    return told
