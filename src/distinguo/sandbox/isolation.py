"""What separates programs from the host: which of the two ways is taken, its layers, and what the lesser cannot do."""

from dataclasses import dataclass
from typing import Any

from distinguo.sandbox.inside.wire import Ready

NAMESPACES, NO_NAMESPACES = "namespaces", "no namespaces"

_GAPS = (
    "the host's paths exist: a program can learn of any path that its user may reach whether it is there, its size,"
    " owner and times (stat), but not read, list or change it",
    "the processes of the host exist: a program can learn the number of each and whose it is (stat of /proc/NUMBER),"
    " but neither look into one nor signal it",
    "the machine's name and the version of its kernel are the host's (uname)",
    "the paths of the Python installation are the host's, and the names of the packages installed in it can be listed",
)
_GAPS_OF_A_USER = (
    "programs run as the user who started distinguo: only Landlock and the system-call filter stand between them and"
    " that user's files, and the existence of files in that user's private folders can be learned",
    "the limit on threads counts all processes of that user, so that a program may have up to 512 of its own",
)


@dataclass(frozen=True, slots=True)
class Isolation:
    """What is in force in a worker.

    path: `namespaces` or `no namespaces`. layers: each of them, strongest first. gaps: a sentence for each thing that a
    program can do and could not with namespaces; none with them.
    """

    path: str
    layers: tuple[str, ...]
    gaps: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """For a report."""
        return {"isolation": self.path, "layers": list(self.layers), "gaps": list(self.gaps)}


def of(ready: Ready) -> Isolation:
    """What a worker says that it has."""
    layers = []
    if ready.namespaces:
        kinds = "pid, mount, network, IPC, UTS and cgroup namespaces"
        layers = [f"user, {kinds}" if ready.user_namespace else kinds, "read-only root directory of its own"]
    if ready.own_uid:
        layers.append("user of its own")
    layers += ["no capabilities, no_new_privs", "seccomp allowlist", "seccomp filter of the child"]
    if ready.landlock:
        layers.append(f"Landlock ABI {ready.landlock}")
    layers.append("resource limits")
    gaps = () if ready.namespaces else _GAPS if ready.own_uid else _GAPS + _GAPS_OF_A_USER
    return Isolation(NAMESPACES if ready.namespaces else NO_NAMESPACES, tuple(layers), gaps)
