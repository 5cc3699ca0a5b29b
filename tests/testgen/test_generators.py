"""Programs that a model writes for inputs: generators, validators, brute force; what is kept, asked again, given up."""

from collections.abc import Callable, Sequence

import pytest
from fakes.stage2 import Call, InProcessRun, ScriptedAsk
from hypothesis import given, settings
from hypothesis import strategies as st

from distinguo import checkers
from distinguo.errors import BudgetExhausted, CallError
from distinguo.extract import extract
from distinguo.fit import tokens
from distinguo.problem import CallStyle, Problem, Program, Test
from distinguo.records import Role
from distinguo.testgen import ATTEMPTS, PROMPT_TOKENS
from distinguo.testgen.generators import CHECKS, VALIDATORS, Programmer
from distinguo.testgen.signatures import Signature

PROBLEM = Problem("p", "Print the absolute value of an integer.", public_tests=(Test("1", "-3\n", "3"),))
FUNCTION = Problem("f", "Add.", CallStyle.FUNCTION, "add", public_tests=(Test("1", "(1, 2)", "3"),), checker="values")
CALLED = Signature(("a", "b"), 2, False)

GENERATOR = "n = int(input())\nprint(n * 10 - 20)"
STRICT = "n = int(input())\nprint('OK' if -10 <= n <= 10 else 'too large')"
LAX = "input()\nprint('OK')"
BROKEN = "raise ValueError"
REJECTS_ALL = "print('no')"


def block(source: str) -> str:
    return f"Here it is.\n```python\n{source}\n```\n"


def model(generator: Callable[[Call], str | Exception] | str, validators: Sequence[str | Exception]) -> ScriptedAsk:
    def answer(call: Call) -> str | Exception:
        if "check whether test inputs" in call.prompt:
            said = validators[call.round]
            return said if isinstance(said, Exception) else block(said)
        said = generator if isinstance(generator, str) else generator(call)
        return said if isinstance(said, Exception) else block(said)

    return ScriptedAsk(answer)


async def use_all(inputs: Sequence[str]) -> list[str]:
    return ["" for _ in inputs]


def programmer(ask: ScriptedAsk, problem: Problem = PROBLEM) -> Programmer:
    return Programmer(problem, ask, InProcessRun(), extract)


async def test_inputs_that_three_of_four_validators_accept_are_kept() -> None:
    ask = model(GENERATOR, [STRICT, LAX, LAX, LAX])
    written = await programmer(ask).generated(5, None, use_all, 7)
    assert written.usable == ("-20\n", "-10\n", "0\n", "10\n", "20\n")
    ask = model(GENERATOR, [STRICT, STRICT, LAX, LAX])
    written = await programmer(ask).generated(5, None, use_all, 7)
    assert written.usable == ("-10\n", "0\n", "10\n")
    assert [fault.why for fault in written.dropped] == ["it is not valid: too large"] * 2


async def test_each_validator_is_a_request_of_its_own_and_they_are_written_once() -> None:
    ask = model(GENERATOR, [LAX] * VALIDATORS)
    writer = programmer(ask)
    first = await writer.generated(3, None, use_all, 7)
    await writer.generated(3, None, use_all, 8)
    assert first.requests == 1
    assert sorted((call.sample, call.round) for call in ask.calls) == [(0, 0), (0, 1), (0, 2), (0, 3), (7, 0), (8, 0)]
    assert {call.role for call in ask.calls} == {Role.TEST_GENERATOR}


async def test_validators_that_reject_a_public_input_or_fail_have_no_vote() -> None:
    ask = model(GENERATOR, [STRICT, BROKEN, REJECTS_ALL, CallError("busy")])
    written = await programmer(ask).generated(5, None, use_all, 0)
    assert written.usable == ("-10\n", "0\n", "10\n")


async def test_without_a_validator_that_works_no_input_counts() -> None:
    ask = model(GENERATOR, [BROKEN, REJECTS_ALL, BROKEN, "no code("])
    written = await programmer(ask).generated(5, None, use_all, 0)
    assert (written.usable, written.requests) == ((), 1)
    assert {fault.why for fault in written.dropped} == {"no validator that works was written"}


@pytest.mark.parametrize(
    "bad, feedback",
    [
        ("raise ValueError('oh')", "ValueError: oh"),
        ("pass", "it is empty"),
        ("print(-3)", "it is already one of the public tests"),
    ],
)
async def test_a_generator_of_no_use_is_asked_for_again_with_the_reason(bad: str, feedback: str) -> None:
    ask = model(lambda call: GENERATOR if call.round else bad, [LAX] * VALIDATORS)
    written = await programmer(ask).generated(3, None, use_all, 7)
    assert (len(written.usable), written.requests) == (3, 2)
    second = next(call for call in ask.calls if (call.sample, call.round) == (7, 1))
    assert "of no use" in second.prompt
    assert feedback in second.prompt


