"""The cold profile: a server that starts each program with namespaces, a scratch folder and limits of its own.

It is for what a warm worker forbids: compilers, compiled programs, other interpreters, validators. The server is pid 1
of the worker's namespaces and keeps the right to mount. For each run it starts one more process of ours as pid 1 of a
fresh pid, mount and IPC namespace; that one mounts an empty scratch folder, puts the job's files there, starts the
program without any privilege, watches it, kills whatever is left, and answers. Nothing of ours reads what a program
wrote, but for copying the one file that the job asks for.
"""

# Importing pathlib would take a fifth of a worker's start.
# ruff: noqa: PTH101, PTH103, PTH110, PTH112, PTH118, PTH119, PTH120

import contextlib
import ctypes
import errno
import fcntl
import gc
import math
import os
import resource
import signal
import socket
import stat
import sys
import time
from typing import NoReturn

from distinguo.sandbox.inside import landlock, namespaces, seccomp, start, syscalls
from distinguo.sandbox.inside.job import SCRATCH, Job, unpack_job
from distinguo.sandbox.inside.watch import Watch
from distinguo.sandbox.inside.wire import FILES, MESSAGE_BYTES, REFUSED, Answer, End, Ready, Run, unpack

SYSTEM = ("/usr", "/bin", "/lib", "/lib32", "/lib64", "/libx32", "/etc/alternatives", "/etc/ld.so.cache")
"""What every compiler and interpreter may need of the host; a path that is not there is left out."""
_HIDDEN = ("/usr/local", "/usr/src")  # of no use to a compiler unless it is installed there itself
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_CLONE_NEWNS, _CLONE_NEWIPC, _CLONE_NEWPID = 0x00020000, 0x08000000, 0x20000000
_THREADS = 64
_OPEN_FILES = 256
_STACK_BYTES = 256 << 20
_PR_SET_DUMPABLE = 4
_ADDR_NO_RANDOMIZE = 0x0040000
_CONFINED, _NOT_STARTED = b"1", b"0"  # what the program's process reports before and after its exec
_EXIT_FAILURE = 1


def main(control: str, bundle: str, as_root: str, visible: str) -> None:
    """Start a server and wait until it ends. Exits with a sentence on stderr where isolation is refused.

    control, bundle: descriptors. as_root: "1" or "0". visible: paths of the host, separated by colons, that are shown
    beside the system's.
    """
    host = os.pidfd_open(os.getppid())
    os.close(int(bundle))
    control_fd = int(control)
    paths = [path for path in visible.split(":") if path]
    try:
        user_namespace = namespaces.enter(as_root=as_root == "1")
        namespaces.build_root(_shown(paths), folders=(SCRATCH,))
        for folder in _HIDDEN:
            if os.path.isdir(folder) and not any(_is_within(path, folder) for path in paths):
                namespaces.hide(folder)
    except namespaces.Refused as refusal:
        print(refusal, file=sys.stderr)  # noqa: T201  the host reads it
        sys.exit(REFUSED)
    uid = None if user_namespace else start.ROOT_UIDS + os.getpid()
    pid = os.fork()
    if pid == 0:
        _serve(control_fd, uid)
    os.close(control_fd)
    start.wait(pid, host)


