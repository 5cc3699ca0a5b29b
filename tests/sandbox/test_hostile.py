"""One test per property: nothing gets through, no process survives, and the same worker serves the next run."""

import platform
import socket
import sys
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from contracts.processes import processes_below

import distinguo.sandbox
from distinguo.problem import CallStyle, Limits, Program
from distinguo.records import Execution, Verdict
from distinguo.sandbox.pool import Pool

HERE = Path(__file__).resolve()
HOME = str(Path.home())
pytestmark = pytest.mark.asyncio(loop_scope="session")

LIMITS = Limits(cpu_seconds=0.4, wall_seconds=20, memory_mb=128, output_bytes=1 << 16)
NAP = replace(LIMITS, wall_seconds=0.4)


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def unharmed(box: Pool) -> AsyncIterator[None]:
    (worker,) = box._workers
    yield
    execution = await box.run(Program("print(6 * 7)"), "", Limits())
    assert (execution.status, execution.output) == (Verdict.AC, "42\n")
    assert box._workers == {worker}, "the worker had to be replaced"
    supervisor = processes_below(worker._process.pid)
    assert len(supervisor) == 1, f"{len(supervisor) - 1} processes survive"


async def attack(box: Pool, source: str, limits: Limits = LIMITS) -> Execution:
    execution = await box.run(Program(source), "", limits)
    assert "THROUGH" not in execution.output + execution.error
    return execution


TRY = """
import os, sys
def attempt(action):
    try:
        action()
    except (OSError, ValueError):
        print("refused")
    else:
        print("THROUGH")
"""

ENDED_BY_A_LIMIT = {
    "busy loop": ("while True: pass", Verdict.TLE),
    "catch everything": ("while True:\n  try:\n    while True: pass\n  except BaseException: pass", Verdict.TLE),
    "busy thread left behind": (
        "import threading\ndef f():\n  while 1: pass\nthreading.Thread(target=f).start()",
        Verdict.TLE,
    ),
    "ignore signals": (
        "import signal\nfor n in range(1, 65):\n  try: signal.signal(n, signal.SIG_IGN)\n"
        "  except (OSError, ValueError): pass\nwhile 1: pass",
        Verdict.TLE,
    ),
    "hang at exit": ("import atexit\ndef f():\n  while 1: pass\natexit.register(f)", Verdict.TLE),
    "native loop": ("sum(range(10 ** 12))", Verdict.TLE),
    "trace function": ("import sys\ndef f(*a):\n  while 1: pass\nsys.settrace(f)\ndef g(): pass\ng()", Verdict.TLE),
    "big number": ("print(len(str(3 ** 10 ** 9)))", Verdict.TLE),
    "slow regular expression": ("import re; re.match('(a+)+$', 'a' * 60 + 'b')", Verdict.TLE),
    "memory bomb": ("x = []\nwhile True: x.append(bytearray(10 ** 6))", Verdict.MLE),
    "16 GiB map": ("import mmap\nmmap.mmap(-1, 16 << 30)", Verdict.RTE),
    "16 GiB of zeros": ("bytearray(16 << 30)", Verdict.MLE),
    "memory caught": (
        "x = []\nwhile True:\n  try: x.append(bytearray(10 ** 7))\n  except MemoryError: break",
        Verdict.MLE,
    ),
    "300 MB of output": ("import sys\nwhile True: sys.stdout.write('x' * 10 ** 6)", Verdict.OLE),
    "300 MB of errors": ("import sys\nwhile True: sys.stderr.write('x' * 10 ** 6)", Verdict.OLE),
    "output with the signal ignored": (
        "import os, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nfor _ in range(9):\n"
        "  try: os.write(1, b'x' * 10 ** 6)\n  except OSError: pass",
        Verdict.OLE,
    ),
    "segmentation fault": ("import ctypes; ctypes.string_at(0)", Verdict.RTE),
    "endless recursion": ("import sys\nsys.setrecursionlimit(10 ** 9)\ndef f(): f()\nf()", None),
    "deep C recursion": ("x = []\nfor _ in range(10 ** 5): x = [x]\nprint(repr(x)[:1])", Verdict.RTE),
    "abort": ("import os; os.abort()", Verdict.RTE),
    "kill itself": ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", Verdict.RTE),
    "status 0 before an exception": ("import os\nos._exit(0)\n1 / 0", Verdict.AC),
    "descriptor exhaustion": ("import os\nwhile True: os.dup(0)", Verdict.RTE),
    "pipe hoard": ("import os\nwhile True: os.set_blocking(os.pipe()[1], False)", Verdict.RTE),
    "closed standard files": ("import os\nfor n in range(256):\n  try: os.close(n)\n  except OSError: pass", None),
    "broken serialiser": (
        "import builtins, os\nos.write = builtins.compile = builtins.exec = None\n1 / 0",
        Verdict.RTE,
    ),
}


