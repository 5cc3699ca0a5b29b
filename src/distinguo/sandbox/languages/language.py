"""What the sandbox must know of a language."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

PROGRAM = "program"  # the executable that a compiler writes into the scratch folder


@dataclass(frozen=True, slots=True)
class Language:
    """How programs in a language are compiled and started.

    version: the compiler or interpreter with its version and flags; part of the key of every result that is kept.
    file_name: what a program that is one text is called inside.
    compiler: the command that, followed by the sources' names, writes PROGRAM; empty where nothing is compiled.
    sources: the suffixes of the files that are handed to the compiler; others are only there (headers).
    support: (name, text) of sources that are compiled with every program.
    simplest: a program that every working compiler compiles.
    interpreter: the command that, followed by a file's name, runs it; empty where PROGRAM is executed.
    environment: the variables that a program is started with.
    shown: what of the host must be visible inside beside the system's own folders.
    """

    name: str
    version: str
    file_name: str
    compiler: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    support: tuple[tuple[str, str], ...] = ()
    simplest: str = ""
    interpreter: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    shown: tuple[str, ...] = ()

    def compile_command(self, files: Iterable[str]) -> tuple[str, ...]:
        """The command that makes PROGRAM of these files."""
        return (*self.compiler, *(name for name in files if PurePosixPath(name).suffix in self.sources))

    def run_command(self, main: str, folder: str) -> tuple[str, ...]:
        """The command that runs what was compiled, or the file `main`; `folder` is where either lies."""
        return (*self.interpreter, f"{folder}/{main}") if self.interpreter else (f"{folder}/{PROGRAM}",)
