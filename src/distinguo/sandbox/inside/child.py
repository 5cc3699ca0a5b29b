"""The child of one run: puts on its limits, then runs the program as `python3 program.py` would, or calls its function,
once or several times.

What differs from python3: `random` starts from the same state in every run, as string hashes do; objects alive at the
end are not finalised (no `__del__` at exit); a function's result is final, whatever threads it left behind; and
there are no third-party packages, no files to write, no sockets and no other processes.
"""

import _socket  # as in zygote.py
import _thread
import atexit
import builtins
import linecache
import os
import resource
import struct
import sys
import threading
import traceback
from collections.abc import Callable
from types import CodeType, ModuleType, TracebackType
from typing import Any, NoReturn

from distinguo import values
from distinguo.sandbox.inside.bare import Bare
from distinguo.sandbox.inside.wire import (
    COMPILE_ERROR,
    FILES,
    MESSAGE_BYTES,
    OPAQUE,
    RAISED,
    RUN,
    VALUE,
    Request,
    pack_arguments,
    pack_call,
    unpack_arguments,
    unpack_request,
)

FILE_NAME = "program.py"
_MESSAGE = 3  # the message file's descriptor here, after stdin, stdout and stderr
_OPEN_FILES = 256  # descriptors from here on do not exist
_IN_PLACE = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, struct.pack(f"{FILES}i", *range(FILES)))]
_RECEIVED_BYTES = _socket.CMSG_SPACE(len(_IN_PLACE[0][2]))
_EXIT_FAILURE = 1
_EXIT_FLUSH = 120  # what python3 exits with when the last flush fails
_ERROR_LENGTH = 500  # of an exception's line, in characters
_IMMUTABLE = frozenset((int, float, complex, bool, str, bytes, type(None)))


def main(control: _socket.socket, takes: int, confine: Callable[[], None], started: int, bare: Bare | None) -> NoReturn:
    """Wait for a run, run its program and exit; never returns, whatever it does.

    control: brings the run. takes: where the supervisor is told of it. confine: puts on the child's filter.
    bare: what stands in for namespaces, if it must.

    All in one function, since each function or object more that a child uses costs it a copied page or two.
    """
    status = _EXIT_FAILURE
    try:
        if bare:
            bare.confine_child()
        message, received, _, _ = control.recvmsg(MESSAGE_BYTES, _RECEIVED_BYTES)
        while len(message) != RUN.size:  # the cancellation of a run may come after its end
            if not message:
                os._exit(0)  # the host is gone
            message, received, _, _ = control.recvmsg(MESSAGE_BYTES, _RECEIVED_BYTES)
        if received != _IN_PLACE:
            raise OSError("a run's files are not where its program would look for them")
        os.write(takes, message)
        _, _, cpu_seconds, _, address_space, output_bytes = RUN.unpack(message)
        setrlimit = resource.setrlimit
        # The supervisor counts CPU time exactly; this limit holds even if it were late.
        cpu = int(cpu_seconds) + 2
        setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
        # One byte more than allowed tells an output that fills the limit from one that passes it.
        size = output_bytes + 1
        setrlimit(resource.RLIMIT_FSIZE, (size, size))
        setrlimit(resource.RLIMIT_AS, (address_space, address_space))
        confine()
        os.eventfd_write(started, 1)
        os.closerange(_MESSAGE + 1, _OPEN_FILES)
        status = _run_request()
    except BaseException as error:  # noqa: BLE001  whatever goes wrong is reported, and the process ends here
        _report(error)
    finally:
        os._exit(status)


def rehearse() -> None:
    """Do in the supervisor what its children will do, with harmless programs; needs descriptor 3.

    The interpreter specialises code that ran often and remembers where attributes are found. A child that had to do so
    itself would write to as many pages more, each of which the kernel must copy.
    """
    main_module, arguments = sys.modules["__main__"], sys.argv
    for _ in range(_REHEARSALS):
        for request in _REHEARSED:
            file = os.memfd_create("rehearsal")
            if file != _MESSAGE:
                raise OSError("descriptor 3 is taken")
            os.write(file, request.pack())
            _run_request()
            if request.entry:
                os.close(file)
    sys.modules["__main__"], sys.argv = main_module, arguments
    del sys.modules["program"]
    linecache.cache.clear()


_REHEARSALS = 12  # CPython 3.11 specialises a function in its ninth call
_SAMPLE = b"""
import sys, traceback
from collections import defaultdict
from typing import List

def f(items: List[int], word):
    found = defaultdict(int)
    for index in range(len(items)):
        if items[index] > 1 or not word:
            found[index] += items[index] * 2
    return sorted(found.items()), [f"{item}" for item in items], word.split()

class Solution:
    def __init__(self):
        self.total = 0

print(f([1, 2], "a b"), sum(map(int, "1 2".split())), Solution().total)
try:
    f(1, 2)
except TypeError:
    traceback.format_exc()
"""
_REHEARSED = (
    Request(_SAMPLE),
    Request(_SAMPLE, b"f", (pack_arguments("([1, 2, 3], 'a b')", parse=False),)),
    Request(
        _SAMPLE, b"f", tuple(pack_arguments(text, parse=True) for text in ("([3], 'x')", "(None, 1)")), several=True
    ),
)


