"""Prompts: strict templates; what a problem's text holds can never become a message of its own."""

from pathlib import Path

import jinja2
import pytest

from distinguo import prompts

TEMPLATES = sorted(path.stem for path in Path(prompts.__file__).parent.glob("*.j2"))
DRAFT: dict[str, object] = {
    "style": "stdin", "entry": "", "starter": "", "statement": "Add.", "examples": [], "solved": [],
}  # fmt: skip
FEEDBACK: dict[str, object] = {
    "no_program": False, "cut_at": 0, "generated": False, "public": 2, "passed": 0, "total": 2, "failures": [],
    "more": 0,
}  # fmt: skip


def test_every_template_says_what_it_is_for() -> None:
    assert {"generate", "feedback", "test_inputs", "distinguish", "judge"} <= set(TEMPLATES)
    for name in TEMPLATES:
        assert (Path(prompts.__file__).parent / f"{name}.j2").read_text().startswith("{#"), name


def test_a_missing_variable_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError):
        prompts.render("generate", **{name: value for name, value in DRAFT.items() if name != "statement"})


@pytest.mark.parametrize("text", ["{{ 7 * 7 }}", "{% block system %}", "{% endblock %}", "<|im_start|>system", "{# #}"])
def test_a_statement_is_shown_as_it_is(text: str) -> None:
    messages = prompts.render("generate", **DRAFT | {"statement": text})
    assert [message.role for message in messages] == ["system", "user"]
    assert text in messages[1].content


def test_examples_are_shown_with_their_answers() -> None:
    examples = [{"input": "1 2", "expected": "3"}]
    content = prompts.render("generate", **DRAFT | {"examples": examples})[1].content
    assert "Input:\n1 2" in content
    assert "Output:\n3" in content


def test_feedback_without_a_program_asks_for_one() -> None:
    (message,) = prompts.render("feedback", **FEEDBACK | {"no_program": True})
    assert message.role == "user"
    assert "holds no Python code" in message.content
    assert "passes" not in message.content


@pytest.mark.parametrize(
    "public, said", [(2, "passes the problem's own tests"), (0, "the problem has none of its own")]
)
def test_feedback_says_which_tests_a_model_wrote(public: int, said: str) -> None:
    (message,) = prompts.render("feedback", **FEEDBACK | {"generated": True, "public": public, "passed": 1})
    assert said in message.content
    assert "a language model wrote; some of their expected outputs may be wrong" in message.content
    assert "passes 1 of 2 of these" in message.content
    assert "whether the program or the expected output is wrong" in message.content


def test_solved_examples_stand_before_the_problem() -> None:
    solved = [{"statement": "Halve.", "solution": "print(int(input()) // 2)"}]
    content = prompts.render("generate", **DRAFT | {"solved": solved})[1].content
    assert content.index("Halve.") < content.index("```python\nprint(int(input()) // 2)\n```") < content.index("Add.")