@pytest.mark.parametrize("name", ENDED_BY_A_LIMIT)
async def test_misbehaviour_ends_in_a_verdict(box: Pool, name: str) -> None:
    source, verdict = ENDED_BY_A_LIMIT[name]
    execution = await attack(box, source)
    assert verdict is None or execution.status == verdict, execution
    assert len(execution.output) <= LIMITS.output_bytes


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("import time; time.sleep(60)", id="sleep"),
        pytest.param("import os, signal; os.kill(os.getpid(), signal.SIGSTOP)", id="stop itself"),
        pytest.param("import os\nread, write = os.pipe()\nos.read(read, 1)", id="wait for itself"),
        pytest.param(
            "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(60,)).start()",
            id="thread bomb",
        ),
        pytest.param("import signal; signal.pause()", id="pause"),
    ],
)
async def test_waiting_for_ever_ends_at_the_wall_limit(box: Pool, source: str) -> None:
    assert (await attack(box, source, NAP)).status is Verdict.TLE


REFUSED = {
    "fork": "attempt(os.fork)",
    "forkpty": "attempt(os.forkpty)",
    "posix_spawn": "attempt(lambda: os.posix_spawn('/usr/bin/python3', ['python3', '-c', ''], {}))",
    "exec": "attempt(lambda: os.execv('/usr/bin/python3', ['python3', '-c', 'print(\"THROUGH\")']))",
    "subprocess": "import subprocess; attempt(lambda: subprocess.run(['/usr/bin/python3', '-c', '']))",
    "multiprocessing": "import multiprocessing as m; attempt(m.get_context('fork').Process(target=print).start)",
    "kill the supervisor": "attempt(lambda: os.kill(1, 9))",
    "interrupt the supervisor": "import signal; attempt(lambda: os.kill(1, signal.SIGINT))",
    "kill the parent": "attempt(lambda: os.kill(os.getppid() or 1, 9))",
    "kill everyone": "attempt(lambda: os.kill(-1, 9))",
    "kill the group": "attempt(lambda: os.killpg(0, 9))",
    "limit the parent": "import resource; attempt(lambda: resource.prlimit(1, resource.RLIMIT_CPU, (1, 1)))",
    "raise its own limit": "import resource; attempt(lambda: resource.setrlimit(resource.RLIMIT_AS, (-1, -1)))",
    "write beside itself": "attempt(lambda: open('left', 'w'))",
    "write to /tmp": "attempt(lambda: open('/tmp/left', 'w'))",
    "write to the library": "attempt(lambda: open(os.__file__, 'a'))",
    "replace the interpreter": "attempt(lambda: os.unlink('/usr/bin/python3'))",
    "delete the library": "attempt(lambda: os.unlink(os.__file__))",
    "make a directory": "attempt(lambda: os.mkdir('/usr/lib/left'))",
    "shared memory": "from multiprocessing import shared_memory as s; attempt(lambda: s.SharedMemory('l', True, 9))",
    "read /etc/passwd": "attempt(lambda: open('/etc/passwd'))",
    "read /etc/shadow": "attempt(lambda: open('/etc/shadow'))",
    "read /proc": "attempt(lambda: open('/proc/self/environ'))",
    "read home": "attempt(lambda: os.listdir('/root'))",
    "climb out": "attempt(lambda: os.listdir('/../../../home'))",
    "change the root": "attempt(lambda: os.chroot('/usr'))",
    "become root": "attempt(lambda: os.setuid(0))",
    "change the priority": "attempt(lambda: os.setpriority(os.PRIO_PROCESS, 0, -5))",
    "type into the terminal": "import fcntl; attempt(lambda: fcntl.ioctl(0, 0x5412, b'x'))",
    "memory file": "attempt(lambda: os.memfd_create('x'))",
    "adopt a process": "attempt(lambda: os.pidfd_open(1))",
    "wait for others": "attempt(lambda: os.waitpid(-1, 0))",
    "internet socket": "import socket; attempt(socket.socket)",
    "unix socket": "import socket; attempt(lambda: socket.socket(socket.AF_UNIX))",
    "socket pair": "import socket; attempt(socket.socketpair)",
    "netlink socket": "import socket; attempt(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW))",
    "host name": "import socket; attempt(lambda: socket.sethostname('x'))",
    "inherited descriptors": "attempt(lambda: [os.fstat(n) for n in range(3, 256) if os.write(n, b'x')])",
}


