"""distinguo: better programs from any language model by spending compute at test time.

    import distinguo

    result = distinguo.solve_sync("examples/leap-year", model="local", n=8)
    print(result.program, result.selection["reason"])

`await distinguo.solve(...)` is the same inside an event loop; `distinguo.sandbox.open()` is the isolated executor.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from distinguo.api import Result, grade, grade_sync, select, select_sync, solve, solve_sync
    from distinguo.config import Settings
    from distinguo.problem import CallStyle, HiddenTests, Limits, Problem, Program, Test

__all__ = [
    "CallStyle",
    "HiddenTests",
    "Limits",
    "Problem",
    "Program",
    "Result",
    "Settings",
    "Test",
    "grade",
    "grade_sync",
    "sandbox",
    "select",
    "select_sync",
    "solve",
    "solve_sync",
]

_HOMES = {
    "Result": "api",
    "grade": "api",
    "grade_sync": "api",
    "select": "api",
    "select_sync": "api",
    "solve": "api",
    "solve_sync": "api",
    "Settings": "config",
    **dict.fromkeys(("CallStyle", "HiddenTests", "Limits", "Problem", "Program", "Test"), "problem"),
}


def __getattr__(name: str) -> Any:
    """Public names are imported when they are first used, so that `import distinguo` costs nothing."""
    from importlib import import_module

    if name == "sandbox":
        return import_module("distinguo.sandbox")
    if name in _HOMES:
        return getattr(import_module(f"distinguo.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'distinguo' has no attribute {name!r}")
