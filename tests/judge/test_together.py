"""Many inputs in one process show what single runs show, whatever the program does."""

import asyncio
from pathlib import Path

import pytest
from fakes.executors import InProcessExecutor
from fakes.grading import CODET_SAMPLES, CODET_TASKS
from fakes.published import published
from hypothesis import given
from hypothesis import strategies as st

from distinguo import datasets
from distinguo.budget import Budget
from distinguo.config import Settings
from distinguo.datasets import samples
from distinguo.errors import BudgetExhausted, JudgeFailed
from distinguo.judge import Judge
from distinguo.judge.together import run_all
from distinguo.problem import USUAL_LIMITS, CallStyle, Limits, Problem, Program
from distinguo.protocols import Executor
from distinguo.records import CallsExecution, Execution, Verdict
from distinguo.store import Store
from distinguo.tasks import all_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

LIMITS = Limits(cpu_seconds=0.3, wall_seconds=2, memory_mb=64, output_bytes=1 << 16)
PROBLEM = Problem("f", "", CallStyle.FUNCTION, "f", limits=LIMITS, checker="values")
INPUTS = tuple(f"({number},)" for number in range(8))
UNLIMITED = Budget(Settings(), {})


def function(body: str, before: str = "") -> Program:
    return Program(f"{before}def f(x):\n    {body}\n", CallStyle.FUNCTION, "f")


PROGRAMS = {
    "returns": function("return [x, x / 2, str(x)]"),
    "has no literal": function("return map(str, [x])"),
    "raises": function("return 1 // (x - 3)"),
    "hangs": function("\n    while x in (0, 4, 7): pass\n    return x"),
    "sleeps": function("\n    import time\n    if x == 5: time.sleep(9)\n    return x"),
    "exits": function("\n    import sys\n    if x in (2, 5): sys.exit(x)\n    return x"),
    "always exits": function("exit()"),
    "kills itself": function("\n    import os\n    if x == 6: os.abort()\n    return x"),
    "is huge": function("return 'a' * (40_000 if x % 3 == 1 else 90_000 if x == 3 else x)"),
    "prints": function("\n    print('a' * (70_000 if x == 2 else 30_000))\n    return x"),
    "takes memory": function("\n    b = bytearray(x * 20_000_000)\n    return len(b)"),
    "keeps memory": function("\n    f.kept = bytearray(20_000_000)\n    return x"),
    "catches": function("\n    try:\n        return [0] * 10**12\n    except MemoryError:\n        return x"),
    "recurses": function("return f(x + 1) if x > 3 else x"),
    "is none": Program("def g(x): return x", CallStyle.FUNCTION, "f"),
    "fails first": function("return x", "import numpyy\n"),
    "raises its own": function("return x", "class E(Exception): pass\nraise E('mine')\n"),
    "does not parse": function("return (x"),
    "counts": function("\n    SEEN.append(x)\n    return len(SEEN)", "SEEN = []\n"),
    "has a default": Program("def f(x, seen=[]):\n    seen.append(x)\n    return seen", CallStyle.FUNCTION, "f"),
    "counts in itself": function("\n    f.n = getattr(f, 'n', 0) + 1\n    return f.n"),
    "counts globally": function("\n    global n\n    n += 1\n    return n", "n = 0\n"),
    "counts in a class": Program(
        "class A:\n\n    # all\n    seen = set()\n\ndef f(x):\n    A.seen.add(x)\n    return len(A.seen)",
        CallStyle.FUNCTION,
        "f",
    ),
    "draws": function("\n    import random\n    return random.random()"),
    "is a method": Program("class Solution:\n    def f(self, x): return x + 1", CallStyle.FUNCTION, "Solution.f"),
    "fails in its making": Program(
        "class Solution:\n    def __init__(self): raise ValueError\n    def f(self, x): return x",
        CallStyle.FUNCTION,
        "Solution.f",
    ),
    "changes what it is given": Program("def f(x):\n    x.append(len(x))\n    return x", CallStyle.FUNCTION, "f"),
    "reads": Program("print(int(input()) * 2)"),
}


@pytest.mark.parametrize("name", PROGRAMS)
async def test_the_results_are_those_of_single_runs(name: str, box: Executor, tmp_path: Path) -> None:
    program = PROGRAMS[name]
    inputs = ("([],)", "([3],)", "([],)") if "given" in name else INPUTS
    with Store(tmp_path / "run.sqlite") as store:
        async with Judge(PROBLEM, box, store, UNLIMITED) as judge:
            together = await judge.many(program, inputs)
    singly = await all_of(box.run(program, text, LIMITS) for text in inputs)
    assert [(one.status, one.output) for one in together] == [(one.status, one.output) for one in singly]
    for one, other in zip(together, singly, strict=True):
        if other.status is Verdict.RTE:
            assert one.error.strip().rpartition("\n")[2] == other.error.strip().rpartition("\n")[2]


