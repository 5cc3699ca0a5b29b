"""The executor: sends each program to workers that can run it."""

import importlib.metadata
import importlib.util
import platform
import re
import subprocess
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path

from distinguo.errors import InputError, JudgeFailed
from distinguo.problem import USUAL_LIMITS, Limits, Program, Validator
from distinguo.protocols import Decided
from distinguo.records import CallsExecution, Execution, Validation
from distinguo.sandbox import languages
from distinguo.sandbox.cold import Cold
from distinguo.sandbox.compiled import CompiledPrograms
from distinguo.sandbox.isolation import NAMESPACES, Isolation
from distinguo.sandbox.once import Once
from distinguo.sandbox.pool import Pool
from distinguo.sandbox.turnstile import Turnstile

VERSION = 1  # raised whenever the same program may get another result than before
_PYTHON, _WITH_NUMPY = "python", "python with numpy"  # keys of warm pools, beside `python:PATH`
_IMPORTS_NUMPY = re.compile(r"^[ \t]*(?:import|from)\b[^#\n]*\bnumpy\b", re.MULTILINE)
_SECONDS = 20.0


class Box:
    """Implements protocols.Executor; `distinguo.sandbox.open` makes one. Belongs to one event loop.

    Python runs in warm workers: those of the interpreter that runs distinguo, others for programs whose text imports
    numpy where that is installed, and others for each `python:PATH`. `c++` and output validators run in the cold
    profile. All are started when they are needed, and no more than `workers` runs go on at once, of whatever kind.

    Any number of runs may wait. A cancelled run's processes are dead when CancelledError comes out.
    """

    def __init__(
        self,
        workers: int,
        *,
        as_root: bool = True,
        namespaces: bool | None = None,
        compiled: Path | None = None,
    ) -> None:
        """See `distinguo.sandbox.open`. as_root=False and namespaces=False are the lesser ways, for trying them."""
        self.workers = workers
        self._turnstile = Turnstile(workers)
        self._pools: dict[str, Pool] = {}
        self._opening: Once[Pool] = Once()
        self._closed = False
        self._new_pool = partial(Pool, workers, as_root=as_root, namespaces=namespaces, turnstile=self._turnstile)
        self._cold = Cold(
            workers,
            turnstile=self._turnstile,
            compiled=CompiledPrograms(compiled),
            as_root=as_root,
            namespaces=namespaces,
        )

    async def open(self) -> None:
        """Start the first worker for Python. Raises SandboxUnavailable where that is impossible."""
        await self._pool(_PYTHON)
        # No other pool may be weaker than what `isolation` says.
        self._new_pool = partial(self._new_pool, namespaces=self.isolation.path == NAMESPACES)

    async def aclose(self) -> None:
        """End all workers and wait until no process of theirs is left. Runs still going end with JudgeFailed."""
        self._closed = True
        await self._opening.settled()
        for pool in self._pools.values():
            await pool.aclose()
        await self._cold.aclose()

    @property
    def isolation(self) -> Isolation:
        """What separates Python programs from the host; see sandbox/isolation.py."""
        isolation = self._pools[_PYTHON].isolation
        assert isolation is not None
        return isolation

    def identity(self, language: str) -> str:
        """What results depend on beside the program, its input and limits: see protocols.Executor."""
        kind, colon, path = language.partition(":")
        if kind != _PYTHON:
            version = languages.find(language).version
        elif colon:
            version = f"{path} {_version(path)}"
        else:
            version = f"{platform.python_implementation()} {platform.python_version()} {_numpy_version() or ''}"
        return f"{version} sandbox {VERSION}"

    async def run(self, program: Program, stdin: str = "", limits: Limits = USUAL_LIMITS) -> Execution:
        """Run a program once. `stdin` is the standard input, or the argument tuple's literal for a function.

        Whatever the program does is an Execution (docs/sandbox.md has the limits and verdicts): a run that reaches its
        wall limit and may have lacked a core is repeated once, with no other beside it, before it counts as TLE.

        Raises InputError for an unknown language, a missing compiler, an interpreter that cannot be used and a call
        that the language does not know; SandboxUnavailable for a compiled language where there are no namespaces;
        JudgeFailed when the sandbox itself failed twice on the run, or was closed.
        """
        if _is_python(program):
            return await (await self._pool_of(program)).run(program, stdin, limits)
        return await self._cold.run(program, stdin, limits)

    async def run_calls(
        self,
        program: Program,
        calls: Sequence[str],
        limits: Limits = USUAL_LIMITS,
        *,
        decided: Decided | None = None,
    ) -> CallsExecution:
        """Start a program once and call its function with each argument tuple; see Pool.run_calls. Python only.

        Raises what `run` raises; an exception of `decided` ends the run and comes out.
        """
        if not _is_python(program):
            raise InputError(f"only Python's functions can be called, not those of a program in {program.language!r}")
        return await (await self._pool_of(program)).run_calls(program, calls, limits, decided=decided)

    async def validate(self, validator: Validator, test_input: str, answer: str, output: str) -> Validation:
        """Have a validator judge an output; see Cold.validate for its limits.

        Raises JudgeFailed when it neither accepts nor rejects, InputError for a language other than Python and C++,
        SandboxUnavailable where there are no namespaces.
        """
        return await self._cold.validate(validator, test_input, answer, output)

    async def _pool_of(self, program: Program) -> Pool:
        wants_numpy = program.language == _PYTHON and _imports_numpy(program.source) and _numpy_version()
        return await self._pool(_WITH_NUMPY if wants_numpy else program.language)

    async def _pool(self, name: str) -> Pool:
        if name not in self._pools:
            return await self._opening.do(name, partial(self._open_pool, name))
        return self._pools[name]

    async def _open_pool(self, name: str) -> Pool:
        if self._closed:
            raise JudgeFailed("the sandbox is closed")
        if name == _WITH_NUMPY:
            pool = self._new_pool(preload=("numpy",))
        else:
            pool = self._new_pool(interpreter=name.partition(":")[2] or None)
        await pool.open()
        self._pools[name] = pool
        return pool


def _is_python(program: Program) -> bool:
    return program.language.partition(":")[0] == _PYTHON


def _imports_numpy(source: str) -> bool:
    """By its text: the host never parses a program."""
    return "numpy" in source and _IMPORTS_NUMPY.search(source) is not None


@cache
def _numpy_version() -> str:
    """numpy with its version, or "" where it is not installed."""
    if importlib.util.find_spec("numpy") is None:
        return ""
    return f"numpy {importlib.metadata.version('numpy')}"


@cache
def _version(interpreter: str) -> str:
    """What a Python says of itself. Raises InputError where it does not start."""
    ask = "import sys; print(sys.implementation.name, sys.version)"
    try:
        said = subprocess.run([interpreter, "-I", "-S", "-c", ask], capture_output=True, timeout=_SECONDS, check=True)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise InputError(f"the interpreter {interpreter} cannot be started ({error}); give a Python's path") from error
    return said.stdout.decode("utf-8", "backslashreplace").strip()
