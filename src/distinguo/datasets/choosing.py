"""Which problems of a data set a run takes.

Applied in this order: ids; dates; difficulty; platform; sample; limit; shard. So the shards of a run divide what all
the rest has chosen, however it was chosen. The problems stay in the data set's order.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from distinguo.datasets.about import SIZES
from distinguo.datasets.dataset import DataSet
from distinguo.errors import InputError


@dataclass(frozen=True, slots=True)
class Filter:
    """What is asked for. Raises InputError, in one sentence, for a date, number or shard that is none.

    ids: in any spelling that DataSet.find knows. since, until: the first and the last day, YYYY-MM-DD; a problem
    without a date is in no window. difficulty, platform: any of these words, in upper or lower case; a size (`short`)
    is taken for a difficulty where the data set has sizes instead. sample: how many to draw, the same number with the
    same seed always drawing the same. limit: only the first so many. shard: `i/n`, the i-th of n parts, from 1.
    """

    ids: tuple[str, ...] = ()
    since: str = ""
    until: str = ""
    difficulty: tuple[str, ...] = ()
    platform: tuple[str, ...] = ()
    sample: int | None = None
    seed: int = 0
    limit: int | None = None
    shard: str = ""

    def __post_init__(self) -> None:
        for name, given in (("since", self.since), ("until", self.until)):
            if given and not _is_day(given):
                raise InputError(f"{name} must be a day such as 2024-01-31, not {given!r}")
        if self.since and self.until and self.since > self.until:
            raise InputError(f"there is no day from {self.since} until {self.until}")
        for name, number in (("sample", self.sample), ("limit", self.limit)):
            if number is not None and number < 1:
                raise InputError(f"{name} must be a number of at least 1, not {number}")
        self.part()

    def part(self) -> tuple[int, int]:
        """The shard as (i, n); (1, 1) without one."""
        if not self.shard:
            return 1, 1
        which, slash, of = self.shard.partition("/")
        if not slash or not (_is_number(which) and _is_number(of)) or not 1 <= int(which) <= int(of):
            raise InputError(f"a shard is written i/n with i from 1 to n, such as 2/4, not {self.shard!r}")
        return int(which), int(of)


def choose(dataset: DataSet, wanted: Filter) -> tuple[str, ...]:
    """The ids that are wanted. Raises InputError for an unknown id or word, and where nothing is left."""
    return _chosen(dataset, wanted)[0]


def explain(dataset: DataSet, wanted: Filter) -> str:
    """How the problems were chosen, in a sentence; "" where all were taken. Raises InputError as `choose` does."""
    found, steps = _chosen(dataset, wanted)
    if not steps:
        return ""
    return f"{_count(len(found))} of {dataset.name}'s {len(dataset):,}: {'; '.join(steps)}."


def _chosen(dataset: DataSet, wanted: Filter) -> tuple[tuple[str, ...], list[str]]:
    """The ids, and what was done to come to them."""
    steps = list[str]()
    ids: Sequence[str] = dataset.ids
    if wanted.ids:
        ids = _named(dataset, wanted.ids)
        steps.append(f"{_count(len(ids))} by id")
    if wanted.since or wanted.until:
        ids = _dated(dataset, ids, wanted)
        window = [f"since {wanted.since}"] * bool(wanted.since) + [f"until {wanted.until}"] * bool(wanted.until)
        steps.append(f"{len(ids):,} {' '.join(window)}")
    for name, words in (("difficulty", wanted.difficulty), ("platform", wanted.platform)):
        if words:
            ids = _worded(dataset, ids, name, words)
            steps.append(f"{len(ids):,} of {name} {' or '.join(words)}")
    if wanted.sample is not None:
        ids, how = _sampled(dataset, ids, wanted.sample, wanted.seed)
        steps.append(how)
    if wanted.limit is not None:
        ids = ids[: wanted.limit]
        steps.append(f"the first {len(ids):,}")
    which, of = wanted.part()
    if of > 1:
        ids = ids[which - 1 :: of]
        steps.append(f"shard {which} of {of}")
    if not ids:
        raise InputError(f"no problem of {dataset.name} is left: {'; '.join(steps) or 'it has none'}")
    return tuple(ids), steps


def _named(dataset: DataSet, asked: Sequence[str]) -> list[str]:
    found = {dataset.require(given) for given in asked}
    return [task_id for task_id in dataset.ids if task_id in found]


def _dated(dataset: DataSet, ids: Sequence[str], wanted: Filter) -> list[str]:
    days = {task_id: dataset.about(task_id).date for task_id in ids}
    if not any(days.values()):
        raise InputError(f"{dataset.name} gives no dates of its problems, so since and until choose nothing")
    return [task_id for task_id in ids if days[task_id] and wanted.since <= days[task_id] <= (wanted.until or "9")]


def _worded(dataset: DataSet, ids: Sequence[str], name: str, words: Sequence[str]) -> list[str]:
    known = {task_id: _word(dataset, task_id, name).casefold() for task_id in dataset.ids}
    there = sorted({_word(dataset, task_id, name) for task_id in dataset.ids} - {""})
    if not there:
        raise InputError(f"{dataset.name} says no {name} of its problems")
    asked = {word.casefold() for word in words}
    unknown = next((word for word in words if word.casefold() not in known.values()), None)
    if unknown is not None:
        raise InputError(f"{dataset.name} has no {name} {unknown!r}: there are {', '.join(there)}")
    return [task_id for task_id in ids if known[task_id] in asked]


def _word(dataset: DataSet, task_id: str, name: str) -> str:
    about = dataset.about(task_id)
    return about.stratum if name == "difficulty" else about.platform


def _sampled(dataset: DataSet, ids: Sequence[str], size: int, seed: int) -> tuple[list[str], str]:
    """So many problems, from each stratum in proportion to its share; how many of which, in words.

    Shares are rounded by largest remainders. Within a stratum those are drawn whose hash with the seed is least: the
    same on every machine and version of Python, and a larger share holds a smaller one.
    """
    strata: dict[str, list[str]] = {}
    for task_id in ids:
        strata.setdefault(dataset.about(task_id).stratum, []).append(task_id)
    if size >= len(ids):
        return list(ids), f"all {len(ids):,}, for a sample of {size:,} was asked for"
    counts = _shares({name: len(members) for name, members in strata.items()}, size)
    drawn = set[str]()
    for name, members in strata.items():
        drawn |= set(sorted(members, key=lambda task_id: _rank(task_id, seed))[: counts[name]])
    kind = "difficulty" if any(dataset.about(task_id).difficulty for task_id in ids) else "size"
    order = sorted(strata, key=lambda name: (not name, SIZES.index(name) if kind == "size" and name else 0, name))
    shares = ", ".join(f"{counts[name]} of {len(strata[name])} {name or 'unknown'}" for name in order)
    how = f"in proportion to {kind} ({shares})" if len(strata) > 1 else "from all alike"
    return [task_id for task_id in ids if task_id in drawn], f"{size:,} drawn with seed {seed} {how}"


def _shares(sizes: dict[str, int], total: int) -> dict[str, int]:
    """The total divided in proportion to the sizes, of which it is at most the sum."""
    whole = sum(sizes.values())
    counts = {name: size * total // whole for name, size in sizes.items()}
    by_remainder = sorted(sizes, key=lambda name: (-(sizes[name] * total % whole), -sizes[name], name))
    for name in by_remainder[: total - sum(counts.values())]:
        counts[name] += 1
    return counts


def _rank(task_id: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}\n{task_id}".encode("utf-8", "surrogatepass")).digest()


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _count(number: int) -> str:
    return f"{number:,} problem{'s' * (number != 1)}"
