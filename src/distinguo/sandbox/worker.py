"""The host's side of one worker: starts it, gives it runs, cancels them, ends it."""

import asyncio
import contextlib
import importlib.util
import os
import socket
import subprocess
from typing import Self

from distinguo.errors import SandboxUnavailable
from distinguo.problem import Limits
from distinguo.sandbox import interpreters, isolation
from distinguo.sandbox.bundle import BOOTSTRAP, bundle
from distinguo.sandbox.files import RunFiles
from distinguo.sandbox.inside.wire import MESSAGE_BYTES, REFUSED, Answer, Cancel, End, Ready, Run, unpack
from distinguo.sandbox.isolation import Isolation

_START_SECONDS = 30.0
_STOP_SECONDS = 5.0
# Address space that is reserved and seldom touched: the interpreter with its libraries, and the stack of up to 512 MiB
# that many programs give a thread to recurse in. What they touch is judged by the resident size.
_RESERVED_BYTES = 576 << 20


class Refused(Exception):
    """The kernel or the container refuses this way of isolation."""


class WorkerDied(Exception):
    """The worker ended or answered nonsense; it is of no further use."""


class Worker:
    """One warm, isolated interpreter. Runs one program at a time; belongs to the event loop that started it."""

    def __init__(self, process: subprocess.Popen[bytes], control: socket.socket, ready: Ready) -> None:
        self.ready = ready
        self._process = process
        self._control = control
        self._serial = 0
        self._reply: asyncio.Future[Answer] | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._death = ""  # why it is of no further use
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(control, self._read)

    @classmethod
    async def start(
        cls,
        *,
        as_root: bool = True,
        namespaces: bool | None = None,
        interpreter: str | None = None,
        preload: tuple[str, ...] = (),
    ) -> Self:
        """Start a worker.

        as_root: False keeps to an ordinary user's means even for root.
        namespaces: False does without them, True insists; unless given, they are used where the kernel allows them.
        interpreter: the path of the Python to run (CPython 3.10 or later); the base interpreter of this one unless
        given.
        preload: third-party packages of this interpreter that are shown inside, and imported before the first program.

        Raises SandboxUnavailable with the reason, InputError for an interpreter that cannot be used.
        """
        python = await interpreters.find(interpreter) if interpreter else None
        refusals = []
        for use_namespaces in (True, False) if namespaces is None else (namespaces,):
            try:
                arguments = (str(int(as_root)), str(int(use_namespaces)), ",".join(map(_folder, preload)))
                return await cls._start(python, "start", arguments)
            except Refused as refusal:
                refusals.append(str(refusal))
        raise SandboxUnavailable(f"programs cannot be isolated on this machine: {'; '.join(refusals)}")

    @classmethod
    async def _start(cls, python: str | None, module: str, arguments: tuple[str, ...]) -> Self:
        """Start `module` of the bundle and wait until it is ready.

        Raises Refused where the kernel offers no such isolation, SandboxUnavailable where something else fails.
        """
        try:
            control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        except OSError as error:
            raise _cannot_start(error) from error
        control.setblocking(False)
        try:
            with theirs:
                process = _spawn(theirs, python, module, arguments)
        except BaseException:
            control.close()
            raise
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
        reason = (said.strip().splitlines() or ["the worker did not start"])[-1]
        if process.returncode == REFUSED:
            raise Refused(reason)
        raise SandboxUnavailable(f"programs cannot be isolated on this machine: {reason}")

    @property
    def isolation(self) -> Isolation:
        """What separates this worker's programs from the host."""
        return isolation.of(self.ready)

    async def run(self, files: RunFiles, limits: Limits) -> Answer:
        """Run the program in `files`. Raises WorkerDied. When cancelled, first waits for the child's end."""
        if self._death:
            raise WorkerDied(self._death)
        self._serial += 1
        message = Run(
            self._serial,
            limits.cpu_seconds,
            limits.wall_seconds,
            (limits.memory_mb << 20) + _RESERVED_BYTES,
            limits.output_bytes,
        )
        try:
            socket.send_fds(self._control, [message.pack()], files.descriptors)
        except OSError as error:
            self._die(str(error))
            raise WorkerDied(self._death) from error
        self._idle.clear()
        self._reply = self._loop.create_future()
        try:
            return await self._reply
        except asyncio.CancelledError:
            self.cancel()
            await self._idle.wait()
            raise

    def cancel(self) -> None:
        """Kill the run that is going on; its answer comes all the same, CANCELLED if that was its end."""
        with contextlib.suppress(OSError):  # a dead worker needs no message
            self._control.send(Cancel(self._serial).pack())

    @property
    def usable(self) -> bool:
        """Whether it can take another run: nothing is running and it has not failed."""
        return not self._death and self._idle.is_set()

    def _read(self) -> None:
        try:
            message = self._control.recv(MESSAGE_BYTES)
            answer = unpack(message) if message else None
        except BlockingIOError:
            return
        except (OSError, ValueError) as error:
            self._die(str(error))
            return
        if answer is None:
            self._die("the worker hung up")
        elif self._idle.is_set() or not isinstance(answer, Answer) or answer.serial != self._serial:
            self._die(f"the worker gave an answer that nobody asked for: {answer}")
        elif answer.end is End.FAILED:
            self._die(f"the worker could not run the program: {answer}")
        else:
            self._idle.set()
            if self._reply and not self._reply.done():
                self._reply.set_result(answer)

    def _die(self, reason: str) -> None:
        if self._death:
            return
        self._death = reason
        self._loop.remove_reader(self._control)
        self._idle.set()
        if self._reply and not self._reply.done():
            self._reply.set_exception(WorkerDied(self._death))

    async def aclose(self) -> None:
        """End the worker and every process in it; returns when they are gone."""
        self._die("the worker was closed")
        await _stop(self._process, self._control)


def _folder(package: str) -> str:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise SandboxUnavailable(f"the package {package} is not installed here: install it, or do without it")
    return os.path.realpath(spec.submodule_search_locations[0])


def _spawn(
    control: socket.socket, python: str | None, module: str, arguments: tuple[str, ...]
) -> subprocess.Popen[bytes]:
    try:
        code = os.memfd_create("bundle", os.MFD_CLOEXEC)
    except OSError as error:
        raise _cannot_start(error) from error
    try:
        os.write(code, bundle(sources=python is not None))
        os.lseek(code, 0, os.SEEK_SET)
        command = [python or interpreters.own(), "-I", "-S", "-B", "-c", BOOTSTRAP, module]
        return subprocess.Popen(
            [*command, str(control.fileno()), str(code), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=(control.fileno(), code),
            env={name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ},
            start_new_session=True,  # an interrupt from the terminal is the host's to handle
            cwd="/",
        )
    except OSError as error:
        raise _cannot_start(error) from error
    finally:
        os.close(code)


def _cannot_start(error: OSError) -> SandboxUnavailable:
    return SandboxUnavailable(f"a worker cannot be started: {error}")


async def _stop(process: subprocess.Popen[bytes], control: socket.socket) -> str:
    """End a worker by hanging up, by force if that does not help. Returns what start-up wrote to stderr."""
    control.close()
    try:
        _, said = await asyncio.to_thread(process.communicate, timeout=_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.terminate()  # the first process kills pid 1 of the namespace, and with it everything inside
        _, said = await asyncio.to_thread(process.communicate)
    return said.decode("utf-8", "replace")
