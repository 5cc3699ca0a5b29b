"""Programs that do not do the same twice: they use random numbers, the clock or the addresses of objects.

What such a program printed once tells nothing of what it prints next, so its place in a cluster is an accident. It is
found by running every program again on one input: where programs differ most, and equal outputs would count for most.
Hash order is fixed in the sandbox, so a program that depends on it alone does the same in every run, a graded one too.
"""

from collections.abc import Mapping, Sequence

from distinguo.checkers import Checker
from distinguo.problem import Program
from distinguo.protocols import Run
from distinguo.records import Execution, Verdict
from distinguo.selectors.protocol import Observed
from distinguo.tasks import all_of

MEASURED = (Verdict.TLE, Verdict.MLE)  # a run near a limit may reach it or not, whatever it prints


def telling(rows: Mapping[int, Mapping[str, Observed]], samples: Sequence[int], inputs: Sequence[str]) -> str | None:
    """The input with most different outcomes, of several the shortest; None where no input tells any two apart.

    All samples must have been run on all inputs.
    """
    different = {text: len({rows[sample][text].key for sample in samples}) for text in dict.fromkeys(inputs)}
    best = min(different, key=lambda text: (-different[text], len(text), text), default=None)
    return None if best is None or different[best] < 2 else best


async def unstable(programs: Mapping[int, Program], text: str, run: Run, checker: Checker) -> frozenset[int]:
    """The samples whose programs, run again on an input, do something else; `programs` has one sample of each.

    Runs that reached a limit of time or memory are not repeated. Raises what `run` raises.
    """

    async def differs(program: Program) -> bool:
        first = await run(program, text)
        return first.status not in MEASURED and _differ(first, await run.again(program, text), checker)

    found = await all_of(differs(program) for program in programs.values())
    return frozenset(sample for sample, differing in zip(programs, found, strict=True) if differing)


def _differ(first: Execution, second: Execution, checker: Checker) -> bool:
    if first.status is not second.status:
        return second.status not in MEASURED
    if first.status is not Verdict.AC or checker.canonical(first.output) == checker.canonical(second.output):
        return False
    return not checker.accepts(first.output, second.output)
