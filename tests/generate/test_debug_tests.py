"""Debugging on generated tests: what passes the public ones is debugged on them, and they are never public tests."""

import json
from pathlib import Path

import pytest
from fakes.clients import Answer
from fakes.stage1 import PROBLEM, RIGHT, WRONG, Stage, fenced

from distinguo.errors import CallError
from distinguo.events import Note
from distinguo.problem import Problem
from distinguo.records import Request, Role

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
