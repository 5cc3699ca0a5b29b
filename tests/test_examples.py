"""The examples: loadable, solvable, and their hidden tests catch the mistakes that they are there to catch.

examples_solutions/NAME/ holds programs for the example NAME: `reference.py` is right, each `wrong_*.py` passes the
public tests and gives a wrong answer on a hidden one, each `slow_*.py` passes the public tests and exceeds a limit on a
hidden one.
"""

from collections.abc import Sequence
from pathlib import Path

import pytest

from distinguo import checkers, datasets, sandbox
from distinguo.problem import HiddenTests, Problem, Program, Test
from distinguo.records import Verdict

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted(path for path in (ROOT / "examples").iterdir() if path.name != "README.md")
SOLUTIONS = Path(__file__).parent / "examples_solutions"
FLAWED = sorted(path for path in SOLUTIONS.glob("*/*.py") if path.stem != "reference")


def load(example: Path) -> tuple[Problem, tuple[Test, ...]]:
    problem, hidden = datasets.load(str(example), data=None)
    return problem, (hidden or HiddenTests(problem.id)).tests


def program(path: Path, problem: Problem) -> Program:
    return Program(path.read_text(), problem.style, problem.entry)


async def first_failure(path: Path, problem: Problem, tests: Sequence[Test]) -> tuple[str, Verdict] | None:
    """The first test that the program does not pass, and its verdict there."""
    checker = checkers.get(problem.checker)
    async with sandbox.open(workers=1) as box:
        for test in tests:
            run = await box.run(program(path, problem), test.input, problem.limits)
            if run.status is not Verdict.AC:
                return test.name, run.status
            if test.expected is None or not checker.accepts(run.output, test.expected):
                return test.name, Verdict.WA
    return None


def test_there_is_a_solution_for_every_example() -> None:
    assert {path.stem for path in EXAMPLES} == {path.name for path in SOLUTIONS.iterdir()}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example_is_complete_and_small(example: Path) -> None:
    problem, hidden = load(example)
    assert problem.statement.strip()
    assert problem.public_tests
    assert all(test.expected for test in (*problem.public_tests, *hidden))
    if example.is_dir():
        assert len(hidden) >= 8
        assert not {test.input for test in hidden} & {test.input for test in problem.public_tests}
        assert sum(path.stat().st_size for path in example.rglob("*") if path.is_file()) < 200_000


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
async def test_reference_passes_every_test(example: Path) -> None:
    problem, hidden = load(example)
    reference = SOLUTIONS / example.stem / "reference.py"
    assert await first_failure(reference, problem, (*problem.public_tests, *hidden)) is None


@pytest.mark.parametrize("path", FLAWED, ids=lambda path: f"{path.parent.name}-{path.stem}")
async def test_flaw_shows_only_in_the_hidden_tests(path: Path) -> None:
    problem, hidden = load(ROOT / "examples" / path.parent.name)
    assert await first_failure(path, problem, problem.public_tests) is None
    failure = await first_failure(path, problem, hidden)
    expected = {Verdict.TLE, Verdict.MLE} if path.stem.startswith("slow_") else {Verdict.WA}
    assert failure is not None
    assert failure[1] in expected, failure
