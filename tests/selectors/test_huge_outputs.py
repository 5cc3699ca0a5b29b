"""Outputs that are megabytes long or no text: told apart by a digest, cut wherever they are shown or recorded."""

import json
from pathlib import Path
from typing import Any

import pytest
from fakes.stage2 import ScriptedAsk, vote, written

from distinguo import checkers, selectors
from distinguo.budget import Budget
from distinguo.config import Settings
from distinguo.judge import Judge
from distinguo.problem import Limits, Problem, Program, Test
from distinguo.protocols import Executor
from distinguo.records import Candidate, Role, Selection, Verdict
from distinguo.selectors.answering import observed
from distinguo.selectors.driver import select
from distinguo.selectors.recording import KEPT
from distinguo.store import Store

pytestmark = pytest.mark.asyncio(loop_scope="session")

MEGABYTES = 5_000_000
LONG = f"n = int(input())\nprint('x' * ({MEGABYTES} if n > 3 else n))"
OTHER = f"n = int(input())\nprint('x' * ({MEGABYTES} if n > 3 else n), end='y' * (n > 3))"
ALIKE = f"import sys\nn = int(input())\nsys.stdout.write('x' * ({MEGABYTES} if n > 3 else n) + '\\n')"
BYTES = "import sys\nn = int(input())\nsys.stdout.buffer.write(b'xxx' if n == 3 else b'\\xff\\xfe' * n)"
OTHER_BYTES = BYTES.replace("xfe", "xfd")
PROBLEM = Problem("x", "Print n times x.", public_tests=(Test("1", "3\n", "xxx"),), limits=Limits(output_bytes=8 << 20))


class Stage2:
    """A selection in the sandbox, and all that it asked and recorded."""

    def __init__(self, problem: Problem, folder: Path, box: Executor) -> None:
        self.ask = ScriptedAsk(lambda call: vote("tie") if call.role is Role.JUDGE else written("7", "5"))
        self.records: list[dict[str, Any]] = []
        self._problem, self._folder, self._box = problem, folder, box

    async def select(self, name: str, *sources: str) -> Selection:
        with Store(self._folder / "run.sqlite") as store:
            async with Judge(self._problem, self._box, store, Budget(Settings(), {})) as judge:
                pool = []
                for sample, source in enumerate(sources):
                    program = Program(source)
                    pool.append(Candidate(sample, program, await judge.test(program, self._problem.public_tests)))
                return await select(
                    selectors.get(name),
                    pool,
                    self._problem,
                    ask=self.ask,
                    run=judge,
                    seed=0,
                    observe=lambda event: None,
                    record=lambda key, body: self.records.append(body),
                )

    @property
    def clusters(self) -> Any:
        return [body["outputs"] for body in self.records if "outputs" in body]


async def test_outputs_of_megabytes_are_told_apart_and_cut(box: Executor, tmp_path: Path) -> None:
    stage = Stage2(PROBLEM, tmp_path, box)
    selection = await stage.select("sstar", LONG, OTHER, ALIKE)
    assert {cluster.samples for cluster in selection.clusters} == {(0, 2), (1,)}
    shown = [text for outputs in stage.clusters for pair in outputs for text in pair]
    assert shown
    assert all(len(text) < KEPT + 200 and f"({MEGABYTES + 1:,} characters, sha256 " in text for text in shown)
    assert all(len(call.prompt) < 20_000 for call in stage.ask.calls)
    assert len(json.dumps(stage.records)) < 50_000


async def test_beyond_the_limit_of_size_an_output_is_a_failure_that_never_wins(box: Executor, tmp_path: Path) -> None:
    problem = Problem(PROBLEM.id, PROBLEM.statement, public_tests=PROBLEM.public_tests)
    honest = "n = int(input())\nprint('x' * n)"
    selection = await Stage2(problem, tmp_path, box).select("majority", LONG, ALIKE, honest, LONG + "\n")
    assert (await box.run(Program(LONG), "7\n", problem.limits)).status is Verdict.OLE
    assert [cluster.samples for cluster in selection.clusters] == [(2,)]


async def test_outputs_that_are_no_text_are_outcomes_like_others(box: Executor, tmp_path: Path) -> None:
    stage = Stage2(PROBLEM, tmp_path, box)
    selection = await stage.select("sstar", BYTES, OTHER_BYTES, BYTES + "\n")
    assert {cluster.samples for cluster in selection.clusters} == {(0, 2), (1,)}
    assert "\\xff\\xfe" in json.dumps(stage.clusters[0]).replace("\\\\", "\\")


async def test_the_key_of_an_output_has_one_length(box: Executor) -> None:
    checker = checkers.get("tokens")
    keys = [observed(await box.run(Program(source), "7\n", PROBLEM.limits), checker).key for source in (LONG, BYTES)]
    assert [len(key) for key in keys] == [64, 64]
