"""The settings of a problem that a person writes: `problem.toml`, or the front matter of a Markdown file.

    id = "two-sum"              checker = "tokens"          [limits]
    title = "Two sum"           starter = "def f(xs):"      cpu_seconds = 4
    style = "function"          entry = "f"                 wall_seconds = 12    memory_mb = 512    output_kb = 4096

All are optional. A starter may also be the name of a file beside (`starter = "starter.py"`). A function's entry is
taken from the starter's last function where it is not given. Without a style, an entry or a starter means `function`.
"""

import ast
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from distinguo import checkers, values
from distinguo.datasets.calls import arguments, parameters, parsed, signature
from distinguo.datasets.files import read_text
from distinguo.errors import InputError
from distinguo.problem import CallStyle, Limits, Problem, Test

_TEXTS = ("id", "title", "style", "entry", "starter", "checker")
_LIMITS = ("cpu_seconds", "wall_seconds", "memory_mb", "output_kb")


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings after validation; `source` is where they stand, for messages."""

    source: str
    id: str = ""
    title: str = ""
    style: CallStyle = CallStyle.STDIN
    entry: str | None = None
    starter: str = ""
    checker: str = "tokens"
    limits: Limits = field(default_factory=Limits)

    def problem(self, default_id: str, statement: str, tests: tuple[Test, ...]) -> Problem:
        """The problem with these settings. The title becomes the statement's heading where it has none."""
        statement = statement.strip()
        if self.title and self.title not in statement.partition("\n")[0]:
            statement = f"# {self.title}\n\n{statement}"
        return Problem(
            id=self.id or default_id,
            statement=statement,
            style=self.style,
            entry=self.entry,
            starter=self.starter,
            public_tests=tests,
            limits=self.limits,
            checker=self.checker,
        )

    def test(self, name: str, given: str, expected: str, source: str) -> Test:
        """One test from its two texts as a person writes them. Raises InputError where a function's are no values."""
        if self.style is CallStyle.STDIN or self.entry is None:
            return Test(name, given, expected)
        names = parameters(signature(self.starter, self.entry))
        try:
            literal = arguments(given, self.entry, names)
        except values.ValueTextError as error:
            call = f"{self.entry.rpartition('.')[2]}([1, 2], 3)"
            raise InputError(f"{source}: the input must read ([1, 2], 3) or {call}, but {error}") from error
        try:
            return Test(name, literal, values.dumps(values.loads(expected)))
        except values.ValueTextError as error:
            raise InputError(f"{source}: the expected value must be a Python literal, but {error}") from error


def read(text: str, source: str) -> dict[str, Any]:
    """A TOML text as it stands. Raises InputError naming the line that is wrong."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"{source} is not TOML: {error}") from error


def validate(table: dict[str, Any], source: str, folder: Path | None = None) -> Settings:
    """Settings from a TOML table. folder: where a starter's file lies. Raises InputError naming the wrong key."""
    _check_keys(table, (*_TEXTS, "limits"), source, "")
    for key in _TEXTS:
        if not isinstance(table.get(key, ""), str):
            raise InputError(f"{source}: {key} must be a text in quotes")
    starter = _starter(table.get("starter", ""), source, folder)
    style = _style(table, source)
    entry = table.get("entry") or (last_function(starter) if style is CallStyle.FUNCTION else None)
    if style is CallStyle.FUNCTION and not entry:
        raise InputError(f'{source}: a function needs its name, such as entry = "f" or entry = "Solution.f"')
    if style is CallStyle.STDIN and entry:
        raise InputError(f'{source}: entry = "{entry}" needs style = "function"')
    default = "values" if style is CallStyle.FUNCTION else "tokens"
    checker = table.get("checker", default)
    try:
        checkers.get(checker)
    except InputError as error:
        raise InputError(f"{source}: {error}") from error
    limits = _limits(table.get("limits", {}), source)
    return Settings(source, table.get("id", ""), table.get("title", ""), style, entry, starter, checker, limits)


def _check_keys(table: dict[str, Any], known: tuple[str, ...], source: str, where: str) -> None:
    for key in table:
        if key not in known:
            raise InputError(f"{source}: unknown key {where}{key}; the keys are {', '.join(known)}")


def _style(table: dict[str, Any], source: str) -> CallStyle:
    inferred = "function" if table.get("entry") or table.get("starter") else "stdin"
    try:
        return CallStyle(table.get("style", inferred))
    except ValueError as error:
        raise InputError(f'{source}: style must be "stdin" or "function", not "{table["style"]}"') from error


def _starter(starter: str, source: str, folder: Path | None) -> str:
    if folder is not None and "\n" not in starter and starter.endswith(".py"):
        return read_text(folder / starter)
    return starter.strip("\n") + "\n" if starter.strip() else ""


def last_function(starter: str) -> str | None:
    """The entry that a starter announces: its last function, or the last method of its last class."""
    tree = parsed(starter)
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    last = next((node for node in (tree.body[::-1] if tree else ()) if isinstance(node, kinds)), None)
    if not isinstance(last, ast.ClassDef):
        return last.name if last else None
    methods = [node.name for node in last.body if isinstance(node, kinds[:2])]
    return f"{last.name}.{methods[-1]}" if methods else None


def _limits(table: Any, source: str) -> Limits:
    if not isinstance(table, dict):
        raise InputError(f"{source}: limits must be a table [limits]")
    _check_keys(table, _LIMITS, source, "limits.")
    for key, value in table.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e9:
            raise InputError(f"{source}: limits.{key} must be a number above 0")
        if key == "memory_mb" and value < 1:
            raise InputError(f"{source}: limits.memory_mb must be at least 1")
    usual = Limits()
    cpu = float(table.get("cpu_seconds", usual.cpu_seconds))
    return Limits(
        cpu_seconds=cpu,
        wall_seconds=float(table.get("wall_seconds", usual.wall_seconds / usual.cpu_seconds * cpu)),
        memory_mb=int(table.get("memory_mb", usual.memory_mb)),
        output_bytes=int(table.get("output_kb", usual.output_bytes / 1024) * 1024),
    )
