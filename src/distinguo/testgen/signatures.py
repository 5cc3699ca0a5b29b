"""How the function under test is called."""

import ast
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from distinguo.problem import CallStyle, Problem, Program


@dataclass(frozen=True, slots=True)
class Signature:
    """The positional parameters of a function: their names, how many are required, whether more are taken."""

    names: tuple[str, ...]
    required: int
    more: bool


def signature(problem: Problem, programs: Sequence[Program]) -> Signature | None:
    """How the function under test is called, from the starter or else the first program that shows it."""
    if problem.style is CallStyle.STDIN:
        return None
    starters = (problem.starter, problem.starter.rstrip() + "\n        pass") if problem.starter else ()
    for source in (*starters, *(program.source for program in programs)):
        found = _find(source, (problem.entry or "").split("."))
        if found is not None:
            return found
    return None


def _find(source: str, path: Sequence[str]) -> Signature | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scope: list[ast.stmt] = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for name in path[:-1]:
        classes = [node for node in scope if isinstance(node, ast.ClassDef) and node.name == name]
        if not classes:
            return None
        scope = classes[-1].body
    functions = [node for node in scope if isinstance(node, ast.FunctionDef) and node.name == path[-1]]
    if not functions:
        return None
    function = functions[-1]
    static = any(isinstance(mark, ast.Name) and mark.id == "staticmethod" for mark in function.decorator_list)
    parameters = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    required = len(parameters) - len(function.args.defaults)
    own = 1 if len(path) > 1 and not static else 0
    return Signature(tuple(parameters[own:]), max(0, required - own), function.args.vararg is not None)
