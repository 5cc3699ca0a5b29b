"""LiveCodeBench (Jain et al. 2024, arXiv 2403.07974): problems of AtCoder, LeetCode and Codeforces.

`code_generation_lite` as its authors publish it, test.jsonl to test6.jsonl, with public and private test cases; or the
problems that the results of a submission repeat (eval_all.json), whose tests are then read from the statements and
serve as public and as hidden ones. Programs run, as at its authors', behind a header of imports.
"""

import base64
import binascii
import json
import pickletools
import re
import zlib
from collections.abc import Iterator
from typing import Any

from distinguo.datasets.about import About, day, word
from distinguo.datasets.formats import Format, Record
from distinguo.datasets.leetcode import HEADER, Signature, behind_header
from distinguo.datasets.limits import OF_PYTHON
from distinguo.datasets.statements import printed_checker, printed_tests, returned_tests
from distinguo.errors import InputError
from distinguo.problem import CallStyle, HiddenTests, Problem, Test

RELEASES = (*(f"release_v{number}" for number in range(1, 7)), "release_latest")
"""Its releases: the first so many of the files test.jsonl, test2.jsonl to test6.jsonl; the latest is all of them."""

_FILES = ("test.jsonl", *(f"test{number}.jsonl" for number in range(2, 7)))
_RANGE = re.compile(r"v([1-6])(?:(?:\.\.|_)v([1-6]))?")

FILES: dict[str, tuple[str, ...]] = {
    "": _FILES,
    **{f"release_v{number}": _FILES[:number] for number in range(1, 7)},
    "release_latest": _FILES,
    **{f"v{first}..v{last}": _FILES[first - 1 : last] for first in range(1, 7) for last in range(first, 7)},
}
"""The files of a release, and those of a range: what the releases from the first to the last of it added."""


def named_range(text: str) -> str:
    """The range of files that `v2..v4`, `v2_v4` (as the authors write it) or `v2` (its file alone) means, or ""."""
    match = _RANGE.fullmatch(text)
    found = f"v{match[1]}..v{match[2] or match[1]}" if match else ""
    return found if found in FILES else ""


# As its authors list them, by id or, on LeetCode, by title. The expected answers of the first are one of several; those
# of the second are wrong.
SEVERAL_ANSWERS = frozenset(
    (
        *("abc311_c", "abc326_d", "abc327_b", "abc333_e", "abc343_a", "abc343_e", "abc362_c"),
        *("find-words-containing-character", "find-the-peaks", "generate-binary-strings-without-adjacent-zeros"),
    )
)
WRONG_HIDDEN_TESTS = frozenset(("abc350_c", "apply-operations-to-make-string-empty", "most-frequent-ids"))

_FIELDS = ("question_title", "question_content", "platform", "question_id", "starter_code")
_LARGEST_TESTS = 1 << 30  # bytes of one problem's tests, unpacked


def _key(record: Any) -> str:
    if not isinstance(record, dict) or not all(isinstance(record.get(field), str) for field in _FIELDS):
        raise InputError(f"a LiveCodeBench problem has the texts {', '.join(_FIELDS)}")
    return str(record["question_id"])


def _problem(record: Record) -> Problem:
    signature = _signature(record)
    statement = record["question_content"]
    tests = _cases(record, "public_test_cases") or _stated(record)
    if _names(record) & SEVERAL_ANSWERS:
        tests = tuple(Test(test.name, test.input) for test in tests)
    return Problem(
        id=record["question_id"],
        statement=f"# {record['question_title']}\n\n{statement}".replace("\r\n", "\n"),
        style=CallStyle.FUNCTION if signature else CallStyle.STDIN,
        entry=signature.entry if signature else None,
        starter=f"{HEADER}\n\n{record['starter_code']}" if signature else "",
        public_tests=tests,
        limits=OF_PYTHON,
        checker="json" if signature else printed_checker(statement),
    )


def _names(record: Record) -> set[str]:
    return {record["question_id"], record["question_title"]}


