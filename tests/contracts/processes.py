"""Looking at the host's processes."""

from pathlib import Path


def processes_below(pid: int) -> list[int]:
    """Every living process that descends from `pid`."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue  # it ended while we looked
    found = [pid]
    for ancestor in found:
        found.extend(child for child, parent in parents.items() if parent == ancestor)
    return found[1:]


def living(pids: list[int]) -> list[int]:
    """Those of the processes that are still there."""
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]
