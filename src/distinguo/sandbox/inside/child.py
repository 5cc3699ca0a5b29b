"""The child of one run: puts on its limits, then runs the program as `python3 program.py` would, or calls its function.

What differs from python3: `random` starts from the same state in every run, as string hashes do; objects alive at the
end are not finalised (no `__del__` at exit); a function's result is final, whatever threads it left behind; and
there are no third-party packages, no files to write, no sockets and no other processes.
"""

import atexit
import builtins
import linecache
import math
import os
import resource
import sys
import threading
import traceback
from types import CodeType, ModuleType, TracebackType
from typing import Any, NoReturn

from distinguo import values
from distinguo.sandbox.inside import seccomp
from distinguo.sandbox.inside.wire import COMPILE_ERROR, OPAQUE, VALUE, Run, unpack_request

FILE_NAME = "program.py"
_MESSAGE = 3  # the message file's descriptor here, after stdin, stdout and stderr
_EXIT_FAILURE = 1
_EXIT_FLUSH = 120  # what python3 exits with when the last flush fails


def main(run: Run, files: list[int], started: int) -> NoReturn:
    """Run the program and exit; never returns, whatever it does."""
    status = _EXIT_FAILURE
    try:
        message, *standard = files
        for target, file in enumerate(standard):
            os.dup2(file, target)
        os.dup2(message, _MESSAGE)
        _limit(run)
        seccomp.install(seccomp.child_filter(os.getpid()))
        os.eventfd_write(started, 1)
        os.closerange(_MESSAGE + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        status = _run_request()
    except BaseException as error:  # noqa: BLE001  whatever goes wrong is reported, and the process ends here
        _report(error)
    finally:
        os._exit(status)


def _limit(run: Run) -> None:
    # The supervisor counts CPU time exactly; this limit holds even if it were late.
    cpu = math.ceil(run.cpu_seconds) + 1
    # One byte more than allowed tells an output that fills the limit from one that passes it.
    size = run.output_bytes + 1
    for limit, value in (
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_FSIZE, size),
        (resource.RLIMIT_AS, run.address_space),
    ):
        resource.setrlimit(limit, (value, value))


def _run_request() -> int:
    """Returns the exit status."""
    content = os.pread(_MESSAGE, os.fstat(_MESSAGE).st_size, 0)
    os.ftruncate(_MESSAGE, 0)
    source, entry, arguments = unpack_request(content)
    del content
    try:
        code = compile(source, FILE_NAME, "exec", dont_inherit=True)
    except Exception as error:  # noqa: BLE001  the parser has many ways to refuse
        _reply(COMPILE_ERROR, "")
        _report(error.with_traceback(None))
        return _EXIT_FAILURE
    text = source.decode("utf-8", "replace")
    linecache.cache[FILE_NAME] = (len(source), None, text.splitlines(keepends=True), FILE_NAME)
    sys.argv = [FILE_NAME]
    if entry:
        return _run_function(code, entry.decode(), arguments.decode("utf-8", "surrogatepass"))
    os.close(_MESSAGE)
    return _run_main(code)


def _run_main(code: CodeType) -> int:
    module = _module("__main__")
    status = 0
    try:
        exec(code, module.__dict__)
    except BaseException as error:  # noqa: BLE001  as the interpreter itself does
        status = _exit_status(error)
    try:
        threading._shutdown()  # type: ignore[attr-defined]  # joins what is not a daemon
    except BaseException as error:  # noqa: BLE001
        _report(error)
    atexit._run_exitfuncs()
    return _flush() or status


def _run_function(code: CodeType, entry: str, arguments: str) -> int:
    values_in = values.loads(arguments)
    if not isinstance(values_in, tuple):
        raise TypeError(f"the arguments must be a tuple's literal, not {arguments[:80]}")
    module = _module("program")
    try:
        exec(code, module.__dict__)
        result = _resolve(module, entry)(*values_in)
    except BaseException as error:  # noqa: BLE001  as the interpreter itself does
        status = _exit_status(error)
        _flush()
        return status
    _reply_value(result)
    _flush()
    return 0


def _module(name: str) -> ModuleType:
    module = ModuleType(name)
    module.__dict__["__file__"] = FILE_NAME
    module.__dict__["__builtins__"] = builtins
    sys.modules[name] = module
    return module


def _resolve(module: ModuleType, entry: str) -> Any:
    """Find `f` or `Class.method`, the latter on a fresh instance."""
    owner, _, name = entry.rpartition(".")
    namespace = module.__dict__
    if (owner or name) not in namespace:
        raise NameError(f"the program defines no {owner or name!r}")
    if not owner:
        return namespace[name]
    instance = namespace[owner]()
    if not hasattr(instance, name):
        raise AttributeError(f"the program's class {owner!r} has no method {name!r}")
    return getattr(instance, name)


def _reply_value(result: Any) -> None:
    try:
        text = values.dumps(result)
    except values.ValueTextError:
        _reply(OPAQUE, type(result).__name__)
    else:
        _reply(VALUE, text)


def _reply(kind: bytes, text: str) -> None:
    content = memoryview(kind + text.encode("utf-8", "backslashreplace"))
    offset = 0
    while offset < len(content):
        offset += os.pwrite(_MESSAGE, content[offset:], offset)


def _exit_status(error: BaseException) -> int:
    """Do with an exception that reached the top what python3 does."""
    if not isinstance(error, SystemExit):
        _report(error)
        return _EXIT_FAILURE
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code & 0xFF
    _print(str(error.code) + "\n")
    return _EXIT_FAILURE


def _report(error: BaseException) -> None:
    """Print an exception as the program's own hook would, without the frames of this file."""
    trace = _own_frames(error.__traceback__)
    try:
        if sys.excepthook is not sys.__excepthook__:
            sys.excepthook(type(error), error, trace)
        else:
            _print("".join(traceback.format_exception(type(error), error, trace)))
    except BaseException:  # noqa: BLE001  no memory to format it with, or the program broke the means to
        _print(f"{type(error).__name__}\n")


def _own_frames(trace: TracebackType | None) -> TracebackType | None:
    first = trace
    while first is not None and first.tb_frame.f_code.co_filename != FILE_NAME:
        first = first.tb_next
    return first


def _print(text: str) -> None:
    os.write(2, text.encode("utf-8", "backslashreplace"))


def _flush() -> int:
    """Write out what is buffered, as python3 does last; the status it exits with when that fails."""
    status = 0
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except BaseException as error:  # noqa: BLE001
            _report(error)
            status = _EXIT_FLUSH
    return status
