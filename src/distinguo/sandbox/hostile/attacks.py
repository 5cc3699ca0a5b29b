"""The hostile programs as data, one file each under `programs/`: what each tries, and what may come of it."""

import platform
import tomllib
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any

from distinguo.problem import Limits
from distinguo.records import Verdict

LIMITS = Limits(cpu_seconds=2.0, wall_seconds=20.0, memory_mb=128, output_bytes=1 << 16)
_NAP_SECONDS = 0.12  # the wall limit of those that wait for ever
_SPIN_SECONDS = 0.1  # the CPU limit of those that compute for ever
_PRELUDE = """
import os, sys
def attempt(action):
    try:
        action()
    except (OSError, ValueError):
        print("refused")
    else:
        print("THROUGH")
def raw(x86_64, aarch64, *arguments):
    import ctypes, errno
    libc = ctypes.CDLL(None, use_errno=True)
    words = [ctypes.c_long(word) for word in (*arguments, 0, 0, 0, 0, 0, 0)][:6]
    result = libc.syscall(ctypes.c_long(x86_64 if os.uname().machine == "x86_64" else aarch64), *words)
    error = ctypes.get_errno() if result == -1 else 0
    print("refused" if error in (errno.EPERM, errno.ENOSYS) else f"THROUGH {result} {error}")
"""


@dataclass(frozen=True, slots=True)
class Attack:
    """One hostile program.

    promise: the sentence that must stay true. group: what it is about.
    program: the source; @FILE@, @FOLDER@, @PORT@, @PID@, @SECRET@ and @DROWER@ (backwards) stand for the traps.
    ends: the verdicts that it may end in; empty for any.
    prints: what it must have printed, which shows that it got as far as trying; "" for anything.
    entry, calls: a function and the argument tuples that it is called with in turn; a whole program unless given.
    results: the calls' values as texts, `!` and the error where one raised; None for any.
    first, then: programs to run before and after it; the one after must end well without success.
    sleeps: whether it is to be ended by the wall limit.
    machine: the only architecture that it is for, or "".
    gap: whether it is known to succeed without namespaces.
    control: how it is shown to be an attack, run without isolation as a `process` or in the judge's `interpreter`.
    """

    name: str
    promise: str
    group: str
    program: str
    ends: tuple[Verdict, ...]
    prints: str = ""
    entry: str = ""
    calls: tuple[str, ...] = ()
    results: tuple[str, ...] | None = None
    first: str = ""
    then: str = ""
    sleeps: bool = False
    machine: str = ""
    gap: bool = False
    control: str = "process"

    @property
    def limits(self) -> Limits:
        """Short ones; each attack meets that which is for it."""
        if self.sleeps:
            return replace(LIMITS, wall_seconds=_NAP_SECONDS)
        spins = Verdict.TLE in self.ends and not self.prints
        return replace(LIMITS, cpu_seconds=_SPIN_SECONDS) if spins else LIMITS

    @property
    def source(self) -> str:
        """The program, with the functions `attempt` and `raw` before it that whole programs use."""
        return self.program if self.entry else _PRELUDE + self.program


@cache
def attacks(machine: str = platform.machine()) -> tuple[Attack, ...]:
    """Every attack that is for this architecture, or for any where "" is given, by group and name."""
    found = []
    for file in (resources.files(__package__) / "programs").iterdir():
        if file.name.endswith(".toml"):
            said: dict[str, Any] = tomllib.loads(file.read_text("utf-8"))
            said["ends"] = [Verdict(verdict) for verdict in said.get("ends", ())]
            said = {key: tuple(value) if isinstance(value, list) else value for key, value in said.items()}
            found.append(Attack(name=file.name.removesuffix(".toml"), **said))
    here = [attack for attack in found if not (machine and attack.machine) or attack.machine == machine]
    return tuple(sorted(here, key=lambda attack: (attack.group, attack.name)))


def table() -> str:
    """Every attack as a Markdown table."""
    rows = [f"| {attack.group} | `{attack.name}` | {attack.promise} |" for attack in attacks("")]
    return "\n".join(("| about | program | what must stay true |", "|---|---|---|", *rows))
