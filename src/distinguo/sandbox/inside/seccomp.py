"""The system-call filters: an allowlist for the whole worker, and a second, shorter filter for the child alone.

The worker's filter admits what CPython and the C library use to compute, read files, use threads and timers and exit,
beside the few calls with which the supervisor starts and ends children. The child's filter takes those away again: no
new process, no signal to others, no message socket, no wait, no limits of others. Not admitted to anyone: sockets,
exec, mounts, namespaces, ptrace, keys, bpf, io_uring, userfaultfd, memory files, System V IPC, file locks and owners
(which send signals), and whatever else a kernel has or will have.

`bare` filters are for a worker without namespaces. They also refuse what would tell of other processes or of the file
system beyond stat, and the truncation of a file without the right to write, which Landlock lets through before ABI 3.
"""

import ctypes
import errno
import os
import struct
from collections.abc import Callable
from functools import cache

from distinguo.sandbox.inside import syscalls

_LOAD, _JUMP_EQUAL, _JUMP_GREATER_EQUAL, _JUMP_SET, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_NR, _ARCH = 0, 4  # offsets in struct seccomp_data
_ARGS = (16, 24, 32, 40, 48, 56)  # of the low words of the arguments; both architectures are little-endian
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32 = 0x40000000  # numbers from here on are x86-64's other ABI
_ALLOW, _KILL_PROCESS, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_SET_MODE_FILTER = 1
_CLONE_THREAD = 0x10000
_CLONE_NAMESPACES = 0x7E020000 | 0x80  # every CLONE_NEW* flag
_PR_SET_PDEATHSIG, _PR_SET_NAME, _PR_GET_NAME = 1, 15, 16
_PID_MARK = 0x7D1571D0  # no process id, no system call and no flag
_TERMINAL_QUERIES = (0x5401, 0x5413, 0x541B)  # TCGETS, TIOCGWINSZ, FIONREAD
_FD_FLAGS = (0x5450, 0x5451, 0x5421)  # FIONCLEX, FIOCLEX, FIONBIO
_FCNTL = (0, 1, 2, 3, 4, 1030, 1032)  # duplicates, flags, F_GETPIPE_SZ; neither locks, leases nor F_SETOWN
_O_TRUNC, _O_ACCMODE = 0o1000, 3
_NEGATIVE = 0x80000000  # a clock with a process's number in it is negative

