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

from distinguo.datasets.dataset import Format, Record
from distinguo.datasets.leetcode import HEADER, Signature
from distinguo.datasets.statements import printed_checker, printed_tests, returned_tests
from distinguo.errors import InputError
from distinguo.problem import CallStyle, HiddenTests, Limits, Problem, Test

RELEASES = {f"release_v{number}": number for number in range(1, 7)}
"""How many of the files test.jsonl, test2.jsonl, ... a release consists of."""

# As its authors list them. The expected answers of the first are one of several; those of the second are wrong.
SEVERAL_ANSWERS = frozenset(
    (
        *("abc311_c", "abc326_d", "abc327_b", "abc333_e", "abc343_a", "abc343_e", "abc362_c"),
        *("find-words-containing-character", "find-the-peaks", "generate-binary-strings-without-adjacent-zeros"),
    )
)
WRONG_HIDDEN_TESTS = frozenset(("abc350_c", "apply-operations-to-make-string-empty", "most-frequent-ids"))

_FIELDS = ("question_title", "question_content", "platform", "question_id", "starter_code")
# The authors give a test six seconds; programs that they call right take 5.8 of them on a slower and busy machine.
_LIMITS = Limits(cpu_seconds=10.0, wall_seconds=30.0, memory_mb=1024, output_bytes=16 << 20)
_LARGEST_TESTS = 1 << 30  # bytes of one problem's tests, unpacked
_FUTURE = re.compile(r"^from __future__ import .*\n", re.MULTILINE)


def _key(record: Any) -> str:
    if not isinstance(record, dict) or not all(isinstance(record.get(field), str) for field in _FIELDS):
        raise InputError(f"a LiveCodeBench problem has the texts {', '.join(_FIELDS)}")
    return str(record["question_id"])


def _problem(record: Record) -> Problem:
    signature = _signature(record)
    statement = record["question_content"]
    tests = _cases(record, "public_test_cases") or _stated(record)
    if not {record["question_id"], record["question_title"]}.isdisjoint(SEVERAL_ANSWERS):
        tests = tuple(Test(test.name, test.input) for test in tests)
    return Problem(
        id=record["question_id"],
        statement=f"# {record['question_title']}\n\n{statement}".replace("\r\n", "\n"),
        style=CallStyle.FUNCTION if signature else CallStyle.STDIN,
        entry=signature.entry if signature else None,
        starter=f"{HEADER}\n\n{record['starter_code']}" if signature else "",
        public_tests=tests,
        limits=_LIMITS,
        checker="json" if signature else printed_checker(statement),
    )


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


def _program(source: str) -> str:
    """The program behind the header, but for what must stand first."""
    if HEADER in source:
        return source
    futures = "".join(_FUTURE.findall(source))
    return f"{futures}{HEADER}\n{_FUTURE.sub('', source)}"


FORMAT = Format("LiveCodeBench", _FIELDS, _key, _problem, _hidden, _program)
"""Its problems with test cases, and the problems in results of a submission."""
