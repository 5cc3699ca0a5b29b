"""`distinguo select` and `distinguo.select`: recorded programs, every selector, bad input, what goes where."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from fakes.openai_server import OpenAIServer

import distinguo
from distinguo import selectors
from distinguo.errors import InputError
from distinguo.grading.choices import Progress, SelectionReport

PROMPT = 'def {name}(x):\n    """{text}\n    >>> {name}(3)\n    {shown}\n    """\n'
RIGHT, WRONG, ALSO, CRASH = "    return 2 * x\n", "    return x + 3\n", "    return x + x\n", "    return 1 // 0\n"
FORMULA = {"twice": "2 * x", "square": "x * x"}


pytestmark = pytest.mark.usefixtures("sandboxed")


def task(name: str, number: int, *, shown: str = "6") -> dict[str, str]:
    formula = FORMULA.get(name, "2 * x")
    return {
        "task_id": f"T/{number}",
        "prompt": PROMPT.format(name=name, text=f"The {name} of x.", shown=shown),
        "entry_point": name,
        "test": f"def check(candidate):\n    for x in range(20):\n        assert candidate(x) == {formula}\n",
    }


def write(path: Path, *records: object) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


class Selecting:
    """A data set of two tasks with programs, generated tests, and a place for what is kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tasks = write(folder / "tasks.jsonl", task("twice", 0), task("square", 1, shown="9"))
        samples = [WRONG, RIGHT, CRASH, ALSO, WRONG, WRONG]
        self.candidates = write(
            folder / "candidates.jsonl",
            *({"task_id": "T/0", "completion": body} for body in samples),
            *({"task_id": "T/1", "completion": body} for body in ("    return x * x\n", "    return 9\n", WRONG)),
        )
        self.tests = write(
            folder / "tests.jsonl",
            {"task_id": "T/0", "tests": ["assert twice(1) == 2", "assert twice(4) == 8", "assert twice(2) == 5"]},
            {"task_id": "T/1", "tests": [{"input": "(1,)", "expected": "1"}, "assert square(-2) == 4", "assert ("]},
        )

    def report(self, *names: str, **options: Any) -> SelectionReport:
        options = {"generated_tests": self.tests, "cache": self.folder / "verdicts.sqlite", **options}
        return distinguo.select_sync(self.tasks, options.pop("candidates", self.candidates), names, **options)

    def command(self, *flags: object, status: int = 0) -> tuple[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if name in ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH") or name.startswith("COVERAGE_")
        }
        command = [sys.executable, "-m", "distinguo", "select", "--dataset", self.tasks, *flags]
        done = subprocess.run(
            [str(part) for part in command],
            env={**kept, "HOME": str(self.folder), "XDG_CACHE_HOME": str(self.folder / "cache")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout, done.stderr


@pytest.fixture
def selecting(tmp_path: Path) -> Selecting:
    return Selecting(tmp_path)


def chosen(report: SelectionReport, name: str) -> Mapping[str, int]:
    return {problem.task_id: problem.choices[name].chosen for problem in report.problems}


def test_tests_and_outputs_choose_what_is_right(selecting: Selecting) -> None:
    report = selecting.report("codet", "first", "public", public_filter=False)
    assert (report.n_problems, report.n_samples) == (2, 9)
    assert report.oracle.value == 1.0
    assert report.random == pytest.approx((2 / 6 + 1 / 3) / 2)
    assert report.selectors["codet"].pass_at[1].value == 1.0
    assert report.selectors["codet"].pass_at.keys() == {1, 2, 10}
    assert report.selectors["first"].pass_at[1].value == 0.5
    assert report.selectors["first"].pass_at.keys() == {1}
    assert chosen(report, "codet") == {"T/0": 1, "T/1": 0}
    assert [(one.selector, one.against) for one in report.paired] == [
        ("first", "codet"),
        ("public", "codet"),
        ("public", "first"),
    ]
    assert report.paired[0].difference.value == -0.5


def test_only_programs_that_pass_the_public_tests_are_seen_where_some_do(selecting: Selecting) -> None:
    assert chosen(selecting.report("first", public_filter=False), "first") == {"T/0": 0, "T/1": 0}
    # x + 3 is 6 for 3, as the public test wants; a program that always returns 9 passes the other task's
    report = selecting.report("random", "first", public_filter=True)
    assert [problem.passing for problem in report.problems] == [5, 2]
    for problem in report.problems:
        assert {choice.chosen for choice in problem.choices.values()} <= (
            {0, 1, 3, 4, 5} if "0" in problem.task_id else {0, 1}
        )


@pytest.mark.parametrize("public_filter", [True, False])
def test_every_selector_decides_without_a_model_and_the_same_twice(selecting: Selecting, public_filter: bool) -> None:
    names = selectors.names(lambda: [])
    out = selecting.folder / "runs"  # with the times that runs took, by which `posterior` prefers the fastest
    first, second = (selecting.report(*names, public_filter=public_filter, out=out) for _ in range(2))
    assert tuple(first.selectors) == names
    assert [chosen(first, name) for name in names] == [chosen(second, name) for name in names]
    assert first.selectors == second.selectors
    assert all(selected.calls == 0 for selected in first.selectors.values())


def test_runs_are_counted_by_program_and_input(selecting: Selecting) -> None:
    report = selecting.report("first", "codet", public_filter=False)
    counted = {name: [problem.choices[name].executions for problem in report.problems] for name in report.selectors}
    assert counted == {"first": [0, 0], "codet": [4 * 3, 3 * 2]}
    report = selecting.report("first", "codet", public_filter=True)
    counted = {name: [problem.choices[name].executions for problem in report.problems] for name in report.selectors}
    assert counted == {"first": [4, 3], "codet": [4 + 3 * 3, 3 + 2 * 2]}


def test_equal_programs_are_run_and_graded_once_but_count_each(selecting: Selecting) -> None:
    many = write(
        selecting.folder / "many.jsonl",
        *[{"task_id": "T/0", "completion": WRONG}] * 40,
        {"task_id": "T/0", "completion": RIGHT},
    )
    report = selecting.report("codet", "majority", candidates=many, public_filter=False)
    assert report.random == 1 / 41
    assert [problem.choices["codet"].executions for problem in report.problems] == [6]
    assert chosen(report, "majority") == {"T/0": 0}


def test_several_files_are_put_together(selecting: Selecting) -> None:
    other = write(selecting.folder / "other.jsonl", {"task_id": "T/1", "completion": "    return x ** 2\n"})
    report = selecting.report("first", candidates=[selecting.candidates, other])
    assert [problem.samples for problem in report.problems] == [6, 4]


def test_the_command_draws_programs_at_random(selecting: Selecting) -> None:
    flags = ["--candidates", selecting.candidates, "--selector", "first", "--public-filter", "off", "--json"]
    told, _ = selecting.command(*flags, "--draw", 4, "--draws", 3)
    found = json.loads(told)
    assert (found["n_problems"], found["n_draws"], found["n_samples"]) == (2, 4, 3 * 4 + 3)
    _, refused = selecting.command(*flags, "--draws", 3, status=2)
    assert "--draw 16 with --draws 20" in refused


def test_what_is_wrong_in_the_files_is_said_and_the_rest_evaluated(selecting: Selecting) -> None:
    bad = selecting.folder / "bad.jsonl"
    records = [
        json.dumps({"task_id": "T/9", "completion": "x"}),
        "{",
        json.dumps({"question_id": "T/1", "code_list": []}),
        json.dumps({"task_id": "T/0", "program": "int f();", "language": "cobol"}),
        json.dumps({"task_id": "T/0", "completion": RIGHT}),
    ]
    bad.write_text("\n".join(records) + "\n")
    report = selecting.report("codet", candidates=bad)
    assert report.n_problems == 1
    told = "\n".join(report.warnings)
    for part in (
        "line 1: tasks.jsonl has no task 'T/9'",
        "line 2: ",
        "1 generated tests do not parse and are left out",
        "1 of 2 problems have no candidates and are not counted",
        "1 programs left out: ",
    ):
        assert part in told


@pytest.mark.parametrize("content", ["", "[]", "{}\n", '{"task_id": "T/5", "completion": ""}\n'])
def test_files_without_a_candidate_are_one_sentence(selecting: Selecting, content: str) -> None:
    empty = selecting.folder / "empty.jsonl"
    empty.write_text(content)
    with pytest.raises(InputError, match="no problem could be evaluated: "):
        selecting.report("first", candidates=empty)


def test_wrong_arguments_are_one_sentence(selecting: Selecting) -> None:
    with pytest.raises(InputError, match="there is no selector 'best'"):
        selecting.report("best")
    with pytest.raises(InputError, match="name at least one selector"):
        selecting.report()
    with pytest.raises(InputError, match="time limit"):
        selecting.report("first", time_limit=0.0)
    with pytest.raises(InputError, match="workers"):
        selecting.report("first", workers=0)
    with pytest.raises(InputError, match=r"absent\.jsonl"):
        selecting.report("first", candidates=selecting.folder / "absent.jsonl")


def test_outputs_that_are_long_or_no_text_are_told_apart(selecting: Selecting) -> None:
    bodies = (
        "    return 'a' * 3_000_000 + str(x)\n",
        "    return b'\\xff' * 3_000_000\n",
        "    return '\\udc80'\n",
        RIGHT,
    )
    odd = write(selecting.folder / "odd.jsonl", *({"task_id": "T/0", "completion": body} for body in bodies * 2))
    report = selecting.report("majority", "codet", candidates=odd, public_filter=False)
    assert len(report.problems[0].choices["majority"].reason) < 500
    assert report.selectors["codet"].pass_at[1].value == 1.0
    assert len(json.dumps(report.as_dict(per_problem=True))) < 10_000


def test_a_shorter_limit_is_for_the_selectors_runs_alone(selecting: Selecting) -> None:
    slow = "    for _ in range(4_000_000): pass\n    return 2 * x if x < 2 else 2 * x\n"
    pool = write(selecting.folder / "slow.jsonl", *({"task_id": "T/0", "completion": body} for body in (slow, WRONG)))
    report = selecting.report("public", candidates=pool, time_limit=0.02, timeout=20.0)
    assert report.problems[0].right == 1
    assert report.problems[0].passing == 1
    assert chosen(report, "public") == {"T/0": 1}


def test_without_a_model_no_selector_gets_an_answer_from_one(selecting: Selecting) -> None:
    report = selecting.report("sstar", "codet", generated_tests=None)
    assert any("sstar asked" in told and "--model names one" in told for told in report.warnings)
    assert report.selectors["sstar"].calls == 0


def test_a_model_that_no_selector_asks_is_not_opened(selecting: Selecting) -> None:
    settings = distinguo.Settings(model="gguf:/no/such/file")
    report = selecting.report("codet", "public", settings=settings)
    assert report.n_problems == 2
    with pytest.raises(distinguo.errors.DistinguoError):
        selecting.report("sstar", settings=settings, out=selecting.folder / "runs")


def test_a_models_answers_are_counted_for_each_selector_and_paid_for_once(selecting: Selecting) -> None:
    def answer(body: dict[str, Any]) -> str:
        prompt = body["messages"][-1]["content"]
        return '{"inputs": ["(1,)", "(5,)", "(0,)"]}' if "inputs" in prompt else '{"winner": 1}'

    with OpenAIServer(handler=answer) as server:
        options: dict[str, Any] = {
            "generated_tests": None,
            "public_filter": False,
            "settings": distinguo.Settings(model="openai/fake"),
            "environment": {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "k"},
            "out": selecting.folder / "runs",
        }
        first = selecting.report("majority", "public", **options)
        sent = len(server.requests)
        second = selecting.report("majority", "public", **options)
        assert (sent, len(server.requests)) == (2, 2)
    assert [first.selectors[name].calls for name in ("majority", "public")] == [2, 0]
    assert second.selectors == first.selectors
    assert chosen(first, "majority")["T/0"] == 0
    assert first.selectors["majority"].executions == 4 * 3 + 3 * 3


def test_runs_can_be_kept(selecting: Selecting) -> None:
    out = selecting.folder / "runs"
    first = selecting.report("codet", out=out)
    assert len(list(out.glob("*.sqlite"))) == 2
    assert selecting.report("codet", out=out).selectors == first.selectors


def test_progress_is_told_by_problem(selecting: Selecting) -> None:
    told = list[Progress]()
    selecting.report("first", observe=told.append)
    assert told == [(0, 2), (1, 2), (2, 2)]


async def test_inside_a_loop_there_is_the_coroutine(selecting: Selecting) -> None:
    with pytest.raises(InputError, match=r"await distinguo\.select"):
        selecting.report("first")
    report = await distinguo.select(selecting.tasks, selecting.candidates, ["first"], cache=selecting.folder / "v")
    assert report.n_problems == 2


def test_the_command_prints_one_json_object(selecting: Selecting) -> None:
    zipped = selecting.folder / "candidates.jsonl.gz"
    zipped.write_bytes(gzip.compress(selecting.candidates.read_bytes()))
    flags = ("--candidates", zipped, "--generated-tests", selecting.tests, "--selector", "codet", "--selector", "b4")
    out, err = selecting.command(*flags, "--public-filter", "off", "--json")
    report = json.loads(out)
    assert report["n_problems"] == 2
    assert report["oracle"] == 1.0
    assert list(report["selectors"]) == ["codet", "b4"]
    codet = report["selectors"]["codet"]
    assert codet["pass@k"]["1"] == 1.0
    assert (codet["interval"][1], codet["calls"], codet["executions"]) == (1.0, 0, 18)
    assert [(one["selector"], one["against"]) for one in report["paired"]] == [("b4", "codet")]
    assert "problems" not in report
    assert "Note: 1 generated tests do not parse and are left out." in err
    per_problem = json.loads(selecting.command(*flags, "--per-problem", "--json")[0])["problems"]
    assert [(one["task_id"], one["selectors"]["codet"]["right"]) for one in per_problem] == [
        ("T/0", True),
        ("T/1", True),
    ]


def test_the_command_prints_tables(selecting: Selecting) -> None:
    flags = ("--candidates", selecting.candidates, "--selector", "first", "--selector", "public")
    out, _ = selecting.command(*flags, "--per-problem")
    lines = out.splitlines()
    assert lines[0].split() == ["selector", "pass@1", "95%", "interval", "pass@2", "pass@10", "calls", "runs"]
    assert [line.split()[0] for line in lines[1:5]] == ["first", "public", "any", "oracle"]
    assert any(line.startswith("T/0") and "wrong" in line for line in lines)


def test_bad_flags_end_with_status_2(selecting: Selecting) -> None:
    flags = ("--candidates", selecting.candidates)
    assert "on or off" in selecting.command(*flags, "--selector", "first", "--public-filter", "maybe", status=2)[1]
    assert "there is no selector" in selecting.command(*flags, "--selector", "nobody", status=2)[1]
    selecting.command(*flags, status=2)
