"""Samples in statements as APPS, TACO and CodeContests have their text: a line says that an input or output begins.

    -----Sample Input-----     Examples       SAMPLE INPUT      Example:
    3                                         3                 Input:
    -----Sample Output-----    Input                            3
    6                                         SAMPLE OUTPUT     Output:
                               3              6                 6
                               Output
                               6

A line `Input` that says no more describes the input's form, unless it stands below a heading `Example`. Where a sample
output is announced as one, it ends at the first blank line, for an explanation may follow; below `Example` it ends at
the next heading.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from distinguo.datasets.statements import printed_tests
from distinguo.problem import Test

_DECORATION = " \t\r-=*#:_`."
_SAMPLE = re.compile(
    r"(?:(?P<announced>samples?|examples?)\s+(?:test\s+)?)?(?P<kind>input|output)s?(?:\s*\(?s?\)?)?(?:\s*(?:#|no\.?)?\s*\d+)?"
    r"(?P<other>\s+for\s+(?:the\s+)?sample\s+input(?:\s*#?\d+)?)?",
    re.IGNORECASE,
)
_EXAMPLES = re.compile(r"(?:sample|example)s?(?:\s+(?:tests?|cases?|test\s+cases?))?(?:\s*#?\d+)?", re.IGNORECASE)
_OTHER = re.compile(
    r"(?:notes?|hints?|explanations?|constraints?|scoring|subtasks?|(?:input|output)\s+(?:format|specification)s?"
    r"|explanations?\s+(?:of|for)\s+.{1,40}|sample\s+explanation.{0,20})",
    re.IGNORECASE,
)


class _Heading(NamedTuple):
    """A line that begins a part. kind: `input`, `output`, `examples`, or "" for any other.

    announced: whether it says itself that it is a sample's.
    """

    kind: str
    announced: bool = False


def sample_tests(statement: str) -> tuple[Test, ...]:
    """The samples of a problem on standard input, in the forms above or as printed_tests has them."""
    text = statement.replace("\r\n", "\n").replace("\r", "\n")
    return printed_tests(text) or tuple(Test(str(number), *pair) for number, pair in enumerate(_pairs(text), 1))


def _pairs(statement: str) -> Iterator[tuple[str, str]]:
    given: str | None = None
    for kind, text in _blocks(statement):
        if kind == "input":
            given = text
        elif given is not None:
            if text or given:
                yield given, text
            given = None


def _blocks(statement: str) -> Iterator[tuple[str, str]]:
    """The sample inputs and outputs in order."""
    kind, announced, within, lines = "", False, False, list[str]()
    for line in [*statement.split("\n"), "Note"]:
        heading = _heading(line)
        if heading is None:
            lines.append(line)
            continue
        if kind:
            yield kind, _text(lines, kind == "output" and announced)
        answers = kind == "input" and heading.kind == "output"
        is_sample = heading.kind in ("input", "output") and (heading.announced or within or answers)
        within = heading.kind == "examples" or (within and is_sample)
        announced = is_sample and (heading.announced or (answers and announced))
        kind, lines = heading.kind if is_sample else "", []


def _heading(line: str) -> _Heading | None:
    words = line.strip(_DECORATION)
    if not words or len(words) > 80:
        return None
    match = _SAMPLE.fullmatch(words)
    if match:
        return _Heading(match["kind"].lower(), bool(match["announced"] or match["other"]))
    if _EXAMPLES.fullmatch(words):
        return _Heading("examples")
    is_ruled = line.lstrip().startswith("---") and line.rstrip().endswith("---")
    return _Heading("") if is_ruled or _OTHER.fullmatch(words) else None


def _text(lines: list[str], ends_blank: bool) -> str:
    """A sample without the blank lines round it; of one that ends at a blank line, what stands before that."""
    text = "\n".join(line.rstrip() for line in lines).strip("\n")
    if ends_blank:
        text = text.partition("\n\n")[0]
    return f"{text}\n" if text else ""