def _hidden(record: Record) -> HiddenTests | None:
    """Public and private test cases, as the authors grade; of a submission's problems the tests of the statement."""
    tests = tuple(
        Test(f"{kind}/{test.name}", test.input, test.expected)
        for kind in ("public", "private")
        for test in _cases(record, f"{kind}_test_cases")
    )
    tests = tests or _stated(record)
    return HiddenTests(record["question_id"], tests) if tests else None


def _signature(record: Record) -> Signature | None:
    if not record["starter_code"].strip():
        return None
    return Signature(record["starter_code"], _function(record.get("metadata")))


def _function(metadata: Any) -> str:
    """The function's name in a problem's metadata; those of a submission say nothing of it."""
    try:
        found = json.loads(metadata).get("func_name", "")
    except (ValueError, TypeError, AttributeError, RecursionError):
        return ""
    return found if isinstance(found, str) else ""


def _stated(record: Record) -> tuple[Test, ...]:
    signature = _signature(record)
    statement = record["question_content"]
    return returned_tests(statement, signature) if signature else printed_tests(statement)


# --- test cases


def _cases(record: Record, field: str) -> tuple[Test, ...]:
    text = record.get(field)
    where = f"{field} of {record['question_id']}"
    if not text and not isinstance(text, list):
        return ()
    if not isinstance(text, str):
        raise InputError(f"{where} must be a text, as its authors publish it")
    try:
        cases = json.loads(text if text.lstrip().startswith("[") else _unpacked(text))
    except (ValueError, RecursionError, binascii.Error, zlib.error) as error:
        raise InputError(f"{where} cannot be read: {error}") from error
    signature = _signature(record)
    return tuple(_tests(cases, signature, where))


def _tests(cases: Any, signature: Signature | None, where: str) -> Iterator[Test]:
    for number, case in enumerate(cases if isinstance(cases, list) else [None], 1):
        match case:
            case {"input": str(given), "output": str(expected)}:
                if signature is None:
                    yield Test(str(number), given, expected)
                    continue
                try:
                    arguments = [json.loads(line) for line in given.split("\n") if line.strip()]
                    yield signature.test(str(number), arguments, json.loads(expected))
                except (ValueError, RecursionError) as error:
                    raise InputError(f"{where}, test {number}: the values are no JSON: {error}") from error
            case _:
                raise InputError(f"{where} are no list of tests with input and output")


def _unpacked(text: str) -> str:
    """The text in base64 of zlib of a pickle. Raises ValueError for a pickle of anything but a text."""
    expander = zlib.decompressobj()
    content = expander.decompress(base64.b64decode(text), _LARGEST_TESTS)
    if expander.unconsumed_tail:
        raise ValueError(f"they are larger than {_LARGEST_TESTS >> 20} MiB")
    found = None
    for opcode, argument, _ in pickletools.genops(content):  # names the steps of a pickle and takes none
        if opcode.name in ("BINUNICODE", "BINUNICODE8", "SHORT_BINUNICODE") and found is None:
            found = argument
        elif opcode.name not in ("PROTO", "FRAME", "MEMOIZE", "BINPUT", "STOP"):
            raise ValueError("their pickle holds more than a text")
    if not isinstance(found, str):
        raise ValueError("their pickle holds no text")
    return found


def _about(record: Record) -> About:
    return About(word(record.get("difficulty")), word(record["platform"]).lower(), day(record.get("contest_date")))


def erratum(names: set[str]) -> str:
    """What its authors list as wrong with the problem of this id or title, or ""."""
    if names & SEVERAL_ANSWERS:
        return "several answers are right, of which its hidden tests accept one"
    return "its hidden tests are wrong" if names & WRONG_HIDDEN_TESTS else ""


def _erratum(record: Record) -> str:
    return erratum(_names(record))


FORMAT = Format("LiveCodeBench", _FIELDS, _key, _problem, _hidden, behind_header, about=_about, erratum=_erratum)
"""Its problems with test cases, and the problems in results of a submission."""
