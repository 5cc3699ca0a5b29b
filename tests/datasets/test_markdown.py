from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distinguo import datasets
from distinguo.errors import InputError
from distinguo.problem import CallStyle, Limits, Problem


def load(text: str) -> Problem:
    problem, hidden = datasets.load("-", data=None, stdin=text)
    assert hidden is None
    return problem


def pairs(problem: Problem) -> list[tuple[str, str | None]]:
    return [(test.input, test.expected) for test in problem.public_tests]


SHAPES = {
    "marked fences": "Add.\n```input\n1 2\n```\n```output\n3\n```\n```input\n4 5\n```\n```output\n9\n```\n",
    "headings and labels": "## Example 1\n\nInput:\n\n```\n1 2\n```\n\nOutput:\n\n```\n3\n```\n\n"
    "## Example 2\nInput:\n```\n4 5\n```\nOutput:\n```\n9\n```\nBecause 4 + 5 = 9.\n",
    "headings only": "### Example 1\n```\n1 2\n```\n```\n3\n```\n### Example 2\n```\n4 5\n```\n```\n9\n```\n",
    "headings within examples": "## Example 1\n### Input\n```\n1 2\n```\n### Output\n```\n3\n```\n"
    "## Example 2\n### Input\n```\n4 5\n```\n### Output\n```\n9\n```\n",
    "sample headings": "### Sample Input 1\n```\n1 2\n```\n### Sample Output 1\n```\n3\n```\n"
    "### Sample Input 2\n```\n4 5\n```\n### Sample Output 2\n```\n9\n```\n",
    "bold labels": "**Example 1:**\n\n**Input**\n~~~text\n1 2\n~~~\n**Output:**\n~~~text\n3\n~~~\n"
    "**Example 2:**\n\n**Input**\n~~~text\n4 5\n~~~\n**Output:**\n~~~text\n9\n~~~\n",
    "plain labels": "Input:\n```\n1 2\n```\nOutput:\n```\n3\n```\nInput 2:\n```\n4 5\n```\nOutput 2:\n```\n9\n```\n",
    "with a format section": "## Input\n```\na b\n```\n## Output\n```\nsum\n```\n## Examples\n"
    "```\n1 2\n```\n```\n3\n```\n**Example 2**\n```\n4 5\n```\n```\n9\n```\n```python\nnot = 'an example'\n```\n",
    "windows line ends": "Input:\r\n```\r\n1 2\r\n```\r\nOutput:\r\n```\r\n3\r\n```\r\n"
    "Input:\r\n```\r\n4 5\r\n```\r\nOutput:\r\n```\r\n9\r\n```\r\n",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_examples_become_public_tests(shape: str) -> None:
    problem = load(SHAPES[shape])
    assert problem.style is CallStyle.STDIN
    assert pairs(problem) == [("1 2\n", "3\n"), ("4 5\n", "9\n")]
    assert [test.name for test in problem.public_tests] == ["1", "2"]


def test_the_whole_text_is_the_statement(tmp_path: Path) -> None:
    path = tmp_path / "adding.md"
    path.write_text("# Adding\n\nAdd two numbers.\n")
    problem = datasets.load(str(path), data=None).problem
    assert (problem.id, problem.statement, problem.public_tests) == ("adding", "# Adding\n\nAdd two numbers.", ())


@pytest.mark.parametrize(
    "examples",
    [
        ">>> add([1, 2], 3)\n6\n>>> add([], 0)\n0\n",
        "`add([1, 2], 3) == 6` and\n`add([], 0) == 0`\n",
        "`add([1, 2], 3) == 6`, and `add(xs=[], more=0)` returns `0`; `add([], 1) == 1, 2`.\n",
        "- `add([1, 2], 3)` returns `6`\n- `add([], 0)` returns `0`\n",
        "```\nadd([1, 2], 3) -> 6\nadd([], 0) -> 0  # nothing\n```\n",
        "**Example 1:**\n\nInput: xs = [1, 2], more = 3\nOutput: 6\n\nInput: xs = [], more = 0\nOutput: 0\n",
    ],
)
def test_a_signature_with_examples_is_a_function(examples: str) -> None:
    problem = load(f"Add them.\n\n```python\ndef add(xs: list[int], more: int) -> int:\n```\n\n{examples}")
    assert (problem.style, problem.entry, problem.checker) == (CallStyle.FUNCTION, "add", "values")
    assert problem.starter == "def add(xs: list[int], more: int) -> int:\n"
    assert pairs(problem) == [("([1, 2], 3)", "6"), ("([], 0)", "0")]


def test_a_signature_with_a_doctest_inside_is_a_function() -> None:
    problem = load('```python\ndef f(x):\n    """Twice.\n\n    >>> f("a")\n    \'aa\'\n    """\n```\n')
    assert pairs(problem) == [("('a',)", "'aa'")]


def test_python_without_examples_is_a_program_for_standard_input() -> None:
    assert load("Mind:\n```python\ndef f(x):\n    return x\n```\n").style is CallStyle.STDIN


def test_front_matter_decides_and_sets_limits() -> None:
    matter = '+++\nid = "t"\nstyle = "function"\nentry = "f"\n[limits]\ncpu_seconds = 1\n+++\n'
    problem = load(f"{matter}Do.\n```python\nimport math\ndef f(x):\n```\n")
    assert (problem.id, problem.entry, problem.starter) == ("t", "f", "import math\ndef f(x):\n")
    assert problem.limits == Limits(cpu_seconds=1, wall_seconds=3)
    assert problem.statement.startswith("Do.")
    stdin = load('+++\nstyle = "stdin"\n+++\nDo.\n```python\ndef f(x):\n```\nf(1) == 2\n')
    assert (stdin.style, stdin.public_tests) == (CallStyle.STDIN, ())


@pytest.mark.parametrize(
    "text,told",
    [
        ("", "standard input is empty"),
        ("+++\nid = 'x'\n+++\n  \n", "standard input is empty"),
        ("+++\nspeed = 1\n+++\nDo.", "unknown key speed"),
        ("+++\nid = \n+++\nDo.", "line 1"),
        ("```input\n1\n```\n", "example 1 has an input but no output"),
        ("```output\n1\n```\n", "example 1 has an output but no input"),
        ("```input\n1\n```\n```input\n2\n```\n", "example 1 has an input but no output"),
        ("caf\udce9", "standard input is not UTF-8: byte 3 is 0xe9"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(text: str, told: str) -> None:
    with pytest.raises(InputError) as caught:
        load(text)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


lines = st.sampled_from(
    [
        *("```", "```input", "```output", "```python", "def f(x):", "f(1) == 2", ">>> f(1)", "2", "Input:", "Output:"),
        *("## Example", "Sample Input 1", "+++", 'style = "function"', "Input: x = 1", "    ", "", '"""'),
    ]
)


@given(st.lists(lines | st.text(st.characters(exclude_categories=["Cs"]), max_size=10), max_size=15))
def test_any_text_is_a_problem_or_an_input_error(parts: list[str]) -> None:
    try:
        problem = load("\n".join(parts))
    except InputError:
        return
    assert problem.statement
