"""Programs that define a function: what is mended, what of the starter is kept, and what is dropped."""

import sys

import pytest
from fakes.completions import METHOD, STARTER, TOTAL, WHOLE, fenced, result, source

from distinguo.extract import extract
from distinguo.problem import CallStyle, Problem

BODIES = {
    "indented": "    result = 0\n    for x in xs:\n        result += x\n    return result\n",
    "dedented": "result = 0\nfor x in xs:\n    result += x\nreturn result\n",
    "first line stripped": "result = 0\n    for x in xs:\n        result += x\n    return result\n",
    "followed by prose": "    return sum(xs)\n\nThis function adds the numbers.",
    "followed by a cut function": "    return sum(xs)\n\n\ndef other(x):\n    return [x for",
    "followed by a test": "    return sum(xs)\n\n\nassert total([1]) == 2\n",
    "followed by a program": "    return sum(xs)\n\n\nif __name__ == '__main__':\n    print(total(input()))\n",
    "with a fence": fenced("    return sum(xs)"),
    "dedented in a fence": "The body is:\n" + fenced("s = sum(xs)\nreturn s"),
}


@pytest.mark.parametrize("kind", BODIES)
def test_a_bare_body_is_put_under_the_signature(kind: str) -> None:
    assert result(BODIES[kind], TOTAL, [1, 2, 3]) == 6
    assert source(BODIES[kind], TOTAL).startswith(STARTER.rstrip())


@pytest.mark.parametrize(
    "text",
    [
        WHOLE,
        fenced(WHOLE),
        f"{fenced(WHOLE)}\nFor example:\n{fenced('print(total([1, 2]))')}",
        fenced("def helper(x):\n    return x")
        + "\n"
        + fenced(WHOLE)
        + "\n"
        + fenced("def test_it():\n    assert total([]) == 0"),
        f"Sure!\n\n{WHOLE}\n\nThis adds them.",
        f"{WHOLE}\n\ndef more(x):\n    return (x +",
        f"```python\n{WHOLE}\n\nprint(total([1",
        fenced(STARTER + "    return sum(xs)"),
        fenced("def add_up(xs):\n    return sum(xs)"),
        fenced("class Solution:\n    def total(self, xs):\n        return sum(xs)"),
        fenced("total = lambda xs: sum(xs)"),
        fenced("from functools import cache\n\ndef total(xs):\n    return sum(xs)"),
        "from __future__ import annotations\n" + WHOLE,
    ],
)
def test_the_function_is_found_or_named(text: str) -> None:
    assert result(text, TOTAL, [1, 2, 3]) == 6


def test_helpers_and_imports_of_the_starter_are_put_in_front() -> None:
    program = source(fenced("import math\n\n\ndef total(xs: List[int]):\n    return int(poly(xs, 1.0))"), TOTAL)
    assert program.count("import math") == 1
    assert program.index("from typing import List") < program.index("def poly") < program.index("def total")
    assert result(program, TOTAL, [1, 2, 3]) == 6


def test_helpers_that_the_program_brings_itself_are_not_doubled() -> None:
    program = source(fenced(STARTER + "    return sum(xs)"), TOTAL)
    assert program == STARTER + "    return sum(xs)\n"


@pytest.mark.parametrize(
    "text",
    [
        "def total(xs):\n    s = 0\n    for x in xs:\n        s +",
        "    s = 0\n    for x in xs:\n        s = (s +",
        fenced("print(total([1, 2]))"),
        STARTER,
        fenced("def main():\n    print(3)"),
        fenced("def one(x):\n    return 1\n\ndef two(x):\n    return 2"),
    ],
)
def test_what_does_not_come_to_define_the_entry_is_no_program(text: str) -> None:
    assert text == STARTER or extract(text, TOTAL) is None
    if text == STARTER:
        assert result(text, TOTAL, [1]) is None


