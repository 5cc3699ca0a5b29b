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

    Measured with the embedded model and one thread, tokens/s at 1, 4, 8 and 16 slots: 68, 79, 90, 94 (two threads on
    two idle cores: 50, 126, 169, 185); the gain has flattened out at 16.
    """
    memory = min(MEMORY_BUDGET, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // MEMORY_SHARE)
    return max(1, min(wanted, MAX_SLOTS, memory // (context_tokens * header.kv_bytes)))


def default_threads() -> int:
    """Three quarters of the usable cores, rounded up: the sandbox's runs are short, but they need a core now and then.

    Threads sleep while they wait for each other (see engine), so a busy core slows them but never stalls them. Measured
    on two cores with 16 requests at once, one thread against two: 91 and 130 tokens/s on idle cores, 98 and 82 beside
    one busy process. Threads that spin gave 12 there.
    """
    cores = usable_cores()
    return max(1, cores - cores // 4)
