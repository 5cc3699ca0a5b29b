"""Comparison of Python values."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from distinguo import values
from distinguo.checkers.numbers import Number, Tolerance
from distinguo.checkers.printed import cut, show
from distinguo.values import ListNode, TreeNode, make_list, make_tree, node_values

VALUE_LENGTH = 1 << 18  # characters up to which a returned value is parsed; longer ones are compared as text


class _NoValue(Exception):
    """The text is not the literal of a value."""


@dataclass(frozen=True, slots=True)
class ValueChecker:
    """Compares values written as distinguo.values literals.

    json: as LeetCode compares them, which knows only JSON: a tuple is a list, and True is not 1.
    """

    name: str
    tolerance: Tolerance | None = None
    json: bool = False

    def accepts(self, output: str, expected: str) -> bool:
        """See Checker."""
        if not _may_be_value(output):
            return False
        if max(len(output), len(expected)) > VALUE_LENGTH:
            return self._text(output) == self._text(expected)
        try:
            got = self._load(output)
            return output == expected or self._same(got, self._load(expected))
        except _NoValue:
            return False

    def canonical(self, output: str) -> str:
        """See Checker."""
        if len(output) > VALUE_LENGTH or not _may_be_value(output):
            return self._text(output)
        try:
            return self._form(self._load(output))
        except _NoValue:
            return f"<not a literal> {output}"

    def difference(self, output: str, expected: str) -> str:
        """See Checker."""
        if self.accepts(output, expected):
            return ""
        try:
            if max(len(output), len(expected)) > VALUE_LENGTH:
                return f"{show(output)} instead of {show(expected)}"
            return self._value_difference(self._load(output), self._load(expected), "")
        except _NoValue:
            return f"{show(output)} is not a value that can be compared with {show(expected)}"

    def _load(self, text: str) -> Any:
        try:
            value = values.loads(text)
        except values.ValueTextError as error:
            raise _NoValue from error
        return _listed(value) if self.json else value

    def _text(self, literal: str) -> str:
        """A long literal as it is compared: with JSON's brackets, unless a text in it may hold some."""
        if not self.json or "'" in literal or '"' in literal:
            return literal
        return literal.replace("(", "[").replace(",)", "]").replace(")", "]")

    def _same(self, output: Any, expected: Any) -> bool:
        if self.tolerance is None:
            return self._form(output) == self._form(expected)
        match output, expected:
            case (bool(), _) | (_, bool()) if self.json:
                return output is expected
            case (int() | float(), int() | float()):
                return self.tolerance.near(output, expected)
            case (list(), list()) | (tuple(), tuple()):
                return self._all_same(output, expected)
            case (ListNode(), ListNode()) | (TreeNode(), TreeNode()):
                return self._all_same(node_values(output), node_values(expected))
            case (set() | frozenset(), set() | frozenset()):
                return self._all_same(sorted(output, key=self._form), sorted(expected, key=self._form))
            case (dict(), dict()):
                got, wanted = _by_key(output), _by_key(expected)
                return got.keys() == wanted.keys() and all(self._same(got[key], wanted[key]) for key in wanted)
        return self._form(output) == self._form(expected)

    def _all_same(self, output: Sequence[Any], expected: Sequence[Any]) -> bool:
        return len(output) == len(expected) and all(map(self._same, output, expected))

    def _form(self, value: Any) -> str:
        """A text that equal values share."""
        cell = _exact if self.tolerance is None else self.tolerance.cell
        return _form(
            value, (lambda number: str(number) if isinstance(number, bool) else cell(number)) if self.json else cell
        )

    def _value_difference(self, output: Any, expected: Any, path: str) -> str:
        where = f"at {path}: " if path else ""
        got_kind, wanted_kind = type(output).__name__, type(expected).__name__
        match output, expected:
            case (list(), list()) | (tuple(), tuple()):
                if len(output) != len(expected):
                    return f"{where}a {got_kind} of length {len(output)} instead of {len(expected)}"
                pairs = zip(output, expected, strict=True)
                index = next((i for i, (got, wanted) in enumerate(pairs) if not self._same(got, wanted)), None)
                if index is not None:
                    return self._value_difference(output[index], expected[index], f"{path}[{index}]")
            case (dict(), dict()):
                got, wanted = _by_key(output), _by_key(expected)
                key = next((k for k in wanted if k in got and not self._same(got[k], wanted[k])), None)
                if key is not None:
                    return self._value_difference(got[key], wanted[key], f"{path}[{cut(key)}]")
        kinds = {got_kind, wanted_kind}
        if len(kinds) == 2 and not kinds <= {"int", "float"} and "NoneType" not in kinds:
            return f"{where}{got_kind} {_literal(output)} instead of {wanted_kind} {_literal(expected)}"
        return f"{where}{_literal(output)} instead of {_literal(expected)}"


def _may_be_value(text: str) -> bool:
    return not text.startswith("<")  # how the sandbox begins the text of a result that has no literal form


def _listed(value: Any) -> Any:
    """The value with lists in place of tuples."""
    match value:
        case list() | tuple():
            return [_listed(item) for item in value]
        case dict():
            return {key: _listed(item) for key, item in value.items()}
        case ListNode():
            return make_list(_listed(node_values(value)))
        case TreeNode():
            return make_tree(_listed(node_values(value)))
    return value


def _form(value: Any, number: Callable[[Number], str]) -> str:
    match value:
        case int() | float():
            return number(value)
        case complex():
            return number(value.real) if value.imag == 0 else repr(value + 0j)
        case list():
            return "[" + ", ".join([_form(item, number) for item in value]) + "]"
        case tuple():
            return "(" + ", ".join([_form(item, number) for item in value]) + ",)"
        case set() | frozenset():
            return "set(" + ", ".join(sorted(_form(item, number) for item in value)) + ")"
        case dict():
            return "{" + ", ".join(sorted(f"{_form(k, _exact)}: {_form(v, number)}" for k, v in value.items())) + "}"
        case ListNode() | TreeNode():
            return f"{type(value).__name__}({_form(node_values(value), number)})"
    return values.dumps(value)


def _exact(number: Number) -> str:
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    return values.dumps(int(number) if isinstance(number, bool) else number)


def _by_key(value: dict[Any, Any]) -> dict[str, Any]:
    return {_form(key, _exact): item for key, item in value.items()}


def _literal(value: Any) -> str:
    return cut(values.dumps(value))