DEMONSTRATIONS = {
    "assert": "assert total([1]) == 2",
    "print": "print(total([1]))",
    "call": "total(None)",
    "assignment and use": "answer = total(None)\nanswer.show()",
    "input": "n = int(input())",
    "stdin": "import sys\ndata = sys.stdin.read().split()\nn = data[0]",
    "loop": "for case in [None]:\n    print(total(case))",
    "main guard": "if __name__ == 'program':\n    raise SystemExit",
    "main function": "def main():\n    print(total(None))\n\nmain()",
    "try": "try:\n    print(total(None) / 0)\nfinally:\n    1 / 0",
    "unittest": "import unittest\nunittest.main()",
    "exit": "import sys\nsys.exit(0)",
}


@pytest.mark.parametrize("kind", DEMONSTRATIONS)
def test_demonstrations_are_dropped(kind: str) -> None:
    assert result(fenced(f"{WHOLE}\n\n{DEMONSTRATIONS[kind]}\n"), TOTAL, [1, 2]) == 3


def test_comments_that_announce_demonstrations_go_with_them() -> None:
    assert source(f"{WHOLE}  # so\n\n# Example usage:\nprint(total([1]))  # 1\n# Output: 1\n", TOTAL).endswith("# so\n")
    assert source(f"{WHOLE}\n\n# The end.\n", TOTAL).endswith("# The end.\n")


def test_statements_that_prepare_are_kept() -> None:
    text = """
import sys
sys.setrecursionlimit(10_000)
table = [0] * 5
for i in range(5):
    table[i] = i
def fill():
    table.append(9)
fill()
try:
    import missing_module
except ImportError:
    missing_module = None
from functools import cache
def total(xs):
    print("debugging", xs)  # printing inside does no harm
    return sum(xs) + table[-1]
total = cache(total)
"""
    assert result(text, TOTAL, (1, 2)) == 12
    assert source(text, TOTAL).strip().endswith(text.strip())


@pytest.mark.parametrize(
    "text",
    [
        "class Solution:\n    def add(self, a, b):\n        return a + b\n\nprint(Solution().add(1, 2))",
        "        return a + b\n",
        "return a + b",
        "class Solver:\n    def add(self, a, b):\n        return a + b",
        "def add(self, a, b):\n    return a + b",
        "def add(a, b):\n    return a + b",
        "class Solution(object):\n    def add(self, a, b):\n        return a + b\ns = Solution()\ns.add(1, 2)",
    ],
)
def test_methods_are_found_or_made(text: str) -> None:
    assert result(fenced(text), METHOD, 3, 4) == 7


def test_a_function_without_a_return_is_a_body_where_it_is_indented() -> None:
    in_place = Problem("p", "", CallStyle.FUNCTION, "f", "def f(xs):\n")
    assert source("    xs.sort()\n", in_place) == "def f(xs):\n    xs.sort()\n"


# --- a starter of imports that every program runs behind

STARRED = Problem(
    "x",
    "",
    CallStyle.FUNCTION,
    "Solution.f",
    "from typing import *\nfrom math import *\nimport sys\nsys.setrecursionlimit(5000)\n\n\n"
    "class Solution:\n    def f(self, xs: List[int]) -> int:\n        ",
)


@pytest.mark.parametrize(
    "answer,missing",
    [
        ("", ["from typing import *", "from math import *", "import sys", "sys.setrecursionlimit(5000)"]),
        ("from math import *\n", ["from typing import *", "import sys", "sys.setrecursionlimit(5000)"]),
        (
            "from itertools import *\nimport sys\nsys.setrecursionlimit(5000)\n",
            ["from typing import *", "from math import *"],
        ),
        ("import sys\n", ["from typing import *", "from math import *", "import sys", "sys.setrecursionlimit(5000)"]),
    ],
)
def test_star_imports_and_calls_of_the_starter_are_kept(answer: str, missing: list[str]) -> None:
    method = "class Solution:\n    def f(self, xs: List[int]) -> int:\n        return floor(sum(xs))\n"
    program = extract(f"```python\n{answer}{method}```", STARRED)
    assert program is not None
    head = program.source.partition("\n\n\n")[0].split("\n") if missing else []
    assert head == missing
    scope: dict[str, object] = {"__name__": "program"}
    limit = sys.getrecursionlimit()
    try:
        exec(program.source, scope)
    finally:
        sys.setrecursionlimit(limit)
    assert scope["Solution"]().f([1, 2.5]) == 3  # type: ignore[operator]
