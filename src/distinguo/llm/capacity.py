"""How much of this machine the embedded engine takes: threads, requests at once, and memory for their contexts."""

import math
import os
from pathlib import Path

from distinguo.llm.gguf import ModelHeader

MAX_SLOTS = 16
MEMORY_BUDGET = 1536 << 20  # bytes for all contexts: 16 of 4,096 tokens of the embedded model
MEMORY_SHARE = 4  # of the machine's memory at most one part in so many
_CGROUP_CPU_MAX = Path("/sys/fs/cgroup/cpu.max")


def usable_cores() -> int:
    """Cores that this process may use: its affinity, and the CPU quota of its container where there is one."""
    cores = len(os.sched_getaffinity(0))
    try:
        quota, period = _CGROUP_CPU_MAX.read_text().split()
    except (OSError, ValueError):
        return cores
    return cores if quota == "max" else max(1, min(cores, math.floor(int(quota) / int(period))))


def slots_for(wanted: int, context_tokens: int, header: ModelHeader) -> int:
    """How many requests are worked on at once: at most `wanted` and MAX_SLOTS, and what the memory bound allows.

    Measured with the embedded model and two threads on two idle cores, tokens/s at 1, 2, 4 and 16 slots: 110, 122, 156,
    196; the gain flattens out.
    """
    memory = min(MEMORY_BUDGET, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // MEMORY_SHARE)
    return max(1, min(wanted, MAX_SLOTS, memory // (context_tokens * header.kv_bytes)))


def default_threads() -> int:
    """Three quarters of the usable cores, rounded up: the sandbox's runs are short, but they need a core now and then.

    A thread that finds no core slows the others but never stalls them (see engine). Measured on two cores with 16
    requests at once, one thread and two: 103 and 196 tokens/s on idle cores, 106 and 97 beside one busy process; with
    one request at once 59 and 110, 72 and 37.
    """
    cores = usable_cores()
    return max(1, cores - cores // 4)
