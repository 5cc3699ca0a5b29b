"""Candidate programs of other people's runs, one after another, from the files that their tools write.

{"task_id", "completion"}                 human-eval: the rest of a function behind its prompt, or a whole program
{"task_id", "solution"}                   EvalPlus and LLMDebugger: a whole program, or a body
{"question_id", "code_list"}              LiveCodeBench's custom evaluator and its eval_all.json
{"prompt", "samples"}                     CodeT: bodies, joined to their task by its prompt, cut where the function ends
{"task_id", "program", "language"?}       distinguo's own: a whole program, as it is

as JSON lines or one JSON array, plain or compressed by gzip. A body is put behind the prompt as human-eval does it,
prompt + completion, character by character, so that a verdict says of it what plain Python would. A record may say
whether its program is right: LiveCodeBench's in `graded_list`, LLMDebugger's in `is_solved`, those of results, as
human-eval and distinguo write them, in `passed`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from distinguo.datasets.calls import parse
from distinguo.datasets.dataset import DataSet
from distinguo.datasets.formats import Record
from distinguo.datasets.rows import opened, rows
from distinguo.problem import CallStyle, Problem

OnWarning = Callable[[int, str], None]

_FUTURE = re.compile(r"^from __future__ import ", re.MULTILINE)  # what must stand at the very beginning
_STOPS = ("\nclass", "\ndef", "\n#", "\nif", "\nprint")  # where a CodeT sample has left its function
_FORMS = "task_id with completion, solution or program; question_id with code_list; or prompt with samples"


@dataclass(frozen=True, slots=True)
class Sample:
    """One program that is to be graded.

    task_id: the task's id as the data set has it. index: its place among the samples of the task, from 0.
    source: the program's text. line: the place of its record, a line of the file or an element of its array, from 1.
    raw: the record, with this sample alone where it holds several. right: whether it passes the hidden tests, as the
    record says, None where it does not; for grading only, as hidden tests are, like all of `raw`.
    """

    task_id: str
    index: int
    source: str
    line: int
    raw: Record
    language: str = "python"
    right: bool | None = None


def read(file: Path | BinaryIO, dataset: DataSet, *, on_warning: OnWarning) -> Iterator[Sample]:
    """The samples of a file in order; one record is held at a time.

    on_warning: told (line, message) of each record that is passed over: it is no JSON, in none of the forms above, or
    belongs to no task of the data set. Raises InputError where the file cannot be opened.
    """
    if isinstance(file, Path):
        with opened(file) as stream:
            yield from read(stream, dataset, on_warning=on_warning)
        return
    reader = _Reader(dataset, on_warning)
    for row in rows(file):
        if row.error:
            on_warning(row.place, row.error)
        else:
            yield from reader.samples(row.place, row.value)


class _Wrong(Exception):
    """The record is passed over; the message says why."""


class _Reader:
    """Turns records into samples and counts those of each task."""

    def __init__(self, dataset: DataSet, on_warning: OnWarning) -> None:
        self._dataset = dataset
        self._on_warning = on_warning
        self._counts: dict[str, int] = {}
        self._signatures: dict[str, _Signature] = {}

    def samples(self, line: int, record: Any) -> Iterator[Sample]:
        try:
            task_id, found = self._read(record)
        except _Wrong as error:
            self._on_warning(line, str(error))
            return
        language = record.get("language", "python") if "program" in record else "python"
        for place, (source, raw) in enumerate(found):
            index = self._counts.get(task_id, 0)
            self._counts[task_id] = index + 1
            yield Sample(task_id, index, source, line, raw, language, _right(record, place, len(found)))

    def _read(self, record: Any) -> tuple[str, list[tuple[str, Record]]]:
        """The task's id, and the programs of its samples with their records."""
        if not isinstance(record, dict):
            raise _Wrong(f"a sample is a JSON object with {_FORMS}")
        if "samples" in record and "prompt" in record:
            return self._continued(record)
        if "code_list" in record:
            task_id = self._task(record, "question_id")
            codes = _texts(record, "code_list")
            whole = [self._whole(task_id, code) for code in codes]
            return task_id, [(source, _alone(record, i, len(codes))) for i, source in enumerate(whole)]
        form = next((name for name in ("program", "completion", "solution") if name in record), None)
        if form is None:
            raise _Wrong(f"no sample: it needs {_FORMS}")
        text = record[form]
        if not isinstance(text, str):
            raise _Wrong(f"{form} must be a text")
        task_id = self._task(record, "task_id")
        if form == "program":
            language = record.get("language", "python")
            if not isinstance(language, str):
                raise _Wrong("language must be a text")
            return task_id, [(self._whole(task_id, text) if language.startswith("python") else text, record)]
        make = self._completed if form == "completion" else self._solved
        return task_id, [(make(task_id, text, record), record)]

    def _task(self, record: Record, field: str) -> str:
        given = record.get(field)
        if isinstance(given, bool) or not isinstance(given, (str, int)):
            raise _Wrong(f"{field} must say which task it is for")
        task_id = self._dataset.find(given)
        if task_id is None:
            raise _Wrong(f"{self._dataset.name} has no task {str(given)!r}")
        return task_id

    # the forms

    def _continued(self, record: Record) -> tuple[str, list[tuple[str, Record]]]:
        prompt, bodies = record["prompt"], _texts(record, "samples")
        task_id = self._dataset.by_prompt(prompt) if isinstance(prompt, str) else None
        if task_id is None:
            raise _Wrong(f"no task of {self._dataset.name} has this prompt")
        cut = [prompt + body[: end_of_function(body)] for body in bodies]
        return task_id, [(source, _alone(record, i, len(bodies))) for i, source in enumerate(cut)]

    def _completed(self, task_id: str, text: str, record: Record) -> str:
        signature = self._signature(task_id)
        prompt = signature.prompt(record)
        if not prompt or (signature.defined_in(text) and not _fits_behind(prompt, text)):
            return self._whole(task_id, text)
        return prompt + text

    def _solved(self, task_id: str, text: str, record: Record) -> str:
        signature = self._signature(task_id)
        prompt = signature.prompt(record)
        if prompt and text.strip() and not signature.defined_in(text):
            return prompt + text
        return self._whole(task_id, text)

    def _whole(self, task_id: str, text: str) -> str:
        return self._dataset.source.program(task_id, text) if text.strip() else text

    def _signature(self, task_id: str) -> "_Signature":
        if task_id not in self._signatures:
            self._signatures[task_id] = _Signature(self._dataset.problem(task_id))
        return self._signatures[task_id]


