"""What an arm's results come to: right choices, coverage, pass@k, what debugging brought, what it all used.

Every figure is over an arm's completed problems unless it is called the worst case. A share's interval is the
bootstrap's over problems, the exact one at 0 and 1 (grading.statistics). No figure depends on the order of problems.
A sample is a raw output, a candidate the program that stands for it after debugging; a sample without a program is
wrong, and counts as drawn.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from distinguo.bench.gathering import Measured
from distinguo.bench.records import Result, State, Used
from distinguo.grading.statistics import Estimate, mean, pass_at_k, share


@dataclass(frozen=True, slots=True)
class Solved:
    """How many problems were solved, and could have been; None where there is no problem to take the share of.

    n: completed problems. pass_at_1: of the chosen program. coverage: the share of problems with a right candidate,
    which is what an oracle would choose. selection_accuracy: right choices among covered problems, and so the share of
    the oracle that was reached; contested: the same among the problems that have right and wrong candidates.
    """

    n: int
    n_covered: int
    n_contested: int
    pass_at_1: Estimate | None
    coverage: Estimate | None
    selection_accuracy: Estimate | None
    contested: Estimate | None

    def as_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        return {
            "n": self.n,
            "pass@k": {"1": value(self.pass_at_1)},
            "interval": interval(self.pass_at_1),
            "coverage": value(self.coverage),
            "coverage_interval": interval(self.coverage),
            "n_covered": self.n_covered,
            "selection_accuracy": value(self.selection_accuracy),
            "selection_accuracy_interval": interval(self.selection_accuracy),
            "n_contested": self.n_contested,
            "contested_accuracy": value(self.contested),
            "contested_accuracy_interval": interval(self.contested),
        }


@dataclass(frozen=True, slots=True)
class Spent:
    """What problems took, in all or one on average.

    usd: None where a model's price is unknown. call_seconds: the calls' own durations, summed. executions: different
    pairs of program and input; cpu_seconds: their CPU time.
    """

    calls: float
    prompt_tokens: float
    completion_tokens: float
    usd: float | None
    call_seconds: float
    executions: float
    cpu_seconds: float

    def over(self, n: int) -> "Spent":
        """The same a problem, of n; zeros where n is 0."""
        shares = {name: None if amount is None else amount / n if n else 0.0 for name, amount in asdict(self).items()}
        return Spent(**shares)  # type: ignore[arg-type]  # only usd may be None


@dataclass(frozen=True, slots=True)
class Metrics:
    """Everything that is said of an arm.

    worst: where every problem that is not completed counts as wrong. random: the mean share of right programs among a
    problem's candidates. zero_shot: pass@1 of the same samples' first drafts, unbiased. candidates, drafts: pass@k by
    k, without those that are undefined because a problem has fewer samples. after: by debugging rounds, 0 being the
    draft. total: of all results, the failed ones too. by_role: the same, a role. each: what a completed problem took on
    average. stopped: completed problems that a budget ended early. errors: completed problems of which calls failed.
    decided_by: how often inputs of each source decided.
    """

    n_problems: int
    states: dict[State, int]
    solved: Solved
    worst: Solved
    random: Estimate | None
    zero_shot: Estimate | None
    candidates: dict[int, Estimate]
    drafts: dict[int, Estimate]
    after: tuple["After", ...]
    total: Spent
    by_role: dict[str, Spent]
    each: Spent
    stopped: int
    errors: int
    decided_by: dict[str, int]

    def as_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON; pass@k at the top is that of the chosen program."""
        worst = self.worst.as_dict()
        return {
            "n_problems": self.n_problems,
            **self.solved.as_dict(),
            "oracle": value(self.solved.coverage),
            "share_of_oracle": value(self.solved.selection_accuracy),
            "random": value(self.random),
            "random_interval": interval(self.random),
            "zero_shot": value(self.zero_shot),
            "zero_shot_interval": interval(self.zero_shot),
            "candidates": _curve(self.candidates),
            "drafts": _curve(self.drafts),
            "rounds": {str(rounds): one.as_dict() for rounds, one in enumerate(self.after)},
            "worst_case": {name: worst[name] for name in ("n", "pass@k", "interval", "coverage", "coverage_interval")},
            "states": {state.value: count for state, count in self.states.items()},
            "stopped_by_budget": self.stopped,
            "with_failed_calls": self.errors,
            "decided_by": self.decided_by,
            "per_problem": asdict(self.each),
            "total": asdict(self.total),
            "by_role": {role: asdict(used) for role, used in self.by_role.items()},
        }


@dataclass(frozen=True, slots=True)
class After:
    """What the samples would be had debugging ended after so many rounds: the mean share of right ones, coverage."""

    pass_at_1: Estimate
    coverage: Estimate

    def as_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        return {
            "pass@k": {"1": self.pass_at_1.value},
            "interval": interval(self.pass_at_1),
            "coverage": self.coverage.value,
            "coverage_interval": interval(self.coverage),
        }


def measure(arm: Measured) -> Metrics:
    """All figures of an arm."""
    done, every = arm.done, list(arm.results.values())
    ks = powers(max((len(found.samples) for found in done), default=0))
    return Metrics(
        n_problems=len(arm.facts),
        states=arm.states,
        solved=solved(arm),
        worst=worst_case(arm),
        random=random_choice(arm),
        zero_shot=drafts_at(arm, 1),
        candidates=_defined(ks, lambda k: candidates_at(arm, k)),
        drafts=_defined(ks, lambda k: drafts_at(arm, k)),
        after=tuple(debugged(arm)),
        total=spent(every),
        by_role=_by_role(every),
        each=per_problem(arm),
        stopped=sum(bool(found.stopped) for found in done),
        errors=sum(bool(found.errors) for found in done),
        decided_by=dict(sorted(Counter(source for found in done for source in found.decided_by).items())),
    )


