"""Asking models: what prompts show, when a request is repeated, and that no prompt outgrows its room."""

import json
from collections.abc import Sequence

import pytest
from fakes.stage2 import Call, ScriptedAsk, vote, written
from hypothesis import given, settings
from hypothesis import strategies as st

from distinguo.fit import tokens
from distinguo.problem import CallStyle, Problem, Program, Test
from distinguo.records import Execution, Role, Verdict, Vote
from distinguo.testgen import PROMPT_TOKENS, Author, Case, list_schema, told
from distinguo.testgen.parse import WrittenTest

PROBLEM = Problem("p", "Print the sum.", public_tests=(Test("1", "1 2\n", "3"),))
FUNCTION = Problem("f", "", CallStyle.FUNCTION, "add", "def add(a, b):\n    '''Add.'''", (Test("1", "(1, 2)", "3"),))
FIRST, SECOND = Program("print(1)"), Program("print(2)")


async def use_all(inputs: Sequence[str]) -> list[str]:
    return ["" for _ in inputs]


async def use_none(inputs: Sequence[str]) -> list[str]:
    return ["both programs print 3" for _ in inputs]


async def test_usable_inputs_come_back_in_order() -> None:
    author = Author(PROBLEM, ScriptedAsk(lambda call: written("3 4", "1 2", "5 6")))
    result = await author.write_inputs([FIRST], 8, use_all, 5)
    assert result.usable == ("3 4\n", "5 6\n")
    assert [fault.text for fault in result.dropped] == ["1 2"]
    assert result.requests == 1


async def test_no_more_inputs_than_asked_for_are_used() -> None:
    author = Author(PROBLEM, ScriptedAsk(lambda call: written(*map(str, range(20)))))
    assert len((await author.write_inputs([FIRST], 3, use_all, 0)).usable) == 3


async def test_a_useless_answer_is_asked_for_again_with_the_reason_at_most_twice() -> None:
    ask = ScriptedAsk(lambda call: written(f"{call.round} 9"))
    result = await Author(PROBLEM, ask).distinguish(FIRST, SECOND, 3, use_none, 7)
    assert result.usable == ()
    assert result.requests == 3
    assert [(call.sample, call.round) for call in ask.calls] == [(7, 0), (7, 1), (7, 2)]
    assert "no usable input" not in ask.calls[0].prompt
    assert "- 0 9\n  Not usable: both programs print 3." in ask.calls[1].prompt
    assert "- 1 9\n  Not usable: both programs print 3." in ask.calls[2].prompt


async def test_an_answer_without_json_is_asked_for_again() -> None:
    ask = ScriptedAsk(lambda call: written("3 4") if call.round else "Sorry.")
    result = await Author(PROBLEM, ask).write_inputs([FIRST], 8, use_all, 0)
    assert (result.usable, result.requests) == (("3 4\n",), 2)
    assert "Your last answer had no usable input." in ask.calls[1].prompt


async def test_repeating_ends_with_the_first_usable_input() -> None:
    async def try_out(inputs: Sequence[str]) -> list[str]:
        return ["" if text == "3 4\n" else "every program fails on it" for text in inputs]

    ask = ScriptedAsk(lambda call: written("x") if call.round == 0 else written("y", "3 4"))
    result = await Author(PROBLEM, ask).write_inputs([FIRST], 8, try_out, 0)
    assert result.usable == ("3 4\n",)
    assert [fault.text for fault in result.dropped] == ["x\n", "y\n"]


async def test_requests_for_inputs_show_the_problem_the_form_and_a_public_input_but_no_answer() -> None:
    ask = ScriptedAsk(lambda call: written("3 4"))
    await Author(PROBLEM, ask).write_inputs([FIRST], 8, use_all, 0)
    (call,) = ask.calls
    assert call.role is Role.TEST_GENERATOR
    assert call.schema == list_schema("inputs", {"type": "string"}, 8)
    assert "Print the sum." in call.prompt
    assert '{"inputs": ["1 2\\n"]}' in call.prompt
    assert "standard input" in call.prompt
    assert "print(1)" not in call.prompt


async def test_functions_are_asked_for_as_calls_and_the_starter_is_shown() -> None:
    ask = ScriptedAsk(lambda call: written("add(3, 4)", "add(3)"))
    result = await Author(FUNCTION, ask).write_inputs([], 8, use_all, 0)
    assert result.usable == ("(3, 4)",)
    assert "def add(a, b):" in ask.calls[0].prompt
    assert "one call of `add`" in ask.calls[0].prompt
    assert '{"inputs": ["add(1, 2)"]}' in ask.calls[0].prompt


@pytest.mark.parametrize("statement", ["def add(a, b):\n    '''Add.'''", "Add."])
async def test_nothing_of_the_problem_is_shown_twice(statement: str) -> None:
    problem = Problem("f", statement, CallStyle.FUNCTION, "add", "def add(a, b):\n    '''Add.'''")
    ask = ScriptedAsk(lambda call: vote("tie"))
    await Author(problem, ask).compare(FIRST, SECOND, [], 0)
    assert ask.calls[0].prompt.count("Add.") == 1
    assert ask.calls[0].prompt.count("def add(a, b)") == 1


