"""Tests from statements of AtCoder, Codeforces and LeetCode, as LiveCodeBench has their text."""

import json
import re
from collections.abc import Iterator

from distinguo.datasets.leetcode import Signature
from distinguo.problem import Test

_INPUT = re.compile(r"Sample Input (\d+)(:?)[ \t\r]*\n")
_OUTPUT = re.compile(r"Sample Output (\d+):?[ \t\r]*\n")
_EXAMPLE = re.compile(r"^[ \t]*Input:?[ \t]*(.*?)^[ \t]*Output:?[ \t]*", re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"[\s,]*(?:([A-Za-z_]\w*)\s*=\s*)?")
_ERROR = re.compile(r"\berror\b[^.]{0,80}?10 ?\^ ?\{?-(\d{1,2})\}?")
_ABSOLUTE_ONLY = re.compile(r"(?<!or )\babsolute error\b(?! or)")
_ANY_CASE = re.compile(r"in any case\b|recognized as (?:a )?positive|case[- ]insensitive")


def printed_tests(statement: str) -> tuple[Test, ...]:
    """The samples of a problem on standard input, `Sample Input k` with `Sample Output k`."""
    tests = list[Test]()
    for match in _INPUT.finditer(statement):
        output = _OUTPUT.search(statement, match.end())
        if output is None or output.group(1) != match.group(1):
            continue
        given = statement[match.end() : output.start()]
        if match.group(2):  # Codeforces, with a blank line behind every input line
            given = re.sub(r"\n{2,}", "\n", _unix(given))
        tests.append(Test(output.group(1), _line_ended(given), _line_ended(_until_blank(statement[output.end() :]))))
    return tuple(tests)


def _until_blank(text: str) -> str:
    """The output, whose end is a blank line. What stands behind it is an explanation or the next sample.

    Line ends within a sample may be CRLF; those round it are LF, so that an output may hold CRLF blank lines.
    """
    return text.removeprefix("\n").partition("\n\n")[0]


def _line_ended(text: str) -> str:
    text = _unix(text).strip("\n")
    return f"{text}\n" if text else ""


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def printed_checker(statement: str) -> str:
    """The checker that the statement asks for: a tolerance for decimals, or upper and lower case alike."""
    error = _ERROR.search(statement)
    if error and 1 <= int(error.group(1)) <= 15:
        kind = "float-abs" if _ABSOLUTE_ONLY.search(statement) else "float"
        return f"{kind}:1e-{int(error.group(1))}"
    return "caseless" if _ANY_CASE.search(statement) else "tokens"


def returned_tests(statement: str, signature: Signature) -> tuple[Test, ...]:
    """The examples of a function, `Input: a = [1,2], b = "x"` with `Output: true`; those that say less are left out."""
    tests = list[Test]()
    for match in _EXAMPLE.finditer(_unix(statement)):
        given = list(_values(match.group(1)))
        expected = next(_values(match.string[match.end() :]), None)
        if len(given) != len(signature.parameters) or expected is None:
            continue
        test = signature.test(str(len(tests) + 1), [value for _, value in given], expected[1])
        tests.append(test)
    return tuple(tests)


def _values(text: str) -> Iterator[tuple[str, object]]:
    """The JSON values of a text one after another, each with the name in front of it; up to what is none."""
    position, decoder = 0, json.JSONDecoder()
    while match := _NAME.match(text, position):
        try:
            value, position = decoder.raw_decode(text, match.end())
        except (ValueError, RecursionError):
            return
        yield match.group(1) or "", value
