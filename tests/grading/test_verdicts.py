import sqlite3
from dataclasses import fields, replace
from pathlib import Path

import pytest

from distinguo.errors import InputError
from distinguo.grading import Grade, GroupGrade
from distinguo.grading.verdicts import Verdicts, grade_key, task_key
from distinguo.problem import CallStyle, HiddenTests, Limits, Problem, Program, Test, TestGroup, Validator
from distinguo.records import Verdict

PROBLEM = Problem("p", "Do it.", CallStyle.FUNCTION, "f", "def f(x):\n", (Test("1", "1", "2"),))
HIDDEN = HiddenTests("p", (Test("1", "(1,)", "2"),), "assert f(1) == 2\n")
GRADE = Grade(
    Verdict.WA, 1, 2, "at [1]: 1 instead of 2", "2", 0.5, 0.75, 12.5, (GroupGrade("a", 1, 2, 0.0),), 0.0, True
)


def test_a_kept_grade_comes_back_as_it_was(tmp_path: Path) -> None:
    with Verdicts(tmp_path / "a" / "verdicts.sqlite") as kept:
        assert kept.find(b"key") is None
        kept.keep(b"key", GRADE)
        kept.keep(b"other", Grade(Verdict.AC, 1, 1, "\ud800"))
    with Verdicts(tmp_path / "a" / "verdicts.sqlite") as kept:
        found = kept.find(b"key")
        assert found is not None
        assert [getattr(found, field.name) for field in fields(Grade)] == [
            getattr(GRADE, field.name) for field in fields(Grade)
        ]
        other = kept.find(b"other")
        assert other is not None
        assert other.detail == "\ud800"


def test_a_fresh_pass_finds_only_what_it_kept_itself(tmp_path: Path) -> None:
    with Verdicts(tmp_path / "v") as kept:
        kept.keep(b"key", GRADE)
    with Verdicts(tmp_path / "v", fresh=True) as kept:
        assert kept.find(b"key") is None
        kept.keep(b"key", replace(GRADE, passed=7))
        found = kept.find(b"key")
        assert found is not None
        assert found.passed == 7


def test_two_may_use_the_file_at_once(tmp_path: Path) -> None:
    with Verdicts(tmp_path / "v") as one, Verdicts(tmp_path / "v") as other:
        one.keep(b"1", GRADE)
        other.keep(b"2", GRADE)
        assert one.find(b"2") == other.find(b"1") == GRADE


def test_a_file_that_is_something_else_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "v").write_text("a poem, not a database" * 100)
    with pytest.raises(InputError, match=r"verdicts cannot be kept in .*v \(.*\)"):
        Verdicts(tmp_path / "v")


OTHER_TASKS = {
    "style": (replace(PROBLEM, style=CallStyle.STDIN), HIDDEN),
    "entry": (replace(PROBLEM, entry="g"), HIDDEN),
    "starter": (replace(PROBLEM, starter="def f(y):\n"), HIDDEN),
    "limits": (replace(PROBLEM, limits=Limits(cpu_seconds=5)), HIDDEN),
    "checker": (replace(PROBLEM, checker="values:1e-6"), HIDDEN),
    "validator": (replace(PROBLEM, validator=Validator((("a.py", ""),))), HIDDEN),
    "tests": (PROBLEM, replace(HIDDEN, tests=(Test("1", "(1,)", "3"),))),
    "assertions": (PROBLEM, replace(HIDDEN, assertions="assert f(1) == 3\n")),
    "groups": (PROBLEM, replace(HIDDEN, groups=(TestGroup("a", 1),))),
}


@pytest.mark.parametrize("kind", OTHER_TASKS)
def test_whatever_changes_a_grade_changes_the_key(kind: str) -> None:
    assert task_key(*OTHER_TASKS[kind], "1.0") != task_key(PROBLEM, HIDDEN, "1.0")


def test_the_key_holds_program_language_sandbox_and_version() -> None:
    task = task_key(PROBLEM, HIDDEN, "1.0")
    assert task_key(PROBLEM, HIDDEN, "1.1") != task
    program = Program("x = 1", CallStyle.FUNCTION, "f")
    keys = {
        grade_key(task, program, "cpython 3.11"),
        grade_key(task, program, "cpython 3.12"),
        grade_key(task, replace(program, source="x = 2"), "cpython 3.11"),
        grade_key(task, replace(program, language="c++"), "cpython 3.11"),
        grade_key(task_key(PROBLEM, HIDDEN, "1.1"), program, "cpython 3.11"),
    }
    assert len(keys) == 5
    assert grade_key(task, replace(program), "cpython 3.11") in keys


def test_names_and_statements_change_nothing() -> None:
    renamed = replace(PROBLEM, id="q", statement="Else.", public_tests=())
    assert task_key(renamed, replace(HIDDEN, problem_id="q"), "1") == task_key(PROBLEM, HIDDEN, "1")


@pytest.mark.parametrize(
    "damaged", ["{", "7", "{}", '{"verdict": "AC", "groups": [], "colour": 1}', '{"verdict": "XX"}']
)
def test_a_grade_that_cannot_be_read_is_not_there(tmp_path: Path, damaged: str) -> None:
    with Verdicts(tmp_path / "v") as kept:
        kept.keep(b"key", GRADE)
        with sqlite3.connect(tmp_path / "v") as db:
            db.execute("UPDATE grades SET grade = ?", (damaged,))
        db.close()
        assert kept.find(b"key") is None
        kept.keep(b"key", GRADE)
        assert kept.find(b"key") == GRADE
