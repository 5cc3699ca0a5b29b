"""CodeContests (Li et al. 2022, arXiv 2203.07814) as its authors publish it, in Parquet, or its records as JSON lines.

Public tests are the public ones of the record, hidden tests the private and then the generated ones. Problems that
accept several answers are not marked, and their tests hold one answer each: verdicts on those can be wrong. A program
that has to read or write files by name cannot be run here; asking for such a problem is an InputError.
"""

from collections.abc import Iterator
from typing import Any

from distinguo.datasets.about import About
from distinguo.datasets.formats import Format, Record
from distinguo.datasets.limits import of_python
from distinguo.datasets.statements import printed_checker
from distinguo.errors import InputError
from distinguo.problem import HiddenTests, Problem, Test

_FIELDS = ("name", "description", "public_tests", "private_tests", "generated_tests")
# The numbers of the Parquet files' enumerations; those of the authors' own protocol buffers leave some out.
SOURCES = ("", "codechef", "codeforces", "hackerearth", "codejam", "atcoder", "aizu")
DIFFICULTIES = ("", "EASY", "MEDIUM", "HARD", "HARDER", "HARDEST", "EXTERNAL", *"ABCDEFGHIJKLMNOPQRSTUV")


def _key(record: Any) -> str:
    if not isinstance(record, dict) or not isinstance(record.get("name"), str):
        raise InputError("a CodeContests problem has a text name")
    return str(record["name"])


def _problem(record: Record) -> Problem:
    name, statement = record["name"], record.get("description")
    if not isinstance(statement, str) or not statement.strip():
        raise InputError(f"{name} has no description")
    for field in ("input_file", "output_file"):
        if record.get(field):
            raise InputError(f"{name} cannot be run: its programs use the file {record[field]!r}, not standard input")
    return Problem(
        id=name,
        statement=f"# {name}\n\n{statement.strip()}\n".replace("\r\n", "\n"),
        public_tests=tuple(_tests(record, "public_tests", "")),
        limits=of_python(_seconds(record.get("time_limit")), _mebibytes(record.get("memory_limit_bytes"))),
        checker=printed_checker(statement),
    )


def _seconds(given: Any) -> float:
    """A duration of whole seconds and nanoseconds; 0 where none is given."""
    try:
        return float(given.get("seconds") or 0) + float(given.get("nanos") or 0) / 1e9
    except (AttributeError, TypeError, ValueError, OverflowError):
        return 0.0


def _mebibytes(given: Any) -> float:
    return given / (1 << 20) if isinstance(given, (int, float)) and not isinstance(given, bool) else 0.0


def _hidden(record: Record) -> HiddenTests | None:
    tests = (*_tests(record, "private_tests", "private/"), *_tests(record, "generated_tests", "generated/"))
    return HiddenTests(record["name"], tests) if tests else None


def _tests(record: Record, field: str, group: str) -> Iterator[Test]:
    """The tests of a field: a list of inputs and one of outputs, or a list of pairs."""
    found = record.get(field)
    if found is None:
        return
    if isinstance(found, list) and all(isinstance(pair, dict) for pair in found):
        found = {name: [pair.get(name) for pair in found] for name in ("input", "output")}
    inputs, outputs = (found.get(name) if isinstance(found, dict) else None for name in ("input", "output"))
    if not isinstance(inputs, list) or not isinstance(outputs, list) or len(inputs) != len(outputs):
        raise InputError(f"{field} of {record['name']} are no inputs with an output each")
    for number, (given, expected) in enumerate(zip(inputs, outputs, strict=True), 1):
        if not isinstance(given, str) or not isinstance(expected, str):
            raise InputError(f"{field} of {record['name']}, test {number}: input and output must be texts")
        yield Test(f"{group}{number}", given, expected)


def _about(record: Record) -> About:
    rating = record.get("cf_rating")
    return About(
        difficulty=_named(record.get("difficulty"), DIFFICULTIES),
        platform=_named(record.get("source"), SOURCES).lower(),
        rating=rating if isinstance(rating, int) and rating > 0 else None,
    )


def _named(given: Any, names: tuple[str, ...]) -> str:
    """The name of one of an enumeration's values, given by its number (Parquet) or by its name (JSON)."""
    if isinstance(given, str):
        return "" if given.startswith("UNKNOWN") else given
    return names[given] if isinstance(given, int) and 0 <= given < len(names) else ""


FORMAT = Format(
    "CodeContests",
    _FIELDS,
    _key,
    _problem,
    _hidden,
    about=_about,
    unread=("solutions", "incorrect_solutions", "untranslated_description"),
    late=("description", "public_tests", "private_tests", "generated_tests"),
)
"""Its problems, of whichever split."""
