"""Recorded programs and tests, put in order by task in files that vanish."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path

from distinguo.datasets import DataSet, samples
from distinguo.datasets import generated as written
from distinguo.datasets.generated import WrittenTest
from distinguo.datasets.spool import Spool
from distinguo.grading.report import PassedOver


@dataclass(frozen=True, slots=True)
class Recorded:
    """What somebody else's model wrote. notes: what a reader should know of it. has_verdicts: see `rights`."""

    notes: tuple[str, ...]
    has_verdicts: bool
    _programs: Spool
    _tests: Spool

    def __len__(self) -> int:
        """How many programs there are."""
        return len(self._programs)

    @property
    def has_tests(self) -> bool:
        """Whether there are tests for any problem."""
        return len(self._tests) > 0

    def count(self, task_id: str) -> int:
        """How many programs a task has."""
        return self._programs.count(task_id)

    def sources(self, task_id: str) -> Iterator[tuple[str, str | None]]:
        """A task's programs in order, each with its language where its record names one."""
        for line in self._programs.read(task_id):
            source, language, _ = json.loads(line)
            yield source, language

    def rights(self, task_id: str) -> list[bool | None]:
        """Whether a task's programs are right, in the order of `sources`, as their records say; None where they do not.

        For grading, as hidden tests are: grading.recorded.RecordedVerdicts is what may hold them.
        """
        return [json.loads(line)[2] for line in self._programs.read(task_id)]

    def tests(self, task_id: str) -> list[WrittenTest]:
        """A task's tests in order."""
        return [
            WrittenTest(text, tuple(inputs), expected, code)
            for line in self._tests.read(task_id)
            for text, inputs, expected, code in json.loads(line)
        ]


@contextmanager
def recorded(dataset: DataSet, candidates: Sequence[Path], generated: Sequence[Path]) -> Iterator[Recorded]:
    """Read files in the forms of datasets/samples.py and datasets/generated.py. Raises InputError."""
    with Spool() as programs, Spool() as tests:
        notes, judged = _read(dataset, candidates, generated, programs, tests)
        yield Recorded(tuple(notes), judged, programs, tests)


def _read(
    dataset: DataSet, candidates: Sequence[Path], generated: Sequence[Path], programs: Spool, tests: Spool
) -> tuple[list[str], bool]:
    """Put programs and tests by task; returns what a reader should know of it, and whether a program has a verdict."""
    notes, dropped, judged = list[str](), 0, False
    for path in candidates:
        passed_over = PassedOver()
        for sample in samples.read(path, dataset, on_warning=passed_over):
            language = sample.language if "language" in sample.raw else None
            programs.add(sample.task_id, json.dumps([sample.source, language, sample.right]))
            judged = judged or sample.right is not None
        notes += _in(path, passed_over.sentences(), candidates)
    for path in generated:
        passed_over = PassedOver()
        for record in written.read(path, dataset, on_warning=passed_over):
            tests.add(record.task_id, json.dumps([astuple(test) for test in record.tests]))
            dropped += record.dropped
        notes += _in(path, passed_over.sentences(), [*candidates, *generated])
    if dropped:
        notes.append(f"{dropped} generated tests do not parse and are left out")
    return notes, judged


def _in(path: Path, sentences: Sequence[str], files: Sequence[Path]) -> list[str]:
    """The sentences, with the file's name where there are several."""
    return [f"{path.name}, {sentence}" if len(files) > 1 else sentence for sentence in sentences]