def _shown(visible: list[str]) -> list[tuple[str, str]]:
    """(path on the host, path inside): links become what they lead to, so that none leads out."""
    shown: list[tuple[str, str]] = []
    missing = next((path for path in visible if not os.path.exists(path)), None)
    if missing is not None:
        sys.exit(f"{missing} cannot be read: make it and the folders above it readable to all")
    for path in (*SYSTEM, *_DEVICES, *visible):
        if os.path.exists(path) and not any(_is_within(path, inside) for _, inside in shown):
            shown.append((os.path.realpath(path), path))
    return shown


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def _serve(control_fd: int, uid: int | None) -> NoReturn:
    """Serve runs until the host closes its end."""
    control = socket.socket(fileno=fcntl.fcntl(control_fd, fcntl.F_DUPFD_CLOEXEC, 10))
    os.close(control_fd)
    syscalls.prctl(_PR_SET_DUMPABLE, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # pid 1 is immune to signals that it does not handle
    filters = {processes: seccomp.cold_filter(processes=processes) for processes in (False, True)}
    control.send(Ready(0, landlock.version(), True, uid is not None).pack())
    os.dup2(1, 2)  # what start-up had to say went to the host; from here on there is nothing to say
    gc.collect()
    gc.freeze()
    while True:
        message, files, _, _ = socket.recv_fds(control, MESSAGE_BYTES, FILES)
        if not message:
            os._exit(0)
        run = unpack(message)
        if isinstance(run, Run):
            result, answered = os.pipe()
            pid = _clone()
            if pid == 0:
                _see_to(run, files, control, answered, uid, filters)
            os.close(answered)
            os.waitpid(pid, 0)  # and with it its namespaces and all that was in them
            failed = Answer(run.serial, End.FAILED, 0, 0.0, 0.0, 0).pack()
            control.send(os.read(result, MESSAGE_BYTES) or failed)
            os.close(result)
        for file in files:
            os.close(file)


def _clone() -> int:
    """fork(2) into namespaces of its own, where the child is pid 1."""
    flags = _CLONE_NEWNS | _CLONE_NEWPID | _CLONE_NEWIPC | signal.SIGCHLD
    library = ctypes.PyDLL(None, use_errno=True)  # keeps the interpreter's lock across the call
    arguments = (ctypes.c_long(word) for word in (syscalls.number("clone") or 0, flags, 0, 0, 0, 0))
    return syscalls.check("clone", library.syscall(*arguments))


def _see_to(
    run: Run, files: list[int], control: socket.socket, answered: int, uid: int | None, filters: dict[bool, bytes]
) -> NoReturn:
    """One run from its start to its answer."""
    try:
        os.write(answered, _answer(run, files, control, uid, filters).pack())
    except Exception as error:  # noqa: BLE001  whatever goes wrong is said, and the process ends here
        _say(files[-1], error)
    finally:
        os._exit(0)


def _say(file: int, error: Exception) -> None:
    """Leave word for the host in the run's standard error: the program did not run."""
    os.write(file, f"{type(error).__name__}: {error}".encode("utf-8", "backslashreplace"))


def _answer(run: Run, files: list[int], control: socket.socket, uid: int | None, filters: dict[bool, bytes]) -> Answer:
    begin = time.monotonic()
    *standard, message = files
    job = unpack_job(os.pread(message, os.fstat(message).st_size, 0))
    os.ftruncate(message, 0)
    os.lseek(message, 0, os.SEEK_SET)
    namespaces.mount_scratch(SCRATCH, job.scratch_bytes)
    os.chdir(SCRATCH)
    _write_files(job.files)
    # Opened before the program can put links in its way.
    folder = os.open(os.path.dirname(job.wanted) or ".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    report, reported = os.pipe()
    pid = os.fork()
    if pid == 0:
        _become_program(job, run, standard, reported, uid, filters[job.processes])
    os.close(reported)
    try:
        end = Watch(control).wait(pid, os.pidfd_open(pid), run, begin)
    finally:
        _kill_everything()
    _, status, usage = os.wait4(pid, 0)
    wall = time.monotonic() - begin
    _reap_everything()
    if os.read(report, 2) != _CONFINED and end is End.EXIT:
        end = End.FAILED
    if job.wanted:
        _hand_back(job, folder, message)
    cpu, rss = usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024
    return Answer(run.serial, end, status, cpu, wall, rss, usage.ru_nivcsw)


def _kill_everything() -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)  # everything in the namespace but pid 1, which this process is


def _reap_everything() -> None:
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def _write_files(files: dict[str, bytes | None]) -> None:
    for name, content in files.items():
        path = os.path.join(SCRATCH, name)
        if content is None:
            os.makedirs(path, mode=0o777, exist_ok=True)
            os.chmod(path, 0o777)
            continue
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "xb", opener=_executable) as file:
            file.write(content)


def _executable(path: str, flags: int) -> int:
    return os.open(path, flags, 0o755)


def _become_program(
    job: Job, run: Run, standard: list[int], reported: int, uid: int | None, instructions: bytes
) -> NoReturn:
    """Lose every privilege, put on the limits, and exec. Reports _CONFINED just before, _NOT_STARTED if that fails."""
    try:
        for target, file in enumerate(standard):
            os.dup2(file, target)
        os.dup2(reported, 3, inheritable=False)
        os.closerange(4, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # by Python, and a program would inherit it
            signal.signal(ignored, signal.SIG_DFL)
        syscalls.libc.personality(_ADDR_NO_RANDOMIZE)  # undefined behaviour is the same in every run
        namespaces.give_up_privilege(uid)
        landlock.restrict(SCRATCH)
        _limit(run)
        seccomp.install(instructions)
        os.write(3, _CONFINED)
        try:
            os.execve(job.command[0], job.command, job.environment)
        except OSError as error:
            if error.errno == errno.ENOMEM:  # its static data alone is above the limit: as if the kernel had ended it
                os.kill(os.getpid(), signal.SIGKILL)
            raise
    except Exception as error:  # noqa: BLE001  likewise
        os.write(3, _NOT_STARTED)
        _say(2, error)
    finally:
        os._exit(_EXIT_FAILURE)


def _limit(run: Run) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_STACK)
    for limit, value in (
        (resource.RLIMIT_CORE, 1),  # no file is that small, and unlike 0 it also stops dumps into the host's pipe
        (resource.RLIMIT_NPROC, _THREADS + 2),  # and, for an ordinary user, the two processes of ours
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_SIGPENDING, 256),
        (resource.RLIMIT_STACK, _STACK_BYTES if hard == resource.RLIM_INFINITY else min(_STACK_BYTES, hard)),
        # The clock that is watched counts exactly; this limit holds even if the watch were late, and for each process.
        (resource.RLIMIT_CPU, math.ceil(run.cpu_seconds) + 1),
        # One byte more than allowed tells an output that fills the limit from one that passes it.
        (resource.RLIMIT_FSIZE, run.output_bytes + 1),
        (resource.RLIMIT_AS, run.address_space),
    ):
        resource.setrlimit(limit, (value, value))


def _hand_back(job: Job, folder: int, message: int) -> None:
    """Copy the wanted file, which the program may have made anything it likes, to the message file."""
    with contextlib.suppress(OSError):
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        file = os.open(os.path.basename(job.wanted), flags, dir_fd=folder)
        about = os.fstat(file)
        if not stat.S_ISREG(about.st_mode) or about.st_size > job.wanted_bytes:
            return
        offset = 0
        while offset < about.st_size and (copied := os.sendfile(message, file, offset, about.st_size - offset)):
            offset += copied