def solved(arm: Measured) -> Solved:
    """Over the completed problems."""
    return _solved(arm.done, len(arm.done))


def worst_case(arm: Measured) -> Solved:
    """Over all problems that the arm is to solve; those that are not completed count as wrong and not covered."""
    return _solved(arm.done, len(arm.facts))


def _solved(done: Sequence[Result], n: int) -> Solved:
    covered = [found for found in done if found.covered]
    contested = [found for found in covered if _wrong(found)]
    right = sum(found.right for found in done)
    return Solved(
        n,
        len(covered),
        len(contested),
        _share(right, n),
        _share(len(covered), n),
        _share(sum(found.right for found in covered), len(covered)),
        _share(sum(found.right for found in contested), len(contested)),
    )


def _wrong(found: Result) -> bool:
    """Whether a candidate is wrong."""
    return any(sample.kept is not None and not sample.right for sample in found.samples)


def _share(right: int, n: int) -> Estimate | None:
    return share(right, n) if n else None


def random_choice(arm: Measured) -> Estimate | None:
    """pass@1 of a candidate drawn at random: the mean of `random_of`."""
    return _mean([random_of(found) for found in arm.done])


def random_of(found: Result) -> float:
    """The share of right ones among a problem's candidates, 0 where there is none."""
    candidates = [sample.right for sample in found.samples if sample.kept is not None]
    return sum(candidates) / len(candidates) if candidates else 0.0


def zero_shot_of(found: Result) -> float:
    """The share of right ones among the first drafts of a problem's samples, 0 where there is none."""
    return sum(sample.draft_right for sample in found.samples) / len(found.samples) if found.samples else 0.0


def candidates_at(arm: Measured, k: int) -> Estimate | None:
    """pass@k, unbiased, of what stands for the samples after debugging; None where a problem has fewer than k."""
    return _at(arm, k, lambda found: sum(sample.right for sample in found.samples))


def drafts_at(arm: Measured, k: int) -> Estimate | None:
    """pass@k, unbiased, of the same samples' first drafts; None where a problem has fewer than k samples."""
    return _at(arm, k, lambda found: sum(sample.draft_right for sample in found.samples))


def _at(arm: Measured, k: int, right: Callable[[Result], int]) -> Estimate | None:
    each = [pass_at_k(len(found.samples), right(found), k) for found in arm.done]
    defined = [one for one in each if one is not None]
    return _mean(defined) if len(defined) == len(each) else None


def powers(most: int) -> list[int]:
    """1, 2, 4, ... below `most`, and `most` itself."""
    return [*(1 << power for power in range((most - 1).bit_length())), most] if most else []


def debugged(arm: Measured) -> list[After]:
    """For 0, 1, 2, ... rounds of debugging, as far as the arm's settings go. Empty where nothing is completed."""
    done = [found for found in arm.done if found.samples]
    keep = str(arm.arm.settings.get("keep", "best"))
    told = list[After]()
    for rounds in range(int(arm.arm.settings.get("rounds", 0)) + 1) if done else ():
        right = [[sample.right_after(rounds, keep=keep) for sample in found.samples] for found in done]
        told.append(
            After(mean(sorted(sum(each) / len(each) for each in right)), share(sum(map(any, right)), len(right)))
        )
    return told


def per_problem(arm: Measured) -> Spent:
    """What a completed problem took on average; zeros where there is none."""
    return spent(arm.done).over(len(arm.done))


def spent(results: Sequence[Result]) -> Spent:
    """What they took together."""
    return _spent(
        [used for found in results for used in found.used.values()],
        sum(found.executions for found in results),
        math.fsum(found.execution_seconds for found in results),
    )


def _by_role(results: Sequence[Result]) -> dict[str, Spent]:
    roles = sorted({role for found in results for role in found.used})
    return {role: _spent([found.used[role] for found in results if role in found.used]) for role in roles}


def _spent(each: Sequence[Used], executions: int = 0, cpu_seconds: float = 0.0) -> Spent:
    prices = [used.usd for used in each]
    known = [usd for usd in prices if usd is not None]
    return Spent(
        calls=sum(used.calls for used in each),
        prompt_tokens=sum(used.prompt_tokens for used in each),
        completion_tokens=sum(used.completion_tokens for used in each),
        usd=math.fsum(known) if len(known) == len(prices) else None,
        call_seconds=math.fsum(used.seconds for used in each),
        executions=executions,
        cpu_seconds=cpu_seconds,
    )


def _mean(each: Sequence[float]) -> Estimate | None:
    return _sorted_mean(tuple(sorted(each))) if each else None  # sorted: the bootstrap's draws go by places


@lru_cache(maxsize=256)
def _sorted_mean(each: tuple[float, ...]) -> Estimate:
    """Arms that share their samples have the same values."""
    return mean(each)


def _defined(ks: Sequence[int], at: Callable[[int], Estimate | None]) -> dict[int, Estimate]:
    return {k: found for k in ks if (found := at(k)) is not None}


def _curve(by_k: dict[int, Estimate]) -> dict[str, Any]:
    return {
        "pass@k": {str(k): found.value for k, found in by_k.items()},
        "intervals": {str(k): [found.low, found.high] for k, found in by_k.items()},
    }


def value(estimate: Estimate | None) -> float | None:
    """Its value, for JSON."""
    return None if estimate is None else estimate.value


def interval(estimate: Estimate | None) -> list[float] | None:
    """Its interval, for JSON."""
    return None if estimate is None else [estimate.low, estimate.high]
