"""The code that runs in a worker: what it may import, and the filters as the kernel would read them."""

import ast
import errno
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

import distinguo.sandbox.inside
from distinguo.sandbox import bundle
from distinguo.sandbox.inside import seccomp, syscalls

FOLDER = Path(distinguo.sandbox.inside.__file__).parent
ALLOW, EPERM, ENOSYS, KILL = 0x7FFF0000, 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS, 0x80000000


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_code_inside_needs_the_standard_library_only(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            own = name == "distinguo.values" or name.startswith("distinguo.sandbox.inside.")
            assert own or name.split(".")[0] in sys.stdlib_module_names, name


def test_bundle_holds_every_module_inside() -> None:
    modules = {f"distinguo.sandbox.inside.{path.stem}" for path in FOLDER.glob("*.py") if path.stem != "__init__"}
    assert modules == {name for name in bundle.BUNDLED if name.startswith("distinguo.sandbox.inside.")}


def decide(program: bytes, number: int, *arguments: int, arch: int | None = None) -> int:
    """Run a filter on one system call, as the kernel does."""
    machine = os.uname().machine
    arch = seccomp._AUDIT_ARCH[machine] if arch is None else arch
    words = [*arguments, 0, 0, 0, 0, 0, 0][:6]
    data = struct.pack("<iIQ6Q", number, arch, 0, *(word & (2**64 - 1) for word in words))
    position, accumulator = 0, 0
    while True:
        code, if_true, if_false, operand = struct.unpack_from("<HBBI", program, position * 8)
        position += 1
        if code == 0x20:
            (accumulator,) = struct.unpack_from("<I", data, operand)
        elif code == 0x54:
            accumulator &= operand
        elif code == 0x06:
            return int(operand)
        else:
            taken = {0x15: accumulator == operand, 0x35: accumulator >= operand, 0x45: bool(accumulator & operand)}
            position += if_true if taken[code] else if_false


def both(name: str, *arguments: int, pid: int = 7, bare: bool = False) -> int:
    """The stricter of the worker's and the child's answer."""
    number = syscalls.number(name)
    assert number is not None
    filters = seccomp.worker_filter(bare=bare), seccomp.child_filter(pid, bare=bare)
    return min(decide(program, number, *arguments) for program in filters)


@pytest.mark.parametrize(
    "name,arguments,answer",
    [
        ("read", (), ALLOW),
        ("clone", (0x3D0F00,), ALLOW),
        ("clone", (17,), EPERM),
        ("clone", (0x10000 | 0x20000000,), EPERM),
        ("clone3", (), ENOSYS),
        ("kill", (7, 9), ALLOW),
        ("kill", (1, 9), EPERM),
        ("kill", (-1, 9), EPERM),
        ("kill", (0, 9), EPERM),
        ("tgkill", (7, 8, 6), ALLOW),
        ("tgkill", (1, 1, 6), EPERM),
        ("prlimit64", (0,), ALLOW),
        ("prlimit64", (1,), EPERM),
        ("prctl", (15,), ALLOW),
        ("prctl", (4, 1), EPERM),
        ("ioctl", (0, 0x5401), ALLOW),
        ("ioctl", (0, 0x5412), EPERM),
        ("seccomp", (), EPERM),
        ("sendto", (), EPERM),
        ("sendmsg", (), EPERM),
        ("recvmsg", (), EPERM),
        ("wait4", (), EPERM),
        ("pidfd_open", (1,), EPERM),
        ("pivot_root", (), EPERM),
    ],
)
def test_filters_answer_as_documented(name: str, arguments: tuple[int, ...], answer: int) -> None:
    assert both(name, *arguments) == both(name, *arguments, bare=True) == answer


O_TRUNC = os.O_TRUNC


@pytest.mark.parametrize(
    "name,arguments,answer",
    [
        ("openat", (-100, 0, os.O_RDONLY | os.O_CLOEXEC), ALLOW),
        ("openat", (-100, 0, os.O_WRONLY | O_TRUNC), ALLOW),  # Landlock has a right for it
        ("openat", (-100, 0, os.O_RDWR | O_TRUNC), ALLOW),
        ("openat", (-100, 0, os.O_RDONLY | O_TRUNC), EPERM),
        ("openat", (-100, 0, os.O_RDONLY | O_TRUNC | os.O_CLOEXEC), EPERM),
        ("openat", (-100, 0, 3 | O_TRUNC), EPERM),
        ("readlinkat", (), EPERM),
        ("statfs", (), EPERM),
        ("getpgid", (0,), ALLOW),
        ("getpgid", (7,), ALLOW),
        ("getpgid", (8,), EPERM),
        ("getsid", (8,), EPERM),
        ("sched_getaffinity", (8,), EPERM),
        ("getpriority", (0, 8), EPERM),
        ("getpriority", (0, 0), ALLOW),
        ("clock_gettime", (1,), ALLOW),
        ("clock_gettime", (~8 << 3 | 2,), EPERM),
        ("clock_nanosleep", (~8 << 3 | 2,), EPERM),
        ("timer_create", (~8 << 3 | 2,), EPERM),
        ("prctl", (1, 0), EPERM),
    ],
)
def test_filters_without_namespaces_refuse_more(name: str, arguments: tuple[int, ...], answer: int) -> None:
    assert both(name, *arguments, bare=True) == answer


@pytest.mark.parametrize(
    "command,answer", [(0, ALLOW), (1030, ALLOW), (6, EPERM), (8, EPERM), (10, EPERM), (1024, EPERM)]
)
def test_files_can_be_duplicated_and_neither_locked_leased_nor_owned(command: int, answer: int) -> None:
    assert both("fcntl", 3, command) == answer


@pytest.mark.parametrize("bare", [False, True])
def test_supervisor_keeps_what_it_needs(bare: bool) -> None:
    program = seccomp.worker_filter(bare=bare)
    for name in seccomp._SUPERVISE:
        number = syscalls.number(name)
        assert number is not None
        assert decide(program, number) == ALLOW
    clone = syscalls.number("clone")
    assert clone is not None
    assert decide(program, clone, 17) == ALLOW


def test_calls_that_no_table_names_are_denied() -> None:
    known = {syscalls.number(name) for name in syscalls.NUMBERS}
    for program in (seccomp.worker_filter(), seccomp.worker_filter(bare=True)):
        assert {decide(program, number) for number in range(600) if number not in known} == {EPERM}


def test_other_architectures_are_killed() -> None:
    program = seccomp.worker_filter()
    assert decide(program, 0, arch=0x40000003) == KILL
    assert decide(program, 0x40000000) == KILL


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_filters_can_be_built_for_both_architectures(machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syscalls, "machine", lambda: machine)
    seccomp.child_template.cache_clear()
    try:
        bare = [seccomp.worker_filter(bare=True), seccomp.child_filter(9, bare=True)]
        for program in (seccomp.worker_filter(), seccomp.child_filter(9), *bare):
            assert len(program) % 8 == 0
            assert 0 < len(program) // 8 < 4096
    finally:
        seccomp.child_template.cache_clear()


def test_unknown_architecture_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syscalls, "machine", lambda: "riscv64")
    with pytest.raises(OSError, match="riscv64"):
        syscalls.number("read")


def test_failed_system_call_is_an_oserror_with_its_name() -> None:
    with pytest.raises(OSError, match="pidfd_open"):
        syscalls.call("pidfd_open", -1, 0)


LEFT = """
import os, time
from distinguo.sandbox.inside import zygote
said = [zygote._something_left()]
if os.fork() == 0:
    time.sleep({seconds})
    os._exit(0)
time.sleep({pause})
said += [zygote._something_left(), zygote._something_left()]
print(said)
"""


@pytest.mark.parametrize("seconds, pause, said", [(30, 0, [False, True, True]), (0, 0.3, [False, False, False])])
def test_what_a_run_leaves_behind_is_noticed(seconds: int, pause: float, said: list[bool]) -> None:
    program = LEFT.format(seconds=seconds, pause=pause) + "os.kill(0, 9)\n"
    environment = {"PYTHONPATH": ":".join(sys.path)}
    command = [sys.executable, "-u", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, start_new_session=True, check=False)
    assert done.stdout == f"{said}\n"
