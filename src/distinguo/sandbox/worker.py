"""The host's side of one worker: starts it, gives it runs, cancels them, ends it.

The code for a worker's processes is handed over as a marshalled bundle on a file descriptor, so nothing of distinguo's
installation needs to be visible, or readable to an unprivileged user, inside.
"""

import asyncio
import contextlib
import importlib.abc
import importlib.util
import itertools
import marshal
import os
import socket
import subprocess
import sys
from functools import cache
from types import CodeType

from distinguo.errors import SandboxUnavailable
from distinguo.problem import Limits
from distinguo.sandbox.files import RunFiles
from distinguo.sandbox.inside.wire import MESSAGE_BYTES, Answer, Cancel, End, Ready, Run, unpack

_START_SECONDS = 30.0
_STOP_SECONDS = 5.0
# Address space that is reserved and seldom touched: the interpreter with its libraries, and the stack of up to 512 MiB
# that many programs give a thread to recurse in. What they touch is judged by the resident size.
_RESERVED_BYTES = 576 << 20

_BUNDLED = (
    "distinguo.values",
    "distinguo.sandbox.inside",
    *(
        f"distinguo.sandbox.inside.{name}"
        for name in ("child", "landlock", "namespaces", "seccomp", "start", "syscalls")
    ),
    *(f"distinguo.sandbox.inside.{name}" for name in ("wire", "zygote")),
)
# The packages round the bundled modules are empty there: their __init__ needs more than the standard library.
_EMPTY = ("distinguo", "distinguo.sandbox")

_BOOTSTRAP = """
import importlib, marshal, sys
from importlib.machinery import ModuleSpec
name, control, bundle, flag = sys.argv[1], *map(int, sys.argv[2:])
with open(bundle, "rb", closefd=False) as file:
    modules = marshal.load(file)
class Bundle:
    def find_spec(name, path=None, target=None):
        if name in modules:
            return ModuleSpec(name, Bundle, is_package=modules[name][0])
    def create_module(spec):
        return None
    def exec_module(module):
        exec(modules[module.__name__][1], module.__dict__)
sys.meta_path.insert(0, Bundle)
importlib.import_module("distinguo.sandbox.inside." + name).main(control, bundle, flag)
"""


class WorkerDied(Exception):
    """The worker ended or answered nonsense; it is of no further use."""