def _run_request() -> int:
    """Returns the exit status."""
    content = os.pread(_MESSAGE, os.lseek(_MESSAGE, 0, os.SEEK_END), 0)
    os.ftruncate(_MESSAGE, 0)
    os.lseek(_MESSAGE, 0, os.SEEK_SET)
    source, entry, calls, several = unpack_request(content)
    del content
    try:
        code = compile(source, FILE_NAME, "exec", dont_inherit=True)
    except Exception as error:  # noqa: BLE001  the parser has many ways to refuse
        _reply(COMPILE_ERROR)
        _report(error.with_traceback(None))
        return _EXIT_FAILURE
    linecache.cache[FILE_NAME] = (lambda: source.decode("utf-8", "replace"),)  # split when a traceback needs it
    sys.argv = [FILE_NAME]
    if entry:
        run_function = _run_calls if several else _run_function
        return run_function(code, entry.decode(), calls, _offered(source, entry, calls))
    os.close(_MESSAGE)
    return _run_main(code)


def _run_main(code: CodeType) -> int:
    module = _module("__main__")
    status = 0
    try:
        exec(code, module.__dict__)
    except BaseException as error:  # noqa: BLE001  as the interpreter itself does
        status = _exit_status(error)
    if _thread._count() or threading._threading_atexits:  # type: ignore[attr-defined]
        try:
            threading._shutdown()  # type: ignore[attr-defined]  # joins what is not a daemon
        except BaseException as error:  # noqa: BLE001
            _report(error)
    atexit._run_exitfuncs()
    return _flush() or status


def _run_function(code: CodeType, entry: str, calls: tuple[bytes, ...], offered: values.NodeClasses) -> int:
    (arguments,) = calls
    values_in = unpack_arguments(arguments, _NODES)
    module = _module("program")
    namespace = module.__dict__
    namespace.update(offered)
    try:
        exec(code, namespace)
        result = _resolve(module, entry)(*values_in)
    except BaseException as error:  # noqa: BLE001  as the interpreter itself does
        status = _exit_status(error)
        _flush()
        return status
    kind, text = _literal(result)
    _reply(kind + text)
    _flush()
    return 0


def _run_calls(code: CodeType, entry: str, calls: tuple[bytes, ...], offered: values.NodeClasses) -> int:
    module = _module("program")
    namespace = module.__dict__
    namespace.update(offered)
    try:
        exec(code, namespace)
        for arguments in calls:
            values_in = unpack_arguments(arguments, _NODES)
            function = _resolve(module, entry)
            try:
                kind, text = _literal(function(*values_in))
            except Exception as error:  # noqa: BLE001  the call's result
                kind, text = RAISED, _last_line(error)
            _reply(pack_call(kind, text, _changed(values_in, arguments)))
    except BaseException as error:  # noqa: BLE001  as the interpreter itself does
        status = _exit_status(error)
        _flush()
        return status
    _flush()
    return 0


class ListNode:
    """A node of a linked list as LeetCode's programs know it: unlike that of values.py it equals only itself."""

    def __init__(self, val: Any = 0, next: Any = None) -> None:
        self.val = val
        self.next = next


class TreeNode:
    """A node of a binary tree as LeetCode's programs know it."""

    def __init__(self, val: Any = 0, left: Any = None, right: Any = None) -> None:
        self.val = val
        self.left = left
        self.right = right


_NODES: values.NodeClasses = {"ListNode": ListNode, "TreeNode": TreeNode}


def _offered(source: bytes, entry: bytes, calls: tuple[bytes, ...]) -> values.NodeClasses:
    """The classes that a program finds among its globals: those of nodes, if it is given some or is LeetCode's."""
    given = b"Node(" in b"".join(calls)
    return _NODES if given or (b"." in entry and (b"ListNode" in source or b"TreeNode" in source)) else {}


def _changed(arguments: tuple[Any, ...], before: bytes) -> bytes:
    """The arguments' literal if it is another one than before the call, else b""."""
    if _IMMUTABLE.issuperset(map(type, arguments)):
        return b""
    try:
        after = values.dumps(arguments).encode("utf-8", "backslashreplace")
    except Exception:  # noqa: BLE001  an object's own methods may fail as they like
        return b"<object of type tuple>"
    unchanged = values.dumps(unpack_arguments(before, _NODES)).encode("utf-8", "backslashreplace")
    return b"" if after == unchanged else after


def _last_line(error: Exception) -> bytes:
    # The place of a syntax error comes before the line wanted, and is indented; notes come after it.
    lines = traceback.format_exception_only(type(error), error)
    text = next(line for line in lines if not line.startswith(" "))
    return text.partition("\n")[0][:_ERROR_LENGTH].encode("utf-8", "backslashreplace")


def _module(name: str) -> ModuleType:
    module = ModuleType(name)
    namespace = module.__dict__
    namespace["__file__"] = FILE_NAME
    namespace["__builtins__"] = builtins
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


def _literal(result: Any) -> tuple[bytes, bytes]:
    """The reply's kind and text for a returned value."""
    try:
        kind, text = VALUE, values.dumps(result)
    except values.ValueTextError:
        kind, text = OPAQUE, type(result).__name__
    return kind, text.encode("utf-8", "backslashreplace")


def _reply(content: bytes) -> None:
    """Append to the message file."""
    view = memoryview(content)
    while view:
        view = view[os.write(_MESSAGE, view) :]


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
