"""Estimates of many arms: what they share counts once, and no run takes more."""

import json
from pathlib import Path
from typing import Any

import pytest
from fakes.clients import ScriptedClient
from fakes.executors import InProcessExecutor
from hypothesis import given
from hypothesis import strategies as st

from distinguo.ask import Asker
from distinguo.budget import Budget
from distinguo.config import Settings
from distinguo.errors import InputError
from distinguo.estimate import at_most
from distinguo.estimate.arms import Amount, of_arms
from distinguo.estimate.spending import USUAL, Together
from distinguo.generate import Generator
from distinguo.judge import Judge
from distinguo.prices import Price
from distinguo.problem import Problem, Test
from distinguo.records import Role
from distinguo.store import Store

PROBLEM = Problem("p", "Add the numbers.", public_tests=(Test("1", "1 2", "3"),))
PAID = "openai/gpt-4o-mini"


def calls(*arms: Settings) -> dict[Role, float]:
    found = dict.fromkeys(Role, 0.0)
    for one in Together(arms).spending(50):
        found[one.role] += one.calls
    return found


def arm(**settings: Any) -> Settings:
    return Settings.model_validate({"model": PAID, "selector": "first", "rounds": 0} | settings)


def test_samples_are_drawn_once_for_all_arms() -> None:
    found = calls(arm(n=1), arm(n=16), arm(n=16, selector="public"), arm(n=8, rounds=2, keep="last"))
    assert (found[Role.GENERATOR], found[Role.DEBUGGER]) == (16, 16)


@pytest.mark.parametrize(
    "other",
    [{"model": "openai/o1-mini"}, {"temperature": 0.2}, {"seed": 1}, {"max_tokens": 9}, {"reasoning_effort": "low"}],
)
def test_what_shapes_a_request_keeps_arms_apart(other: dict[str, Any]) -> None:
    assert calls(arm(n=4), arm(n=4, **other))[Role.GENERATOR] == 8


def test_solved_examples_keep_arms_apart(tmp_path: Path) -> None:
    path, copy = tmp_path / "pool.jsonl", tmp_path / "copy.jsonl"
    for pool in (path, copy):
        pool.write_text('{"id": "q", "statement": "Add.", "solution": "print(1)"}\n')
    shown = arm(n=4, examples=path)
    assert calls(arm(n=4), shown, arm(n=4, examples=copy), arm(n=4, examples=path, shots=5))[Role.GENERATOR] == 12
    prompts = [next(iter(Together([one]).spending(50))).prompt_tokens for one in (arm(n=4), shown)]
    assert prompts[0] < prompts[1]
    with pytest.raises(InputError, match="cannot read the examples"):
        Together([arm(examples=tmp_path / "absent.jsonl")])


def test_debugging_is_shared_as_far_as_it_goes() -> None:
    assert calls(arm(n=4, rounds=3), arm(n=8, rounds=1))[Role.DEBUGGER] == 8 + 4 + 4
    assert calls(arm(n=4, rounds=3), arm(n=4, rounds=3, context="last"))[Role.DEBUGGER] == 4 + 2 * (4 + 4)
    assert calls(arm(n=4, rounds=3), arm(n=4, rounds=3, debugger="openai/o1"))[Role.DEBUGGER] == 2 * 12
    found = calls(arm(n=4, rounds=3), arm(n=4, rounds=3, debug_tests="generated"))
    assert (found[Role.DEBUGGER], found[Role.TEST_GENERATOR]) == (12, 3)


def test_one_arm_is_the_estimate_of_a_run() -> None:
    for settings in (Settings(model=PAID), arm(n=3, rounds=2, debug_tests="generated", selector="codet")):
        assert of_arms(["p"], lambda _: PROBLEM, [settings]).most.usd == pytest.approx(at_most(PROBLEM, settings).usd)
        assert of_arms(["p"], lambda _: PROBLEM, [settings] * 3).most.calls == at_most(PROBLEM, settings).calls


some_arms = st.lists(
    st.builds(
        arm,
        n=st.integers(1, 20),
        rounds=st.integers(0, 4),
        context=st.sampled_from(["all", "last"]),
        debug_tests=st.sampled_from(["public", "generated"]),
        selector=st.sampled_from(["first", "sstar", "codet", "llm-judge"]),
        model=st.sampled_from([PAID, "local"]),
    ),
    min_size=1,
    max_size=5,
)


@given(some_arms, st.randoms())
def test_together_arms_take_no_more_than_apart_and_no_less_than_the_largest(arms: list[Settings], random: Any) -> None:
    together, apart = calls(*arms), [calls(one) for one in arms]
    for role in Role:
        assert max(one[role] for one in apart) <= together[role] <= sum(one[role] for one in apart)
    random.shuffle(arms)
    assert calls(*arms, arms[0]) == together


