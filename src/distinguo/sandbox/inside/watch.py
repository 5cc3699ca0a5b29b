"""Watching one run from the process above it: until it ends by itself, reaches a limit, or nobody wants it any more."""

import _socket  # socket.py would bring two shared libraries more, which make every fork slower
import os
import select
import time

from distinguo.sandbox.inside.wire import MESSAGE_BYTES, Cancel, End, Run, unpack

_EXIT = End.EXIT  # finding a member takes Python 3.11 a function call
_CORES = len(os.sched_getaffinity(0))


class Watch:
    """Watches runs, one at a time, and the host's end of `control` with each."""

    def __init__(self, control: _socket.socket) -> None:
        self._control = control
        self._poller = select.poll()
        self._poller.register(control, select.POLLIN)

    def wait(self, pid: int, process: int, run: Run, begin: float) -> End:
        """Wait until the process ends or must end; `begin` is when it started, in seconds of time.monotonic.

        process: its descriptor. Exits, and takes the whole namespace with it, when the host is gone.
        """
        self._poller.register(process, select.POLLIN)
        cpu_clock = ~pid << 3 | 2  # the kernel's name for another process's CPU-time clock
        cpu, wall = run.cpu_seconds, run.wall_seconds
        try:
            while cpu > 0 and wall > 0:
                # Threads on several cores use up CPU time faster than the clock on the wall.
                pause = min(wall, max(cpu / _CORES, 0.001))
                ready = self._poller.poll(int(pause * 1000) + 1)
                for file, _ in reversed(ready):  # the process comes after the host's end, and counts more
                    if file == process:
                        return _EXIT
                    if self._is_cancelled(run):
                        return End.CANCELLED
                cpu = run.cpu_seconds - time.clock_gettime(cpu_clock)
                wall = run.wall_seconds - (time.monotonic() - begin)
            return End.CPU if cpu <= 0 else End.WALL
        finally:
            self._poller.unregister(process)

    def _is_cancelled(self, run: Run) -> bool:
        message = self._control.recvmsg(MESSAGE_BYTES)[0]
        if not message:
            os._exit(0)
        return unpack(message) == Cancel(run.serial)
