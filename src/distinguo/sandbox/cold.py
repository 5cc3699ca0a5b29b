"""The cold profile: compiled programs, their compilers, and output validators.

Each run starts anew, in namespaces and with a scratch folder of its own (inside/cold.py), which takes some milliseconds
more than in a warm worker.
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import PurePosixPath
from typing import Self, TypeVar

from distinguo.errors import InputError, JudgeFailed, SandboxUnavailable
from distinguo.problem import CallStyle, Limits, Program, Validator
from distinguo.records import Execution, Validation, Verdict
from distinguo.sandbox import languages
from distinguo.sandbox.compiled import CompiledPrograms
from distinguo.sandbox.files import RunFiles
from distinguo.sandbox.inside.job import SCRATCH, Job
from distinguo.sandbox.inside.wire import Answer, End
from distinguo.sandbox.languages import PROGRAM, Language
from distinguo.sandbox.once import Once
from distinguo.sandbox.pool import Pool
from distinguo.sandbox.turnstile import Turnstile
from distinguo.sandbox.verdict import execution
from distinguo.sandbox.worker import Refused, Worker, WorkerDied

_FORMAT = 1  # of kept entries and their keys
COMPILER_LIMITS = Limits(cpu_seconds=30, wall_seconds=90, memory_mb=1024, output_bytes=64 << 20)
VALIDATOR_LIMITS = Limits(cpu_seconds=60, wall_seconds=180, memory_mb=2048, output_bytes=8 << 20)
_SCRATCH_BYTES, _COMPILER_SCRATCH_BYTES = 64 << 20, 256 << 20
_COMPILER_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
_COMPILED, _REFUSED = b"P", b"E"  # the first byte of a kept entry
_MESSAGE_BYTES = 2048
_ACCEPTED, _REJECTED = 42, 43
_NEEDS = "compiled programs and output validators run with namespaces only, and here"
_FEEDBACK = "feedback"

T = TypeVar("T")


class JobFiles(RunFiles):
    """The memory files of a job."""

    def __init__(self, job: Job, stdin: str) -> None:
        super().__init__(Program(""), stdin)
        os.ftruncate(self._message, 0)
        os.pwrite(self._message, job.pack(), 0)

    def stderr_start(self, limit: int) -> bytes:
        """The first `limit` bytes of standard error."""
        return os.pread(self._stderr, limit, 0)


class ColdWorker(Worker):
    """A server that starts programs anew, each with namespaces of its own."""

    @classmethod
    async def start_showing(cls, shown: tuple[str, ...], *, as_root: bool = True) -> Self:
        """Start one whose programs see these paths of the host, read-only, beside the system's.

        Raises SandboxUnavailable where there are no namespaces: to execute files and to write some is more than the
        layers that are left could confine.
        """
        try:
            return await cls._start(None, "cold", (str(int(as_root)), ":".join(shown)))
        except Refused as refusal:
            raise SandboxUnavailable(f"{_NEEDS} {refusal}") from refusal


class _ColdPool(Pool):
    def __init__(self, size: int, shown: tuple[str, ...], *, as_root: bool, turnstile: Turnstile) -> None:
        super().__init__(size, as_root=as_root, turnstile=turnstile)
        self._shown = shown

    async def _start(self) -> Worker:
        return await ColdWorker.start_showing(self._shown, as_root=self._as_root)

    async def do(self, job: Job, stdin: str, limits: Limits, read: Callable[[Answer, JobFiles, Worker], T]) -> T:
        """Do a job and read what is wanted of it; waits, repeats and raises as `run` does."""

        async def once(worker: Worker) -> tuple[Answer, T]:
            with JobFiles(job, stdin) as files:
                try:
                    answer = await worker.run(files, limits)
                except WorkerDied as death:
                    said = files.stderr_start(_MESSAGE_BYTES).decode("utf-8", "backslashreplace")
                    raise WorkerDied(f"{death} {said}".strip()) from death
                return answer, read(answer, files, worker)

        return await self._see_through(once, limits)


class Cold:
    """Runs programs of every language but Python, and output validators. Belongs to one event loop.

    size: how many runs may go at once. turnstile: shared with others whose runs count among these.
    """

    def __init__(
        self,
        size: int,
        *,
        turnstile: Turnstile,
        compiled: CompiledPrograms,
        as_root: bool = True,
        namespaces: bool | None = None,
    ) -> None:
        self._size = size
        self._turnstile = turnstile
        self._compiled = compiled
        self._as_root = as_root
        self._namespaces = namespaces
        self._closed = False
        self._pools: dict[tuple[str, ...], _ColdPool] = {}
        self._opening: Once[_ColdPool] = Once()
        self._compiling: Once[bytes] = Once()
        self._proven: set[str] = set()  # compilers, by version, that compiled something

    async def aclose(self) -> None:
        """End all processes. Runs still going end with JudgeFailed."""
        self._closed = True
        await self._opening.settled()
        for pool in self._pools.values():
            await pool.aclose()

    async def run(self, program: Program, stdin: str, limits: Limits) -> Execution:
        """Compile a program, unless that was done before, and run it.

        A program that does not compile is CE, with the compiler's first lines; so is one whose compilation takes more
        than 30 s of CPU time in one process, 90 s, 1.5 GiB of address space, or 64 MiB for its result.
        Raises InputError for a function, an unknown language and a missing compiler, SandboxUnavailable where there are
        no namespaces, JudgeFailed when the sandbox failed twice.
        """
        language = languages.find(program.language)
        if program.style is CallStyle.FUNCTION:
            raise InputError(f"only Python's functions can be called; a program in {language.name} must read its input")
        made = await self._compile(language, {language.file_name: program.source})
        if made[:1] == _REFUSED:
            return Execution(Verdict.CE, "", made[1:].decode())
        job = _job(language, language.run_command(language.file_name, SCRATCH), {PROGRAM: made[1:]})

        def read(answer: Answer, files: JobFiles, worker: Worker) -> Execution:
            return execution(answer, files, program.style, limits, worker.ready)

        pool = await self._pool(language)
        return await pool.do(job, stdin, limits, read)

    async def validate(self, validator: Validator, test_input: str, answer: str, output: str) -> Validation:
        """Have a validator judge an output, as protocols.Executor has it.

        It may take 60 s of CPU time, 180 s, 2 GiB of memory and 64 MiB of scratch space, and start no process.
        Raises JudgeFailed when it exits with another status than 42 and 43, reaches a limit or does not compile,
        InputError for a language other than Python and C++.
        """
        language = languages.find(validator.language)
        sources = {f"validator/{_sound(name)}": text for name, text in validator.files}
        if not sources:
            raise InputError("the output validator consists of no file")
        files: dict[str, bytes | None] = {"judge/input": _bytes(test_input), "judge/answer": _bytes(answer)}
        if language.compiler:
            made = await self._compile(language, sources)
            if made[:1] == _REFUSED:
                raise JudgeFailed(f"the problem's output validator does not compile: {_first_line(made[1:].decode())}")
            files[PROGRAM] = made[1:]
        else:
            files |= {name: _bytes(text) for name, text in sources.items()}
        command = language.run_command(next(iter(sources)), SCRATCH)
        arguments = (f"{SCRATCH}/judge/input", f"{SCRATCH}/judge/answer", f"{SCRATCH}/{_FEEDBACK}/")
        job = _job(language, (*command, *arguments, *validator.flags), {**files, _FEEDBACK: None})
        job = job._replace(wanted=f"{_FEEDBACK}/judgemessage.txt", wanted_bytes=_SCRATCH_BYTES)
        pool = await self._pool(language)
        said = await pool.do(job, output, VALIDATOR_LIMITS, _validation)
        if isinstance(said, str):
            raise JudgeFailed(f"the problem's output validator {said}")
        return said

    async def _pool(self, language: Language) -> _ColdPool:
        """The workers that show what the language needs; the first is started here, so that refusals come out."""
        shown = language.shown
        if shown not in self._pools:
            return await self._opening.do(shown, partial(self._open, shown))
        return self._pools[shown]

    async def _open(self, shown: tuple[str, ...]) -> _ColdPool:
        if self._namespaces is False:
            raise SandboxUnavailable(f"{_NEEDS} they are not to be used")
        if self._closed:
            raise JudgeFailed("the sandbox is closed")
        pool = _ColdPool(self._size, shown, as_root=self._as_root, turnstile=self._turnstile)
        await pool.open()
        self._pools[shown] = pool
        return pool

    async def _compile(self, language: Language, sources: Mapping[str, str]) -> bytes:
        """The executable after a byte _COMPILED, or the compiler's words after _REFUSED. Done once for all who ask."""
        key = hashlib.sha256(
            json.dumps([_FORMAT, language.version, language.support, dict(sources)]).encode()
        ).hexdigest()
        kept = self._compiled.get(key)
        if kept is not None:
            return kept
        return await self._compiling.do(key, partial(self._compile_anew, key, language, sources))

    async def _compile_anew(self, key: str, language: Language, sources: Mapping[str, str]) -> bytes:
        end, made = await self._make(language, sources)
        if made[:1] == _REFUSED and language.version not in self._proven:
            _, proof = await self._make(language, {language.file_name: language.simplest})
            if proof[:1] == _REFUSED:
                raise InputError(
                    f"the {language.name} compiler {language.compiler[0]} cannot compile even the simplest program"
                    f" ({_first_line(proof[1:].decode())}): install it again"
                )
        self._proven.add(language.version)
        if end is not End.WALL:  # which says more of the machine than of the program
            self._compiled.put(key, made)
        return made

    async def _make(self, language: Language, sources: Mapping[str, str]) -> tuple[End, bytes]:
        files = {**sources, **dict(language.support)}
        job = Job(
            command=language.compile_command(files),
            environment=_COMPILER_ENVIRONMENT,
            files={name: _bytes(text) for name, text in files.items()},
            wanted=PROGRAM,
            wanted_bytes=COMPILER_LIMITS.output_bytes,
            scratch_bytes=_COMPILER_SCRATCH_BYTES,
            processes=True,
        )
        return await (await self._pool(language)).do(job, "", COMPILER_LIMITS, _compilation)


