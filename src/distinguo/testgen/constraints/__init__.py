"""Which inputs a statement allows, as far as its bounds are understood; without a model.

Names are bound to a function's parameters, or to the words of standard input by the layout that the statement draws.
Whatever the public tests' inputs contradict was misread and is forgotten, so an input that is like them is allowed.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from distinguo import values
from distinguo.problem import CallStyle, Problem, Program
from distinguo.testgen.constraints import bounds as stating
from distinguo.testgen.constraints import layout
from distinguo.testgen.constraints.bounds import Bound
from distinguo.testgen.signatures import signature

__all__ = ["Constraints"]

LARGE = 1_000  # from which on a bound lets inputs grow until slow programs show
DIGITS = 30  # of a word that is read as a number


class Constraints:
    """The bounds of one problem's inputs.

    bounds: what holds, by the names of places. programs: show a function's parameters where the problem does not.
    """

    def __init__(self, problem: Problem, programs: Sequence[Program]) -> None:
        self._layout = layout.read(problem.statement) if problem.style is CallStyle.STDIN else None
        called = signature(problem, programs)
        self._names = called.names if called is not None else ()
        self._of_function = problem.style is CallStyle.FUNCTION
        stated = stating.read(problem.statement) if self._layout or self._names else ()
        known = [self._things(test.input) for test in problem.public_tests]
        placed = stating.merged(bound for each in stated if (bound := self._placed(each)) is not None)
        self.bounds = tuple(bound for bound in placed if not any(_objection(bound, things) for things in known))

    @property
    def longest(self) -> int | None:
        """The greatest length or number of things that is stated; None where none is."""
        counts = self._layout.counts if self._layout else frozenset[str]()
        highs = [
            int(bound.high) - bound.below
            for bound in self.bounds
            if bound.high is not None and ((bound.of_length and not bound.path) or bound.name in counts)
        ]
        return max(highs, default=None)

    @property
    def grows(self) -> bool:
        """Whether a length or a number is stated that may be large."""
        return any(bound.high is not None and bound.high >= LARGE for bound in self.bounds)

    def fault(self, text: str) -> str:
        """Which bound an input does not keep, in one line, or ""."""
        things = self._things(text) if self.bounds else {}
        return next((objection for bound in self.bounds if (objection := _objection(bound, things))), "")

    def _placed(self, bound: Bound) -> Bound | None:
        """The bound by the name of a place; None where there is none of that name."""
        if self._of_function:
            return bound if bound.name in self._names else None
        name, _, _ = bound.name.partition("_")
        drawn = self._layout is not None and any(name in (*line.names, line.rest) for line in self._layout.lines)
        return Bound(name, (None,), bound.of_length, bound.low, bound.high, bound.above, bound.below) if drawn else None

    def _things(self, text: str) -> Mapping[str, Any]:
        """The values in an input by the names of their places."""
        if not self._of_function:
            read = self._layout.read(text) if self._layout else None
            return {name: [_value(word) for word in words] for name, words in (read or {}).items()}
        try:
            arguments = values.loads(text)
        except values.ValueTextError:
            return {}
        return dict(zip(self._names, arguments, strict=False)) if isinstance(arguments, tuple) else {}


def _value(word: str) -> int | float | str:
    """A word as a number where it is one."""
    if len(word) <= DIGITS:
        for kind in (int, float):
            try:
                return kind(word)
            except ValueError:
                continue
    return word


def _objection(bound: Bound, things: Mapping[str, Any]) -> str:
    """What in an input does not keep a bound, or ""."""
    if bound.name not in things:
        return ""
    for value in _at(things[bound.name], bound.path):
        number = _length(value) if bound.of_length else value
        if isinstance(number, (int, float)) and not isinstance(number, bool) and (why := bound.objection(number)):
            what = f"a length of {bound.name}" if bound.of_length else f"{bound.name}, {str(number)[:DIGITS]},"
            return f"{what} {why}"
    return ""


def _at(value: Any, path: Sequence[int | None]) -> Iterator[Any]:
    """The values behind indices, every item for None."""
    if not path:
        yield value
    elif isinstance(value, (list, tuple)):
        place, *further = path
        for item in value if place is None else value[place : place + 1]:
            yield from _at(item, further)


def _length(value: Any) -> int | None:
    return len(value) if isinstance(value, (str, list, tuple, set, frozenset, dict)) else None
