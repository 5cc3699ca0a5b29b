"""C++ by the GNU compiler."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from distinguo.errors import InputError
from distinguo.sandbox.languages.language import PROGRAM, Language

# As contests compile: optimised, GNU's extensions, and ONLINE_JUDGE, by which many programs know not to open files.
_FLAGS = ("-O2", "-std=gnu++20", "-DONLINE_JUDGE", "-pthread", "-pipe", "-fmax-errors=20", "-fdiagnostics-color=never")
# The main stack is 256 MiB, and a thread would reserve as much of the address space.
_THREADS = """\
#include <pthread.h>

__attribute__((constructor(101))) static void usual_stacks() {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 8 << 20);
    pthread_setattr_default_np(&attributes);
}
"""
_SYSTEM = Path("/usr")
_SECONDS = 20.0


@cache
def find() -> Language:
    """The g++ on the path. Raises InputError where there is none, or none that the sandbox can show to programs."""
    found = shutil.which("g++")
    if found is None:
        raise InputError("C++ programs need g++ on the PATH, and there is none: install it (Debian: apt install g++)")
    compiler = Path(found).resolve()
    try:
        said = subprocess.run([compiler, "-dumpfullversion", "-dumpmachine"], capture_output=True, timeout=_SECONDS)
        version = " ".join(os.fsdecode(said.stdout).split())
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(f"the compiler {found} cannot be started ({error}): install g++ again") from error
    if said.returncode or not version:
        raise InputError(f"the compiler {found} does not tell its version: install g++ again")
    return Language(
        name="c++",
        version=f"g++ {version} {' '.join(_FLAGS)}",
        file_name="program.cpp",
        compiler=(str(compiler), *_FLAGS, "-o", PROGRAM),
        sources=(".cpp", ".cc", ".cxx", ".c++", ".C"),
        support=(("threads.cpp", _THREADS),),
        simplest="int main() {}\n",
        shown=_installation(compiler),
    )


def _installation(compiler: Path) -> tuple[str, ...]:
    """The folder that a compiler outside of the system's folders is installed in."""
    if compiler.is_relative_to(_SYSTEM) and not compiler.is_relative_to(_SYSTEM / "local"):
        return ()
    prefix = compiler.parent.parent
    is_own = any((prefix / name / "gcc").is_dir() for name in ("lib", "lib64", "libexec"))
    if not is_own or _holds_home(prefix):
        raise InputError(f"{compiler} is not in an installation of its own that programs may be shown: install g++")
    return (str(prefix),)


def _holds_home(folder: Path) -> bool:
    try:
        return Path.home().is_relative_to(folder)
    except RuntimeError:  # a user without a home
        return False
