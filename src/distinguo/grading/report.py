"""What grading many samples came to: counts, pass@k with intervals, and all that a reader should know beside."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from distinguo.errors import DistinguoError, InputError, JudgeFailed
from distinguo.grading.bulk import Tally
from distinguo.grading.statistics import CONFIDENCE, Estimate, mean_pass_at_k
from distinguo.records import Verdict

_NAMED = 3  # problems that a sentence names
_TOLD = 20  # lines passed over that are named


class PassedOver:
    """Takes note of records that are no samples."""

    def __init__(self) -> None:
        self._count = 0
        self._first = list[str]()

    def __call__(self, line: int, message: str) -> None:
        """One more."""
        self._count += 1
        if len(self._first) < _TOLD:
            self._first.append(f"line {line}: {message}")

    def sentences(self) -> list[str]:
        """The first of them, and how many more there were."""
        more = self._count - len(self._first)
        return [*self._first, *([f"{_count(more, 'more line')} passed over"] if more else [])]


@dataclass(frozen=True, slots=True)
class Report:
    """`as_dict()` is the object that `--json` prints.

    n_problems: those that pass@k is the mean over. n_samples: all that were read. pass_at: by k, without those that are
    undefined. verdicts: how many samples had each. unjudged: why samples have no verdict, and how many have none; they
    count in no pass@k. judge_failures: programs on which the judge failed; the same call tries them again.
    kept: samples whose verdict was known already, from an equal program or an earlier start.
    warnings: sentences. sandbox: what isolated the programs. whole: problems whose test code had to run in one process
    with the program. results: the results file, or "".
    """

    n_problems: int
    n_samples: int
    pass_at: dict[int, Estimate]
    verdicts: dict[Verdict, int]
    unjudged: dict[str, int]
    judge_failures: int
    kept: int
    seconds: float
    warnings: tuple[str, ...] = ()
    sandbox: str = ""
    whole: tuple[str, ...] = ()
    results: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        return {
            "n_problems": self.n_problems,
            "n_samples": self.n_samples,
            "pass@k": {str(k): estimate.value for k, estimate in self.pass_at.items()},
            "intervals": {str(k): [estimate.low, estimate.high] for k, estimate in self.pass_at.items()},
            "verdicts": {verdict.value: count for verdict, count in self.verdicts.items()},
            "unjudged": self.unjudged,
            "judge_failures": self.judge_failures,
            "kept": self.kept,
            "seconds": round(self.seconds, 3),
            "warnings": list(self.warnings),
            "sandbox": self.sandbox,
            "whole": list(self.whole),
            "results": self.results,
        }

    def lines(self) -> list[str]:
        """The same for a person."""
        rows = [("problems", str(self.n_problems)), ("samples", _samples(self))]
        rows += [(verdict.value, str(count)) for verdict, count in self.verdicts.items()]
        rows += [("no verdict", str(sum(self.unjudged.values())))] if self.unjudged else []
        for k, estimate in self.pass_at.items():
            interval = f"{estimate.low:.4f} to {estimate.high:.4f}"
            rows.append((f"pass@{k}", f"{estimate.value:.4f}  ({CONFIDENCE:.0%} interval {interval})"))
        rows.append(("seconds", f"{self.seconds:.1f}"))
        width = max(len(name) for name, _ in rows)
        return [f"{name:{width}}  {value}" for name, value in rows]


def _samples(report: Report) -> str:
    return f"{report.n_samples}  ({report.kept} known already)" if report.kept else str(report.n_samples)


def nothing(tally: Tally, passed_over: PassedOver) -> DistinguoError:
    """Why not one sample has a verdict."""
    if tally.failures:
        return JudgeFailed(f"no sample could be graded: {next(iter(tally.unjudged))}")
    reason = next(iter([*tally.unjudged, *passed_over.sentences()]), "there are none")
    return InputError(f"no sample could be graded: {reason}")


def report(
    tally: Tally,
    ids: Sequence[str],
    ks: Sequence[int],
    *,
    all_problems: bool,
    warnings: Sequence[str],
    seconds: float,
    sandbox: str,
    results: str,
) -> Report:
    """Sum up a pass over samples.

    ids: the data set's problems. all_problems: those without a sample count as unsolved, as if all their samples had
    been wrong; else they do not count.
    """
    judged = {task: (n, c) for task in ids for n, c in [tally.counts.get(task, (0, 0))] if n}
    missing = len(ids) - len(tally.counts)
    told = [*warnings, *_sentences(tally)]
    if missing:
        counted = "count as unsolved" if all_problems else "are not counted"
        told.append(f"{missing} of {len(ids)} problems have no samples and {counted}")
    counts = [*judged.values()]
    estimates: dict[int, Estimate] = {}
    for k in ks:
        unsolved = [(k, 0)] * missing if all_problems else []
        estimate = mean_pass_at_k([*counts, *unsolved], k)
        if estimate is not None:
            estimates[k] = estimate
    told += _left_out([k for k in ks if k not in estimates], judged)
    return Report(
        n_problems=len(judged) + (missing if all_problems else 0),
        n_samples=tally.samples,
        pass_at=estimates,
        verdicts={verdict: tally.verdicts[verdict] for verdict in Verdict if tally.verdicts[verdict]},
        unjudged=dict(tally.unjudged),
        judge_failures=tally.failures,
        kept=tally.kept,
        seconds=seconds,
        warnings=tuple(told),
        sandbox=sandbox,
        whole=tuple(task for task in ids if task in tally.whole),
        results=results,
    )


def _sentences(tally: Tally) -> list[str]:
    told = [
        f"no verdict for {_count(count, 'sample')}: {reason.rstrip('.')}" for reason, count in tally.unjudged.items()
    ]
    if tally.failures:
        told.append("samples on which the judge failed count in no figure; the same command tries them again")
    if tally.on_public:
        told.append(f"{_count(len(tally.on_public), 'problem')} without hidden tests: graded on the public ones")
    if tally.whole:
        told.append(
            f"test code of {_some(sorted(tally.whole))} ran in one process with the programs, which could have forged"
            " their verdicts there"
        )
    return told


def _left_out(ks: Sequence[int], judged: dict[str, tuple[int, int]]) -> list[str]:
    few = [task for task, (n, _) in judged.items() if ks and n < min(ks)]
    if not few:
        return []
    names = ", ".join(f"pass@{k}" for k in ks)
    return [f"{names}: undefined, because {_some(few)} {'has' if len(few) == 1 else 'have'} fewer graded samples"]


def _some(tasks: Sequence[str]) -> str:
    more = f" and {len(tasks) - _NAMED} more" if len(tasks) > _NAMED else ""
    return ", ".join(tasks[:_NAMED]) + more


def _count(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