_COMPUTE = """
    access alarm arch_prctl brk capget chdir clock_getres clock_gettime clock_nanosleep close close_range dup dup2 dup3
    epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_wait eventfd2 exit exit_group faccessat faccessat2 fadvise64
    fdatasync fstat fstatfs fsync ftruncate futex get_robust_list getcpu getcwd getdents64 getegid geteuid
    getgid getgroups getitimer getpgid getpgrp getpid getppid getpriority getrandom getresgid getresuid getrlimit
    getrusage getsid gettid gettimeofday getuid lseek lstat madvise membarrier mincore mmap mprotect mremap msync munmap
    nanosleep newfstatat open openat pause pipe pipe2 poll ppoll pread64 preadv prlimit64 pselect6 pwrite64 pwritev read
    readlink readlinkat readv restart_syscall rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigreturn rt_sigsuspend
    rt_sigtimedwait sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getparam sched_getscheduler
    sched_yield select set_robust_list set_tid_address setitimer setrlimit sigaltstack stat statfs statx sysinfo
    time timer_create timer_delete timer_getoverrun timer_gettime timer_settime times umask uname write writev
""".split()  # noqa: SIM905  a hundred lines as a list
_NOT_BARE = ("open", "openat", "readlink", "readlinkat", "statfs")
_SCRATCH = """
    chmod copy_file_range creat execve execveat fallocate fchdir fchmod fchmodat futimesat getdents link linkat mkdir
    mkdirat rename renameat renameat2 rmdir sched_setaffinity sendfile setpgid setsid symlink symlinkat truncate unlink
    unlinkat utime utimensat utimes
""".split()  # noqa: SIM905  likewise
_SUPERVISE = ("kill", "pidfd_open", "recvmsg", "seccomp", "sendto", "wait4", "waitid")


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def _instruction(code: int, operand: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("<HBBI", code, if_true, if_false, operand)


def _return(value: int) -> bytes:
    return _instruction(_RETURN, value)


_DENY = _return(_ERRNO | errno.EPERM)
_ABSENT = _return(_ERRNO | errno.ENOSYS)  # makes the C library fall back to an older call
_ADMIT = _return(_ALLOW)


def _numbers(names: list[str] | tuple[str, ...]) -> list[int]:
    return sorted(nr for name in names if (nr := syscalls.number(name)) is not None)


def _on_call(name: str, body: bytes) -> bytes:
    """Run `body`, which must return, when the call is `name`; the accumulator holds the call's number."""
    nr = syscalls.number(name)
    if nr is None:
        return b""
    return _instruction(_JUMP_EQUAL, nr, 0, len(body) // 8) + body


def _only_if_argument(index: int, values: tuple[int, ...]) -> bytes:
    """Admit when the argument's low word is one of the values, else deny."""
    tests = b"".join(_instruction(_JUMP_EQUAL, value & 0xFFFFFFFF, 0, 1) + _ADMIT for value in values)
    return _instruction(_LOAD, _ARGS[index]) + tests + _DENY


def _if_flags(index: int, flags: int, then: bytes, otherwise: bytes) -> bytes:
    """Choose by whether any of the flags is set in the argument; both ways are one instruction."""
    return _instruction(_LOAD, _ARGS[index]) + _instruction(_JUMP_SET, flags, 0, 1) + then + otherwise


def _unless_truncating_unwritten(index: int) -> bytes:
    """Admit opening with these flags, but for O_TRUNC where nothing is opened for writing."""
    refused = b"".join(_instruction(_JUMP_EQUAL, _O_TRUNC | mode, 0, 1) + _DENY for mode in (0, _O_ACCMODE))
    return _instruction(_LOAD, _ARGS[index]) + _instruction(_AND, _O_TRUNC | _O_ACCMODE) + refused + _ADMIT


def _native_calls_only() -> bytes:
    """How every allowlist begins: loads the call's number, and kills whoever calls by another ABI."""
    return b"".join(
        (
            _instruction(_LOAD, _ARCH),
            _instruction(_JUMP_EQUAL, _AUDIT_ARCH[syscalls.machine()], 1, 0),
            _return(_KILL_PROCESS),
            _instruction(_LOAD, _NR),
            _instruction(_JUMP_GREATER_EQUAL, _X32, 0, 1),
            _return(_KILL_PROCESS),
        )
    )


def worker_filter(*, bare: bool = False) -> bytes:
    """The allowlist, as struct sock_filter[]. Raises OSError on an unknown architecture."""
    names = [name for name in (*_COMPUTE, *_SUPERVISE) if not (bare and name in _NOT_BARE)]
    admitted = b"".join(_instruction(_JUMP_EQUAL, nr, 0, 1) + _ADMIT for nr in _numbers(names))
    process = (_PR_SET_NAME, _PR_GET_NAME, *([_PR_SET_PDEATHSIG] if bare else []))
    return b"".join(
        (
            _native_calls_only(),
            admitted,
            _on_call("clone", _if_flags(0, _CLONE_NAMESPACES, _DENY, _ADMIT)),
            _on_call("clone3", _ABSENT),  # its flags are in memory, where a filter cannot look
            _on_call("tgkill", _ADMIT),
            _on_call("ioctl", _only_if_argument(1, _TERMINAL_QUERIES + _FD_FLAGS)),
            _on_call("prctl", _only_if_argument(0, process)),
            _on_call("fcntl", _only_if_argument(1, _FCNTL)),
            _on_call("open", _unless_truncating_unwritten(1)) if bare else b"",
            _on_call("openat", _unless_truncating_unwritten(2)) if bare else b"",
            _DENY,
        )
    )


def cold_filter(*, processes: bool) -> bytes:
    """The allowlist of a program that may execute others and write files, and start processes if `processes`.

    What no list names does not exist (ENOSYS), so that newer C libraries fall back to calls that do.
    """
    names = [name for name in (*_COMPUTE, *_SCRATCH, "kill", "tgkill", "wait4", "waitid") if name != "prlimit64"]
    if processes:
        names += ["fork", "vfork"]
    admitted = b"".join(_instruction(_JUMP_EQUAL, nr, 0, 1) + _ADMIT for nr in _numbers(names))
    with_threads = _if_flags(0, _CLONE_THREAD, _ADMIT, _DENY)
    return b"".join(
        (
            _native_calls_only(),
            admitted,
            _on_call("clone", _if_flags(0, _CLONE_NAMESPACES, _DENY, _ADMIT) if processes else with_threads),
            _on_call("fcntl", _only_if_argument(1, _FCNTL)),
            _on_call("prlimit64", _only_if_argument(0, (0,))),
            _on_call("ioctl", _only_if_argument(1, _TERMINAL_QUERIES + _FD_FLAGS)),
            _on_call("prctl", _only_if_argument(0, (_PR_SET_NAME, _PR_GET_NAME))),
            _ABSENT,
        )
    )


@cache
def child_template(*, bare: bool = False) -> bytes:
    """The child's filter with a mark for its process id; building it costs more than the rest of a short run."""
    denied = [name for name in _SUPERVISE if name != "kill"]
    return b"".join(
        (
            _instruction(_LOAD, _NR),
            _on_call("clone", _if_flags(0, _CLONE_THREAD, _ADMIT, _DENY)),
            _on_call("kill", _only_if_argument(0, (_PID_MARK,))),
            _on_call("tgkill", _only_if_argument(0, (_PID_MARK,))),
            _on_call("prlimit64", _only_if_argument(0, (0, _PID_MARK))),
            b"".join(_instruction(_JUMP_EQUAL, nr, 0, 1) + _DENY for nr in _numbers(denied)),
            _about_itself_only() if bare else b"",
            _ADMIT,
        )
    )


def _about_itself_only() -> bytes:
    """What a child must not ask of processes that a namespace would hide."""
    own = (0, _PID_MARK)
    not_negative = _instruction(_LOAD, _ARGS[0]) + _instruction(_JUMP_GREATER_EQUAL, _NEGATIVE, 0, 1) + _DENY + _ADMIT
    named = ("getpgid", "getsid", "sched_getaffinity", "sched_getparam", "sched_getscheduler")
    clocks = ("clock_getres", "clock_gettime", "clock_nanosleep", "timer_create")
    return b"".join(
        (
            *(_on_call(name, _only_if_argument(0, own)) for name in named),
            *(_on_call(name, not_negative) for name in clocks),
            _on_call("getpriority", _only_if_argument(1, own)),
            _on_call("prctl", _only_if_argument(0, (_PR_SET_NAME, _PR_GET_NAME))),
        )
    )


def child_filter(pid: int, *, bare: bool = False) -> bytes:
    """What the program must not do beyond the worker's filter; `pid` is the child's own, as it sees itself."""
    return child_template(bare=bare).replace(struct.pack("<I", _PID_MARK), struct.pack("<I", pid))


def child_installer(*, bare: bool) -> Callable[[], None]:
    """Make a function that puts the child's filter on the process that calls it.

    Whatever can be made here is, because each object that a child makes or touches may cost it a page.
    """
    template, mark = child_template(bare=bare), struct.pack("<I", _PID_MARK)
    places = [place for place in range(0, len(template), 4) if template.startswith(mark, place)]
    instructions = ctypes.create_string_buffer(template, len(template))
    program = _Program(len(template) // 8, ctypes.addressof(instructions))
    number = syscalls.number("seccomp") or 0
    arguments = (*map(ctypes.c_long, (number, _SET_MODE_FILTER, 0)), ctypes.pointer(program))
    syscall, getpid, put = ctypes.PyDLL(None).syscall, os.getpid, struct.Struct("<I").pack_into

    def install_for_this_process() -> None:
        pid = getpid()
        for place in places:
            put(instructions, place, pid)
        if syscall(*arguments):
            raise OSError("the kernel refuses the child's filter")

    return install_for_this_process


def install(instructions: bytes) -> None:
    """Put a filter on this thread and all its children to come; no_new_privs must be set. Raises OSError."""
    program = _Program(len(instructions) // 8, instructions)
    syscalls.call("seccomp", _SET_MODE_FILTER, 0, ctypes.byref(program))
