"""What every executor must do. Subclass ExecutorContract in a test module and give it a fixture named `box`."""

import asyncio

from distinguo import values
from distinguo.problem import CallStyle, Limits, Program
from distinguo.protocols import Executor
from distinguo.records import Execution, Verdict

LIMITS = Limits(cpu_seconds=2.0, wall_seconds=8.0, memory_mb=256, output_bytes=1 << 16)


async def run(box: Executor, source: str, stdin: str = "", limits: Limits = LIMITS) -> Execution:
    """Run a stdin program."""
    return await box.run(Program(source), stdin, limits)


async def call(box: Executor, source: str, arguments: str, entry: str = "f") -> Execution:
    """Call a function of a program."""
    return await box.run(Program(source, CallStyle.FUNCTION, entry), arguments, LIMITS)


class ExecutorContract:
    async def test_stdin_program_prints_its_answer(self, box: Executor) -> None:
        execution = await run(box, "print(int(input()) * 2)", "21\n")
        assert (execution.status, execution.output) == (Verdict.AC, "42\n")

    async def test_program_is_run_as_main(self, box: Executor) -> None:
        execution = await run(box, 'if __name__ == "__main__":\n    print("yes")')
        assert execution.output == "yes\n"

    async def test_uncaught_exception_is_rte_with_its_last_line(self, box: Executor) -> None:
        execution = await run(box, "[][1]")
        assert execution.status is Verdict.RTE
        assert "IndexError: list index out of range" in execution.error

    async def test_program_that_does_not_parse_is_ce(self, box: Executor) -> None:
        execution = await run(box, "print('never'\nx = = 1")
        assert (execution.status, execution.output) == (Verdict.CE, "")
        assert "SyntaxError" in execution.error

    async def test_function_returns_a_literal(self, box: Executor) -> None:
        execution = await call(box, "def f(a, b):\n    return (a, {b}, None)", "([1, 2], 'x')")
        assert (execution.status, values.loads(execution.output)) == (Verdict.AC, ([1, 2], {"x"}, None))

    async def test_tuples_and_lists_stay_apart(self, box: Executor) -> None:
        execution = await call(box, "def f(a, b):\n    return [type(a).__name__, type(b).__name__]", "([1], (1,))")
        assert execution.output == "['list', 'tuple']"

    async def test_what_a_function_prints_is_apart_from_its_value(self, box: Executor) -> None:
        execution = await call(box, "def f():\n    print('debug')\n    return 1", "()")
        assert (execution.output, execution.printed) == ("1", "debug\n")

    async def test_exception_in_a_function_is_rte(self, box: Executor) -> None:
        execution = await call(box, "def f(x):\n    return 1 // x", "(0,)")
        assert (execution.status, execution.output) == (Verdict.RTE, "")
        assert "ZeroDivisionError" in execution.error

    async def test_runs_may_be_started_all_at_once_and_keep_apart(self, box: Executor) -> None:
        runs = [run(box, "print(input())", f"{number}\n") for number in range(24)]
        assert [execution.output for execution in await asyncio.gather(*runs)] == [f"{n}\n" for n in range(24)]

    async def test_nothing_stays_from_one_run_to_the_next(self, box: Executor) -> None:
        await run(box, "import builtins, sys, math\nbuiltins.left = math.pi = sys.modules['left'] = 1")
        execution = await run(box, "import math\nprint(math.pi > 3)\nprint(left)")
        assert (execution.status, execution.output) == (Verdict.RTE, "True\n")
