"""A program as it is run a second time, to see whether it does the same.

The sandbox starts `random` (and `numpy.random`) from the same state in every run, so that a run can be repeated.
Programs that draw from it would then agree with themselves, and with each other, for no reason of their own.
"""

import ast
import io
import warnings
from dataclasses import replace

from distinguo.problem import Program

_SEEDED = (
    "import random as _random, sys as _sys; _random.seed(1); "
    "_sys.modules['numpy'].random.seed(1) if 'numpy' in _sys.modules else None; del _random, _sys\n"
)


def varied(program: Program) -> Program:
    """The program with another state of random numbers at its start; as it is where it is not Python, or no program."""
    if program.language.partition(":")[0] != "python":
        return program
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = ast.parse(program.source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return program
    at = max((node.end_lineno or 0 for place, node in enumerate(body) if _comes_first(node, place)), default=0)
    lines = io.StringIO(program.source, newline="").readlines()  # the parser's lines; str.splitlines has others
    before = "".join(lines[:at])
    end = "" if not before or before.endswith(("\n", "\r")) else "\n"
    return replace(program, source=f"{before}{end}{_SEEDED}{''.join(lines[at:])}")


def _comes_first(node: ast.stmt, place: int) -> bool:
    """Whether it is, or may be, the docstring or an import of `__future__`, before which nothing may stand."""
    return (place == 0 and isinstance(node, ast.Expr)) or (
        isinstance(node, ast.ImportFrom) and node.module == "__future__"
    )