async def test_the_judge_is_shown_both_programs_and_their_outputs_in_the_order_given() -> None:
    ask = ScriptedAsk(lambda call: vote("second"))
    verdict = await Author(PROBLEM, ask).compare(SECOND, FIRST, [Case("3 4\n", "2\n", "1\n")], 9)
    assert verdict is Vote.SECOND
    prompt = ask.calls[0].prompt
    order = [prompt.index(text) for text in ("print(2)", "print(1)", "3 4", "first program:\n2", "second program:\n1")]
    assert order == sorted(order)
    assert (ask.calls[0].role, ask.calls[0].temperature, ask.calls[0].sample) == (Role.JUDGE, 0.0, 9)


async def test_tests_are_asked_for_with_their_outputs_and_shown_by_public_ones() -> None:
    def answer(call: Call) -> str:
        return json.dumps({"tests": [{"input": "3 4", "output": "7"}, {"input": "1 2", "output": "3"}]})

    ask = ScriptedAsk(answer)
    result = await Author(PROBLEM, ask).write_tests([FIRST], 8, use_all, 5)
    assert result.usable == (WrittenTest("3 4\n", "7\n"),)
    assert [fault.why for fault in result.dropped] == ["its input is already one of the public tests"]
    (call,) = ask.calls
    assert (call.role, call.temperature, call.sample) == (Role.TEST_GENERATOR, None, 5)
    assert call.schema is not None
    assert call.schema["properties"]["tests"]["items"]["required"] == ["input", "output"]
    assert '{"tests": [{"input": "1 2\\n", "output": "3"}]}' in call.prompt
    assert "print(1)" not in call.prompt


async def test_a_public_test_without_an_answer_is_no_example_of_a_test() -> None:
    problem = Problem("p", "Print the sum.", public_tests=(Test("1", "1 2\n"),))
    ask = ScriptedAsk(lambda call: "")
    await Author(problem, ask).write_tests([FIRST], 8, use_all, 5)
    assert '{"tests": [{"input": "first input", "output": "its output"}' in ask.calls[0].prompt


async def test_useless_tests_are_shown_again_with_their_outputs() -> None:
    ask = ScriptedAsk(lambda call: json.dumps({"tests": [{"input": "add(3, 4)", "output": "7"}]}))
    result = await Author(FUNCTION, ask).write_tests([], 8, use_none, 0)
    assert (result.usable, result.requests) == ((), 3)
    assert "- add(3, 4) == 7\n  Not usable: both programs print 3." in ask.calls[1].prompt


async def test_without_inputs_the_judge_is_asked_about_the_programs_alone() -> None:
    ask = ScriptedAsk(lambda call: vote("first"))
    assert await Author(PROBLEM, ask).compare(FIRST, SECOND, [], 0) is Vote.FIRST
    assert "print(1)" in ask.calls[0].prompt
    assert "real outputs" not in ask.calls[0].prompt
    assert "were run" not in ask.calls[0].prompt


long_texts = st.text(st.sampled_from("ab 1,[]\néß{{%"), max_size=60).flatmap(
    lambda text: st.sampled_from([1, 50, 2000]).map(lambda times: text * times)
)


@settings(max_examples=15, deadline=None)
@given(st.lists(long_texts, min_size=5, max_size=5), st.sampled_from([CallStyle.STDIN, CallStyle.FUNCTION]))
async def test_no_prompt_outgrows_its_room(texts: list[str], style: CallStyle) -> None:
    statement, starter, first, second, value = texts

    def answer(call: Call) -> str:
        return vote("tie") if call.role is Role.JUDGE else written(value + str(call.round))

    async def refuse(inputs: Sequence[str]) -> list[str]:
        return [value or "no" for _ in inputs]

    problem = Problem("p", statement, style, "f", starter, (Test("1", value, value),))
    ask = ScriptedAsk(answer)
    author = Author(problem, ask)
    programs = Program(first), Program(second)
    await author.write_inputs(programs, 8, refuse, 0)
    await author.distinguish(*programs, 3, refuse, 0)
    await author.write_tests(programs, 8, refuse, 0)
    await author.compare(*programs, [Case(value, value, value)] * 3, 0)
    await author.compare(*programs, [], 0)
    for outputs in (2, 40, 150):
        await author.choose(value, [value] * outputs, 0)
    assert max(tokens(call.prompt) for call in ask.calls) <= PROMPT_TOKENS


@pytest.mark.parametrize(
    "execution, text",
    [
        (Execution(Verdict.AC, "5\n"), "5\n"),
        (Execution(Verdict.AC, ""), "(nothing)"),
        (Execution(Verdict.TLE, "half"), "(no output: stopped at the time limit)"),
        (
            Execution(Verdict.RTE, "", "Traceback\n  ...\nValueError: bad\n"),
            "(no output: runtime error: ValueError: bad)",
        ),
    ],
)
def test_a_run_is_told_by_its_output_or_by_how_it_failed(execution: Execution, text: str) -> None:
    assert told(execution) == text