async def test_sampled_programs_do_what_they_do_alone(box: Executor) -> None:
    dataset = datasets.open(str(published(CODET_TASKS)))
    file = published(CODET_SAMPLES)
    kept = [one for one in samples.read(file, dataset, on_warning=lambda line, message: None) if one.index % 25 == 7]

    async def one(sample: samples.Sample) -> None:
        problem = dataset.problem(sample.task_id)
        program = Program(sample.source, problem.style, problem.entry)
        inputs = [f"({arguments})" for arguments in ("3,", "'a b',", "[3, 1, 2],", "5, 2", "[1, 2], 2", "0,")]
        found: dict[str, Execution] = {}
        await run_all(box, program, inputs, LIMITS, found.__setitem__)
        singly = await all_of(box.run(program, text, LIMITS) for text in inputs)
        same = [(found[text].status, found[text].output) for text in inputs]
        assert same == [(one.status, one.output) for one in singly], sample.source

    await all_of(one(sample) for sample in kept[::3])


class Counting(InProcessExecutor):
    """Counts the processes."""

    def __init__(self) -> None:
        super().__init__()
        self.processes = 0

    async def run(self, *arguments: object, **named: object) -> Execution:
        self.processes += 1
        return await super().run(*arguments, **named)  # type: ignore[arg-type]

    async def run_calls(self, *arguments: object, **named: object) -> CallsExecution:
        self.processes += 1
        return await super().run_calls(*arguments, **named)  # type: ignore[arg-type]


async def test_a_function_is_called_on_all_inputs_in_one_process_and_on_each_once(tmp_path: Path) -> None:
    executor, program = Counting(), PROGRAMS["returns"]
    with Store(tmp_path / "run.sqlite") as store:
        async with Judge(PROBLEM, executor, store, UNLIMITED) as judge:
            first, second, single = await asyncio.gather(
                judge.many(program, INPUTS[:5]), judge.many(program, INPUTS[3:] * 2), judge(program, INPUTS[4])
            )
            again = await judge.many(program, INPUTS)
    assert executor.processes == 2
    assert sorted(text for _, text in executor.runs) == sorted(INPUTS)
    assert [*first, *second[2:5]] == again
    assert single == again[4]


async def test_no_inputs_need_no_run(tmp_path: Path) -> None:
    executor = Counting()
    with Store(tmp_path / "run.sqlite") as store:
        async with Judge(PROBLEM, executor, store, UNLIMITED) as judge:
            assert await judge.many(PROGRAMS["returns"], ()) == []
    assert executor.processes == 0


async def test_a_broken_sandbox_is_told_to_all_who_wait_and_tried_again_later(tmp_path: Path) -> None:
    class Broken(Counting):
        broken = True

        async def run_calls(self, *arguments: object, **named: object) -> CallsExecution:
            if self.broken:
                raise JudgeFailed("the worker died twice")
            return await super().run_calls(*arguments, **named)

    executor, program = Broken(), PROGRAMS["returns"]
    with Store(tmp_path / "run.sqlite") as store:
        async with Judge(PROBLEM, executor, store, UNLIMITED) as judge:
            told = await asyncio.gather(*(judge.many(program, INPUTS) for _ in range(2)), return_exceptions=True)
            assert [type(error) for error in told] == [JudgeFailed] * 2
            executor.broken = False
            assert len(await judge.many(program, INPUTS)) == len(INPUTS)


async def test_the_end_of_time_ends_the_waiting(tmp_path: Path) -> None:
    budget = Budget(Settings(max_seconds=0.05), {})
    with Store(tmp_path / "run.sqlite") as store:
        async with Judge(PROBLEM, InProcessExecutor(seconds=30), store, budget) as judge:
            with pytest.raises(BudgetExhausted, match="seconds"):
                await judge.many(PROGRAMS["returns"], INPUTS)


class Scripted(InProcessExecutor):
    """A run of several calls ends where and how it is told; single runs are accepted."""

    def __init__(self, ends: list[tuple[int, Verdict]]) -> None:
        super().__init__()
        self.ends = ends

    async def run(self, program: Program, stdin: str = "", limits: Limits = USUAL_LIMITS) -> Execution:
        return Execution(Verdict.AC, stdin)

    async def run_calls(self, program: Program, calls: object, *_: object, **__: object) -> CallsExecution:
        whole = await super().run_calls(program, calls)  # type: ignore[arg-type]
        place, status = self.ends.pop() if self.ends else (len(whole.called), Verdict.AC)
        return CallsExecution(Execution(status, ""), whole.called[:place])


@given(
    st.integers(1, 12),
    st.lists(
        st.tuples(
            st.integers(0, 12), st.sampled_from([Verdict.TLE, Verdict.MLE, Verdict.OLE, Verdict.RTE, Verdict.CE])
        ),
        max_size=8,
    ),
)
@pytest.mark.asyncio(loop_scope="function")
async def test_every_input_gets_one_result_however_runs_end(count: int, ends: list[tuple[int, Verdict]]) -> None:
    inputs = [f"({number},)" for number in range(count)]
    found = list[str]()
    await run_all(Scripted(ends), PROGRAMS["returns"], inputs, LIMITS, lambda text, execution: found.append(text))
    assert sorted(found) == sorted(inputs)