class _Signature:
    """What tells a whole program of a task from a body, and what a body goes behind."""

    def __init__(self, problem: Problem) -> None:
        self._is_function = problem.style is CallStyle.FUNCTION
        self._starter = problem.starter if self._is_function else ""
        name = re.escape((problem.entry or "").partition(".")[0])
        self._definition = re.compile(rf"^(?:(?:async +)?def +{name}\b|class +{name}\b|{name} *=)", re.MULTILINE)

    def defined_in(self, text: str) -> bool:
        return self._definition.search(text) is not None

    def prompt(self, record: Record) -> str:
        """The starter; without one the prompt of the record, where that announces the function."""
        given = record.get("prompt")
        if self._starter or not self._is_function or not isinstance(given, str):
            return self._starter
        return given if self.defined_in(given) else ""


def end_of_function(body: str) -> int:
    """Where a text that began within a function leaves it, as CodeT has it."""
    return min((place for stop in _STOPS if (place := body.find(stop)) >= 0), default=len(body))


def _texts(record: Record, field: str) -> list[str]:
    texts = record[field]
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise _Wrong(f"{field} must be a list of texts")
    return texts


def _alone(record: Record, index: int, count: int) -> Record:
    """The record with one of its samples: of each list that has an entry for every sample, its own."""
    if count == 1:
        return record
    return {k: [v[index]] if isinstance(v, list) and len(v) == count else v for k, v in record.items()}


def _right(record: Record, place: int, count: int) -> bool | None:
    """What a record says of the sample at a place among its samples; what its last grader wrote comes first."""
    graded = record.get("graded_list")
    of_each = graded if isinstance(graded, list) and len(graded) == count else [None] * count
    told = (record.get("passed"), record.get("is_solved"), of_each[place])
    return next((one for one in told if isinstance(one, bool)), None)


def _fits_behind(prompt: str, program: str) -> bool:
    return _FUTURE.search(program) is None and parse(prompt + program) is not None
