"""`distinguo grade`: what goes where, exit statuses, Ctrl-C, kill -9, and `distinguo.grade` in Python."""

import gzip
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fakes.coder import LARGEST

import distinguo
from distinguo.errors import InputError

pytestmark = pytest.mark.usefixtures("sandboxed")


class Grading:
    """Runs `distinguo grade` in a process of its own on the problem `largest`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.samples = folder.parent / "samples.jsonl"
        self.results = folder.parent / "samples.jsonl_results.jsonl"
        self.cache = folder.parent / "cache" / "distinguo" / "verdicts.sqlite"
        kept = {
            name: value
            for name, value in os.environ.items()
            if name in ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH") or name.startswith("COVERAGE_")
        }
        self.environment = {**kept, "HOME": str(folder), "XDG_CACHE_HOME": str(folder.parent / "cache")}

    def write(self, programs: Iterable[str]) -> None:
        lines = (json.dumps({"task_id": "largest", "program": program}) for program in programs)
        self.samples.write_text("\n".join(lines) + "\n")

    def start(self, *flags: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "distinguo", "grade", "--dataset", self.folder, self.samples, *flags]
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen([str(part) for part in command], env=self.environment, **pipes)

    def run(self, *flags: object, status: int = 0) -> tuple[str, str]:
        process = self.start(*flags)
        out, err = process.communicate()
        assert process.returncode == status, err
        assert "Traceback" not in err
        return out, err

    def report(self, *flags: object) -> dict[str, Any]:
        report = json.loads(self.run("--json", *flags)[0])
        assert isinstance(report, dict)
        return report

    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.results.read_text().splitlines()]

    def wait_until_graded(self, count: int) -> None:
        while not self.cache.exists() or self.graded() < count:
            time.sleep(0.02)

    def graded(self) -> int:
        with closing(sqlite3.connect(self.cache, timeout=10)) as database:
            exists = database.execute("SELECT COUNT(*) FROM sqlite_master WHERE name = 'grades'").fetchone()[0]
            return int(database.execute("SELECT COUNT(*) FROM grades").fetchone()[0]) if exists else 0


@pytest.fixture
def grading(problem_folder: Path) -> Grading:
    return Grading(problem_folder)


def test_json_is_one_object_on_standard_output(grading: Grading) -> None:
    grading.write([LARGEST, "print(input().split()[0])", "", "print(", LARGEST])
    out, err = grading.run("--json", "--k", "1,5,6")
    assert out.count("\n") == 1
    report = json.loads(out)
    assert (report["n_problems"], report["n_samples"], report["kept"]) == (1, 5, 1)
    assert report["verdicts"] == {"AC": 2, "WA": 1, "CE": 2}
    assert report["pass@k"] == {"1": 0.4, "5": 1.0}
    assert report["sandbox"] in ("namespaces", "no namespaces")
    assert report["seconds"] > 0
    assert "pass@6: undefined, because largest has fewer graded samples" in report["warnings"]
    assert "pass@6" in err
    assert [row["result"] for row in grading.rows()][:2] == ["passed", "failed: line 1: '-3' instead of '-2'"]
    assert [row["passed"] for row in grading.rows()] == [True, False, False, False, True]


def test_the_table_names_counts_and_intervals(grading: Grading) -> None:
    grading.write([LARGEST, "print(1)"])
    out, err = grading.run("--out", grading.folder.parent / "r.jsonl")
    rows = dict(line.split(None, 1) for line in out.splitlines())
    assert rows["samples"] == "2"
    assert rows["pass@1"].startswith("0.5000  (95% interval 0.5000 to 0.5000)")
    assert "r.jsonl" in err
    assert not grading.results.exists()


def test_odd_lines_are_said_and_the_rest_is_graded(grading: Grading) -> None:
    good = json.dumps({"task_id": "largest", "program": LARGEST})
    grading.samples.write_text(f'{good}\n{{"task_id": \n{good.replace("largest", "smallest")}\n[]\n{good}\n')
    report = grading.report()
    assert report["verdicts"] == {"AC": 2}
    assert [warning.partition(":")[0] for warning in report["warnings"][:3]] == ["line 2", "line 3", "line 4"]


def test_samples_may_come_from_standard_input_and_packed(grading: Grading) -> None:
    grading.write([LARGEST])
    packed = gzip.compress(grading.samples.read_bytes())
    command = [sys.executable, "-m", "distinguo", "grade", "--dataset", str(grading.folder), "-", "--json"]
    done = subprocess.run(command, input=packed, env=grading.environment, capture_output=True, check=True)
    assert json.loads(done.stdout)["results"] == ""
    assert json.loads(done.stdout)["verdicts"] == {"AC": 1}


BAD = {
    "nothing but noise": ("noise\n", [], "no sample could be graded: line 1: not JSON"),
    "an empty file": ("", [], "no sample could be graded: there are none"),
    "an unknown language": (
        '{"task_id": "largest", "program": "x"}', ["--language", "cobol"], "no sample could be graded: programs in",
    ),
    "a k that is no number": ("", ["--k", "1,many"], "--k takes whole numbers such as 1,10,100, not '1,many'"),
    "a k below 1": ("", ["--k", "0"], "the k of pass@k are whole numbers from 1 on"),
    "no time": ("", ["--timeout", "0"], "the time limit of a run must be above 0"),
    "no worker": ("", ["--workers", "0"], "at least one worker must run programs"),
    "a million workers": ("", ["--workers", "1000000"], "at most 1,024 workers can run programs"),
    "results over the samples": ("", ["--out", "samples.jsonl"], "holds the samples"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_where_nothing_can_be_graded_one_sentence_says_why(kind: str, grading: Grading) -> None:
    text, flags, sentence = BAD[kind]
    grading.samples.write_text(text)
    out, err = grading.run(*(grading.samples if flag == "samples.jsonl" else flag for flag in flags), status=2)
    assert out == ""
    assert sentence in err
    assert not grading.results.exists()


def test_samples_that_are_not_there_are_one_sentence(grading: Grading) -> None:
    _, err = grading.run(status=2)
    assert "samples.jsonl cannot be read: No such file or directory" in err


def slow(count: int) -> list[str]:
    return [f"import time; time.sleep(0.05); {LARGEST}  # {number}" for number in range(count)]


def test_a_killed_run_goes_on_where_it_was(grading: Grading) -> None:
    grading.write(slow(30))
    process = grading.start()
    grading.wait_until_graded(10)
    process.kill()
    process.communicate()
    graded = grading.graded()
    assert not grading.results.exists()
    report = grading.report()
    assert (report["n_samples"], report["verdicts"]) == (30, {"AC": 30})
    assert report["kept"] == graded >= 10
    assert [row["program"].rpartition(" ")[2] for row in grading.rows()] == [str(number) for number in range(30)]


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_saves(kind: signal.Signals, grading: Grading) -> None:
    grading.write(slow(30))
    process = grading.start()
    grading.wait_until_graded(5)
    process.send_signal(kind)
    out, err = process.communicate()
    assert (process.returncode, out) == (130, "")
    assert "interrupted" in err
    assert "Traceback" not in err
    assert not list(grading.samples.parent.glob("*.partial"))
    assert grading.report()["kept"] >= 5


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_waits_for_samples_grades_what_is_there_and_is_interrupted(
    kind: signal.Signals, grading: Grading
) -> None:
    os.mkfifo(grading.samples)
    process = grading.start("--out", grading.results)
    with grading.samples.open("w") as samples:
        samples.write(json.dumps({"task_id": "largest", "program": LARGEST}) + "\n")
        samples.flush()
        grading.wait_until_graded(1)
        process.send_signal(kind)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert "interrupted" in err
    assert "Traceback" not in err


def test_fresh_grades_anew(grading: Grading) -> None:
    grading.write([LARGEST, LARGEST])
    assert [grading.report(*flags)["kept"] for flags in ((), (), ("--fresh",))] == [1, 2, 1]


def test_another_time_limit_is_another_grade(grading: Grading) -> None:
    grading.write(["while True: pass"])
    assert grading.report("--timeout", "0.2")["verdicts"] == {"TLE": 1}
    assert grading.rows()[0]["result"] == "timed out"
    report = grading.report("--timeout", "0.3")
    assert (report["verdicts"], report["kept"]) == ({"TLE": 1}, 0)


async def test_the_library_grades_the_same(problem_folder: Path, tmp_path: Path) -> None:
    samples = tmp_path / "s.jsonl"
    samples.write_text(json.dumps({"task_id": "largest", "program": LARGEST}) + "\n")
    report = await distinguo.grade(problem_folder, samples, cache=tmp_path / "v.sqlite", k=[1])
    assert report.pass_at[1].value == 1.0
    assert report.results == str(tmp_path / "s.jsonl_results.jsonl")
    with samples.open("rb") as file:
        again = await distinguo.grade(problem_folder, file, cache=tmp_path / "v.sqlite", out=tmp_path / "r.jsonl")
    assert (again.kept, (tmp_path / "r.jsonl").exists()) == (1, True)


async def test_the_synchronous_call_refuses_a_running_loop(problem_folder: Path) -> None:
    with pytest.raises(InputError, match=r"use `await distinguo.grade\(...\)`"):
        distinguo.grade_sync(problem_folder, "samples.jsonl")
