"""From what the kernel says of a run, and the bytes that the program left, to an Execution."""

import os
import re
import signal
from dataclasses import replace

from distinguo.problem import CallStyle, Limits
from distinguo.records import Called, CallsExecution, Execution, Verdict
from distinguo.sandbox.files import RunFiles
from distinguo.sandbox.inside.wire import COMPILE_ERROR, OPAQUE, RAISED, VALUE, Answer, End, Ready, unpack_call

_ERROR_BYTES = 2048
_PRINTED_BYTES = 4096
_TYPE_NAME = 80
_MEMORY_ERROR = re.compile(r"^(\w+\.)*_?\w*MemoryError\b|^  what\(\):  std::bad_alloc$")
_MIB = 1 << 20
_LEAST_SHARE = 50  # of the wall limit, one part in so many is what a program that wants to compute gets at least
_FEW = 10


class Replies:
    """The results of several calls, read from a run's message file while it grows."""

    def __init__(self, files: RunFiles, expected: int, limits: Limits) -> None:
        self.called: list[Called] = []
        self._files = files
        self._expected = expected
        self._end = limits.output_bytes + 1
        self._offset = 0

    def read(self) -> bool:
        """Read on; whether there was anything new. What is no sound record ends the list."""
        content = self._files.reply(self._end - self._offset, self._offset)
        position = 0
        before = len(self.called)
        while len(self.called) < self._expected and (record := unpack_call(content, position)):
            kind, text, arguments, position = record
            self.called.append(_called(kind, text, arguments))
        self._offset += position
        return len(self.called) > before


def _called(kind: bytes, text: bytes, arguments: bytes) -> Called:
    if kind == RAISED:
        return Called(None, _text(text[:_ERROR_BYTES]), _text(arguments))
    return Called(_value(kind, text), arguments=_text(arguments))


def execution(answer: Answer, files: RunFiles, style: CallStyle, limits: Limits, ready: Ready) -> Execution:
    r"""Judge a run that has ended.

    Output that is no UTF-8 is written with backslashes (`\xff`), so that every text can be stored.
    """
    if style is not CallStyle.FUNCTION:
        return _execution(answer, files, limits, ready, missing="", output_length=limits.output_bytes)
    reply = files.reply(limits.output_bytes + 1)
    missing = "" if reply[:1] in (VALUE, OPAQUE) else "before it returned a value"
    result = _execution(answer, files, limits, ready, missing=missing)
    return replace(result, output=_value(reply[:1], reply[1:])) if result.status is Verdict.AC else result


def calls_execution(
    answer: Answer, files: RunFiles, replies: Replies, expected: int, limits: Limits, ready: Ready
) -> CallsExecution:
    """Judge a run of `expected` calls that has ended. One that the host cancelled is AC: it had shown enough."""
    replies.read()
    missing = "" if len(replies.called) == expected else f"in call {len(replies.called) + 1} of {expected}"
    return CallsExecution(_execution(answer, files, limits, ready, missing=missing), tuple(replies.called))


def _execution(
    answer: Answer, files: RunFiles, limits: Limits, ready: Ready, *, missing: str, output_length: int | None = None
) -> Execution:
    """The run without the value that its function returned.

    missing: when it ended, if it must not have exited by itself. output_length: bytes of standard output that are its
    output; without that, the first of them are what it `printed` beside a value.
    """
    stdout_bytes, stderr_bytes = files.printed_bytes
    error = _error_text(files, stderr_bytes)
    memory = max(0, answer.max_rss - ready.base_rss)
    status = _status(answer, max(stdout_bytes, stderr_bytes), limits, memory)
    if status is None:
        exit_code = os.waitstatus_to_exitcode(answer.wait_status)
        if files.reply(1) == COMPILE_ERROR:
            status = Verdict.CE
        elif exit_code != 0 and _MEMORY_ERROR.match(error.rstrip().rpartition("\n")[2]):
            status = Verdict.MLE
        elif exit_code != 0:
            status = Verdict.RTE
            if exit_code < 0 or not error:
                error += _exit_text(exit_code)
        elif missing:
            status, error = Verdict.RTE, f"{error}the program exited {missing}"
        else:
            status = Verdict.AC
    text = _text(files.stdout(_PRINTED_BYTES if output_length is None else output_length)) if stdout_bytes else ""
    return Execution(
        status=status,
        output="" if output_length is None else text,
        printed=text if output_length is None else "",
        error=error,
        cpu_seconds=answer.cpu_seconds,
        wall_seconds=answer.wall_seconds,
        memory_mb=memory / _MIB,
    )


def starved(answer: Answer, limits: Limits) -> bool:
    """Whether a run that reached its wall limit may have lacked a core, so that it says nothing about the program.

    One that slept or waited all the time hardly used a core and was hardly ever driven from one. A program that wants
    to compute gets more than a fiftieth of a core, or is preempted often, on any machine with fewer than hundreds of
    others to a core.
    """
    if answer.end is not End.WALL:
        return False
    return answer.cpu_seconds > limits.wall_seconds / _LEAST_SHARE or answer.preempted > _FEW


def _status(answer: Answer, printed_bytes: int, limits: Limits, memory: int) -> Verdict | None:
    """The verdict that a limit gives, or None when none was reached.

    Memory comes first: a program above its limit would have been ended there, before whatever else came of it.
    """
    if answer.end is End.CANCELLED:
        return Verdict.AC
    killer = os.WTERMSIG(answer.wait_status) if os.WIFSIGNALED(answer.wait_status) else 0
    if memory > limits.memory_mb * _MIB:
        return Verdict.MLE
    if answer.end in (End.CPU, End.WALL) or answer.cpu_seconds >= limits.cpu_seconds:
        return Verdict.TLE
    if printed_bytes > limits.output_bytes or killer == signal.SIGXFSZ:
        return Verdict.OLE
    if killer == signal.SIGKILL:  # by the kernel, short of memory
        return Verdict.MLE
    return None


def _value(kind: bytes, text: bytes) -> str:
    """The returned value's text, or one that equals no literal when it has none."""
    return _text(text) if kind == VALUE else f"<object of type {_text(text)[:_TYPE_NAME]}>"


def _error_text(files: RunFiles, size: int) -> str:
    end = files.stderr_end(_ERROR_BYTES, size)
    if len(end) == _ERROR_BYTES:  # probably cut: begin with a whole line
        end = end[end.find(b"\n") + 1 :]
    return _text(end)


def _exit_text(exit_code: int) -> str:
    if exit_code >= 0:
        return f"exited with status {exit_code}"
    try:
        return f"killed by {signal.Signals(-exit_code).name}"
    except ValueError:  # a real-time signal
        return f"killed by signal {-exit_code}"


def _text(content: bytes) -> str:
    return content.decode("utf-8", "backslashreplace")
