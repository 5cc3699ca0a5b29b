"""Stage 1: samples side by side, rounds of debugging with what running printed, and what a failed call does."""

import json
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
from distinguo.events import Event, Note
from distinguo.generate import Generator, choose
from distinguo.generate.conversation import tail
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
        drafts: Sequence[Program] = (),
        **settings: Any,
    ) -> None:
        self.path = tmp_path / "run.sqlite"
        self.client = ScriptedClient(answer, streams=streams, cut=cut)
        self.executor = InProcessExecutor()
        self.settings = Settings.model_validate({"n": 4, "rounds": 2} | settings)
        self.problem = problem
        self.drafts = drafts
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
                    drafts=self.drafts,
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


PASSING = "x = int(input())\nprint(2 * x if x in (2, 5) else 0)"  # right on the public tests alone
GENERATED = json.dumps({"tests": [{"input": "3", "output": "6"}, {"input": "4", "output": "9"}]})  # 9 is wrong


def writes_tests(*programs: str, tests: str | Exception = GENERATED) -> Answer:
    """Round by round these programs, the last one again and again; and tests to the test generator."""

    def answer(request: Request) -> str | Exception:
        if request.role is Role.TEST_GENERATOR:
            return tests
        return fenced(programs[min(request.round, len(programs) - 1)])

    return answer


async def test_what_passes_the_public_tests_is_debugged_on_generated_ones(tmp_path: Path) -> None:
    stage = Stage(tmp_path, writes_tests(PASSING, RIGHT), n=1, rounds=2, debug_tests="generated")
    (candidate,) = await stage.run()
    assert [request.role for request in stage.client.requests] == [
        Role.GENERATOR, Role.TEST_GENERATOR, Role.DEBUGGER, Role.DEBUGGER,
    ]  # fmt: skip
    assert candidate.program.source.strip() == RIGHT
    assert [[outcome.verdict.value for outcome in round.generated] for round in candidate.rounds] == [
        ["WA", "WA"], ["AC", "WA"], [],
    ]  # fmt: skip
    assert [round.passed for round in candidate.rounds] == [2, 2, 2]
    feedback = stage.client.requests[2].messages[-1].content
    for part in ("a language model wrote", "passes 0 of 2 of these", "Test generated 1: wrong answer", "output:\n6"):
        assert part in feedback


async def test_generated_tests_are_no_public_tests(tmp_path: Path) -> None:
    worse = "print(6)"  # passes the generated test alone
    tests = json.dumps({"tests": [{"input": "3", "output": "6"}]})
    answer = writes_tests(PASSING, worse, tests=tests)
    (candidate,) = await Stage(tmp_path, answer, n=1, rounds=1, debug_tests="generated").run()
    assert candidate.program.source.strip() == PASSING
    assert candidate.passes_all
    assert len(candidate.outcomes) == len(PROBLEM.public_tests)


async def test_generated_tests_are_asked_for_once_and_only_when_needed(tmp_path: Path) -> None:
    for programs, rounds, asked in (((PASSING, RIGHT), 2, 1), ((WRONG, WRONG), 2, 0), ((PASSING,), 0, 0)):
        stage = Stage(tmp_path, writes_tests(*programs), n=4, rounds=rounds, debug_tests="generated")
        stage.path = tmp_path / f"{rounds}-{asked}.sqlite"
        await stage.run()
        assert [request.role for request in stage.client.requests].count(Role.TEST_GENERATOR) == asked


@pytest.mark.parametrize("tests", [CallError("overloaded"), "no JSON", json.dumps({"tests": []})])
async def test_without_generated_tests_the_public_ones_are_enough(tmp_path: Path, tests: str | Exception) -> None:
    stage = Stage(tmp_path, writes_tests(PASSING, tests=tests), n=2, debug_tests="generated")
    candidates = await stage.run()
    assert [len(candidate.rounds) for candidate in candidates] == [1, 1]
    notes = [event.text for event in stage.events if isinstance(event, Note)]
    assert len(notes) == 1
    assert notes[0].startswith("Programs are debugged without generated tests")


async def test_without_public_tests_generated_ones_are_debugged_on(tmp_path: Path) -> None:
    problem = Problem("free", "Print twice the number.")
    stage = Stage(tmp_path, writes_tests(WRONG, RIGHT), problem, n=1, rounds=1, debug_tests="generated")
    (candidate,) = await stage.run()
    assert candidate.program.source.strip() == RIGHT
    assert "the problem has none of its own" in stage.client.requests[-1].messages[-1].content


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


def test_the_tail_of_an_error_is_whole_lines() -> None:
    assert tail("one\ntwo two\nthree three\n", 15) == "three three"
    assert tail("x" * 50, 10) == "x" * 10
