"""Test code is compiled by the host: what does not compile says so, and what does is executed as it stands."""

import marshal
import subprocess
import sys
import warnings
from types import CodeType
from typing import Any

import pytest
from fakes.executors import InProcessExecutor
from fakes.grading import DOUBLE, function

from distinguo.grading import grade, testcode
from distinguo.grading.testcode import TestCode, test_code
from distinguo.problem import HiddenTests

BROKEN = {
    "no syntax": ("def check(candidate) assert", "expected ':' (<unknown>, line 1)"),
    "a statement out of place": ("assert f(1) == 2\nreturn", "'return' outside function (tests.py, line 2)"),
    "a null byte": ("assert f(1) == '\0'", "source code string cannot contain null bytes"),
    "a lone surrogate": ("assert f(1) == '\ud800'", "surrogates not allowed"),
    "too many brackets": ("assert f" + "(" * 300 + ")" * 300, "too many nested parentheses"),
    "too deep": ("assert f(1)" + ".real" * 10_000, "maximum recursion depth exceeded"),
}


@pytest.mark.parametrize("kind", BROKEN)
async def test_test_code_that_does_not_compile_gives_no_verdict_and_nothing_runs(kind: str) -> None:
    assertions, why = BROKEN[kind]
    executor = InProcessExecutor()
    result = await grade(function("return x"), DOUBLE, HiddenTests("double", assertions=assertions), executor)
    assert result.verdict is None
    assert result.detail.startswith("the test code does not compile: ")
    assert why in result.detail
    assert len(result.detail) <= 500
    assert executor.runs == []


def test_a_starter_that_does_not_compile_gives_no_verdict() -> None:
    code = test_code("return 3", "assert f(1) == 2", "f")
    assert code.broken == "the test code does not compile: 'return' outside function (starter.py, line 1)"


def test_test_code_beyond_all_measure_is_not_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(testcode, "_LONGEST", 1000)
    assertions = "assert f(1) == 2\n"
    assert not test_code("", assertions, "f").broken
    assert test_code("#" * 1000, assertions, "f").broken == "the test code is longer than 1,000 characters"
    assert test_code("", assertions * 1000, "f").compiled == b""


def test_numbers_that_would_keep_the_compiler_busy_are_refused() -> None:
    hostile = f"numbers = [{', '.join(str(n * (2**61 - 1)) for n in range(1, 20_000))}]\n"
    assert test_code("", f"{hostile}assert f(1)", "f").broken.endswith("its numbers have the same hashes")
    assert test_code(hostile, "assert f(1)", "f").broken.endswith("its numbers have the same hashes")
    harmless = f"numbers = [{', '.join(f'{n}, -{n}, {n}.0' for n in range(5_000))}]\n"
    assert not test_code("", f"{harmless * 2}assert f(1)", "f").broken


def test_what_is_odd_in_test_code_warns_nobody_and_is_no_error() -> None:
    assertions = "assert f('\\d') is 3\nassert (f(1), 'always true')\n"
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("error")
        assert not test_code("def g(): return '\\d'\n", assertions, "f").broken
    assert told == []


def test_asserts_are_executed_however_distinguo_was_started() -> None:
    program = (
        "import marshal; from distinguo.grading.testcode import test_code\n"
        "_, code, *_ = marshal.loads(test_code('', 'assert f(1) == 2', 'f').compiled)\n"
        "exec(code, {'f': lambda x: x, '__missing__': []})"
    )
    run = subprocess.run([sys.executable, "-OO", "-c", program], capture_output=True, text=True, check=False)
    assert run.stderr.rstrip().endswith("AssertionError")
    assert '"tests.py", line 1' in run.stderr


def _execute(code: TestCode, missing: list[str], **scope: Any) -> dict[str, Any]:
    compiled: CodeType = marshal.loads(code.compiled)[1]
    scope["__missing__"] = missing
    exec(compiled, scope)
    return scope


BLOCKS = {
    "top level": "{}",
    "function": "def g():\n    'text'\n    {}\ng()",
    "class": "class G:\n    'text'\n    {}",
    "if": "if True:\n    {}",
    "else": "if False:\n    pass\nelif False:\n    pass\nelse:\n    {}",
    "for": "for _ in 'a':\n    {}",
    "end of a loop": "for _ in '':\n    pass\nelse:\n    {}",
    "while": "while True:\n    {}\n    break",
    "with": "import contextlib\nwith contextlib.nullcontext():\n    {}",
    "try": "try:\n    {}\nfinally:\n    pass",
    "except": "try:\n    1 / 0\nexcept ZeroDivisionError:\n    {}",
    "try's else": "try:\n    pass\nexcept ValueError:\n    pass\nelse:\n    {}",
    "finally": "try:\n    pass\nfinally:\n    {}",
    "match": "match 1:\n    case 1:\n        {}",
    "lambda beside it": "g = lambda: 1\n{}",
}


@pytest.mark.parametrize("statement", ["assert f() == 1, 'wrong'", "f().fails"])
@pytest.mark.parametrize("block", BLOCKS)
def test_a_statement_that_fails_ends_test_code_only_where_no_call_is_missing(block: str, statement: str) -> None:
    code = test_code("", f"{BLOCKS[block].format(statement)}\nreached = True", "f")
    assert _execute(code, ["(1,)"], f=lambda: 0)["reached"]
    with pytest.raises((AssertionError, AttributeError)):
        _execute(code, [], f=lambda: 0)


def test_texts_that_describe_test_code_stay_in_their_place() -> None:
    found = _execute(test_code("", "'module'\ndef g():\n    'function'\n", "f"), [])
    assert (found["__doc__"], found["g"].__doc__) == ("module", "function")


def test_long_chains_of_branches_compile() -> None:
    chain = "".join(f"elif x == {number}:\n    f(x)\n" for number in range(300))
    assert not test_code("", f"x = 1\nif not x:\n    pass\n{chain}", "f").broken


def test_test_code_is_known_by_its_content() -> None:
    one = test_code("x = 1", "assert f(x)", "f")
    assert one.key == test_code("x = 1", "assert f(x)", "f").key
    others = [("x = 2", "assert f(x)", "f"), ("x = 1", "assert f(x) ", "f"), ("x = 1", "assert f(x)", "x")]
    assert len({one.key, *(test_code(*other).key for other in others)}) == 4
