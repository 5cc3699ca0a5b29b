"""What a run's file holds, for other programs: tables as JSON lines or Parquet, and other tools' sample formats.

A run is read while it is written out, so memory does not grow with it. Neither keys nor hidden tests are in any export:
a run's file holds no keys, and no table what a program was run on.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Literal

from distinguo.bench import runfile
from distinguo.bench.export import forms, writing
from distinguo.bench.export.source import Source
from distinguo.bench.export.tables import TABLES, Row, Table, Wanted
from distinguo.datasets import DataSet
from distinguo.errors import InputError

__all__ = ["FORMS", "TABLES", "Exported", "Form", "export"]

FORMS = forms.NAMES
"""The sample formats."""

Form = Literal["jsonl", "parquet"]
_LINES = (".jsonl", ".json", ".gz")  # how the name of one file of JSON ends


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written. rows: how many of each table, or of the sample format. files: none where `to` is a stream.

    warnings: a sentence for each kind of thing that was left out.
    """

    rows: Mapping[str, int]
    files: tuple[Path, ...]
    warnings: tuple[str, ...]


def export(
    run: Path,
    to: Path | BinaryIO,
    *,
    form: Form = "jsonl",
    table: str | None = None,
    samples: str | None = None,
    arm: str | None = None,
    chosen: bool = False,
    completions: bool = False,
    dataset: DataSet | None = None,
) -> Exported:
    """Write out a run's file, which another process may be writing.

    to: a folder gets a file for each table (`samples.jsonl`, `choices.parquet`). A name that ends in .jsonl, .json or
    .gz is one file, and so is a stream: each of its lines names its table in `table`, unless `table` asks for one.
    samples: one of FORMS instead: the candidates of one arm as other tools read them; `chosen`: the chosen ones alone.
    arm: its name or key; tables have all arms without it, and always all calls. completions: the samples' table also
    gets the answers that the programs were taken from. dataset: for formats that need prompts.
    Raises InputError for what does not fit together, is not there, or cannot be written.
    """
    _check(run, to, form, table, samples)
    missed = Counter[str]()
    with runfile.reading(run) as db:
        source = Source(run, db)
        if samples is not None:
            one = source.arm(arm) if arm else source.only_arm()
            made = forms.rows(source, one, samples, missed, chosen=chosen, dataset=dataset)
            rows, files = _in_form(samples, _some(made, run, missed), _one_file(to, samples))
        else:
            arms = (source.arm(arm),) if arm else tuple(source.arms.values())
            rows, files = _Tables(source, Wanted(arms, chosen, completions), missed, form).write(to, table)
    return Exported(rows, files, _told(missed))


def _told(missed: Counter[str]) -> tuple[str, ...]:
    return tuple(f"{what}: {count}" for what, count in missed.items() if count)


def _some(rows: Iterator[Row], run: Path, missed: Counter[str]) -> Iterator[Row]:
    """The rows, of which there is at least one. Raises InputError where there is none, before a file is begun."""
    first = next(rows, None)
    if first is None:
        raise InputError("; ".join((f"{run} has nothing to write in this format", *_told(missed))))
    return chain((first,), rows)


def _check(run: Path, to: Path | BinaryIO, form: Form, table: str | None, samples: str | None) -> None:
    if table is not None and table not in TABLES:
        raise InputError(f"there is no table {table!r}; the tables are {', '.join(TABLES)}")
    if samples is not None and table is not None:
        raise InputError("a sample format has no tables; give either --samples or --table")
    if samples is not None and form == "parquet":
        raise InputError("sample formats are JSON; leave --parquet away")
    single = not isinstance(to, Path) or (to.suffix == ".parquet" and not to.is_dir())
    if form == "parquet" and table is None and single:
        raise InputError("a Parquet file holds one table; choose one with --table, or give a folder")
    if isinstance(to, Path) and to.exists() and to.samefile(run):
        raise InputError(f"{to} is the run itself; choose another --to")


def _in_form(name: str, rows: Iterable[Row], target: Path | BinaryIO) -> tuple[dict[str, int], tuple[Path, ...]]:
    with writing.opened(target) as file:
        count = (writing.array if forms.is_array(name) else writing.lines)(file, rows)
    return {name: count}, (target,) if isinstance(target, Path) else ()


def _one_file(to: Path | BinaryIO, name: str) -> Path | BinaryIO:
    return to / f"{name}.jsonl" if isinstance(to, Path) and to.is_dir() else to


class _Tables:
    """Writes tables, each to a file of its own or all to one."""

    def __init__(self, source: Source, wanted: Wanted, missed: Counter[str], form: Form) -> None:
        self._source, self._wanted, self._missed, self._form = source, wanted, missed, form

    def write(self, to: Path | BinaryIO, only: str | None) -> tuple[dict[str, int], tuple[Path, ...]]:
        """The tables' numbers of rows, and the files."""
        names = tuple(TABLES) if only is None else (only,)
        if isinstance(to, Path) and (to.is_dir() or to.suffix not in (*_LINES, ".parquet")):
            places = {name: to / f"{name}.{self._form}" for name in names}
            return {name: self._table(place, name) for name, place in places.items()}, tuple(places.values())
        files = (to,) if isinstance(to, Path) else ()
        if only is not None:
            return {only: self._table(to, only)}, files
        with writing.opened(to) as file:
            counts = {
                name: writing.lines(file, ({"table": name} | row for row in self._rows(TABLES[name]))) for name in names
            }
        return counts, files

    def _table(self, target: Path | BinaryIO, name: str) -> int:
        table = TABLES[name]
        with writing.opened(target) as file:
            if self._form == "parquet":
                return writing.parquet(file, self._rows(table), table.shown(self._wanted.completions))
            return writing.lines(file, self._rows(table))

    def _rows(self, table: Table) -> Iterator[Row]:
        """Rows with the table's columns in their order."""
        columns = table.shown(self._wanted.completions)
        for row in table.rows(self._source, self._wanted, self._missed):
            yield {name: row[name] for name in columns}