@pytest.mark.parametrize("name", REFUSED)
async def test_attempt_is_refused(box: Pool, name: str) -> None:
    execution = await attack(box, TRY + REFUSED[name])
    assert "refused" in execution.output, execution


RAW_CALLS = {  # x86-64, aarch64
    "add_key": (248, 217),
    "bpf": (321, 280),
    "chroot": (161, 51),
    "clone3": (435, 435),
    "execveat": (322, 281),
    "finit_module": (313, 273),
    "fsopen": (430, 430),
    "init_module": (175, 105),
    "io_uring_setup": (425, 425),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "memfd_create": (319, 279),
    "mount": (165, 40),
    "msgget": (68, 186),
    "open_by_handle_at": (304, 265),
    "perf_event_open": (298, 241),
    "personality": (135, 92),
    "pidfd_getfd": (438, 438),
    "pivot_root": (155, 41),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "request_key": (249, 218),
    "seccomp": (317, 277),
    "semget": (64, 190),
    "setns": (308, 268),
    "shmget": (29, 194),
    "socket": (41, 198),
    "swapon": (167, 224),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
}


@pytest.mark.parametrize("name", RAW_CALLS)
async def test_raw_system_call_is_refused(box: Pool, name: str) -> None:
    if platform.machine() not in ("x86_64", "aarch64"):
        pytest.skip("system call numbers are known for x86-64 and aarch64")
    number = RAW_CALLS[name][platform.machine() == "aarch64"]
    source = (
        "import ctypes, errno\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        f"result = libc.syscall({number}, 0, 0, 0, 0, 0, 0)\n"
        "print(result, errno.errorcode[ctypes.get_errno()])"
    )
    execution = await attack(box, source)
    assert execution.output in ("-1 EPERM\n", "-1 ENOSYS\n"), execution


async def test_other_architectures_system_calls_kill_the_program(box: Pool) -> None:
    if platform.machine() != "x86_64":
        pytest.skip("x32 numbers are a matter of x86-64")
    execution = await attack(box, "import ctypes\nctypes.CDLL(None).syscall(0x40000000 | 39)\nprint('THROUGH')")
    assert (execution.status, execution.error) == (Verdict.RTE, "killed by SIGSYS")


async def test_loopback_of_the_host_is_out_of_reach(box: Pool) -> None:
    reached = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            listener.accept()
            reached.set()

        threading.Thread(target=accept, daemon=True).start()
        port = listener.getsockname()[1]
        execution = await attack(
            box, f"import socket\nsocket.create_connection(('127.0.0.1', {port}))\nprint('THROUGH')"
        )
        assert execution.status is Verdict.RTE
        assert not reached.is_set()
        with socket.create_connection(("127.0.0.1", port)):  # the listener was real
            assert reached.wait(5)


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    return "sk-very-secret"


async def test_environment_of_the_host_is_out_of_reach(box: Pool, secret: str) -> None:
    async with distinguo.sandbox.open(1) as fresh:
        execution = await fresh.run(Program("import os\nprint(dict(os.environ))"), "", LIMITS)
    assert execution.output == "{'PYTHONHASHSEED': '0'}\n"


async def test_only_the_interpreter_is_visible(box: Pool) -> None:
    execution = await attack(
        box,
        "import os\nfor top, folders, files in os.walk('/'):\n"
        "  if 'python3.' in top: folders.clear()\n  else: print(*(os.path.join(top, f) for f in files), sep='\\n')",
    )
    shown = set(execution.output.split())
    assert {"/usr/bin/python3", "/dev/null", "/dev/zero", "/dev/urandom"} <= shown
    rest = [path for path in shown if not path.startswith("/dev/") and ".so" not in path]
    assert rest == ["/usr/bin/python3"]


async def test_paths_of_the_host_are_not_visible(box: Pool) -> None:
    execution = await attack(
        box,
        "import os, sys\nprint(sys.executable, sys.prefix, sys.path, sys.orig_argv, os.getcwd(), os.__file__)",
    )
    assert execution.status is Verdict.AC
    for path in (str(HERE.parents[1]), sys.base_prefix, HOME):
        assert path in ("/", "/usr") or path not in execution.output


async def test_third_party_packages_are_not_visible(box: Pool) -> None:
    execution = await attack(
        box,
        "import os\nfolder = os.path.dirname(os.__file__)\n"
        "print([n for n in ('site-packages', 'dist-packages') if os.path.isdir(f'{folder}/{n}') and "
        "os.listdir(f'{folder}/{n}')])",
    )
    assert execution.output == "[]\n"


