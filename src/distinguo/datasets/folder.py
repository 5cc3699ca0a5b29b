"""A problem in a folder of its own:

problem.md            the statement
problem.toml          optional: see settings.py; without it programs read standard input
tests/NAME.in         a public test's input: standard input, or for a function `([1, 2], 3)` or `f([1, 2], 3)`
tests/NAME.out        the expected output, or value; NAME.ans is the same
hidden/               optional: tests in the same form that only grading sees
"""

import os
from pathlib import Path

from distinguo.datasets.files import natural, read_text
from distinguo.datasets.loaded import Loaded
from distinguo.datasets.settings import Settings, read, validate
from distinguo.errors import InputError
from distinguo.problem import HiddenTests, Test

_ANSWERS = (".out", ".ans")


def load(folder: Path) -> Loaded:
    """Read the folder. Raises InputError naming the file that is missing or wrong."""
    statement = folder / "problem.md"
    if not statement.is_file():
        raise InputError(f"{folder} holds no problem.md; put the problem's statement there")
    text = read_text(statement)
    if not text.strip():
        raise InputError(f"{statement} is empty; write the problem's statement there")
    path = folder / "problem.toml"
    settings = validate(read(read_text(path), str(path)), str(path), folder) if path.exists() else Settings(str(path))
    problem = settings.problem(folder.resolve().name, text, _tests(folder / "tests", settings))
    hidden = _tests(folder / "hidden", settings)
    return Loaded(problem, HiddenTests(problem.id, hidden) if hidden else None)


def _tests(folder: Path, settings: Settings) -> tuple[Test, ...]:
    """The tests of a folder in the natural order of their names; none where the folder is absent."""
    if not os.path.lexists(folder):
        return ()
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; put the tests NAME.in and NAME.out into a folder of that name")
    names = {path.name for path in folder.iterdir()}
    tests = []
    for name in sorted({Path(name).stem for name in names if Path(name).suffix in (".in", *_ANSWERS)}, key=natural):
        answers = [suffix for suffix in _ANSWERS if name + suffix in names]
        if f"{name}.in" not in names:
            raise InputError(f"{folder / name}{answers[0]} has no {name}.in beside it")
        if len(answers) != 1:
            wrong = "no .out" if not answers else "both a .out and a .ans"
            raise InputError(f"{folder / name}.in has {wrong} beside it; it needs one of them")
        given, expected = (read_text(folder / (name + suffix)) for suffix in (".in", answers[0]))
        tests.append(settings.test(name, given, expected, f"{folder / name}.in"))
    return tuple(tests)
