"""Looking at the host's processes."""

from collections.abc import Iterable
from pathlib import Path


def living(pids: Iterable[int]) -> list[int]:
    """Those of the processes that are still there."""
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]
