"""HumanEval+ and MBPP+ (Liu et al. 2023, arXiv 2305.01210) as EvalPlus publishes them, HumanEvalPlus.jsonl and so on.

The records hold inputs and a reference program but no expected values: those come from running the reference beside the
program, within the test code (plus_check.py). JSON has neither tuples nor sets nor complex numbers, so that inputs of
MBPP+ are brought back to the types that the tasks are about.
"""

from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import Any

from distinguo import values
from distinguo.datasets import humaneval
from distinguo.datasets.about import lines
from distinguo.datasets.asserts import examples_in
from distinguo.datasets.examples import as_tests
from distinguo.datasets.formats import Format, Record
from distinguo.errors import InputError
from distinguo.problem import CallStyle, HiddenTests, Limits, Problem

_FIELDS = ("task_id", "prompt", "entry_point", "canonical_solution", "base_input", "plus_input", "atol")
_LIMITS = Limits(cpu_seconds=10.0, wall_seconds=30.0, memory_mb=1024)

Arguments = list[Any]


def _key(record: Any) -> str:
    if not isinstance(record, dict) or not all(isinstance(record.get(field), str) for field in _FIELDS[:4]):
        raise InputError(f"an EvalPlus task has the texts {', '.join(_FIELDS[:4])}")
    return str(record["task_id"])


def _is_mbpp(record: Record) -> bool:
    return str(record["task_id"]).casefold().startswith("mbpp/")


def _problem(record: Record) -> Problem:
    entry, prompt = record["entry_point"], record["prompt"]
    if not _is_mbpp(record):
        tests = humaneval.public_tests(record)
        return Problem(record["task_id"], "", CallStyle.FUNCTION, entry, prompt, tests, _LIMITS, "values")
    text = prompt.strip().strip("\"'").strip()
    tests = as_tests(examples_in(text[text.find("assert ") :] if "assert " in text else "", entry, ()))[:1]
    return Problem(record["task_id"], text, CallStyle.FUNCTION, entry, "", tests, _LIMITS, "values")


def _hidden(record: Record) -> HiddenTests | None:
    try:
        atol = float(record["atol"])
        given = [*record["base_input"], *record["plus_input"]]
        if _is_mbpp(record):
            restore = _RESTORED.get(int(record["task_id"].partition("/")[2]), list)
            given = [restore(arguments) for arguments in given]
        inputs = values.dumps([list(arguments) for arguments in given])
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        raise InputError(f"the inputs of {record['task_id']} cannot be read: {error}") from error
    code = [
        _check_source(),
        "",
        "nan, inf = math.nan, math.inf",
        f"_TASK = Task({record['prompt'] + record['canonical_solution']!r}, {record['entry_point']!r}, {atol!r},"
        f" {_is_mbpp(record)!r})",
        f"_INPUTS = {inputs}",
        "",
        "",
        "def check(candidate):",
        "    for arguments in _INPUTS:",
        "        assert _TASK.accepts(arguments, candidate(*copy.deepcopy(arguments))), f'for {str(arguments)[:200]}'",
        "",
    ]
    return HiddenTests(record["task_id"], assertions="\n".join(code))


@cache
def _check_source() -> str:
    return resources.files("distinguo.datasets").joinpath("plus_check.py").read_text("utf-8")


# --- the types of MBPP+'s arguments


def _pairs(value: Any) -> list[Any]:
    return [tuple(item) for item in value]


def _nested(value: Any) -> Any:
    return tuple(_nested(item) for item in value) if isinstance(value, list) else value


def _every(restore: Callable[[Any], Any]) -> Callable[[Arguments], Arguments]:
    return lambda arguments: [restore(argument) for argument in arguments]


def _first(restore: Callable[[Any], Any]) -> Callable[[Arguments], Arguments]:
    return lambda arguments: [restore(arguments[0]), *arguments[1:]]


def _sets(items: list[Any]) -> list[Any]:
    return [set(item) if isinstance(item, list) and item else {} for item in items]


_RESTORED: dict[int, Callable[[Arguments], Arguments]] = {
    **dict.fromkeys((2, 116, 132, 143, 222, 261, 273, 394, 399, 421, 424, 429, 470, 560, 579), _every(tuple)),
    **dict.fromkeys((596, 616, 630, 726, 740, 744, 809), _every(tuple)),
    **dict.fromkeys((63, 64, 70, 94, 120, 237, 272, 299, 400, 409, 417, 438, 473, 614, 780), _every(_pairs)),
    **dict.fromkeys((75, 413, 444, 753), _first(_pairs)),
    **dict.fromkeys((106, 750), lambda arguments: [arguments[0], tuple(arguments[1])]),
    **dict.fromkeys((250, 307, 405, 446, 617, 720, 763, 808), _first(tuple)),
    **dict.fromkeys((259, 401, 445), _every(lambda value: tuple(_pairs(value)))),
    **dict.fromkeys((278, 580, 615, 791), _every(_nested)),
    115: _first(_sets),
    124: lambda arguments: [float(arguments[0]), complex(arguments[1])],
    252: _first(complex),
    722: _first(lambda value: {key: tuple(item) for key, item in value.items()}),
}


def _erratum(record: Record) -> str:
    return "" if _is_mbpp(record) else humaneval.erratum(record)


def _length(record: Record) -> int:
    return lines(record["canonical_solution"])


FORMAT = Format("EvalPlus", _FIELDS, _key, _problem, _hidden, erratum=_erratum, length=_length)
"""Tasks with inputs and a reference program."""
