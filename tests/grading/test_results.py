import json
from pathlib import Path

import pytest

from distinguo.errors import InputError
from distinguo.grading import Grade
from distinguo.grading.results import ResultsFile, row, usual_place
from distinguo.records import Verdict

ROWS = {
    "passed": (Grade(Verdict.AC, 1, 1, ""), True, "passed"),
    "timed out": (Grade(Verdict.TLE, 0, 1, "TLE", "3"), False, "timed out"),
    "failed": (Grade(Verdict.WA, 0, 1, "AssertionError: no"), False, "failed: AssertionError: no"),
    "not judged": (Grade(None, 0, 0, "it has no tests"), None, "not judged: it has no tests"),
}


@pytest.mark.parametrize("kind", ROWS)
def test_a_row_is_the_record_with_human_eval_s_fields(kind: str) -> None:
    grade, passed, result = ROWS[kind]
    told = json.loads(row("T/1", {"task_id": "T/1", "completion": "x", "passed": "?"}, grade))
    assert told["completion"] == "x"
    assert (told["passed"], told["result"], told["verdict"]) == (passed, result, grade.verdict)


def test_a_row_says_which_test_the_score_and_that_test_code_ran_whole() -> None:
    grade = Grade(Verdict.WA, 1, 2, "line 1: '3' instead of '4'", "secret/2", score=30.0, whole=True)
    told = json.loads(row("T/1", {"samples": ["\ud800"]}, grade))
    assert told == {
        "task_id": "T/1", "samples": ["\ud800"], "passed": False, "result": "failed: line 1: '3' instead of '4'",
        "verdict": "WA", "detail": "secret/2: line 1: '3' instead of '4'", "score": 30.0, "whole": True,
    }  # fmt: skip


def test_the_file_takes_its_place_only_when_it_is_whole(tmp_path: Path) -> None:
    place = usual_place(tmp_path / "s.jsonl")
    assert place.name == "s.jsonl_results.jsonl"
    place.write_text("old\n")
    with pytest.raises(TypeError), ResultsFile(place) as file:
        file.write(None)  # type: ignore[arg-type]
    assert place.read_text() == "old\n"
    with ResultsFile(place) as file:
        file.write("1")
        file.write("2")
        assert place.read_text() == "old\n"
    assert place.read_text() == "1\n2\n"
    assert [path.name for path in tmp_path.iterdir()] == [place.name]


def test_two_writers_of_one_file_are_refused(tmp_path: Path) -> None:
    place = tmp_path / "r"
    with ResultsFile(place) as file:
        with pytest.raises(InputError, match="another process is writing"):
            ResultsFile(place)
        file.write("1")
    assert place.read_text() == "1\n"


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="choose another place with --out"):
        ResultsFile(tmp_path / "absent" / "r")
