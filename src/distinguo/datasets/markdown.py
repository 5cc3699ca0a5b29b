"""A problem in one Markdown text. The whole text is the statement; its examples are the public tests.

Standard input: fenced blocks marked ```input and ```output, or below a line `Input:`, `Output:`, `Sample Input 1`,
`**Sample Output 1**` or below a heading `Example 1` (the first block is the input, the second the output). A heading
that only says `Input` or `Output` describes the format, unless it lies within an example.

Function: the last function of the first ```python block that defines one is the entry, and the block is the starter;
its examples stand in any of the forms of examples.py (`>>> f(1)`, `f(1) == 2`, `f(1) -> 2`, ...).

A problem is a function if the text has both such a block and such examples. Front matter between two lines `+++`, in
TOML with the keys of settings.py, says so for certain (`style = "stdin"`) and sets limits or a checker.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from distinguo.datasets.calls import parameters, signature
from distinguo.datasets.examples import as_tests, examples
from distinguo.datasets.loaded import Loaded
from distinguo.datasets.settings import last_function, read, validate
from distinguo.errors import InputError
from distinguo.problem import CallStyle, Test

_FRONT_MATTER = re.compile(r"\A\s*\+\+\+[ \t]*\n(.*?)^\+\+\+[ \t]*$", re.MULTILINE | re.DOTALL)
_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})[ \t]*([^`\n]*)$")
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]")
_LABEL = re.compile(r"(?:(example|sample)s?\s+)?(input|output)(?:\s*#?\d+)?", re.IGNORECASE)
_PYTHON = ("python", "python3", "py")
_DECORATION = " \t#*_:`>-"
_EXAMPLE = re.compile(r"\b(?:example|sample)s?\b", re.IGNORECASE)


def load(text: str, name: str, source: str) -> Loaded:
    """Read the text. name: the problem's id unless it has one. source: its place, for messages. Raises InputError."""
    text = text.replace("\r\n", "\n")
    matter = _FRONT_MATTER.match(text)
    statement = text[matter.end() :] if matter else text
    if not statement.strip():
        raise InputError(f"{source} is empty; write the problem's statement there")
    blocks = list(_blocks(statement))
    table = read(matter.group(1), source) if matter else {}
    settings = validate(_completed(table, statement, blocks), source)
    if settings.style is CallStyle.FUNCTION and settings.entry is not None:
        names = parameters(signature(settings.starter, settings.entry))
        tests = as_tests(examples(_plain(statement), settings.entry, names))
    else:
        tests = _pairs(blocks, source)
    return Loaded(settings.problem(name, statement, tests), None)


def _completed(table: dict[str, Any], statement: str, blocks: list["_Block"]) -> dict[str, Any]:
    """The settings with what the text itself says: the starter, and whether the problem is a function."""
    starter = next((block.text for block in blocks if block.mark in _PYTHON and last_function(block.text)), None)
    if starter is None or "starter" in table or table.get("style") == "stdin":
        return table
    entry = table.get("entry") or last_function(starter)
    announced = "entry" in table or table.get("style") == "function"
    if announced or examples(_plain(statement), str(entry), parameters(signature(starter, str(entry)))):
        return {**table, "style": "function", "starter": starter, "entry": entry}
    return table


def _plain(statement: str) -> str:
    return statement.replace("`", "")


# --- fenced blocks


@dataclass(frozen=True, slots=True)
class _Block:
    """A fenced block: the word behind its fence, its text, and what the text around it says that it is.

    label: `input`, `output` or "". example: a number that the blocks of one example share, 0 outside examples.
    """

    mark: str
    text: str
    label: str
    example: int


def _blocks(statement: str) -> Iterator[_Block]:
    fence, mark, lines = "", "", list[str]()
    label, example, examples_seen, level = "", 0, 0, 0
    for line in statement.split("\n"):
        match = _FENCE.match(line)
        if fence:
            if match and match.group(1).startswith(fence) and not match.group(2).strip():
                yield _Block(mark, "".join(f"{inner}\n" for inner in lines), label, example)
                fence, label = "", ""
            else:
                lines.append(line)
        elif match:
            fence, mark, lines = match.group(1), match.group(2).strip().lower(), []
        elif line.strip():
            heading = _HEADING.match(line)
            words = line.strip(_DECORATION)
            label = _label(words, bool(heading) and not example)
            if heading and _EXAMPLE.search(words):
                examples_seen, level = examples_seen + 1, len(heading.group(1))
                example = examples_seen
            elif heading and len(heading.group(1)) <= level:
                example = level = 0
            elif _EXAMPLE.match(words) and not label:
                examples_seen += 1
                example = examples_seen


def _label(words: str, describes_format: bool) -> str:
    """`input` or `output` where a line says no more than that the next block is one."""
    match = _LABEL.fullmatch(words)
    return match.group(2).lower() if match and (match.group(1) or not describes_format) else ""


def _pairs(blocks: list[_Block], source: str) -> tuple[Test, ...]:
    """The tests: each input with the output that follows it."""
    tests, waiting, filled = list[Test](), None, 0
    for block in blocks:
        kind = block.mark if block.mark in ("input", "output") else block.label
        if not kind and block.example and block.mark in ("", "text", "txt"):
            kind = "output" if waiting is not None else "input" if filled != block.example else ""
        if kind == "input":
            if waiting is not None:
                raise InputError(f"{source}: example {len(tests) + 1} has an input but no output")
            waiting, filled = block.text, block.example
        elif kind == "output":
            if waiting is None:
                raise InputError(f"{source}: example {len(tests) + 1} has an output but no input")
            tests.append(Test(str(len(tests) + 1), waiting, block.text))
            waiting = None
    if waiting is not None:
        raise InputError(f"{source}: example {len(tests) + 1} has an input but no output")
    return tuple(tests)
