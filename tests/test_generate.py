"""Stage 1: samples side by side, rounds of debugging with what running printed, and what a failed call does."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from fakes.clients import Answer, ScriptedClient
from fakes.executors import InProcessExecutor

from distinguo.ask import Asker
from distinguo.budget import Budget
from distinguo.config import Settings
from distinguo.errors import CallError, ModelUnavailable
from distinguo.events import Event
from distinguo.generate import Generator, choose, tail
from distinguo.judge import Judge
from distinguo.problem import CallStyle, Problem, Program, Test
from distinguo.records import Candidate, Completion, Execution, Outcome, Request, Role, Round, Verdict
from distinguo.store import Store

PROBLEM = Problem(
    "double",
    "Print twice the number.",
    public_tests=(Test("1", "2\n", "4"), Test("2", "5\n", "10")),
)
RIGHT, WRONG = "print(2 * int(input()))", "print(int(input()) + 2)"


def fenced(code: str) -> str:
    return f"Here it is:\n```python\n{code}\n```\nIt works."


class Stage:
    """Stage 1 on a problem with a scripted client."""

    def __init__(
        self,
        tmp_path: Path,
        answer: Answer,
        problem: Problem = PROBLEM,
        streams: bool = False,
        cut: int | None = None,
        **settings: Any,
    ) -> None:
        self.path = tmp_path / "run.sqlite"
        self.client = ScriptedClient(answer, streams=streams, cut=cut)
        self.executor = InProcessExecutor()
        self.settings = Settings.model_validate({"n": 4, "rounds": 2} | settings)
        self.problem = problem
        self.events: list[Event] = []
        self.rounds: list[tuple[Round, Completion | None]] = []

    async def run(self) -> tuple[Candidate, ...]:
        with Store(self.path) as store:
            budget = Budget(self.settings, store.usage_by_model())
            clients = dict.fromkeys(Role, self.client)
            ask = Asker(self.problem.id, self.settings, clients, store, budget, self.events.append)
            async with Judge(self.problem, self.executor, store, budget) as judge:
                return await Generator(
                    self.problem,
                    self.settings,
                    ask,
                    judge.test,
                    lambda round, completion: self.rounds.append((round, completion)),
                    self.events.append,
                ).candidates()

    def prompts(self, sample: int) -> list[Request]:
        return [request for request in self.client.requests if request.sample == sample]


async def test_a_sample_stops_when_it_passes(tmp_path: Path) -> None:
    stage = Stage(tmp_path, lambda request: fenced(RIGHT if request.sample == 1 or request.round == 1 else WRONG))
    candidates = await stage.run()
    assert [candidate.passes_all for candidate in candidates] == [True] * 4
    assert [len(stage.prompts(sample)) for sample in range(4)] == [2, 1, 2, 2]
    assert [request.role for request in stage.prompts(0)] == [Role.GENERATOR, Role.DEBUGGER]


async def test_rounds_are_bounded(tmp_path: Path) -> None:
    stage = Stage(tmp_path, lambda request: fenced(WRONG), rounds=1)
    candidates = await stage.run()
    assert len(stage.client.requests) == 8
    assert [candidate.passed for candidate in candidates] == [1, 1, 1, 1]


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


async def test_answers_end_behind_their_program(tmp_path: Path) -> None:
    quoting = f"You wrote:\n{fenced(WRONG)}\n{fenced(RIGHT)}\nDone."
    stage = Stage(tmp_path, lambda request: quoting if request.round else fenced(WRONG), n=1, streams=True)
    (candidate,) = await stage.run()
    assert candidate.program.source.strip() == RIGHT
    texts = [completion.text for _, completion in stage.rounds if completion is not None]
    assert texts == [fenced(WRONG).removesuffix("It works."), quoting.removesuffix("It works.\nDone.")]


@pytest.mark.parametrize("show", [True, False])
async def test_reasoning_is_shown_or_not(tmp_path: Path, show: bool) -> None:
    answer = "<think>two is enough</think>" + fenced(WRONG)
    stage = Stage(tmp_path, lambda request: answer, n=1, rounds=1, show_reasoning=show)
    await stage.run()
    assert ("two is enough" in stage.prompts(0)[1].messages[-2].content) == show


async def test_a_failed_call_ends_its_round_only(tmp_path: Path) -> None:
    def answer(request: Request) -> str | Exception:
        return CallError("overloaded") if request.round == 1 else fenced(WRONG if request.round == 0 else RIGHT)

    stage = Stage(tmp_path, answer, n=1)
    (candidate,) = await stage.run()
    assert candidate.passes_all
    assert [round.error for round in candidate.rounds] == ["", "overloaded", ""]


async def test_a_failed_last_call_leaves_the_earlier_code(tmp_path: Path) -> None:
    stage = Stage(tmp_path, lambda request: CallError("down") if request.round else fenced(WRONG), n=1)
    (candidate,) = await stage.run()
    assert candidate.program.source.strip() == WRONG


async def test_a_failed_draft_is_drafted_again(tmp_path: Path) -> None:
    stage = Stage(tmp_path, lambda request: fenced(RIGHT) if request.round else CallError("down"), n=1)
    (candidate,) = await stage.run()
    assert candidate.passes_all
    assert [request.role for request in stage.prompts(0)] == [Role.GENERATOR] * 2


async def test_an_answer_without_code_is_told_so(tmp_path: Path) -> None:
    stage = Stage(tmp_path, lambda request: fenced(RIGHT) if request.round else "I cannot do that.", n=1)
    (candidate,) = await stage.run()
    assert candidate.rounds[0].error == "the answer holds no code"
    assert "holds no Python code" in stage.prompts(0)[1].messages[-1].content


@pytest.mark.parametrize("left", ["x = int(input())\n", "x = int(input())\npri", "x = int(input())\nprint(x"])
async def test_a_program_that_a_limit_cut_is_never_run(tmp_path: Path, left: str) -> None:
    """Not even where what is left of it parses."""
    code = f"{'# doubles a number' * 20}\nx = int(input())\nprint(x + x)"
    cut = fenced(code).index(left) + len(left)
    stage = Stage(tmp_path, lambda request: fenced(code) if request.round == 0 else fenced(RIGHT), n=1, cut=cut)
    (candidate,) = await stage.run()
    assert candidate.rounds[0].program is None
    assert "the answer was cut at" in candidate.rounds[0].error
    assert "before its program was complete" in candidate.rounds[0].error
    asked = stage.prompts(0)[1].messages[-1].content
    assert "cut off at its limit of" in asked
    assert "shorter" in asked
    assert candidate.passes_all
    assert all(program.source.strip() == RIGHT for program, _ in stage.executor.runs)


async def test_a_cut_answer_whose_program_is_whole_is_used(tmp_path: Path) -> None:
    talk = fenced(RIGHT) + " It does so because" + " of numbers" * 50
    stage = Stage(tmp_path, lambda request: talk, n=1, cut=len(talk) - 100)
    (candidate,) = await stage.run()
    assert candidate.passes_all
    assert len(stage.client.requests) == 1


async def test_a_quoted_program_does_not_stand_for_a_cut_correction(tmp_path: Path) -> None:
    quoting = f"You wrote:\n{fenced(WRONG)}\nIt should be:\n```python\n{RIGHT}"
    stage = Stage(
        tmp_path, lambda request: quoting if request.round else fenced(WRONG), n=1, rounds=1, cut=len(quoting) - 5
    )
    (candidate,) = await stage.run()
    assert [round.program is None for round in candidate.rounds] == [False, True]


async def test_samples_without_any_code_are_left_out(tmp_path: Path) -> None:
    stage = Stage(tmp_path, lambda request: fenced(RIGHT) if request.sample == 2 else "No.")
    assert [candidate.sample for candidate in await stage.run()] == [2]


async def test_without_public_tests_nothing_is_debugged(tmp_path: Path) -> None:
    stage = Stage(tmp_path, lambda request: fenced(WRONG), Problem("free", "Print twice the number."))
    assert len(await stage.run()) == 4
    assert len(stage.client.requests) == 4


async def test_identical_programs_are_run_once(tmp_path: Path) -> None:
    stage = Stage(tmp_path, lambda request: fenced(WRONG), n=8)
    await stage.run()
    assert len(stage.executor.runs) == len(PROBLEM.public_tests)


async def test_all_samples_are_drawn_at_once(tmp_path: Path) -> None:
    stage = Stage(tmp_path, lambda request: fenced(RIGHT), n=16)
    await stage.run()
    assert stage.client.most_in_flight == 16


async def test_an_unavailable_model_stops_all_samples(tmp_path: Path) -> None:
    stage = Stage(tmp_path, lambda request: ModelUnavailable("wrong key"))
    with pytest.raises(ModelUnavailable, match="wrong key"):
        await stage.run()


async def test_a_budget_leaves_what_there_is(tmp_path: Path) -> None:
    stage = Stage(tmp_path, lambda request: fenced(WRONG), budget_calls=3)
    candidates = await stage.run()
    assert len(candidates) == 3
    assert len(stage.client.requests) == 3


async def test_examples_that_the_statement_holds_are_not_shown_twice(tmp_path: Path) -> None:
    statement = "Print twice the number.\n\nInput:\n\n2\n\nOutput:\n\n4\n"
    problem = Problem("p", statement, public_tests=PROBLEM.public_tests)
    stage = Stage(tmp_path, lambda request: fenced(RIGHT), problem, n=1)
    await stage.run()
    text = stage.prompts(0)[0].messages[-1].content
    assert text.count("Output:\n4") + text.count("Output:\n\n4") == 1
    assert "Output:\n10" in text


async def test_a_deadline_in_the_sandbox_ends_the_sample(tmp_path: Path) -> None:
    stage = Stage(tmp_path, lambda request: fenced(WRONG), max_seconds=0.2)
    stage.executor = InProcessExecutor(seconds=30)
    assert await stage.run() == ()
    assert all("seconds" in round.error for round, _ in stage.rounds)


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


@pytest.mark.parametrize("keep,index", [("best", 2), ("last", 3)])
def test_a_sample_keeps_its_best_or_its_last_program(keep: str, index: int) -> None:
    def round(index: int, verdicts: Sequence[Verdict]) -> Round:
        run = Execution(Verdict.AC, "")
        outcomes = tuple(Outcome(Test(str(n), "", ""), verdict, run) for n, verdict in enumerate(verdicts))
        return Round(0, index, Program(f"# {index}"), outcomes)

    good, bad = Verdict.AC, Verdict.WA
    rounds = [round(0, [good, bad]), round(1, [bad, bad]), round(2, [bad, good]), round(3, [bad, bad])]
    chosen = choose(0, rounds, keep)
    assert chosen is not None
    assert chosen.program.source == f"# {index}"


def test_the_tail_of_an_error_is_whole_lines() -> None:
    assert tail("one\ntwo two\nthree three\n", 15) == "three three"
    assert tail("x" * 50, 10) == "x" * 10