async def test_program_has_no_privilege(box: Pool) -> None:
    source = (
        "import os, ctypes\nlibc = ctypes.CDLL(None)\nheader = (ctypes.c_uint32 * 2)(0x20080522, 0)\n"
        "sets = (ctypes.c_uint32 * 6)()\nassert libc.capget(header, sets) == 0\n"
        "print(any(sets), 0 in os.getresuid() + os.getresgid(), os.uname().nodename)"
    )
    execution = await attack(box, source)
    assert execution.output == "False False sandbox\n", execution.error


async def test_distinguo_cannot_be_imported(box: Pool) -> None:
    execution = await attack(box, "import distinguo")
    assert "ModuleNotFoundError" in execution.error


async def test_frames_and_heap_hold_only_the_programs_own_input(box: Pool) -> None:
    source = (
        "import gc, sys\ninput()\nframe, seen = sys._getframe(), []\n"
        "while frame: seen.append(repr(frame.f_locals)); frame = frame.f_back\n"
        "seen.extend(repr(o)[:200] for o in gc.get_objects() if isinstance(o, (list, dict, tuple)))\n"
        "word = ''.join(reversed('rewsna-detcepxe'))\nprint('THROUGH' if any(word in s for s in seen) else 'nothing')"
    )
    await box.run(Program("print('expected-answer')"), "expected-answer\n", LIMITS)
    execution = await box.run(Program(source), "x\n", Limits())
    assert execution.output == "nothing\n", execution.error


async def test_pipe_to_the_next_run_is_impossible(box: Pool) -> None:
    await attack(box, "import os\nfor n in range(3): os.write(n, b'left behind') if n else None")
    execution = await attack(box, "import os\nprint(os.read(0, 99))")
    assert execution.output == "b''\n"


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("import os\ndef f():\n    os._exit(0)", id="_exit"),
        pytest.param("import sys\ndef f():\n    sys.exit(0)", id="exit"),
        pytest.param("def f():\n    raise SystemExit", id="raise"),
        pytest.param("import os\nos._exit(0)", id="while loading"),
        pytest.param("import os\ndef f():\n    os.write(3, b'nonsense')\n    os._exit(0)", id="nonsense reply"),
        pytest.param("import os\ndef f():\n    os.close(3)\n    os._exit(0)", id="no reply"),
    ],
)
async def test_exit_inside_a_call_is_no_result(box: Pool, source: str) -> None:
    execution = await box.run(Program(source, CallStyle.FUNCTION, "f"), "()", LIMITS)
    assert (execution.status, execution.output) == (Verdict.RTE, "")
    assert "exited before it returned a value" in execution.error


async def test_object_equal_to_everything_is_no_literal(box: Pool) -> None:
    source = (
        "class Yes:\n    def __eq__(self, other): return True\n    def __repr__(self): return '42'\n"
        "def f(): return Yes()"
    )
    execution = await box.run(Program(source, CallStyle.FUNCTION, "f"), "()", LIMITS)
    assert (execution.status, execution.output) == (Verdict.AC, "<object of type Yes>")


async def test_type_name_cannot_imitate_a_literal(box: Pool) -> None:
    source = "def f():\n    return type('x>\\n42', (), {})()"
    execution = await box.run(Program(source, CallStyle.FUNCTION, "f"), "()", LIMITS)
    assert execution.output.startswith("<object of type ")


async def test_hanging_repr_and_iterator_meet_the_limit(box: Pool) -> None:
    source = "class S(set):\n    def __iter__(self):\n        while True: pass\ndef f(): return S({1})"
    execution = await box.run(Program(source, CallStyle.FUNCTION, "f"), "()", LIMITS)
    assert execution.status is Verdict.TLE


async def test_result_beyond_the_output_limit_is_ole(box: Pool) -> None:
    execution = await box.run(Program("def f(): return 'x' * 10 ** 6", CallStyle.FUNCTION, "f"), "()", LIMITS)
    assert (execution.status, execution.output) == (Verdict.OLE, "")


async def test_message_file_cannot_flood_the_host(box: Pool) -> None:
    source = "import os\ndef f():\n    while True: os.write(3, b'V' * 10 ** 6)"
    execution = await box.run(Program(source, CallStyle.FUNCTION, "f"), "()", LIMITS)
    assert execution.status is Verdict.OLE


async def test_supervisor_refuses_to_be_anything_but_pid_1() -> None:
    from distinguo.sandbox.inside import zygote

    with pytest.raises(SystemExit, match="must be pid 1"):
        zygote.main(0, 0, False)
