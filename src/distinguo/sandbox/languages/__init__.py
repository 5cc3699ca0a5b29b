"""The languages that the cold profile runs. Adding one is a file with a function that finds it, and a line in FINDERS.

Python programs that are submitted run in warm workers instead; its entry here serves output validators.
"""

from collections.abc import Callable

from distinguo.errors import InputError
from distinguo.sandbox.languages import cpp, python
from distinguo.sandbox.languages.language import PROGRAM, Language

__all__ = ["FINDERS", "PROGRAM", "Language", "find"]

FINDERS: dict[str, Callable[[], Language]] = {"c++": cpp.find, "python": python.find}


def find(name: str) -> Language:
    """The language of this name, as it is installed.

    Raises InputError for a name that nobody knows and where the compiler is missing or does not work.
    """
    if name not in FINDERS:
        known = ", ".join(sorted(FINDERS))
        raise InputError(f"programs in {name!r} cannot be run; the languages are {known} and python:PATH")
    return FINDERS[name]()
