"""Python values as text: Python literals, extended by nan, inf, set() and frozenset({...}).

It serves as test input, as expected answer, and as a program's result on its way out of the sandbox. Sets are written
in a fixed order, dictionaries in their own, which a program can see; comparing values is the work of checkers.py.
This file imports only the standard library because the sandbox's child loads it too.
"""

import ast
import cmath
import warnings
from typing import Any

_DEPTH = 180  # below the 200 nested brackets that CPython's own parser accepts
_DECIMAL_DIGITS = 4000  # below the length at which int() refuses decimal text


class ValueTextError(ValueError):
    """A value has no literal text, or a text is no literal."""


def dumps(value: Any) -> str:
    """Write a value as a literal; subclasses of the built-in types are written as the built-in type.

    Raises ValueTextError for any other type, for cycles and for nesting deeper than 180.
    """
    return _dump(value, 0)


def _dump(value: Any, depth: int) -> str:
    if depth > _DEPTH:
        raise ValueTextError("the value is nested too deeply or refers to itself")
    if value is None or value is True or value is False:
        return str(value)
    if isinstance(value, int):
        return _int_text(int.__int__(value))
    if isinstance(value, float):
        return float.__repr__(value)
    if isinstance(value, complex):
        if not cmath.isfinite(value):
            raise ValueTextError("a complex number that is not finite has no literal form")
        return repr(complex.__add__(value, 0j))  # literals cannot hold the sign of a complex number's zeros
    if isinstance(value, str):
        return str.__repr__(value)
    if isinstance(value, (bytes, bytearray)):
        return repr(bytes(value))
    if isinstance(value, list):
        return "[" + ", ".join([_dump(item, depth + 1) for item in list.__iter__(value)]) + "]"
    if isinstance(value, tuple):
        items = [_dump(item, depth + 1) for item in tuple.__iter__(value)]
        return "(" + ", ".join(items) + (",)" if len(items) == 1 else ")")
    if isinstance(value, dict):
        pairs = [f"{_dump(key, depth + 1)}: {_dump(item, depth + 1)}" for key, item in dict.items(value)]
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, (set, frozenset)):
        members = sorted([_dump(item, depth + 1) for item in iter(value)])
        if isinstance(value, frozenset):
            return "frozenset({" + ", ".join(members) + "})" if members else "frozenset()"
        return "{" + ", ".join(members) + "}" if members else "set()"
    raise ValueTextError(f"a value of type {type(value).__name__} has no literal form")


def _int_text(value: int) -> str:
    return str(value) if value.bit_length() < _DECIMAL_DIGITS * 3 else hex(value)


def loads(text: str) -> Any:
    """Read a literal. Nothing is executed. Raises ValueTextError when the text is no literal."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape in a text is no one's business here
            return _load(ast.parse(text.strip(), mode="eval").body)
    except ValueTextError:
        raise
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError, OverflowError) as error:
        raise ValueTextError(f"not a Python literal: {text[:80]!r}") from error


def _load(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=value) if value is not Ellipsis:
            return value
        case ast.List(elts=items):
            return [_load(item) for item in items]
        case ast.Tuple(elts=items):
            return tuple(_load(item) for item in items)
        case ast.Set(elts=items):
            return {_load(item) for item in items}
        case ast.Dict(keys=keys, values=values) if None not in keys:
            return {_load(key): _load(item) for key, item in zip(keys, values, strict=True) if key is not None}
        case ast.Name(id="nan" | "inf" as name):
            return float(name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_number(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _number(operand)
        case ast.BinOp(left=left, op=ast.Add(), right=ast.Constant(value=complex()) as right):
            return _number(left) + _load(right)
        case ast.BinOp(left=left, op=ast.Sub(), right=ast.Constant(value=complex()) as right):
            return _number(left) - _load(right)
        case ast.Call(func=ast.Name(id="set"), args=[], keywords=[]):
            return set()
        case ast.Call(func=ast.Name(id="frozenset"), args=[], keywords=[]):
            return frozenset()
        case ast.Call(func=ast.Name(id="frozenset"), args=[ast.Set() as members], keywords=[]):
            return frozenset(_load(members))
    raise ValueTextError(f"{type(node).__name__} is not part of a Python literal")


def _number(node: ast.expr) -> Any:
    value = _load(node)
    if isinstance(value, bool) or not isinstance(value, (int, float, complex)):
        raise ValueTextError("only a number can have a sign")
    return value
