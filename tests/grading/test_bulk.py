"""Many samples: in order, each program once, in little memory, and what goes wrong is said and counted."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from fakes.executors import InProcessExecutor
from fakes.grading import DOUBLE, function

from distinguo.datasets import DataSet, Sample
from distinguo.datasets.about import About
from distinguo.errors import InputError, JudgeFailed
from distinguo.grading import bulk, grade, report
from distinguo.grading.bulk import Bulk, Progress
from distinguo.grading.verdicts import Verdicts
from distinguo.problem import USUAL_LIMITS, HiddenTests, Limits, Problem, Program, Test
from distinguo.protocols import Decided, Executor
from distinguo.records import CallsExecution, Verdict

ASSERTS = "assert f(2) == 4\nassert f(-3) == -6\n"


class Source:
    """Tasks T/0, T/1, ... that want the double of a number; the last without tests, and one whose data are wrong."""

    def __init__(self, count: int) -> None:
        self.ids = (*(f"T/{number}" for number in range(count)), "T/empty", "T/wrong", "T/public")
        self.errata: dict[str, str] = {}
        self.warnings: tuple[str, ...] = ()

    def problem(self, task_id: str) -> Problem:
        if task_id == "T/wrong":
            raise InputError("the data of T/wrong are damaged")
        tests = (Test("1", "(1,)", "2"),) if task_id == "T/public" else ()
        return Problem(task_id, "", DOUBLE.style, "f", public_tests=tests, limits=DOUBLE.limits, checker="values")

    def hidden(self, task_id: str) -> HiddenTests | None:
        number = task_id.removeprefix("T/")
        return HiddenTests(task_id, assertions=f"{ASSERTS}# {number}\n") if number.isdigit() else None

    def by_prompt(self, prompt: str) -> str | None:
        return None

    def program(self, task_id: str, source: str) -> str:
        return source

    def about(self, task_id: str) -> About:
        return About()


DATASET = DataSet("doubles", Source(3))
RIGHT, WRONG = function("return 2 * x").source, function("return x").source


def sample(task: str, source: str, index: int = 0, **more: Any) -> Sample:
    return Sample(task, index, source, index + 1, {"task_id": task, "program": source, "number": index} | more)


def numbered(programs: Iterable[tuple[str, str]]) -> Iterator[Sample]:
    return (sample(*program, index) for index, program in enumerate(programs))


async def run(
    samples: Iterator[Sample], executor: Executor, cache: Path, *, fresh: bool = False, **more: Any
) -> tuple[bulk.Tally, list[dict[str, Any]]]:
    lines = list[str]()
    with Verdicts(cache, fresh=fresh) as kept:
        options: dict[str, Any] = {"workers": 1, "version": "1", "kept": kept, "write": lines.append} | more
        tally = await Bulk(DATASET, executor, **options).grade(samples)
    return tally, [json.loads(line) for line in lines]


async def test_results_come_in_the_order_of_the_samples(tmp_path: Path) -> None:
    class Uneven(InProcessExecutor):
        async def run_calls(
            self,
            program: Program,
            calls: Sequence[str],
            limits: Limits = USUAL_LIMITS,
            *,
            decided: Decided | None = None,
        ) -> CallsExecution:
            await asyncio.sleep(0.05 if program.source.endswith("# 0\n") else 0.001)
            return await super().run_calls(program, calls, limits, decided=decided)

    programs = [(f"T/{number % 3}", f"{RIGHT if number % 2 else WRONG}# {number}\n") for number in range(100)]
    tally, rows = await run(numbered(programs), Uneven(), tmp_path / "v")
    assert [row["number"] for row in rows] == list(range(100))
    assert [row["passed"] for row in rows] == [number % 2 == 1 for number in range(100)]
    assert tally.counts == {"T/0": [34, 17], "T/1": [33, 17], "T/2": [33, 16]}
    assert tally.verdicts == {Verdict.AC: 50, Verdict.WA: 50}


async def test_equal_programs_run_once_and_each_is_counted(tmp_path: Path) -> None:
    executor = InProcessExecutor()
    programs = [("T/0", RIGHT)] * 50 + [("T/1", RIGHT)] * 50
    tally, rows = await run(numbered(programs), executor, tmp_path / "v")
    assert (tally.samples, tally.kept, tally.counts) == (100, 98, {"T/0": [50, 50], "T/1": [50, 50]})
    assert len(rows) == 100
    assert Counter(stdin for program, stdin in executor.runs if program.entry == "f") == {"(2,)": 2, "(-3,)": 2}


@pytest.mark.asyncio(loop_scope="session")
async def test_bulk_and_single_give_the_same_verdicts(tmp_path: Path, box: Executor) -> None:
    bodies = [
        "return 2 * x",
        "return x",
        "pass",
        "return {}[x]",
        "while x < 0: pass\n    return 4",
        "return (",
        "exit()",
    ]
    programs = [("T/0", function(body).source) for body in bodies] + [("T/0", "")]
    _, rows = await run(numbered(programs), box, tmp_path / "v")
    for row in rows:
        problem, hidden = DATASET.get("T/0")
        assert hidden is not None
        single = await grade(Program(row["program"], problem.style, "f"), problem, hidden, box)
        assert (row["verdict"], row["detail"]) == (single.verdict, single.detail)
    assert [row["verdict"] for row in rows] == ["AC", "WA", "WA", "RTE", "TLE", "CE", "RTE", "CE"]


async def test_what_was_graded_before_is_not_run_again(tmp_path: Path) -> None:
    programs = [("T/0", RIGHT), ("T/0", WRONG), ("T/1", RIGHT)]
    first = await run(numbered(programs), InProcessExecutor(), tmp_path / "v")
    executor = InProcessExecutor()
    again = await run(numbered(programs), executor, tmp_path / "v")
    assert executor.runs == []
    assert again[1] == first[1]
    assert (first[0].kept, again[0].kept) == (0, 3)
    fresh = await run(numbered(programs * 2), executor, tmp_path / "v", fresh=True)
    assert fresh[0].kept == 3
    assert executor.runs


async def test_another_limit_grades_anew(tmp_path: Path) -> None:
    executor = InProcessExecutor()
    await run(numbered([("T/0", RIGHT)]), executor, tmp_path / "v")
    runs = len(executor.runs)
    await run(numbered([("T/0", RIGHT)]), executor, tmp_path / "v", cpu_seconds=9.0)
    assert len(executor.runs) == 2 * runs


async def test_what_cannot_be_graded_is_said_and_the_rest_is_graded(tmp_path: Path) -> None:
    class Picky(InProcessExecutor):
        def identity(self, language: str) -> str:
            if language == "c++":
                raise InputError("there is no g++ here")
            return super().identity(language)

    samples = [
        sample("T/0", RIGHT, 0), sample("T/empty", RIGHT, 1), sample("T/wrong", RIGHT, 2),
        sample("T/public", RIGHT, 3), sample("T/0", "int main(){}", 4, language="c++"), sample("T/0", "", 5),
    ]  # fmt: skip
    samples[4] = Sample("T/0", 4, "int main(){}", 5, samples[4].raw, "c++")
    tally, rows = await run(iter(samples), Picky(), tmp_path / "v")
    assert [row["verdict"] for row in rows] == ["AC", None, None, "AC", None, "CE"]
    assert tally.unjudged == {
        "T/empty has no tests": 1,
        "the data of T/wrong are damaged": 1,
        "there is no g++ here": 1,
    }
    assert tally.on_public == {"T/public"}
    assert tally.counts["T/0"] == [2, 1]
    assert rows[1]["result"] == "not judged: T/empty has no tests"


async def test_the_language_is_that_of_samples_that_do_not_say_theirs(tmp_path: Path) -> None:
    languages = list[str]()

    class Listening(InProcessExecutor):
        def identity(self, language: str) -> str:
            languages.append(language)
            return language

    samples = [sample("T/0", RIGHT), sample("T/0", WRONG, 1, language="python")]
    await run(iter(samples), Listening(), tmp_path / "v", language="python:/usr/bin/python3")
    assert languages == ["python:/usr/bin/python3", "python"]


class Failing(InProcessExecutor):
    """A sandbox that fails on some programs, once or always."""

    def __init__(self, *, always: bool) -> None:
        super().__init__()
        self._always, self._failed = always, set[str]()

    async def run_calls(
        self, program: Program, calls: Sequence[str], limits: Limits = USUAL_LIMITS, *, decided: Decided | None = None
    ) -> CallsExecution:
        if "fails" in program.source and (self._always or program.source not in self._failed):
            self._failed.add(program.source)
            raise JudgeFailed("the worker died twice")
        return await super().run_calls(program, calls, limits, decided=decided)


async def test_a_failure_of_the_judge_is_no_wrong_answer_and_tried_again(tmp_path: Path) -> None:
    executor = Failing(always=False)
    programs = [("T/0", f"{RIGHT}# fails\n"), ("T/0", RIGHT)]
    tally, rows = await run(numbered(programs), executor, tmp_path / "v")
    assert (tally.failures, tally.counts) == (1, {"T/0": [1, 1]})
    assert rows[0]["passed"] is None
    assert "the judge failed" in rows[0]["result"]
    tally, rows = await run(numbered(programs), executor, tmp_path / "v")
    assert (tally.failures, tally.kept, [row["passed"] for row in rows]) == (0, 1, [True, True])


async def test_a_sandbox_that_fails_again_and_again_is_given_up(tmp_path: Path) -> None:
    programs = [("T/0", f"{RIGHT}# fails {number}\n") for number in range(1_000)]
    with pytest.raises(JudgeFailed, match="the worker died twice"):
        await run(numbered(programs), Failing(always=True), tmp_path / "v")


async def test_only_a_bounded_number_of_samples_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "_HELD", 64)
    release, read = asyncio.Event(), 0

    class Slow(InProcessExecutor):
        async def run_calls(
            self,
            program: Program,
            calls: Sequence[str],
            limits: Limits = USUAL_LIMITS,
            *,
            decided: Decided | None = None,
        ) -> CallsExecution:
            if program.source.endswith("# 0\n"):
                await release.wait()
            return await super().run_calls(program, calls, limits, decided=decided)

    def samples() -> Iterator[Sample]:
        nonlocal read
        for read in range(1, 1_001):
            yield sample("T/0", f"{RIGHT}# {read - 1}\n", read - 1)

    running = asyncio.create_task(run(samples(), Slow(), tmp_path / "v"))
    await asyncio.sleep(1)
    assert read >= 64
    assert read <= 64 + 32  # those that had looked for room before it was full
    release.set()
    _, rows = await running
    assert [row["number"] for row in rows] == list(range(1_000))


async def test_a_cancelled_pass_cancels_its_runs(tmp_path: Path) -> None:
    executor = InProcessExecutor(seconds=60)
    running = asyncio.create_task(run(numbered([("T/0", RIGHT)] * 3), executor, tmp_path / "v"))
    await asyncio.sleep(0.05)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [task for task in asyncio.all_tasks() if "grade" in repr(task.get_coro())] == []


async def test_an_observer_is_told_how_far_it_is(tmp_path: Path) -> None:
    told = list[Progress]()
    programs = [("T/0", RIGHT), ("T/0", WRONG), ("T/0", WRONG)]
    await run(numbered(programs), InProcessExecutor(), tmp_path / "v", observe=told.append, share=lambda: 0.5)
    assert told[-1] == Progress(3, 1, Counter({Verdict.AC: 1, Verdict.WA: 2}), 0.5)


async def test_what_an_observer_is_told_fits_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "_BREATH", 0)
    told = list[Progress]()
    programs = [("T/0", f"{RIGHT}# {number // 2}\n") for number in range(200)]
    await run(numbered(programs), InProcessExecutor(), tmp_path / "v", observe=told.append, share=lambda: 1.0)
    assert all(sum(now.verdicts.values()) == now.samples >= now.kept for now in told)
    assert all(now.share is not None and now.share < 1 for now in told if now.samples <= 100)
    assert told[-1].share == 1


# --- the report


def summed(counts: dict[str, list[int]], ks: tuple[int, ...] = (1, 2), all_problems: bool = False) -> report.Report:
    tally = bulk.Tally(sum(n for n, _ in counts.values()), counts=counts, verdicts=Counter({Verdict.AC: 1}))
    return report.report(
        tally, DATASET.ids, ks, all_problems=all_problems, warnings=[], seconds=1.0, sandbox="namespaces", results="r",
    )  # fmt: skip


def test_pass_at_k_is_the_mean_over_the_problems_that_have_samples() -> None:
    told = summed({"T/0": [2, 1], "T/1": [2, 2]}).as_dict()
    assert told["pass@k"] == {"1": 0.75, "2": 1.0}
    assert told["n_problems"] == 2
    assert told["warnings"] == ["4 of 6 problems have no samples and are not counted"]
    low, high = told["intervals"]["1"]
    assert low <= 0.75 <= high


def test_pass_at_k_is_left_out_where_a_problem_has_fewer_samples() -> None:
    told = summed({"T/0": [2, 1], "T/1": [1, 1]})
    assert told.pass_at.keys() == {1}
    assert "pass@2: undefined, because T/1 has fewer graded samples" in told.warnings


def test_problems_without_samples_can_count_as_unsolved() -> None:
    told = summed({"T/0": [2, 2], "T/1": [2, 2]}, all_problems=True)
    assert told.n_problems == 6
    assert told.pass_at[1].value == pytest.approx(2 / 6)


def test_the_interval_does_not_depend_on_the_order_of_the_samples() -> None:
    one = summed({"T/0": [4, 1], "T/1": [4, 3], "T/2": [4, 0]})
    other = summed({"T/2": [4, 0], "T/1": [4, 3], "T/0": [4, 1]})
    assert one.pass_at == other.pass_at


def test_lines_that_are_no_samples_are_named_up_to_twenty() -> None:
    passed_over = report.PassedOver()
    for line in range(1, 31):
        passed_over(line, "not JSON")
    sentences = passed_over.sentences()
    assert sentences[0] == "line 1: not JSON"
    assert sentences[-1] == "10 more lines passed over"
    assert len(sentences) == 21
