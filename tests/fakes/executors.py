"""An executor without a sandbox, for harmless programs written in the tests themselves."""

import asyncio
import contextlib
import io
from collections.abc import Sequence

from distinguo import values
from distinguo.errors import InputError
from distinguo.problem import USUAL_LIMITS, CallStyle, Limits, Program, Validator
from distinguo.protocols import Decided
from distinguo.records import Called, CallsExecution, Execution, Validation, Verdict


class InProcessExecutor:
    """Runs a test's own programs with exec; counts the runs and how many were under way at once."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.runs: list[tuple[Program, str]] = []
        self._seconds = seconds

    def identity(self, language: str) -> str:
        return f"{language} in process"

    async def run(self, program: Program, stdin: str = "", limits: Limits = USUAL_LIMITS) -> Execution:
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

    async def run_calls(
        self,
        program: Program,
        calls: Sequence[str],
        limits: Limits = USUAL_LIMITS,
        *,
        decided: Decided | None = None,
    ) -> CallsExecution:
        self.runs += [(program, arguments) for arguments in calls]
        await asyncio.sleep(self._seconds)
        assert program.entry is not None
        scope: dict[str, object] = {"__name__": "program"}
        called: list[Called] = []
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            try:
                exec(compile(program.source, "program.py", "exec"), scope)
                function = scope[program.entry]
            except Exception as error:  # noqa: BLE001 (whatever a program raises is its result)
                status = Verdict.CE if isinstance(error, SyntaxError) else Verdict.RTE
                return CallsExecution(Execution(status, "", f"{type(error).__name__}: {error}"), ())
            for text in calls:
                called.append(_call(function, text))
                if decided and decided(called):
                    break
        return CallsExecution(Execution(Verdict.AC, "", printed=printed.getvalue()), tuple(called))

    async def validate(self, validator: Validator, test_input: str, answer: str, output: str) -> Validation:
        raise InputError("this executor runs no validators")


def _call(function: object, text: str) -> Called:
    arguments = values.loads(text)
    try:
        value, error = values.dumps(function(*arguments)), ""  # type: ignore[operator]
    except Exception as raised:  # noqa: BLE001 (whatever a program raises is its result)
        value, error = None, f"{type(raised).__name__}: {raised}"
    after = values.dumps(arguments)
    return Called(value, error, "" if after == values.dumps(values.loads(text)) else after)
