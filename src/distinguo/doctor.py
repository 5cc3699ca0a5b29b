"""What isolates programs on this machine: each layer tried, the way that is taken, and the hostile suite against it."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distinguo.errors import InputError, SandboxError, SandboxUnavailable
from distinguo.problem import Program
from distinguo.records import Verdict
from distinguo.sandbox import hostile, interpreters, isolation
from distinguo.sandbox.box import Box
from distinguo.sandbox.bundle import BOOTSTRAP, bundle
from distinguo.sandbox.isolation import Isolation
from distinguo.sandbox.pool import Pool, usable_cores

if TYPE_CHECKING:
    from rich.table import Table

GOT_THROUGH, NO_SANDBOX = 1, SandboxError.exit_status
_COMPILERS = ("g++",)
_TRIVIAL = {"python": "print(42)", "c++": '#include <cstdio>\nint main() { puts("42"); }'}
_MINORS = range(10, 16)
_PROBE_SECONDS = 60.0
_MEMORY_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_UNLIMITED = 1 << 60


@dataclass(frozen=True, slots=True)
class Layer:
    """One thing that isolation is made of. problem: why it cannot be had here, or ""."""

    name: str
    problem: str


@dataclass(frozen=True, slots=True)
class Tool:
    """A compiler or an interpreter. problem: why it cannot be used, or ""."""

    name: str
    version: str
    problem: str


@dataclass(frozen=True, slots=True)
class Suite:
    """What the hostile suite came to."""

    results: tuple[hostile.Result, ...]
    seconds: float

    @property
    def through(self) -> list[hostile.Result]:
        """What broke a promise."""
        return [result for result in self.results if result.through]

    def as_dict(self) -> dict[str, Any]:
        """For --json."""
        return {
            "attacks": len(self.results),
            "held": sum(not result.reasons for result in self.results),
            "through": [_told(result) for result in self.through],
            "known_gaps": [_told(result) for result in self.results if result.reasons and result.expected],
            "seconds": round(self.seconds, 1),
        }


def _told(result: hostile.Result) -> dict[str, Any]:
    return {"name": result.attack.name, "promise": result.attack.promise, "reasons": list(result.reasons)}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All of it. isolation: the way that is taken, or None. refused: why each of the ways cannot be, by its name."""

    isolation: Isolation | None
    refused: dict[str, str]
    layers: tuple[Layer, ...]
    languages: tuple[Tool, ...]
    tools: tuple[Tool, ...]
    user: str
    cores: int
    memory_mb: int
    suite: Suite | None

    @property
    def exit_status(self) -> int:
        """0 all holds, 1 something got through, 5 there is no sandbox."""
        if self.isolation is None:
            return NO_SANDBOX
        return GOT_THROUGH if self.suite and self.suite.through else 0

    def _tables(self) -> Iterator["Table"]:
        from rich.table import Table

        layers = [Tool(layer.name, "", layer.problem) for layer in self.layers]
        for title, rows in (("Layers", layers), ("Languages and tools", [*self.languages, *self.tools])):
            table = Table(title=title, title_justify="left", show_header=False, box=None, pad_edge=False)
            for _ in range(3):
                table.add_column(overflow="fold")
            for row in rows:
                table.add_row("[red]no[/]" if row.problem else "[green]ok[/]", row.name, row.problem or row.version)
            yield table

    def _sentences(self) -> Iterator[str]:
        yield f"Programs run {self.cores} at a time, as {self.user}, with {self.memory_mb:,} MiB of memory for all."
        for way, reason in self.refused.items():
            yield f"Not available: {way}. {reason}."
        if self.isolation is None:
            yield "There is no sandbox here: no program can be run."
            return
        yield f"Active: {self.isolation.path}. In force: {', '.join(self.isolation.layers)}."
        for gap in self.isolation.gaps:
            yield f"Not kept from a program here: {gap}."
        if self.suite is None:
            return
        for result in self.suite.through:
            yield f"GOT THROUGH: {result.attack.name}. {result.attack.promise} But {'; '.join(result.reasons)}."
        held = sum(not result.reasons for result in self.suite.results)
        gaps = [result.attack.name for result in self.suite.results if result.reasons and result.expected]
        known = f"; as said above, not held here: {', '.join(gaps)}" if gaps else ""
        yield f"{held} of {len(self.suite.results)} hostile programs held in {self.suite.seconds:.0f} s{known}."

    def text(self, width: int) -> str:
        """What a person reads, in lines of at most `width` characters."""
        from rich.console import Console

        console = Console(width=width, highlight=False)
        with console.capture() as captured:
            for table in self._tables():
                console.print(table)
                console.print()
            for sentence in self._sentences():
                console.print(sentence, markup=False)
        return captured.get().rstrip("\n")

    def as_dict(self) -> dict[str, Any]:
        """For --json."""
        sandbox = self.isolation.as_dict() if self.isolation else {"isolation": None, "layers": [], "gaps": []}
        return {
            **sandbox,
            "refused": self.refused,
            "kernel": [asdict(layer) for layer in self.layers],
            "languages": [asdict(tool) for tool in self.languages],
            "tools": [asdict(tool) for tool in self.tools],
            "user": self.user,
            "cores": self.cores,
            "memory_mb": self.memory_mb,
            "suite": self.suite.as_dict() if self.suite else None,
        }


