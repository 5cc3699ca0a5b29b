"""HumanEval and MBPP: references pass, cheats do not, and CodeGen's samples get the verdicts of plain Python."""

from collections import Counter
from dataclasses import replace

import pytest
from fakes.grading import CODET_SAMPLES, CODET_TASKS, HUMAN_EVAL, MBPP, lines
from fakes.published import published

from distinguo import datasets
from distinguo.datasets import samples
from distinguo.grading import Grade, Grader
from distinguo.problem import CallStyle, Limits, Program
from distinguo.protocols import Executor
from distinguo.records import Verdict
from distinguo.tasks import all_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

PLAIN = Limits(cpu_seconds=1, wall_seconds=10, memory_mb=1024)


async def test_the_reference_solutions_of_human_eval_are_accepted(box: Executor) -> None:
    grader = Grader(box)

    async def one(task: dict[str, str]) -> None:
        problem, hidden = datasets.load(f"humaneval:{task['task_id']}", data=published(HUMAN_EVAL))
        program = Program(task["prompt"] + task["canonical_solution"], problem.style, problem.entry)
        assert hidden is not None
        result = await grader.grade(program, problem, hidden)
        assert (task["task_id"], result) == (task["task_id"], Grade(Verdict.AC, 1, 1, ""))

    await all_of(one(task) for task in lines(HUMAN_EVAL))


CHEATS = (
    "    return None\n",
    "    import sys\n    sys.exit(0)\n",
    "    import os\n    os._exit(0)\n",
    "    class Equal:\n        __eq__ = __lt__ = lambda self, other: True\n    return Equal()\n",
    "    class Equal(int):\n        __eq__ = lambda self, other: True\n        __bool__ = __eq__\n    return Equal()\n",
)


async def test_no_cheat_passes_human_eval(box: Executor) -> None:
    grader = Grader(box)

    async def one(number: int, task: dict[str, str]) -> None:
        problem, hidden = datasets.load(f"humaneval:{number}", data=published(HUMAN_EVAL))
        program = Program(task["prompt"] + CHEATS[number % len(CHEATS)], problem.style, problem.entry)
        assert hidden is not None
        result = await grader.grade(program, problem, hidden)
        assert result.verdict in (Verdict.WA, Verdict.RTE), (task["task_id"], program, result)
        assert (result.passed, result.total, result.whole) == (0, 1, False)

    await all_of(one(number, task) for number, task in list(enumerate(lines(HUMAN_EVAL)))[::3])


async def test_verdicts_on_sampled_programs_are_those_of_one_plain_interpreter(box: Executor) -> None:
    """`benchmarks/judge.py` compares all of them."""
    tests = {task["task_id"]: f"{task['test']}\ncheck({task['entry_point']})\n" for task in lines(CODET_TASKS)}
    dataset = datasets.open(str(published(CODET_TASKS)))
    grader = Grader(box)
    verdicts = Counter[tuple[bool, bool]]()

    async def one(sample: datasets.Sample) -> None:
        problem, hidden = dataset.get(sample.task_id)
        assert hidden is not None
        program = Program(sample.source, CallStyle.FUNCTION, problem.entry)
        replayed = await grader.grade(program, replace(problem, limits=PLAIN), hidden, stop=True)
        plain = await box.run(Program(f"{sample.source}\n{tests[sample.task_id]}"), "", PLAIN)
        if plain.status is Verdict.TLE:
            return
        assert (replayed.verdict is Verdict.AC) == (plain.status is Verdict.AC), (sample, replayed, plain)
        verdicts[replayed.verdict is Verdict.AC, plain.status is Verdict.AC] += 1

    def fail(line: int, message: str) -> None:
        raise AssertionError(f"line {line}: {message}")

    every = list(samples.read(published(CODET_SAMPLES), dataset, on_warning=fail))
    await all_of(one(sample) for sample in every[::53])
    assert verdicts[True, True] > 15
    assert verdicts[False, False] > 100


# The test code of these does not accept the reference in plain Python either.
WRONG_REFERENCES: dict[str, str] = {
    "MBPP/436": "the reference returns the first negative number where the asserts want a tuple of them",
}


async def test_the_reference_solutions_of_mbpp_are_accepted(box: Executor) -> None:
    tasks = lines(MBPP)
    dataset = datasets.open(str(published(MBPP)))
    grader = Grader(box)

    async def one(task: dict[str, str]) -> tuple[str, Grade]:
        problem, hidden = dataset.get(task["task_id"])
        assert hidden is not None
        program = Program(task["canonical_solution"], problem.style, problem.entry)
        return task["task_id"], await grader.grade(program, problem, hidden)

    grades = dict(await all_of(one(task) for task in tasks))
    assert {task: grade for task, grade in grades.items() if grade.verdict is not Verdict.AC}.keys() == (
        WRONG_REFERENCES.keys()
    )
    assert sum(grade.whole for grade in grades.values()) == 0
