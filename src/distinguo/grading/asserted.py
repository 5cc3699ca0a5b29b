"""Who passes the tests that models wrote in earlier runs: a selectors.protocol.RecordedTests.

A program meets inputs only. An assert that compares one call with a value is decided here on the value that the call
returned, by Python's own ==; whatever says more is judged in the sandbox by the test code's examiner, in a process that
the program is not in. An assert passes where it raises nothing, as in CodeT (Chen et al. 2023, arXiv 2207.10397); one
that needs names that nobody but the program can define passes never. State that a program keeps between calls is not
kept between those of one assert.
"""

from collections.abc import Mapping, Sequence

from distinguo import values
from distinguo.datasets.generated import WrittenTest
from distinguo.grading.examiner import Examiner
from distinguo.grading.testcode import TestCode, test_code
from distinguo.judge import verdict
from distinguo.problem import Problem, Program, Test
from distinguo.protocols import Executor, Run
from distinguo.records import Called, Execution, Verdict
from distinguo.selectors.protocol import GeneratedTest
from distinguo.tasks import all_of

_AT_ONCE = 64  # inputs whose outputs are held at one time
_PASSES = 20  # in which one assert may name further calls
_CALLS = 200  # of one assert
_LONGEST = 1 << 18  # characters of a returned value; a longer one equals no value that an assert holds
_REMEMBERED = 4_096  # characters of a value up to which its comparison is remembered


class Asserted:
    """The recorded tests of one problem; implements selectors.protocol.RecordedTests."""

    def __init__(
        self, problem: Problem, written: Sequence[WrittenTest], run: Run, executor: Executor, examiner: Examiner
    ) -> None:
        """run: of the problem's programs, each once on an input. examiner: may be shared by all problems."""
        self.tests = tuple(GeneratedTest(test.text, test.inputs) for test in written)
        self._problem, self._run, self._executor, self._examiner = problem, run, executor, examiner
        distinct = {test.text: test for test in written}
        self._simple = [test for test in distinct.values() if test.expected is not None]
        self._codes = {test.text: self._code(test) for test in distinct.values() if test.expected is None}
        self._known: dict[tuple[str, str], bool] = {}
        self._passed: dict[Program, Mapping[str, bool]] = {}
        self._needed: dict[Program, set[str]] = {}

    def _code(self, test: WrittenTest) -> TestCode | None:
        code = test_code(self._problem.starter, test.code, self._problem.entry or "")
        possible = not code.foreign and code.entry == self._problem.entry
        return code if possible else None

    def needed(self, program: Program) -> frozenset[str]:
        """The inputs that the program was run on for `passes`."""
        return frozenset(self._needed.get(program, ()))

    async def passes(self, program: Program) -> Mapping[str, bool]:
        """For each test's text whether the program passes it. Raises JudgeFailed, BudgetExhausted."""
        if program not in self._passed:
            self._passed[program] = await self._find_out(program)
        return self._passed[program]

    async def _find_out(self, program: Program) -> Mapping[str, bool]:
        passed: dict[str, bool] = {}
        for start in range(0, len(self._simple), _AT_ONCE):
            tests = self._simple[start : start + _AT_ONCE]
            runs = await self._runs(program, [test.inputs[0] for test in tests])
            for test, execution in zip(tests, runs, strict=True):
                passed[test.text] = await self._accepts(test, execution)
        examined = await all_of(self._examine(program, code) for code in self._codes.values())
        return passed | dict(zip(self._codes, examined, strict=True))

    async def _runs(self, program: Program, inputs: Sequence[str]) -> Sequence[Execution]:
        self._needed.setdefault(program, set()).update(inputs)
        return await self._run.many(program, inputs)

    async def _accepts(self, test: WrittenTest, execution: Execution) -> bool:
        if execution.status is not Verdict.AC or test.expected is None:
            return False
        if not test.code:
            asked = Test("", test.inputs[0], test.expected)
            return (await verdict(self._problem, asked, execution, self._executor))[0] is Verdict.AC
        if len(execution.output) > _REMEMBERED:
            return _equal(execution.output, test.expected)
        key = execution.output, test.expected
        if key not in self._known:
            self._known[key] = _equal(*key)
        return self._known[key]

    async def _examine(self, program: Program, code: TestCode | None) -> bool:
        """Whether an assert passes with what the program's calls come to."""
        if code is None:
            return False
        outcome = await self._examiner.plan(code)
        for _ in range(_PASSES):
            if outcome.kind != "missing" or len(outcome.calls) > _CALLS:
                break
            called, end = _called(await self._runs(program, outcome.calls))
            outcome = await self._examiner.ask(code, outcome.calls, called, end)
        return outcome.kind == "passed"


def _equal(output: str, expected: str) -> bool:
    """Whether two literals are equal in Python, where nan equals nothing."""
    if len(output) > _LONGEST:
        return False
    try:
        return bool(values.loads(output) == values.loads(expected))
    except (values.ValueTextError, RecursionError):
        return False


def _called(runs: Sequence[Execution]) -> tuple[list[Called], str]:
    """Runs as the examiner has them: calls that returned or raised, up to one that a limit or an exit ended."""
    called = list[Called]()
    for run in runs:
        if run.status is Verdict.AC:
            called.append(Called(run.output))
        elif run.status is Verdict.RTE:
            called.append(Called(None, run.error.strip().rpartition("\n")[2]))
        else:
            return called, run.status.value
    return called, ""