async def examine(
    *,
    quick: bool = False,
    namespaces: bool | None = None,
    observe: Callable[[hostile.Result], None] | None = None,
) -> Diagnosis:
    """Try everything. `quick` leaves the hostile suite out; `namespaces=False` examines the way without them.

    Raises InputError on another system than Linux, and nothing else: what is missing is part of the answer.
    """
    if sys.platform != "linux":
        raise InputError("programs are isolated by means of Linux: run distinguo there or in a Linux virtual machine")
    layers = await asyncio.to_thread(_layers)
    refused: dict[str, str] = {}
    taken: Isolation | None = None
    suite = None
    for ask in (True, False) if namespaces is None else (namespaces,):
        pool = Pool(1, namespaces=ask)
        try:
            await pool.open()
        except SandboxUnavailable as error:
            refused[isolation.NAMESPACES if ask else isolation.NO_NAMESPACES] = str(error)
            continue
        try:
            taken = pool.isolation
            suite = None if quick else await _run_suite(pool, observe)
        finally:
            await pool.aclose()
        break
    return Diagnosis(
        isolation=taken,
        refused=refused,
        layers=layers,
        languages=await _languages(taken) if taken else (),
        tools=(*await _pythons(), *await asyncio.to_thread(_compilers)),
        user="root" if os.geteuid() == 0 else f"uid {os.geteuid()}",
        cores=usable_cores(),
        memory_mb=_memory_mb(),
        suite=suite,
    )


async def _run_suite(pool: Pool, observe: Callable[[hostile.Result], None] | None) -> Suite:
    clock = asyncio.get_running_loop().time
    started = clock()
    return Suite(tuple(await hostile.suite(pool, observe)), clock() - started)


def _layers() -> tuple[Layer, ...]:
    code = os.memfd_create("bundle", os.MFD_CLOEXEC)
    try:
        os.write(code, bundle())
        os.lseek(code, 0, os.SEEK_SET)
        done = subprocess.run(
            [interpreters.own(), "-I", "-S", "-B", "-c", BOOTSTRAP, "probe", "0", str(code)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            pass_fds=(code,),
            cwd="/",
            timeout=_PROBE_SECONDS,
            check=True,
        )
        return tuple(Layer(name, problem) for name, problem in json.loads(done.stdout))
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        return (Layer("trying the layers", str(error)),)
    finally:
        os.close(code)


async def _languages(way: Isolation) -> tuple[Tool, ...]:
    """Run a program in each language as `grade` would."""
    box = Box(1, namespaces=way.path == isolation.NAMESPACES)
    await box.open()
    try:
        return tuple([await _language(box, language, source) for language, source in _TRIVIAL.items()])
    finally:
        await box.aclose()


async def _language(box: Box, language: str, source: str) -> Tool:
    try:
        execution = await box.run(Program(source, language=language))
    except (InputError, SandboxError) as error:
        return Tool(f"programs in {language}", "", str(error))
    right = (execution.status, execution.output) == (Verdict.AC, "42\n")
    problem = "" if right else f"a trivial program ended in {execution.status}: {execution.error[-200:]}"
    return Tool(f"programs in {language}", "", problem)


async def _pythons() -> list[Tool]:
    paths = {shutil.which(f"python3.{minor}") for minor in _MINORS}
    found = [Tool(await interpreters.find(interpreters.own()), ".".join(map(str, sys.version_info[:3])), "")]
    for path in sorted(path for path in paths if path):
        try:
            if (executable := await interpreters.find(path)) != found[0].name:
                found.append(Tool(executable, Path(path).name.removeprefix("python"), ""))
        except InputError:
            continue  # a launcher of a version that is not installed, or one that cannot be used
    return found


def _compilers() -> list[Tool]:
    found = []
    for name in _COMPILERS:
        path = shutil.which(name)
        if path is None:
            found.append(Tool(name, "", f"{name} is not installed: programs in C++ cannot be run"))
            continue
        said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
        found.append(Tool(path, said.stdout.partition("\n")[0], "" if said.returncode == 0 else said.stderr.strip()))
    return found


def _memory_mb() -> int:
    """What this process may use: the machine's memory, or less where a control group says so."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for name in _MEMORY_LIMITS:
        try:
            limit = int(Path(name).read_text())
        except (OSError, ValueError):  # no such version of control groups, or "max"
            continue
        if limit < _UNLIMITED:
            total = min(total, limit)
    return total >> 20
