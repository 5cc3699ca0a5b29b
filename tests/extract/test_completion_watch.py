"""Answers that may end early: where one is cut it holds the program of the whole one."""

import pytest
from fakes.completions import METHOD, STARTER, STDIN, TOTAL, WHOLE, completions, fenced
from hypothesis import given
from hypothesis import strategies as st

from distinguo.extract import LONGEST, completion_watch, extract, is_complete
from distinguo.problem import Problem, Program

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
