"""Stage 1: samples side by side, rounds of debugging, given drafts, cut answers, and what a failed call does."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from fakes.executors import InProcessExecutor
from fakes.stage1 import PROBLEM, RIGHT, WRONG, Stage, fenced

from distinguo.errors import CallError, ModelUnavailable
from distinguo.generate import choose
from distinguo.problem import Problem, Program, Test
from distinguo.records import Execution, Outcome, Request, Role, Round, Verdict


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


async def test_answers_end_behind_their_program(tmp_path: Path) -> None:
    quoting = f"You wrote:\n{fenced(WRONG)}\n{fenced(RIGHT)}\nDone."
    stage = Stage(tmp_path, lambda request: quoting if request.round else fenced(WRONG), n=1, streams=True)
    (candidate,) = await stage.run()
    assert candidate.program.source.strip() == RIGHT
    texts = [completion.text for _, completion in stage.rounds if completion is not None]
    assert texts == [fenced(WRONG).removesuffix("It works."), quoting.removesuffix("It works.\nDone.")]


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


async def test_a_deadline_in_the_sandbox_ends_the_sample(tmp_path: Path) -> None:
    stage = Stage(tmp_path, lambda request: fenced(WRONG), max_seconds=0.2)
    stage.executor = InProcessExecutor(seconds=30)
    assert await stage.run() == ()
    assert all("seconds" in round.error for round, _ in stage.rounds)


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


async def test_given_drafts_stand_in_for_first_answers(tmp_path: Path) -> None:
    drafts = [Program(RIGHT), Program(WRONG), Program("print(")]
    stage = Stage(tmp_path, lambda request: fenced(RIGHT), drafts=drafts, n=16)
    candidates = await stage.run()
    assert [candidate.sample for candidate in candidates] == [0, 1, 2]
    assert all(candidate.passes_all for candidate in candidates)
    assert [candidate.rounds[0].program for candidate in candidates] == drafts
    assert [(request.role, request.sample, request.round) for request in stage.client.requests] == [
        (Role.DEBUGGER, 1, 1), (Role.DEBUGGER, 2, 1),
    ]  # fmt: skip
    request, answer, feedback = stage.prompts(1)[0].messages[-3:]
    assert "Print twice the number." in request.content
    assert answer.content == f"```python\n{WRONG}\n```"
    assert "passes 1 of 2" in feedback.content
    assert [completion is None for round, completion in stage.rounds if round.index == 0] == [True] * 3


async def test_no_more_drafts_are_taken_than_samples_are_wanted(tmp_path: Path) -> None:
    stage = Stage(tmp_path, lambda request: fenced(RIGHT), drafts=[Program(WRONG)] * 5, n=2, rounds=0)
    assert [candidate.sample for candidate in await stage.run()] == [0, 1]
    assert stage.client.requests == []


async def test_a_draft_in_another_language_is_not_debugged(tmp_path: Path) -> None:
    stage = Stage(tmp_path, lambda request: fenced(RIGHT), drafts=[Program(WRONG, language="c++")], n=1)
    (candidate,) = await stage.run()
    assert (len(candidate.rounds), candidate.passed) == (1, 1)
    assert stage.client.requests == []
