"""From what the kernel says of a run, and the bytes that the program left, to an Execution."""

import os
import re
import signal

from distinguo.problem import CallStyle, Limits
from distinguo.records import Execution, Verdict
from distinguo.sandbox.files import RunFiles
from distinguo.sandbox.inside.wire import COMPILE_ERROR, OPAQUE, VALUE, Answer, End, Ready

_ERROR_BYTES = 2048
_PRINTED_BYTES = 4096
_TYPE_NAME = 80
_MEMORY_ERROR = re.compile(r"^(\w+\.)*_?\w*MemoryError\b")
_MIB = 1 << 20


def execution(answer: Answer, files: RunFiles, style: CallStyle, limits: Limits, ready: Ready) -> Execution:
    r"""Judge a run that has ended.

    Output that is no UTF-8 is written with backslashes (`\xff`), so that every text can be stored.
    """
    reply = files.reply(limits.output_bytes + 1)
    error = _error_text(files)
    memory = max(0, answer.max_rss - ready.base_rss)
    status = _status(answer, files.printed_bytes, limits, memory)
    if status is None:
        exit_code = os.waitstatus_to_exitcode(answer.wait_status)
        if reply[:1] == COMPILE_ERROR:
            status = Verdict.CE
        elif exit_code != 0 and _MEMORY_ERROR.match(error.rstrip().rpartition("\n")[2]):
            status = Verdict.MLE
        elif exit_code != 0:
            status = Verdict.RTE
            if exit_code < 0 or not error:
                error += _exit_text(exit_code)
        elif style is CallStyle.FUNCTION and reply[:1] not in (VALUE, OPAQUE):
            status, error = Verdict.RTE, f"{error}the program exited before it returned a value"
        else:
            status = Verdict.AC
    return Execution(
        status=status,
        output=_text(files.stdout(limits.output_bytes)) if style is CallStyle.STDIN else _value(status, reply),
        error=error,
        printed=_text(files.stdout(_PRINTED_BYTES)) if style is CallStyle.FUNCTION else "",
        cpu_seconds=answer.cpu_seconds,
        wall_seconds=answer.wall_seconds,
        memory_mb=memory / _MIB,
    )


def _status(answer: Answer, printed_bytes: int, limits: Limits, memory: int) -> Verdict | None:
    """The verdict that a limit gives, or None when none was reached.

    Memory comes first: a program above its limit would have been ended there, before whatever else came of it.
    """
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


def _value(status: Verdict, reply: bytes) -> str:
    """The returned value's text, or one that equals no literal when it has none."""
    if status is not Verdict.AC:
        return ""
    text = _text(reply[1:])
    return text if reply[:1] == VALUE else f"<object of type {text[:_TYPE_NAME]}>"


def _error_text(files: RunFiles) -> str:
    end = files.stderr_end(_ERROR_BYTES)
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
