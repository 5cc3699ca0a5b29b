"""An executor without a sandbox, for harmless programs written in the tests themselves."""

import asyncio
import contextlib
import io

from distinguo import values
from distinguo.problem import CallStyle, Limits, Program
from distinguo.records import Execution, Verdict


class InProcessExecutor:
    """Runs a test's own programs with exec; counts the runs and how many were under way at once."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.runs: list[tuple[Program, str]] = []
        self._seconds = seconds

    async def run(self, program: Program, stdin: str, limits: Limits) -> Execution:
        self.runs.append((program, stdin))
        await asyncio.sleep(self._seconds)
        try:
            code = compile(program.source, "program.py", "exec")
        except SyntaxError as error:
            return Execution(Verdict.CE, "", str(error))
        printed = io.StringIO()
        scope: dict[str, object] = {"__name__": "__main__", "input": io.StringIO(stdin).readline}
        try:
            with contextlib.redirect_stdout(printed):
                exec(code, scope)
                if program.style is CallStyle.STDIN:
                    return Execution(Verdict.AC, printed.getvalue())
                assert program.entry is not None
                result = scope[program.entry](*values.loads(stdin))  # type: ignore[operator]
                return Execution(Verdict.AC, values.dumps(result), printed=printed.getvalue())
        except Exception as error:  # noqa: BLE001 (whatever a program raises is its result)
            return Execution(Verdict.RTE, "", f"{type(error).__name__}: {error}")