@given(some_arms)
def test_the_guess_is_never_above_the_most(arms: list[Settings]) -> None:
    found = of_arms(["p"], lambda _: PROBLEM, arms)
    for model, most in found.at_most.items():
        guess = found.expected.get(model, Amount(0, 0, 0, 0.0))
        assert guess.calls <= most.calls
        assert guess.prompt_tokens <= most.prompt_tokens
        assert guess.completion_tokens <= most.completion_tokens


async def test_no_run_takes_more_calls_for_its_samples_and_the_worst_takes_as_many(tmp_path: Path) -> None:
    """Arms one after another on one file: what an arm has paid for, another finds there."""
    client = ScriptedClient(lambda request: f"```python\nprint({request.round}, {request.sample})\n```", model=PAID)
    arms = [arm(n=4, rounds=2), arm(n=2, rounds=3, context="last"), arm(n=6), arm(n=3, rounds=3), arm(n=6, seed=1)]
    with Store(tmp_path / "run.sqlite") as store:
        for settings in arms:
            budget = Budget(settings, {})
            ask = Asker(PROBLEM.id, settings, dict.fromkeys(Role, client), store, budget, lambda event: None)
            async with Judge(PROBLEM, InProcessExecutor(), store, budget) as judge:
                generator = Generator(
                    PROBLEM, settings, ask, judge.test, lambda round, completion: None, lambda event: None
                )
                await generator.candidates()
    assert len(client.requests) == sum(calls(*arms).values())


def test_many_problems_are_looked_at_by_a_seed_and_scaled() -> None:
    ids = [str(number) for number in range(1000)]
    seen: list[str] = []

    def problem(one: str) -> Problem:
        seen.append(one)
        if one.endswith("7"):
            raise InputError(f"{one} is broken")
        return Problem(one, "word " * int(one))

    first = of_arms(ids, problem, [arm(n=4)], sampled=50)
    assert len(seen) == len(set(seen)) == 50
    assert (first.problems, first.most.calls) == (1000, 4000)
    assert first.looked_at == sum(not one.endswith("7") for one in seen)
    assert of_arms(ids, problem, [arm(n=4)], sampled=50) == first
    assert of_arms(ids, problem, [arm(n=4)], sampled=50, seed=1).most.prompt_tokens != first.most.prompt_tokens
    every = of_arms(ids, problem, [arm(n=4)], sampled=1000).most.prompt_tokens
    assert first.most.prompt_tokens == pytest.approx(every, rel=0.3)
    assert "from the texts of" in first.lines()[0]
    with pytest.raises(InputError, match="none of the problems can be used: 7 is broken"):
        of_arms(["7"], problem, [arm(n=4)])


def test_prices_are_those_of_each_model_and_unknown_ones_are_said() -> None:
    own = {"vllm/x": Price(prompt=1, completion=2)}
    known = of_arms(["p"], lambda _: PROBLEM, [arm(n=2), arm(n=2, model="vllm/x", prices=own)])
    assert known.unpriced == []
    x = known.at_most["vllm/x"]
    assert x.usd == pytest.approx((x.prompt_tokens + 2 * x.completion_tokens) / 1e6)
    assert known.most.usd == pytest.approx((x.usd or 0) + (known.at_most[PAID].usd or 0))
    unknown = of_arms(["p"], lambda _: PROBLEM, [arm(n=2), arm(n=2, model="vllm/x")])
    assert (unknown.unpriced, unknown.most.usd, unknown.paid) == (["vllm/x"], None, True)
    assert any("vllm/x, whose price is unknown" in line for line in unknown.lines())
    assert of_arms(["p"], lambda _: PROBLEM, [Settings()]).paid is False


def test_the_guess_says_what_it_supposes() -> None:
    found = of_arms(["p"], lambda _: PROBLEM, [Settings(model="openai/o1-mini", debugger=PAID)])
    assert USUAL.sentence() in found.lines()[-1]
    plain = json.loads(json.dumps(found.as_dict()))
    assert plain["expected"]["assumptions"]["debugged"] == USUAL.debugged
    assert plain["at_most"]["models"].keys() == {"openai/o1-mini", PAID}


@pytest.mark.parametrize(
    "model, thinks",
    [
        ("openai/o1-mini", True),
        ("vllm/Qwen/QwQ-32B-Preview", True),
        ("vllm/deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", True),
        ("deepseek/deepseek-reasoner", True),
        ("openai/gpt-4o-mini", False),
        ("vllm/Qwen/Qwen2.5-Coder-7B-Instruct", False),
    ],
)
def test_reasoning_models_are_guessed_to_write_more(model: str, thinks: bool) -> None:
    assert (USUAL.answered(model, Role.GENERATOR, 10**6) > USUAL.answer) == thinks
    assert USUAL.answered(model, Role.GENERATOR, 100) == 100
