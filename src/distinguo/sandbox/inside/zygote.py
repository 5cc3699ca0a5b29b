"""The supervisor: a warm interpreter that forks one child per run and sees to its end. With namespaces it is pid 1.

It never parses a program, a test or an argument, and gets no byte from a program: the child takes the run, with its
files, from the host itself and passes on the limits before it reads any of them; all else the kernel says. One run at
a time; before the supervisor answers, every process but itself is dead and reaped. Then it forks the next child, which
waits for its run, so that forking takes none of a run's time.
"""

import _socket  # socket.py would bring two shared libraries more, which make every fork slower
import ctypes
import gc
import os
import random
import resource
import select
import signal
import site
import sys
import time
from collections.abc import Callable

from distinguo.sandbox.inside import child, landlock, pages, seccomp, syscalls
from distinguo.sandbox.inside.bare import Bare
from distinguo.sandbox.inside.namespaces import check_no_privilege
from distinguo.sandbox.inside.watch import Watch
from distinguo.sandbox.inside.wire import ANSWER, FILES, MESSAGE_BYTES, RUN, End, Ready, Run

# What programs import often. Each module more makes every fork slower, so that rare ones do not pay, however large.
PRELOADED = """
    abc bisect collections collections.abc contextlib copy ctypes enum functools heapq io itertools math operator os
    random re string struct sys threading time traceback types typing warnings
""".split()  # noqa: SIM905  thirty lines as a list
_PROCESSES = 66  # this one, the child, and 64 threads
_OPEN_FILES = 256
_CONTROL, _STARTED, _TAKEN, _TAKES = 10, 11, 12, 13  # descriptors
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4
_THREAD_STACK_BYTES = 8 << 20
_M_ARENA_MAX = -8


def main(control_fd: str, bundle: str, namespaces: str, own_uid: str, processes: str, preload: str) -> None:
    """Confine this process, report it ready, and serve runs until the host closes its end.

    control_fd, bundle: descriptors. namespaces, own_uid: "1" or "0", what `start` made. processes: the child's
    RLIMIT_NPROC without namespaces. preload: folders of packages, joined by commas.
    """
    bare = None if namespaces == "1" else Bare(os.getpid(), int(processes), own_uid == "1")
    if bare is None and os.getpid() != 1:
        raise SystemExit("the supervisor must be pid 1 of its own namespace, because it kills whatever else is in it")
    os.close(int(bundle))
    control = _socket.socket(fileno=_out_of_the_way(int(control_fd), _CONTROL))
    _prepare()
    child.rehearse()
    pages.move_code()
    for folder in filter(None, preload.split(",")):
        _preload(*os.path.split(folder))
    watch, waiting = Watch(control), select.poll()
    abi = _confine(bare)
    confine_child = seccomp.child_installer(bare=bare is not None)
    started = _out_of_the_way(os.eventfd(0, os.EFD_NONBLOCK), _STARTED)
    taken, takes = map(_out_of_the_way, os.pipe(), (_TAKEN, _TAKES))
    waiting.register(taken, select.POLLIN)
    gc.collect()
    pages.move_data()
    gc.freeze()  # or the first collection in every child would copy every page
    control.send(Ready(_inherited_bytes(), abi, bare is None, own_uid == "1").pack())
    os.dup2(1, 2)  # what start-up had to say went to the host; from here on there is nothing to say
    os.closerange(0, FILES)  # the kernel gives what it receives the lowest numbers: the child finds all in its place
    while True:
        pid = _fork()
        if pid == 0:
            child.main(control, takes, confine_child, started, bare)
        process = os.pidfd_open(pid)
        run = _taken_by(process, taken, waiting)
        if run is None:
            return  # the host is gone
        control.send(_serve(run, pid, process, watch, started))
        os.close(process)


def _prepare() -> None:
    """Make this interpreter what every program wants to find."""
    for name in ("LD_BIND_NOW", "LD_LIBRARY_PATH", "PYTHONHOME"):
        del os.environ[name]
    for name in PRELOADED:
        __import__(name)
    random.seed(0)  # the same in every run, or a verdict could change with the worker
    site.setquit()
    site.setcopyright()
    site.sethelper()
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # the output limit ends a program instead of failing a write
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # pid 1 is immune to signals it does not handle
    # A thread gets the usual stack, not the 256 MiB of the main one, and no arena of its own in the allocator.
    attributes = (ctypes.c_char * 256)()
    syscalls.libc.pthread_attr_init(attributes)
    syscalls.libc.pthread_attr_setstacksize(attributes, ctypes.c_size_t(_THREAD_STACK_BYTES))
    for function, arguments in (("pthread_setattr_default_np", (attributes,)), ("mallopt", (_M_ARENA_MAX, 1))):
        if hasattr(syscalls.libc, function):  # the GNU C library; others have small stacks and one arena
            getattr(syscalls.libc, function)(*arguments)
    for name in [name for name in sys.modules if name.split(".")[0] == "distinguo"]:
        del sys.modules[name]  # not the program's to import
    del sys.meta_path[0]  # the bundle's importer


