"""Limits of programs in Python for problems whose stated limits are meant for compiled programs."""

import math

from distinguo.problem import Limits

# LiveCodeBench's authors give a test six seconds; programs that they call right take 5.8 of them on a slower and busy
# machine.
OF_PYTHON = Limits(cpu_seconds=10.0, wall_seconds=30.0, memory_mb=1024, output_bytes=16 << 20)
"""What a program in Python has at least."""

_WALL = 3  # elapsed seconds to a second of CPU time
_MOST_SECONDS, _MOST_MEMORY = 600.0, 1 << 16


def of_python(seconds: float, memory_mb: float) -> Limits:
    """The limits of a problem that states these: seconds of CPU time, and MiB; 0 or nonsense where it states none.

    A stated limit counts where it is above OF_PYTHON's: the judges' machines ran compiled programs.
    """
    stated = seconds if 0 < seconds <= _MOST_SECONDS else 0.0
    room = memory_mb if 0 < memory_mb <= _MOST_MEMORY else 0.0
    cpu = max(OF_PYTHON.cpu_seconds, stated)
    return Limits(cpu, _WALL * cpu, max(OF_PYTHON.memory_mb, math.ceil(room)), OF_PYTHON.output_bytes)
