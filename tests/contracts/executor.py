"""What every executor must do. Subclass ExecutorContract in a test module and give it a fixture named `box`."""

import asyncio

from distinguo import values
from distinguo.problem import CallStyle, Limits, Program
from distinguo.protocols import Runner
from distinguo.records import Called, CallsExecution, Execution, Verdict

LIMITS = Limits(cpu_seconds=2.0, wall_seconds=8.0, memory_mb=256, output_bytes=1 << 16)


async def run(box: Runner, source: str, stdin: str = "", limits: Limits = LIMITS) -> Execution:
    """Run a stdin program."""
    return await box.run(Program(source), stdin, limits)


async def call(box: Runner, source: str, arguments: str, entry: str = "f") -> Execution:
    """Call a function of a program."""
    return await box.run(Program(source, CallStyle.FUNCTION, entry), arguments, LIMITS)


async def calls(box: Runner, source: str, *arguments: str, entry: str = "f") -> CallsExecution:
    """Call a function of a program several times."""
    return await box.run_calls(Program(source, CallStyle.FUNCTION, entry), arguments, LIMITS)


class ExecutorContract:
    async def test_stdin_program_prints_its_answer(self, box: Runner) -> None:
        execution = await run(box, "print(int(input()) * 2)", "21\n")
        assert (execution.status, execution.output) == (Verdict.AC, "42\n")

    async def test_program_is_run_as_main(self, box: Runner) -> None:
        execution = await run(box, 'if __name__ == "__main__":\n    print("yes")')
        assert execution.output == "yes\n"

    async def test_uncaught_exception_is_rte_with_its_last_line(self, box: Runner) -> None:
        execution = await run(box, "[][1]")
        assert execution.status is Verdict.RTE
        assert "IndexError: list index out of range" in execution.error

    async def test_program_that_does_not_parse_is_ce(self, box: Runner) -> None:
        execution = await run(box, "print('never'\nx = = 1")
        assert (execution.status, execution.output) == (Verdict.CE, "")
        assert "SyntaxError" in execution.error

    async def test_function_returns_a_literal(self, box: Runner) -> None:
        execution = await call(box, "def f(a, b):\n    return (a, {b}, None)", "([1, 2], 'x')")
        assert (execution.status, values.loads(execution.output)) == (Verdict.AC, ([1, 2], {"x"}, None))

    async def test_tuples_and_lists_stay_apart(self, box: Runner) -> None:
        execution = await call(box, "def f(a, b):\n    return [type(a).__name__, type(b).__name__]", "([1], (1,))")
        assert execution.output == "['list', 'tuple']"

    async def test_what_a_function_prints_is_apart_from_its_value(self, box: Runner) -> None:
        execution = await call(box, "def f():\n    print('debug')\n    return 1", "()")
        assert (execution.output, execution.printed) == ("1", "debug\n")

    async def test_exception_in_a_function_is_rte(self, box: Runner) -> None:
        execution = await call(box, "def f(x):\n    return 1 // x", "(0,)")
        assert (execution.status, execution.output) == (Verdict.RTE, "")
        assert "ZeroDivisionError" in execution.error

    async def test_runs_may_be_started_all_at_once_and_keep_apart(self, box: Runner) -> None:
        runs = [run(box, "print(input())", f"{number}\n") for number in range(24)]
        assert [execution.output for execution in await asyncio.gather(*runs)] == [f"{n}\n" for n in range(24)]

    async def test_nothing_stays_from_one_run_to_the_next(self, box: Runner) -> None:
        await run(box, "import builtins, sys, math\nbuiltins.left = math.pi = sys.modules['left'] = 1")
        execution = await run(box, "import math\nprint(math.pi > 3)\nprint(left)")
        assert (execution.status, execution.output) == (Verdict.RTE, "True\n")

    async def test_function_is_called_with_each_argument_tuple_in_order(self, box: Runner) -> None:
        result = await calls(box, "def f(a, b=0):\n    return [a + b]", "(1,)", "(1, 2)", "('x', 'y')")
        assert result.execution.status is Verdict.AC
        assert result.called == (Called("[1]"), Called("[3]"), Called("['xy']"))

    async def test_state_is_kept_between_calls_and_not_between_runs(self, box: Runner) -> None:
        source = "n = 0\ndef f():\n    global n\n    n += 1\n    return n"
        for _ in range(2):
            assert (await calls(box, source, "()", "()", "()")).called == (Called("1"), Called("2"), Called("3"))

    async def test_exception_ends_its_call_only(self, box: Runner) -> None:
        result = await calls(box, "def f(x):\n    return 6 // x", "(0,)", "(2,)")
        assert result.execution.status is Verdict.AC
        assert result.called == (
            Called(None, "ZeroDivisionError: integer division or modulo by zero"),
            Called("3"),
        )

    async def test_changed_arguments_are_reported_whole(self, box: Runner) -> None:
        result = await calls(box, "def f(x, y):\n    x.sort()\n    return y", "([2, 1], 'k')", "([1, 2], 'k')")
        assert result.called == (Called("'k'", arguments="([1, 2], 'k')"), Called("'k'"))

    async def test_no_calls_run_the_program_only(self, box: Runner) -> None:
        result = await calls(box, "print('loaded')\ndef f(): pass")
        assert (result.execution.status, result.execution.printed, result.called) == (Verdict.AC, "loaded\n", ())

    async def test_calls_of_a_program_that_does_not_parse_are_ce(self, box: Runner) -> None:
        result = await calls(box, "def f(:", "()")
        assert (result.execution.status, result.called) == (Verdict.CE, ())

    async def test_calls_of_a_function_that_is_not_defined_are_rte(self, box: Runner) -> None:
        result = await calls(box, "def g(): pass", "()")
        assert (result.execution.status, result.called) == (Verdict.RTE, ())
        assert "NameError" in result.execution.error
