"""Grading: a program on hidden tests, and the share of problems solved. Only here are hidden tests run."""

import math
from dataclasses import dataclass

from distinguo import checkers
from distinguo.grading.replay import run_assertions
from distinguo.problem import HiddenTests, Problem, Program, Test
from distinguo.protocols import Executor
from distinguo.records import Verdict
from distinguo.tasks import all_of


@dataclass(frozen=True, slots=True)
class Grade:
    """How a program did on hidden tests.

    verdict: of the first test that it fails, AC when it passes all there are; None when it could not be graded.
    passed, total: tests; test code (`check(candidate)`) counts as one.
    detail: one line about the first failure, or why there is no verdict; "" for AC.
    """

    verdict: Verdict | None
    passed: int
    total: int
    detail: str


Result = tuple[Verdict | None, str]


async def grade(program: Program, problem: Problem, hidden: HiddenTests, executor: Executor) -> Grade:
    """Run a program on all hidden tests. Answers are compared outside the sandbox; see replay.py for test code.

    Raises JudgeFailed when the sandbox itself fails.
    """
    results: list[Result] = await all_of(_test(program, problem, test, executor) for test in hidden.tests)
    if hidden.assertions:
        replayed = await run_assertions(program, problem, hidden.assertions, executor)
        results.append((replayed.verdict, replayed.detail))
    failed = next(((verdict, detail) for verdict, detail in results if verdict is not Verdict.AC), (Verdict.AC, ""))
    return Grade(failed[0], sum(verdict is Verdict.AC for verdict, _ in results), len(results), failed[1])


async def _test(program: Program, problem: Problem, test: Test, executor: Executor) -> Result:
    run = await executor.run(program, test.input, problem.limits)
    if run.status is not Verdict.AC:
        return run.status, f"test {test.name}: {run.error.strip().rpartition(chr(10))[2] or run.status.value}"
    if test.expected is None:
        return Verdict.AC, ""
    difference = checkers.get(problem.checker).difference(run.output, test.expected)
    return (Verdict.WA, f"test {test.name}: {difference}") if difference else (Verdict.AC, "")


def pass_at_k(n: int, c: int, k: int) -> float | None:
    """The unbiased estimate 1 - C(n-c, k) / C(n, k) of pass@k (Chen et al. 2021, arXiv 2107.03374, section 2.1).

    n: samples drawn, c: how many of them are right, k >= 1. Undefined, so None, when n < k.
    """
    if not 0 <= c <= n or k < 1:
        raise ValueError(f"pass@k needs 0 <= c <= n and k >= 1, not n={n}, c={c}, k={k}")
    if n < k:
        return None
    if n - c < k:
        return 1.0
    return -math.expm1(math.fsum(math.log1p(-k / i) for i in range(n - c + 1, n + 1)))