class Worker:
    """One warm, isolated interpreter. Runs one program at a time; belongs to the event loop that started it."""

    def __init__(self, process: subprocess.Popen[bytes], control: socket.socket, ready: Ready) -> None:
        self.ready = ready
        self._process = process
        self._control = control
        self._serials = itertools.count(1)
        self._reply: asyncio.Future[Answer] | None = None
        self._alive = True

    @classmethod
    async def start(cls, *, as_root: bool = True) -> "Worker":
        """Start a worker; `as_root=False` keeps to an ordinary user's means even for root.

        Raises SandboxUnavailable with the reason.
        """
        control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        control.setblocking(False)
        with theirs:
            process = _spawn(theirs, as_root)
        try:
            async with asyncio.timeout(_START_SECONDS):
                message = await asyncio.get_running_loop().sock_recv(control, MESSAGE_BYTES)
            ready = unpack(message) if message else None
        except (OSError, ValueError, TimeoutError):
            ready = None
        except BaseException:
            await _stop(process, control)
            raise
        if isinstance(ready, Ready):
            return cls(process, control, ready)
        said = await _stop(process, control)
        reason = said.strip().splitlines()[-1:] or ["the worker did not start"]
        raise SandboxUnavailable(f"programs cannot be isolated on this machine: {reason[0]}")

    async def run(self, files: RunFiles, limits: Limits) -> Answer:
        """Run the program in `files`. Raises WorkerDied. When cancelled, first waits for the child's end."""
        serial = next(self._serials)
        message = Run(
            serial,
            limits.cpu_seconds,
            limits.wall_seconds,
            (limits.memory_mb << 20) + _RESERVED_BYTES,
            limits.output_bytes,
        )
        try:
            socket.send_fds(self._control, [message.pack()], files.descriptors)
        except OSError as error:
            self._alive = False
            raise WorkerDied(str(error)) from error
        self._reply = asyncio.ensure_future(self._receive(serial))
        try:
            return await asyncio.shield(self._reply)
        except asyncio.CancelledError:
            with contextlib.suppress(OSError):  # a dead worker needs no message
                self._control.send(Cancel(serial).pack())
            await asyncio.wait([self._reply])
            raise

    @property
    def usable(self) -> bool:
        """Whether it can take another run: nothing is running and it has not failed."""
        return self._alive and (self._reply is None or self._reply.done())

    async def _receive(self, serial: int) -> Answer:
        try:
            message = await asyncio.get_running_loop().sock_recv(self._control, MESSAGE_BYTES)
            answer = unpack(message)
        except (OSError, ValueError) as error:
            self._alive = False
            raise WorkerDied("the worker hung up" if isinstance(error, ValueError) else str(error)) from error
        if not isinstance(answer, Answer) or answer.serial != serial or answer.end is End.FAILED:
            self._alive = False
            raise WorkerDied(f"the worker could not run the program: {answer}")
        return answer

    async def aclose(self) -> None:
        """End the worker and every process in it; returns when they are gone."""
        self._alive = False
        with contextlib.suppress(OSError):  # it may have hung up first
            self._control.shutdown(socket.SHUT_RDWR)
        if self._reply is not None:
            await asyncio.wait([self._reply])
        await _stop(self._process, self._control)


def _spawn(control: socket.socket, as_root: bool) -> subprocess.Popen[bytes]:
    bundle = os.memfd_create("bundle", os.MFD_CLOEXEC)
    try:
        os.write(bundle, _bundle())
        os.lseek(bundle, 0, os.SEEK_SET)
        interpreter = getattr(sys, "_base_executable", sys.executable)
        command = [interpreter, "-I", "-S", "-B", "-c", _BOOTSTRAP, "start"]
        return subprocess.Popen(
            [*command, str(control.fileno()), str(bundle), str(int(as_root))],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=(control.fileno(), bundle),
            env={name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ},
            start_new_session=True,  # an interrupt from the terminal is the host's to handle
            cwd="/",
        )
    except OSError as error:
        raise SandboxUnavailable(f"a worker cannot be started: {error}") from error
    finally:
        os.close(bundle)


@cache
def _bundle() -> bytes:
    modules: dict[str, tuple[bool, CodeType]] = {name: (True, compile("", name, "exec")) for name in _EMPTY}
    for name in _BUNDLED:
        spec = importlib.util.find_spec(name)
        loader = spec and spec.loader
        code = loader.get_code(name) if isinstance(loader, importlib.abc.InspectLoader) else None
        if spec is None or code is None:
            raise SandboxUnavailable(f"distinguo's installation is damaged ({name} is missing): install it again")
        modules[name] = (spec.submodule_search_locations is not None, _nameless(code))
    return marshal.dumps(modules)


def _nameless(code: CodeType) -> CodeType:
    """The same code without the path of its file, which a program could read in a warning."""
    constants = (_nameless(value) if isinstance(value, CodeType) else value for value in code.co_consts)
    return code.replace(co_filename="<sandbox>", co_consts=tuple(constants))


async def _stop(process: subprocess.Popen[bytes], control: socket.socket) -> str:
    """End a worker by hanging up, by force if that does not help. Returns what start-up wrote to stderr."""
    control.close()
    try:
        _, said = await asyncio.to_thread(process.communicate, timeout=_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.terminate()  # the first process kills pid 1 of the namespace, and with it everything inside
        _, said = await asyncio.to_thread(process.communicate)
    return said.decode("utf-8", "replace")
