"""One program on many inputs: a function is called on all of them in one process where that shows the same.

It does not where a program keeps something between its calls, which is told by its text (`_KEEPS`), where a run ends
before its last call, and where a limit was reached, since limits hold for all calls together. What is in doubt is run
alone, the rest goes on together.
"""

import builtins
import re
from collections.abc import Callable, Sequence

from distinguo.problem import CallStyle, Limits, Program
from distinguo.protocols import Executor
from distinguo.records import Called, CallsExecution, Execution, Verdict
from distinguo.tasks import all_of

Keep = Callable[[str, Execution], None]
"""Takes an input and what came of it."""

_AT_ONCE = 256  # calls in one process, whose results share one limit of size
_CHANGES = r"=[^=\n]*[\[{(]"  # a value that can change, or may be one
_KEEPS = re.compile(
    rf"^(?!def |class |async |if |[\s#@])[^=\n]*{_CHANGES}"  # of a global
    rf"|^[ \t]*def [^=\n]*{_CHANGES}"  # of a default
    rf"|^class [^\n]*:(?:[ \t]*(?:#[^\n]*)?\n)+[ \t]+\w[^=(\n]*{_CHANGES}"  # of a class's attribute
    r"|^[ \t]*(?!self\.)[A-Za-z_]\w*\.\w+[ \t]*[-+*/|&^]*=(?!=)"  # an attribute of a function or module
    r"|\b(?:global|nonlocal|globals|setattr|__dict__|random|cache|lru_cache|getcontext)\b"
    r"|^[ \t]+[^\n#]*\bsetrecursionlimit\b",
    re.MULTILINE,
)


async def run_all(executor: Executor, program: Program, inputs: Sequence[str], limits: Limits, keep: Keep) -> None:
    """Run a program on each input and tell `keep`, each as soon as it is known. Raises what the executor raises."""
    alone = list(inputs)
    if len(alone) > 1 and _calls_are_apart(program):
        alone = []
        for start in range(0, len(inputs), _AT_ONCE):
            alone += await _together(executor, program, inputs[start : start + _AT_ONCE], limits, keep)

    async def run(text: str) -> None:
        keep(text, await executor.run(program, text, limits))

    await all_of(run(text) for text in alone)


def _calls_are_apart(program: Program) -> bool:
    is_python = program.language.partition(":")[0] == "python"
    return program.style is CallStyle.FUNCTION and is_python and not _KEEPS.search(program.source)


async def _together(
    executor: Executor, program: Program, inputs: Sequence[str], limits: Limits, keep: Keep
) -> list[str]:
    """Call a function on all inputs, with as many processes as it takes. Returns those to be run alone."""
    alone = list[str]()
    left = list(inputs)
    while len(left) > 1:
        run = await executor.run_calls(program, left, limits)
        status, ended = run.execution.status, len(run.called)
        if ended == 0 and _fails_before_calls(run.execution):
            for text in left:
                keep(text, run.execution)
            return alone
        doubtful = _doubtful(run, len(left))
        for place, (text, called) in enumerate(zip(left, run.called, strict=False)):
            if place in doubtful or _lacks_memory(called):
                alone.append(text)
            else:
                keep(text, _single(called, run))
        if ended == 0 and status is not Verdict.TLE:
            return alone + left
        if ended == 0:  # the first call had the whole limit for itself
            keep(left[0], run.execution)
        else:
            alone += left[ended : ended + 1]
        left = left[ended + 1 :]
    return alone + left


def _doubtful(run: CallsExecution, asked: int) -> range:
    """Which of the calls that came to their end may have come to another in a run of their own."""
    ended = len(run.called)
    match run.execution.status:
        case Verdict.MLE:  # the peak of memory is known for all calls together
            return range(ended)
        case Verdict.AC if ended == asked:
            return range(0)
        case Verdict.RTE if ended < asked:  # the next call ended it
            return range(0)
    return range(max(0, ended - 1), ended)  # output is flushed and time measured a little later


def _fails_before_calls(execution: Execution) -> bool:
    """Whether the program did not come as far as its first call: an Exception within one would be its result."""
    if execution.status is Verdict.CE:
        return True
    kind = execution.error.rstrip().rpartition("\n")[2].partition(":")[0]
    error = getattr(builtins, kind, None)
    return execution.status is Verdict.RTE and isinstance(error, type) and issubclass(error, Exception)


def _lacks_memory(called: Called) -> bool:
    return called.value is None and "MemoryError" in called.error


def _single(called: Called, run: CallsExecution) -> Execution:
    """The run that the call stands for."""
    share = 1 / len(run.called)
    return Execution(
        status=Verdict.AC if called.value is not None else Verdict.RTE,
        output=called.value or "",
        error=called.error,
        cpu_seconds=run.execution.cpu_seconds * share,
        wall_seconds=run.execution.wall_seconds * share,
        memory_mb=run.execution.memory_mb,
    )
