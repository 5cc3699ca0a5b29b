"""The test code of HumanEval+ and MBPP+ (Liu et al. 2023, arXiv 2305.01210): a program beside the reference program.

This text runs in the sandbox, in front of the inputs of one task, and imports only the standard library. It decides as
EvalPlus does: equal, or for floats close; tasks with more than one right answer have rules of their own.
"""

import copy
import math
from typing import Any

_FLOATS = 1e-6  # absolute tolerance where an expected value is made of floats and the task names none
_RELATIVE = 1e-7
_AS_SETS = (
    *("similar_elements", "find_char_long", "common_in_nested_lists", "extract_singly", "larg_nnum"),
    *("intersection_array", "find_dissimilar", "Diff"),
)
_WHETHER_NONE = ("check_str", "text_match_three", "text_starta_endb")


class Task:
    """One task: what the program's results are compared with."""

    def __init__(self, reference: str, entry: str, tolerance: float, is_mbpp: bool) -> None:
        """reference: the source of the reference program. tolerance: absolute; 0 for none."""
        scope: dict[str, Any] = {"__name__": "reference"}
        exec(reference, scope)
        self._reference = scope[entry]
        self._entry = entry
        self._tolerance = tolerance
        self._is_mbpp = is_mbpp

    def accepts(self, arguments: list[Any], output: Any) -> bool:
        """Whether the program's output for these arguments is right."""
        if self._entry == "find_zero" and not self._is_mbpp:  # HumanEval/32: any root of the polynomial
            value = sum(factor * math.pow(output, power) for power, factor in enumerate(arguments[0]))
            return bool(abs(value) <= self._tolerance)
        expected = self._reference(*copy.deepcopy(arguments))
        equal = bool(output == expected)
        if self._is_mbpp:
            equal = self._equal(arguments, output, expected, equal)
        if self._tolerance == 0 and _is_floats(expected):
            self._tolerance = _FLOATS  # from here on for the whole task, as EvalPlus has it
        return equal or (self._tolerance != 0 and self._close(output, expected))

    def _equal(self, arguments: list[Any], output: Any, expected: Any, equal: bool) -> bool:
        """The rules of single MBPP tasks, some of which are ambiguous."""
        if self._entry == "are_equivalent":
            return True
        if self._entry == "sum_div":
            return equal or output == 0
        if self._entry == "surface_Area":
            edge, height = arguments
            slanted = round(edge**2 + 2 * edge * math.hypot(edge / 2, height))
            return equal or abs(output - slanted) <= self._tolerance
        if self._entry == "digit_distance_nums":
            one, other = (str(number) for number in arguments)
            width = max(len(one), len(other))
            pairs = zip(one.zfill(width), other.zfill(width), strict=True)
            return equal or output == sum(abs(int(a) - int(b)) for a, b in pairs)
        if self._entry in _AS_SETS:
            return set(output) == set(expected)
        if self._entry in _WHETHER_NONE:
            found = expected is not None
            return output == found if isinstance(output, bool) else found == (output is not None)
        return equal

    def _close(self, output: Any, expected: Any) -> bool:
        """As numpy.allclose: |a - b| <= absolute + relative * |b| in every place."""
        if type(output) is not type(expected):
            return False
        if not isinstance(expected, (list, tuple)):
            return self._near(output, expected)
        return len(output) == len(expected) and all(map(self._near_within, output, expected))

    def _near_within(self, output: Any, expected: Any) -> bool:
        if isinstance(expected, (list, tuple)):
            return len(output) == len(expected) and all(map(self._near_within, output, expected))
        return self._near(output, expected)

    def _near(self, output: Any, expected: Any) -> bool:
        if output == expected:
            return True
        if not (math.isfinite(output) and math.isfinite(expected)):
            return False
        return bool(abs(output - expected) <= self._tolerance + _RELATIVE * abs(expected))


def _is_floats(value: Any) -> bool:
    items = value if isinstance(value, (list, tuple)) else [value]
    return bool(items) and all(isinstance(item, float) for item in items)
