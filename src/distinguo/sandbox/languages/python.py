"""Python by the interpreter that runs distinguo, started anew for each run: for output validators."""

import platform
import sys
from functools import cache
from pathlib import Path

from distinguo.sandbox import interpreters
from distinguo.sandbox.languages.language import Language

_SYSTEM = (Path("/usr/bin"), Path("/bin"))


def find() -> Language:
    """The base interpreter, with its standard library and without third-party packages."""
    return _language(interpreters.own())


@cache
def _language(interpreter: str) -> Language:
    executable = Path(interpreter).resolve()
    prefix = str(Path(sys.base_prefix).resolve())
    return Language(
        name="python",
        version=f"{platform.python_implementation()} {platform.python_version()}",
        file_name="program.py",
        interpreter=(str(executable), "-B", "-s", "-S", "-X", "utf8"),
        environment=(("LD_LIBRARY_PATH", f"{prefix}/lib"), ("PYTHONHASHSEED", "0")),
        shown=() if executable.parent in _SYSTEM else (prefix,),
    )
