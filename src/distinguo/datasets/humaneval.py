"""HumanEval (Chen et al. 2021, arXiv 2107.03374) and what others wrote in its form: functions with hidden assertions.

The whole prompt is the problem's starter: imports, helpers, signature and docstring. Examples of the docstring become
public tests, or the record's own `given_tests` (LLMDebugger). The hidden tests define `check(candidate)`; where they
name the function instead of `candidate`, as MBPP's do in this form, their asserts are taken out of it, and the first
is public.
"""

import ast
import re
import textwrap
from typing import Any

from distinguo.datasets.about import lines
from distinguo.datasets.asserts import called_names, examples_in, first_assert
from distinguo.datasets.calls import parameters, parsed, signature
from distinguo.datasets.examples import Example, as_tests, examples
from distinguo.datasets.formats import Format, Record
from distinguo.errors import InputError
from distinguo.problem import CallStyle, HiddenTests, Problem, Test

_DEFINITION = re.compile(r"^def +(\w+)", re.MULTILINE)
_FIELDS = ("task_id", "prompt", "entry_point", "test")

# Published examples that contradict the hidden tests.
ERRATA: dict[str, frozenset[Example]] = {
    "HumanEval/47": frozenset({("([-10, 4, 6, 1000, 10, 20],)", "15.0")}),
    "HumanEval/116": frozenset(
        {
            ("([1, 5, 2, 3, 4],)", "[1, 2, 3, 4, 5]"),
            ("([-2, -3, -4, -5, -6],)", "[-6, -5, -4, -3, -2]"),
        }
    ),
    "HumanEval/130": frozenset({("(1,)", "3"), ("(2,)", "2"), ("(3,)", "8"), ("(4,)", "3")}),
    "HumanEval/148": frozenset({("('Earth', 'Mercury')", "'Venus'")}),
}


CONTRADICTED = "published examples contradict its hidden tests (they are no public tests here)"
MBPP_ERRATA = {
    "MBPP/56": "its prompt announces the function rev, its tests call check",
    "MBPP/436": "its tests want all negative numbers, the reference program gives the first",
}
"""Of MBPP in this form, as LLMDebugger publishes it."""


def _key(record: Any) -> str:
    if not isinstance(record, dict) or not all(isinstance(record.get(field), str) for field in _FIELDS):
        raise InputError(f"a HumanEval task has the texts {', '.join(_FIELDS)}")
    return str(record["task_id"])


def _problem(record: Record) -> Problem:
    return Problem(
        id=record["task_id"],
        statement="",
        style=CallStyle.FUNCTION,
        entry=_entry(record),
        starter=record["prompt"],
        public_tests=public_tests(record),
        checker="values",
    )


def _entry(record: Record) -> str:
    """The entry point; where asserts name another function of the reference program instead, that one."""
    entry, called = str(record["entry_point"]).strip(), called_names(_without_check(_test(record)))
    if not called or entry in called:
        return entry
    defined = _DEFINITION.findall(str(record.get("canonical_solution", "")))  # some do not parse
    return next((name for name in called if name in defined), entry)


def _test(record: Record) -> str:
    """The test code; "" in records of another form that have none, or no text under its name."""
    test = record.get("test")
    return test if isinstance(test, str) else ""


def _hidden(record: Record) -> HiddenTests | None:
    if not record["test"].strip():
        return None
    return HiddenTests(record["task_id"], assertions=_without_check(record["test"]) or record["test"])


def _without_check(test: str) -> str:
    """The statements of a `check` that makes no use of its argument, or ""."""
    tree = parsed(test)
    body = tree.body if tree else []
    check = next((node for node in body if isinstance(node, ast.FunctionDef) and node.name == "check"), None)
    if check is None or any(isinstance(node, ast.Name) and node.id == "candidate" for node in ast.walk(check)):
        return ""
    kept = [node for node in body if not _calls_check(node)]
    nodes = [inner for node in kept for inner in (check.body if node is check else [node])]
    return "\n".join(textwrap.dedent(ast.get_source_segment(test, node) or "") for node in nodes) + "\n"


def _calls_check(node: ast.stmt) -> bool:
    match node:
        case ast.Expr(value=ast.Call(func=ast.Name(id="check"))):
            return True
    return False


def public_tests(record: Record) -> tuple[Test, ...]:
    """The given tests, or the examples of the docstring without those that are known to be wrong."""
    prompt, entry = record["prompt"], _entry(record)
    names = parameters(signature(prompt, entry))
    given = record.get("given_tests")
    asserts = _without_check(_test(record))
    if isinstance(given, list) and all(isinstance(test, str) for test in given):
        return as_tests(examples_in("\n".join(given), entry, names))
    if asserts:
        return as_tests(examples_in(first_assert(asserts), entry, names))
    wrong = ERRATA.get(record["task_id"], frozenset())
    found = examples(_docstring(prompt, entry), entry, names)
    return as_tests(example for example in found if example not in wrong)


def _docstring(prompt: str, entry: str) -> str:
    """The source of the entry's docstring (its escapes as written), also where a statement stands before it."""
    function = signature(prompt, entry)
    texts = [node.value for node in function.body if isinstance(node, ast.Expr)] if function else []
    source = next((ast.get_source_segment(prompt, text) for text in texts if isinstance(text, ast.Constant)), None)
    return source.lstrip("rRbBuU").strip("\"'") if source else ""


def erratum(record: Record) -> str:
    """What is known to be wrong with a task of HumanEval, or of MBPP in this form; or ""."""
    task_id = str(record["task_id"])
    return CONTRADICTED if task_id in ERRATA else MBPP_ERRATA.get(task_id, "")


def _length(record: Record) -> int:
    return lines(record.get("canonical_solution"))


FORMAT = Format("HumanEval", _FIELDS, _key, _problem, _hidden, erratum=erratum, length=_length)
"""HumanEval's records, and others in its form."""