def _job(language: Language, command: tuple[str, ...], files: dict[str, bytes | None]) -> Job:
    size = sum(len(content) for content in files.values() if content)
    return Job(command, dict(language.environment), files, "", 0, _SCRATCH_BYTES + size, processes=False)


def _compilation(answer: Answer, files: JobFiles, _worker: Worker) -> tuple[End, bytes]:
    """How it ended, and what to keep: see Cold._compile."""
    made = files.reply(COMPILER_LIMITS.output_bytes + 1)
    if answer.end is End.EXIT and answer.wait_status == 0 and made:
        return answer.end, _COMPILED + made
    said = files.stderr_start(_MESSAGE_BYTES)
    if len(said) == _MESSAGE_BYTES:  # probably cut: end with a whole line
        said = said[: said.rfind(b"\n") + 1]
    text = said.decode("utf-8", "backslashreplace")
    if answer.end is not End.EXIT or os.WIFSIGNALED(answer.wait_status):
        text += "the compiler reached a limit (30 s of CPU time, 90 s, 1.5 GiB of memory)"
    return answer.end, _REFUSED + (text or "the compiler made no program").encode()


def _validation(answer: Answer, files: JobFiles, _worker: Worker) -> Validation | str:
    """What the validator said, or what became of it instead."""
    message = files.reply(_MESSAGE_BYTES).decode("utf-8", "backslashreplace").strip()
    status = os.waitstatus_to_exitcode(answer.wait_status)
    if answer.end is End.EXIT and status == _ACCEPTED:
        return Validation(True, message)
    if answer.end is End.EXIT and status == _REJECTED:
        return Validation(False, message or "the output validator rejects the output")
    if answer.end is not End.EXIT:
        how = "reached its time limit"
    elif status < 0:
        how = f"was killed by signal {-status}"
    else:
        how = f"exited with status {status} instead of 42 or 43"
    said = files.stderr_end(_MESSAGE_BYTES, files.printed_bytes[1]).decode("utf-8", "backslashreplace")
    last = said.strip().rpartition("\n")[2]
    return f"{how}: {last}" if last else how


def _sound(name: str) -> str:
    """A validator's file name, which must lead to a place below its folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.name or "\0" in name:
        raise InputError(f"an output validator cannot have a file named {name!r}")
    return str(path)


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
