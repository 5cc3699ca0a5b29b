"""MBPP (Austin et al. 2021, arXiv 2108.07732): short tasks with three asserts, of which the first is public.

Read from mbpp.jsonl or sanitized-mbpp.json, as its authors publish them, or with EvalPlus's further tests in `test`
(MBPP+ on the Hugging Face hub). The asserts name the function, so its name is taken from them; the task's text shows
the public one. The hidden tests are all asserts behind their imports and setup code, `challenge_test_list` apart, with
which nobody grades.
"""

import ast
from typing import Any

from distinguo.datasets.about import lines
from distinguo.datasets.asserts import called_names, examples_in
from distinguo.datasets.calls import parsed
from distinguo.datasets.examples import as_tests
from distinguo.datasets.formats import Format, Record
from distinguo.errors import InputError
from distinguo.problem import CallStyle, HiddenTests, Problem

_FIELDS = ("task_id", "code", "test_list")
_WRONG = "an MBPP task has a number task_id, a text, code and test_list"


ERRATA = {"MBPP/436": "its asserts read `== -1,-6`, which Python takes as a condition and a message"}


def _key(record: Any) -> str:
    if not isinstance(record, dict) or not _text(record) or not _texts(record, "test_list"):
        raise InputError(_WRONG)
    return f"MBPP/{record.get('task_id')}"


def _text(record: Record) -> str:
    text = record.get("text") or record.get("prompt")
    return text if isinstance(text, str) else ""


def _texts(record: Record, field: str) -> list[str]:
    texts = record.get(field)
    return [text for text in texts if isinstance(text, str)] if isinstance(texts, list) else []


def _problem(record: Record) -> Problem:
    first = record["test_list"][0]
    entry = _entry(record)
    return Problem(
        id=_key(record),
        statement=f"{_text(record).strip()}\n\nThis must hold:\n\n{first.strip()}\n",
        style=CallStyle.FUNCTION,
        entry=entry,
        public_tests=as_tests(examples_in(first, entry, ())),
        checker="values",
    )


def _entry(record: Record) -> str:
    """The function that the asserts call: of the names in them, the first that the reference program defines."""
    called = called_names("\n".join(_texts(record, "test_list")))
    tree = parsed(record["code"]) if isinstance(record.get("code"), str) else None
    defined = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)] if tree else []
    found = next((name for name in called if name in defined), None)
    if found is None:
        raise InputError(f"{_key(record)}: no assert calls a function that its code defines")
    return found


def _hidden(record: Record) -> HiddenTests | None:
    if isinstance(record.get("test"), str) and record["test"].strip():
        return HiddenTests(_key(record), assertions=record["test"])
    setup = record.get("test_setup_code")
    code = [*_texts(record, "test_imports"), setup if isinstance(setup, str) else "", *_texts(record, "test_list")]
    return HiddenTests(_key(record), assertions="\n".join(filter(None, code)) + "\n")


def _erratum(record: Record) -> str:
    return ERRATA.get(_key(record), "")


def _length(record: Record) -> int:
    return lines(record.get("code"))


FORMAT = Format("MBPP", _FIELDS, _key, _problem, _hidden, erratum=_erratum, length=_length)
"""MBPP's records, the sanitized ones and those with further tests."""