async def test_an_answer_without_a_program_is_asked_for_again() -> None:
    ask = ScriptedAsk(lambda call: "I cannot." if call.sample else block(LAX))
    written = await programmer(ask).generated(3, None, use_all, 7)
    assert (written.usable, written.requests) == ((), ATTEMPTS)
    assert "no Python program" in ask.calls[-1].prompt


async def test_inputs_that_cannot_be_used_are_dropped_with_the_reason() -> None:
    async def try_out(inputs: Sequence[str]) -> list[str]:
        return ["every program fails on it" if text.startswith("-") else "" for text in inputs]

    ask = model(GENERATOR, [LAX] * VALIDATORS)
    written = await programmer(ask).generated(4, None, try_out, 0)
    assert written.usable == ("0\n", "10\n")
    assert [fault.why for fault in written.dropped] == ["every program fails on it"] * 2


@pytest.mark.parametrize(
    "generator",
    [
        "n = int(input())\nprint(f'add({n}, {n!r})')",
        "n = int(input())\nprint((n, n))",
        "n = int(input())\nprint(f'{n}, {n}')",
    ],
)
async def test_a_function_gets_calls_or_argument_tuples_and_validators_get_its_arguments(generator: str) -> None:
    checks = f"def {CHECKS}(a, b):\n    return 'OK' if a < 2 else 'too large'"
    ask = model(generator, [checks] * VALIDATORS)
    written = await programmer(ask, FUNCTION).generated(4, CALLED, use_all, 0)
    assert written.usable == ("(0, 0)", "(1, 1)")
    assert f"`{CHECKS}`" in ask.calls[1].prompt
    assert "add(1, 2)" in ask.calls[0].prompt


RIGHT = "n = int(input())\nprint(max(n, -n))"


async def test_a_brute_force_that_gives_the_public_outputs_is_taken() -> None:
    ask = model(RIGHT, [])
    program, requests = await programmer(ask).brute_force(checkers.get("tokens"), 9)
    assert program == Program(RIGHT + "\n")
    assert requests == 1
    assert "Input:\n-3\nOutput:\n3" in ask.calls[0].prompt


async def test_a_brute_force_that_fails_a_public_test_is_told_so_and_given_up_in_the_end() -> None:
    ask = model(lambda call: RIGHT if call.round else "print(input())", [])
    program, requests = await programmer(ask).brute_force(checkers.get("tokens"), 9)
    assert (program is not None, requests) == (True, 2)
    assert "on the input -3 it gives -3, but 3 is right" in ask.calls[1].prompt
    program, requests = await programmer(model("print(1)", [])).brute_force(checkers.get("tokens"), 9)
    assert (program, requests) == (None, ATTEMPTS)


async def test_what_a_brute_force_gives_is_what_tests_expect() -> None:
    tests = await programmer(model("", [])).answers(Program(RIGHT), ["-4\n", "x\n", "2\n"])
    assert [(test.input, test.expected.strip()) for test in tests] == [("-4\n", "4"), ("2\n", "2")]


async def test_an_ended_budget_passes_through() -> None:
    ask = ScriptedAsk(lambda call: BudgetExhausted("calls"))
    with pytest.raises(BudgetExhausted):
        await programmer(ask).generated(3, None, use_all, 0)


long_texts = st.text(st.sampled_from("ab 1,[]\néß{{%"), max_size=60).flatmap(
    lambda text: st.sampled_from([1, 50, 2000]).map(lambda times: text * times)
)


@settings(max_examples=15, deadline=None)
@given(st.lists(long_texts, min_size=3, max_size=3), st.sampled_from(CallStyle))
async def test_no_prompt_outgrows_its_room(texts: list[str], style: CallStyle) -> None:
    statement, starter, value = texts
    problem = Problem("p", statement, style, "f", starter, (Test("1", value, value),))
    ask = model(lambda call: f"raise ValueError({value!r})", [BROKEN] * VALIDATORS)
    writer = programmer(ask, problem)
    await writer.generated(2, None, use_all, 1)
    await writer.brute_force(checkers.get("tokens"), 2)
    assert max(tokens(call.prompt) for call in ask.calls) <= PROMPT_TOKENS
