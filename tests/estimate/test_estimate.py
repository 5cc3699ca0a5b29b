"""What a run may take at most: never less than what a run takes."""

import json
from collections.abc import Sequence
from typing import get_args

import pytest
from fakes.stage2 import ScriptedAsk

from distinguo import estimate
from distinguo.config import Settings
from distinguo.errors import InputError
from distinguo.estimate.spending import QUESTIONS
from distinguo.fit import tokens
from distinguo.prices import Price
from distinguo.problem import Problem, Program, Test
from distinguo.room import SELECTION_PROMPT
from distinguo.selectors.protocol import Question
from distinguo.testgen import Author, Case

PROBLEM = Problem("p", "Add the numbers.", public_tests=(Test("1", "1 2", "3"),))


def test_the_papers_settings_take_the_papers_calls() -> None:
    roles = {role.role: role for role in estimate.at_most(PROBLEM, Settings(model="openai/a", selector="sstar")).roles}
    assert roles["generator"].calls == 16
    assert roles["debugger"].calls == 32
    assert roles["judge"].calls == 2 * 120
    assert roles["generator"].completion_tokens == 16 * 4096


def test_without_public_tests_answers_without_code_may_still_be_repeated() -> None:
    roles = {role.role: role for role in estimate.at_most(Problem("p", "Add."), Settings(n=4, rounds=1)).roles}
    assert (roles["generator"].calls, roles["debugger"].calls) == (4, 4)


@pytest.mark.parametrize("selector", ["first", "random", "public"])
def test_selectors_that_ask_nothing_cost_nothing(selector: str) -> None:
    assert estimate.at_most(PROBLEM, Settings(n=4, rounds=0, selector=selector)).calls == 4


@pytest.mark.parametrize(
    "selector, writing, judging",
    [
        ("codet", 3, 0),
        ("llm-judge", 0, 2 * 15),
        ("tournament", 3, 2 * 5 * 16),
        ("sstar-authors", 3 + 3 * 120, 2 * 120),
    ],
)
def test_every_kind_of_question_is_counted_for_the_role_that_answers_it(
    selector: str, writing: int, judging: int
) -> None:
    known = estimate.at_most(PROBLEM, Settings(model="openai/a", rounds=0, selector=selector))
    roles = {role.role: role for role in known.roles}
    assert (roles["test_generator"].calls, roles["judge"].calls) == (writing, judging)
    assert (roles["test_generator"].prompt_tokens > 0) == (writing > 0)


def test_every_kind_of_question_that_calls_a_model_has_its_cost() -> None:
    kinds: tuple[type[Question], ...] = get_args(Question)
    assert {kind.kind for kind in kinds if kind.calls_model} == QUESTIONS.keys()


async def test_no_prompt_of_stage_2_is_longer_than_estimated() -> None:
    async def refuse(inputs: Sequence[str]) -> list[str]:
        return ["it is too long, " * 200 for _ in inputs]

    long = "7 " * 4000
    problem = Problem("p", "Add. " * 900, starter="# " + "x y " * 300, public_tests=(Test("1", long, long),))
    answer = json.dumps({"inputs": [long + "1"] * 3, "tests": [{"input": long + "2", "output": long}] * 3})
    ask, program = ScriptedAsk(lambda call: answer), Program("print(1) # " * 4000)
    author = Author(problem, ask, SELECTION_PROMPT)
    texts = tokens(problem.statement) + tokens(problem.starter)

    async def longest(kind: str) -> int:
        before = len(ask.calls)
        match kind:
            case "inputs":
                await author.write_inputs([program], 8, refuse, 0)
            case "tests":
                await author.write_tests([program], 8, refuse, 0)
            case "distinguish":
                await author.distinguish(program, program, 3, refuse, 0)
            case "compare":
                await author.compare(program, program, [Case(long, long, long)] * 3, 0)
            case "choose":
                await author.choose(long, [long] * 16, 0)
        return max(tokens(call.prompt) for call in ask.calls[before:])

    for kind in ("inputs", "tests", "distinguish", "compare", "choose"):
        asked = QUESTIONS[kind]
        estimated = asked.prompt(SELECTION_PROMPT, texts, 16)
        assert estimated / 4 < await longest(kind) <= estimated, kind


def test_dollars_come_from_the_prices() -> None:
    prices = {"openai/a": Price(prompt=1, completion=2)}
    known = estimate.at_most(PROBLEM, Settings(model="openai/a", prices=prices))
    assert known.usd == pytest.approx(
        sum(role.prompt_tokens + 2 * role.completion_tokens for role in known.roles) / 1e6
    )


def test_an_unknown_price_is_said_and_not_zero() -> None:
    unknown = estimate.at_most(PROBLEM, Settings(model="openai/a"))
    assert unknown.usd is None
    assert "cost: unknown for openai/a" in unknown.lines()[-1]
    plain = json.loads(json.dumps(unknown.as_dict()))
    assert (plain["usd"], plain["unpriced"]) == (None, ["openai/a"])


def test_a_role_that_is_never_asked_needs_no_price() -> None:
    settings = Settings(model="openai/gpt-4o-mini", judge="openai/a", selector="first")
    assert (estimate.at_most(PROBLEM, settings).usd or 0) > 0


def test_the_embedded_model_is_free() -> None:
    assert estimate.at_most(PROBLEM, Settings()).usd == 0


def test_an_unknown_selector_is_an_input_error() -> None:
    with pytest.raises(InputError, match="the selectors are"):
        estimate.at_most(PROBLEM, Settings(selector="best"))