def _preload(folder: str, name: str) -> None:
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # threads do not survive a fork
    if folder not in sys.path:
        sys.path.append(folder)
    package = __import__(name)
    if name == "numpy":
        package.random.seed(0)
    del os.environ["OPENBLAS_NUM_THREADS"]


def _out_of_the_way(file: int, place: int) -> int:
    """Move a descriptor above those that a child takes for itself; returns the place."""
    if file != place:
        os.dup2(file, place, inheritable=False)
        os.close(file)
    return place


def _confine(bare: Bare | None) -> int:
    """Returns the Landlock ABI in force."""
    check_no_privilege()
    syscalls.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    syscalls.prctl(_PR_SET_DUMPABLE, 0)
    if bare is None:
        resource.setrlimit(resource.RLIMIT_NPROC, (_PROCESSES, _PROCESSES))
    else:
        bare.adopt_orphans()
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_SIGPENDING, 256),
    ):
        resource.setrlimit(limit, (value, value))
    abi = landlock.restrict()
    seccomp.install(seccomp.worker_filter(bare=bare is not None))
    return abi


def _inherited_bytes() -> int:
    """The resident size that a child begins with."""
    pid = _fork()
    if pid == 0:
        os._exit(0)
    return os.wait4(pid, 0)[2].ru_maxrss * 1024


def _fork_function() -> Callable[[], int]:
    """fork(2), where the C library has it without Python's hooks, which a process of one thread does not need."""
    interpreter = ctypes.PyDLL(None)  # keeps the interpreter's lock across the call
    return interpreter._Fork if hasattr(interpreter, "_Fork") else os.fork


_fork = _fork_function()
_EXIT = End.EXIT  # as in watch.py
_wait_for_any = ctypes.PyDLL(None).waitpid  # unlike os.waitpid it makes no exception where there is no child
_WITHOUT_WAITING = (ctypes.c_int(-1), None, ctypes.c_int(os.WNOHANG | 0x40000000))  # __WALL: of every kind


def _taken_by(process: int, taken: int, waiting: select.poll) -> Run | None:
    """The run that a child has taken, once it has; None if it ended before."""
    waiting.register(process, select.POLLIN)
    ready = waiting.poll()
    waiting.unregister(process)
    for file, _ in ready:
        if file == taken:
            return Run(*RUN.unpack(os.read(taken, MESSAGE_BYTES))[1:])
    return None


def _serve(run: Run, pid: int, process: int, watch: Watch, started: int) -> bytes:
    begin = time.monotonic()
    end = None
    try:
        end = watch.wait(pid, process, run, begin)
    finally:
        if end != _EXIT:
            _kill_everything(pid)
    _, status, usage = os.wait4(pid, 0)
    wall = time.monotonic() - begin
    if (_something_left() or not _confined(started)) and end == _EXIT:
        end = End.FAILED
    cpu, rss = usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024
    return ANSWER.pack(b"A", run.serial, end, status, cpu, wall, rss, usage.ru_nivcsw)


def _kill_everything(child_pid: int) -> None:
    if os.getpid() != 1:
        os.kill(child_pid, signal.SIGKILL)  # there is nothing else, and it is not reaped yet: the number is its own
        return
    try:
        os.kill(-1, signal.SIGKILL)  # everything in the namespace but pid 1, which this process is
    except ProcessLookupError:
        return


def _something_left() -> bool:
    """Kill and reap what a run has left behind; whether something is left all the same.

    Whoever made it, by now it is a child of this process: pid 1, or a subreaper, gets every orphan.
    """
    if _wait_for_any(*_WITHOUT_WAITING) < 0:
        return False  # there is no child
    if os.getpid() == 1:
        _kill_everything(0)
    options = 0 if os.getpid() == 1 else os.WNOHANG
    while True:
        try:
            if os.waitpid(-1, options) == (0, 0):
                return True
        except ChildProcessError:
            return False


def _confined(started: int) -> bool:
    """Whether the child had put on all its limits; they come before the program, so it cannot deny or fake it."""
    try:
        os.eventfd_read(started)
    except BlockingIOError:
        return False
    return True
