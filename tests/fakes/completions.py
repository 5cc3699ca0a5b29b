"""Problems, and completions that hold programs for them: what the tests of extraction share."""

from hypothesis import strategies as st

from distinguo.extract import extract
from distinguo.problem import CallStyle, Problem

STDIN = Problem("p", "Add the numbers.")

STARTER = '''import math
from typing import List


def poly(xs: list, x: float):
    """Evaluate."""
    return sum(c * math.pow(x, i) for i, c in enumerate(xs))


def total(xs: List[int]) -> int:
    """Add them.
    >>> total([1, 2])
    3
    """
'''
TOTAL = Problem("p", "Add.", CallStyle.FUNCTION, "total", STARTER)
METHOD = Problem("p", "Add.", CallStyle.FUNCTION, "Solution.add", "class Solution:\n    def add(self, a, b):\n        ")

WHOLE = "def total(xs: List[int]) -> int:\n    return sum(xs)"


def source(text: str, problem: Problem) -> str:
    program = extract(text, problem)
    assert program is not None
    assert (program.style, program.entry) == (problem.style, problem.entry)
    return program.source


def result(text: str, problem: Problem, *arguments: object) -> object:
    scope: dict[str, object] = {"__name__": "program"}
    exec(compile(source(text, problem), "program.py", "exec"), scope)
    root, _, method = (problem.entry or "").partition(".")
    entry = scope[root]
    return getattr(entry(), method)(*arguments) if method else entry(*arguments)  # type: ignore[operator]


def fenced(code: str, language: str = "python") -> str:
    return f"```{language}\n{code}\n```"


pieces = st.sampled_from(
    [
        *("```python\n", "```\n", "    ", "return 1\n", "def total(xs):\n", "    return xs\n", "class Solution:\n"),
        *("<think>", "</think>", "print(1)\n", "assert total\n", "import math\n", "x = (\n", '"""', "@a\n", "if x:\n"),
        *("else:\n", "\\", "#"),
    ]
)
completions = st.lists(pieces | st.text(max_size=8), max_size=12).map("".join)
