"""What stage 1 says to a model: examples, the starter, and what running its earlier programs printed."""

import json
from pathlib import Path

import pytest
from fakes.stage1 import PROBLEM, RIGHT, WRONG, Stage, fenced

from distinguo.events import Note
from distinguo.generate.conversation import tail
from distinguo.problem import CallStyle, Problem, Test


async def test_feedback_shows_what_running_printed(tmp_path: Path) -> None:
    stage = Stage(tmp_path, lambda request: fenced(WRONG), n=1, rounds=1)
    await stage.run()
    *_, answer, feedback = stage.prompts(0)[1].messages
    assert answer.role == "assistant"
    assert WRONG in answer.content
    assert "passes 1 of 2" in feedback.content
    for part in ("5", "Expected output:\n10", "Your output:\n7"):
        assert part in feedback.content
    assert "Expected output:\n4" not in feedback.content


async def test_feedback_shows_the_errors_last_line(tmp_path: Path) -> None:
    stage = Stage(tmp_path, lambda request: fenced("print(int(input()) / 0)"), n=1, rounds=1)
    await stage.run()
    assert "ZeroDivisionError: division by zero" in stage.prompts(0)[1].messages[-1].content


def test_the_tail_of_an_error_is_whole_lines() -> None:
    assert tail("one\ntwo two\nthree three\n", 15) == "three three"
    assert tail("x" * 50, 10) == "x" * 10


@pytest.mark.parametrize("context,shown", [("all", ["first", "second"]), ("last", ["second"])])
async def test_context_decides_which_rounds_are_shown(tmp_path: Path, context: str, shown: list[str]) -> None:
    names = ["first", "second", "third"]
    stage = Stage(tmp_path, lambda request: fenced(f"{names[request.round]} = 1"), n=1, context=context)
    await stage.run()
    text = "".join(message.content for message in stage.prompts(0)[2].messages if message.role == "assistant")
    assert [name for name in names if f"{name} = 1" in text] == shown


async def test_prompts_of_later_rounds_begin_with_those_of_earlier_ones(tmp_path: Path) -> None:
    stage = Stage(tmp_path, lambda request: fenced(WRONG), n=2)
    await stage.run()
    first, second, third = (request.messages for request in stage.prompts(0))
    assert second[: len(first)] == first
    assert third[: len(second)] == second
    assert first == stage.prompts(1)[0].messages


@pytest.mark.parametrize("show", [True, False])
async def test_reasoning_is_shown_or_not(tmp_path: Path, show: bool) -> None:
    answer = "<think>two is enough</think>" + fenced(WRONG)
    stage = Stage(tmp_path, lambda request: answer, n=1, rounds=1, show_reasoning=show)
    await stage.run()
    assert ("two is enough" in stage.prompts(0)[1].messages[-2].content) == show


async def test_an_answer_without_code_is_told_so(tmp_path: Path) -> None:
    stage = Stage(tmp_path, lambda request: fenced(RIGHT) if request.round else "I cannot do that.", n=1)
    (candidate,) = await stage.run()
    assert candidate.rounds[0].error == "the answer holds no code"
    assert "holds no Python code" in stage.prompts(0)[1].messages[-1].content


async def test_examples_that_the_statement_holds_are_not_shown_twice(tmp_path: Path) -> None:
    statement = "Print twice the number.\n\nInput:\n\n2\n\nOutput:\n\n4\n"
    problem = Problem("p", statement, public_tests=PROBLEM.public_tests)
    stage = Stage(tmp_path, lambda request: fenced(RIGHT), problem, n=1)
    await stage.run()
    text = stage.prompts(0)[0].messages[-1].content
    assert text.count("Output:\n4") + text.count("Output:\n\n4") == 1
    assert "Output:\n10" in text


async def test_lone_surrogates_in_an_answer_can_be_sent_back(tmp_path: Path) -> None:
    stage = Stage(tmp_path, lambda request: fenced(WRONG) + "\ud800", n=1, rounds=1)
    await stage.run()
    for message in stage.prompts(0)[1].messages:
        message.content.encode()


async def test_function_problems_show_their_starter_and_literal_examples(tmp_path: Path) -> None:
    starter = 'def twice(x: int) -> int:\n    """Twice x."""\n'
    problem = Problem("twice", "", CallStyle.FUNCTION, "twice", starter, (Test("1", "(2,)", "4"),), checker="values")
    stage = Stage(tmp_path, lambda request: fenced(f"{starter}    return x + x"), problem, n=1)
    (candidate,) = await stage.run()
    assert candidate.passes_all
    text = stage.prompts(0)[0].messages[-1].content
    assert starter.strip() in text
    assert "twice(2) returns 4" in text


def pool(tmp_path: Path, *lines: object) -> Path:
    path = tmp_path / "pool.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


async def test_solved_examples_are_shown_before_the_problem_in_every_round(tmp_path: Path) -> None:
    other = {"id": "halve", "statement": "Print half the number.", "solution": "print(int(input()) // 2)"}
    own = {"id": "elsewhere", "statement": "Print twice the number!", "solution": RIGHT}
    path = pool(tmp_path, other, own, {"id": 3})
    stage = Stage(tmp_path, lambda request: fenced(WRONG), n=3, rounds=1, examples=path)
    await stage.run()
    drafts = {request.messages for request in stage.client.requests if request.round == 0}
    assert len(drafts) == 1
    text = stage.prompts(0)[0].messages[-1].content
    assert text.index("Print half the number.") < text.index("print(int(input()) // 2)") < text.index("Print twice")
    assert RIGHT not in text
    assert stage.prompts(0)[1].messages[: len(stage.prompts(0)[0].messages)] == stage.prompts(0)[0].messages
    assert [event.text for event in stage.events if isinstance(event, Note)] == [
        f"1 of 3 lines of {path} cannot be used (line 3: it has neither a solution nor techniques)."
    ]


async def test_a_problem_without_a_like_example_is_asked_without_one(tmp_path: Path) -> None:
    line = {"id": "halve", "statement": "Halve it.", "solution": "print(1)", "techniques": ["arithmetic"]}
    for by, why in (("bm25", "none is like it"), ("technique", "does not name its techniques")):
        stage = Stage(
            tmp_path, lambda request: fenced(RIGHT), n=1, examples=pool(tmp_path, line), examples_by=by, seed=len(by)
        )
        await stage.run()
        assert "Halve it." not in stage.prompts(0)[0].messages[-1].content
        assert any(isinstance(event, Note) and why in event.text for event in stage.events)
