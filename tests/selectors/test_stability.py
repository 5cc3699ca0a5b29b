"""Programs that do not do the same twice: they are found, they leave the pool, and they never win by chance."""

import json
import random
from pathlib import Path

import pytest
from fakes.absolute import ALSO_RIGHT, RIGHT, WRONG, Stage2, model, prefers
from fakes.stage2 import InProcessRun, ScriptedAsk
from hypothesis import given
from hypothesis import strategies as st

from distinguo import checkers, selectors
from distinguo.budget import Budget
from distinguo.config import Settings
from distinguo.errors import BudgetExhausted
from distinguo.judge import Judge
from distinguo.problem import CallStyle, Limits, Problem, Program, Test
from distinguo.protocols import Executor
from distinguo.records import Execution, Verdict
from distinguo.selectors.protocol import Observed
from distinguo.selectors.stability import telling, unstable
from distinguo.store import Store

RANDOM = "import random\nn = int(input())\nprint(n if n == 3 else random.random())"
RUN_NOTHING = ("first", "random", "public", "llm-judge")  # and so form no clusters
COUNTING = "import time\nn = int(input())\nprint(n if n == 3 else time.perf_counter_ns())"


class Scripted(InProcessRun):
    """Runs that end as they are told to, the first time and the second."""

    def __init__(self, first: Execution, second: Execution) -> None:
        super().__init__()
        self.first, self.second = first, second

    async def __call__(self, program: Program, stdin: str) -> Execution:
        return self.first

    async def again(self, program: Program, stdin: str) -> Execution:
        self.twice.append((program, stdin))
        return self.second


@pytest.mark.parametrize("name", [name for name in selectors.names() if name not in RUN_NOTHING])
async def test_an_unstable_program_never_wins_while_a_stable_one_exists(name: str) -> None:
    both = json.dumps({"inputs": ["-5", "4"], "tests": [{"input": "-5", "output": "5"}, {"input": "4", "output": "4"}]})
    stage = Stage2(ScriptedAsk(model(prefers("random"), both)), RANDOM, RANDOM + "\n", RANDOM, WRONG, ALSO_RIGHT)
    for seed in range(3):
        selection = await stage.select(name, seed=seed)
        assert selection.chosen in (3, 4)
        assert not {0, 1, 2} & {sample for cluster in selection.clusters for sample in cluster.samples}


async def test_the_reason_and_the_record_name_what_left_the_pool() -> None:
    stage = Stage2(ScriptedAsk(model(prefers("abs"))), RANDOM, RIGHT, WRONG, COUNTING, RANDOM)
    selection = await stage.select("sstar")
    assert selection.chosen == 1
    assert selection.reason.startswith("3 candidates do something else when run again and left the pool.")
    assert selection.steps["executions_again"] == len(stage.run.twice) == 4, "each different program once"
    assert stage.records[0][1]["unstable"]["samples"] == [0, 3, 4]


async def test_where_every_program_is_unstable_all_stay() -> None:
    stage = Stage2(ScriptedAsk(model(prefers("abs"))), RANDOM, COUNTING)
    selection = await stage.select("majority")
    assert selection.chosen == 0
    assert "Every candidate does something else when it is run again." in selection.reason


async def test_programs_that_do_the_same_on_every_input_are_not_run_again() -> None:
    stage = Stage2(ScriptedAsk(model(prefers("abs"))), RIGHT, ALSO_RIGHT)
    assert "executions_again" not in (await stage.select("majority")).steps
    assert stage.run.twice == []


async def test_a_budget_that_ends_with_the_second_runs_leaves_the_inputs() -> None:
    class Late(InProcessRun):
        async def again(self, program: Program, stdin: str) -> Execution:
            raise BudgetExhausted("the time is over")

    stage = Stage2(ScriptedAsk(model(prefers("abs"))), RIGHT, WRONG, ALSO_RIGHT)
    stage.run = Late()
    selection = await stage.select("majority")
    assert selection.stopped == "the time is over"
    assert selection.clusters[0].samples == (0, 2)


PRINTED = Execution(Verdict.AC, "1.0\n")


@pytest.mark.parametrize(
    "first, second, differs",
    [
        (PRINTED, PRINTED, False),
        (PRINTED, Execution(Verdict.AC, "2.0\n"), True),
        (PRINTED, Execution(Verdict.AC, "1.0000001"), False),
        (PRINTED, Execution(Verdict.RTE, ""), True),
        (Execution(Verdict.RTE, "", "one"), Execution(Verdict.RTE, "", "other"), False),
        (PRINTED, Execution(Verdict.TLE, ""), False),
        (PRINTED, Execution(Verdict.MLE, ""), False),
        (Execution(Verdict.TLE, ""), PRINTED, False),
    ],
)
async def test_a_difference_that_limits_or_tolerance_explain_is_none(
    first: Execution, second: Execution, differs: bool
) -> None:
    run = Scripted(first, second)
    found = await unstable({4: Program("")}, "7", run, checkers.get("float:1e-3"))
    assert found == ({4} if differs else set())
    assert len(run.twice) == (first.status is not Verdict.TLE)


@given(st.lists(st.lists(st.sampled_from("abc"), min_size=3, max_size=3), min_size=1, max_size=5))
def test_the_input_that_tells_most_apart_is_taken(table: list[list[str]]) -> None:
    rows = {
        sample: {text: Observed(Verdict.AC, key) for text, key in zip(("xx", "y", "z"), row, strict=True)}
        for sample, row in enumerate(table)
    }
    kinds = {text: len({row[text].key for row in rows.values()}) for text in ("xx", "y", "z")}
    found = telling(rows, list(rows), ("xx", "y", "z", "y"))
    if found is None:
        assert max(kinds.values()) == 1
    else:
        assert kinds[found] == max(kinds.values()) > 1
        assert found != "xx" or kinds["xx"] > max(kinds["y"], kinds["z"])
    shuffled = random.Random(0).sample(list(rows), len(rows))
    assert telling(rows, shuffled, ("z", "xx", "y")) == found


@pytest.mark.asyncio(loop_scope="session")
async def test_in_the_sandbox_random_numbers_and_the_clock_differ_and_hashes_do_not(
    box: Executor, tmp_path: Path
) -> None:
    bodies = ("random.random()", "time.perf_counter_ns()", "list(set('a word'))", "len(x)", "hash('a word')")
    programs = {
        sample: Program(f"import random, time\ndef f(x):\n    return {body}", CallStyle.FUNCTION, "f")
        for sample, body in enumerate(bodies)
    }
    problem = Problem("p", "", CallStyle.FUNCTION, "f", public_tests=(Test("1", "('a',)", "1"),), limits=Limits())
    with Store(tmp_path / "run.sqlite") as store:
        async with Judge(problem, box, store, Budget(Settings(), {})) as judge:
            assert await unstable(programs, "('a',)", judge, checkers.get("values")) == {0, 1}
            runs = await judge.many(programs[0], ["('a',)"])
            assert runs == await judge.many(programs[0], ["('a',)"]), "a run is kept"
            assert await judge.again(programs[0], "('a',)") == await judge.again(programs[0], "('a',)"), (
                "so is a second"
            )
