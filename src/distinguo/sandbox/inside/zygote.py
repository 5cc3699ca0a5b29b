"""The supervisor: pid 1 of a worker's namespace, a warm interpreter that forks one child per run and sees to its end.

It never parses a program, a test or an argument, and gets no byte from a child: it passes on file descriptors and
reports what the kernel says. One run at a time; before it answers, every process but itself is dead and reaped.
"""

import ctypes
import fcntl
import gc
import math
import os
import random
import resource
import select
import signal
import site
import socket
import sys
import time
from collections.abc import Callable

from distinguo.sandbox.inside import child, landlock, seccomp, syscalls
from distinguo.sandbox.inside.wire import FILES, MESSAGE_BYTES, Answer, Cancel, End, Ready, Run, unpack

_PRELOADED = """
    abc array bisect cmath collections collections.abc contextlib copy ctypes dataclasses decimal enum fractions
    functools heapq io itertools json math numbers operator os random re statistics string struct sys threading time
    traceback types typing warnings
""".split()  # noqa: SIM905  forty lines as a list
_PROCESSES = 66  # this one, the child, and 64 threads
_OPEN_FILES = 256
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4
_THREAD_STACK_BYTES = 8 << 20
_M_ARENA_MAX = -8
_CORES = len(os.sched_getaffinity(0))


def main(control_fd: int, bundle: int, user_namespace: bool) -> None:
    """Confine this process, report it ready, and serve runs until the host closes its end."""
    if os.getpid() != 1:
        raise SystemExit("the supervisor must be pid 1 of its own namespace, because it kills whatever else is in it")
    os.close(bundle)
    control = socket.socket(fileno=_out_of_the_way(control_fd))
    _prepare()
    abi = _confine()
    started = _out_of_the_way(os.eventfd(0, os.EFD_NONBLOCK))
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    control.send(Ready(rss, abi, bool(user_namespace)).pack())
    os.dup2(1, 2)  # what start-up had to say went to the host; from here on there is nothing to say
    gc.collect()
    gc.freeze()  # or the first collection in every child would copy every page
    while True:
        message, files, _, _ = socket.recv_fds(control, MESSAGE_BYTES, FILES)
        if not message:
            return
        run = unpack(message)
        if isinstance(run, Run):
            control.send(_serve(run, files, control, started).pack())
        for file in files:
            os.close(file)


def _prepare() -> None:
    """Make this interpreter what every program wants to find."""
    for name in ("LD_LIBRARY_PATH", "PYTHONHOME"):
        del os.environ[name]
    for name in _PRELOADED:
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


def _out_of_the_way(file: int) -> int:
    """Move a descriptor above those that a child takes for itself."""
    moved = fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(file)
    return moved


def _confine() -> int:
    """Returns the Landlock ABI in force."""
    syscalls.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    syscalls.prctl(_PR_SET_DUMPABLE, 0)
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, _PROCESSES),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_SIGPENDING, 256),
    ):
        resource.setrlimit(limit, (value, value))
    abi = landlock.restrict()
    seccomp.install(seccomp.worker_filter())
    seccomp.child_template()  # built here, so that no child has to
    return abi


def _fork_function() -> Callable[[], int]:
    """fork(2), where the C library has it without Python's hooks, which a process of one thread does not need."""
    interpreter = ctypes.PyDLL(None)  # keeps the interpreter's lock across the call
    return interpreter._Fork if hasattr(interpreter, "_Fork") else os.fork


_fork = _fork_function()


def _serve(run: Run, files: list[int], control: socket.socket, started: int) -> Answer:
    begin = time.monotonic()
    pid = _fork()
    if pid == 0:
        child.main(run, files, started)
    try:
        end = _watch(pid, run, begin, control)
    finally:
        _kill_everything()
    _, status, usage = os.wait4(pid, 0)
    wall = time.monotonic() - begin
    _reap_everything()
    if not _confined(started) and end is End.EXIT:
        end = End.FAILED
    return Answer(run.serial, end, status, usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * 1024)


def _watch(pid: int, run: Run, begin: float, control: socket.socket) -> End:
    """Wait until the child ends or must end. Exits, and takes the whole namespace with it, when the host is gone."""
    cpu_clock = ~pid << 3 | 2  # the kernel's name for another process's CPU-time clock
    process = os.pidfd_open(pid)
    try:
        poller = select.poll()
        poller.register(process, select.POLLIN)
        poller.register(control, select.POLLIN)
        while True:
            wall = run.wall_seconds - (time.monotonic() - begin)
            cpu = run.cpu_seconds - time.clock_gettime(cpu_clock)
            if cpu <= 0:
                return End.CPU
            if wall <= 0:
                return End.WALL
            # Threads on several cores use up CPU time faster than the clock on the wall.
            pause = min(wall, max(cpu / _CORES, 0.001))
            ready = dict(poller.poll(math.ceil(pause * 1000)))
            if process in ready:
                return End.EXIT
            if ready and _is_cancelled(run, control):
                return End.CANCELLED
    finally:
        os.close(process)


def _is_cancelled(run: Run, control: socket.socket) -> bool:
    message = control.recvmsg(MESSAGE_BYTES)[0]
    if not message:
        os._exit(0)
    return unpack(message) == Cancel(run.serial)


def _kill_everything() -> None:
    try:
        os.kill(-1, signal.SIGKILL)  # everything in the namespace but pid 1, which this process is
    except ProcessLookupError:
        return


def _reap_everything() -> None:
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _confined(started: int) -> bool:
    """Whether the child had put on all its limits; they come before the program, so it cannot deny or fake it."""
    try:
        os.eventfd_read(started)
    except BlockingIOError:
        return False
    return True
