"""A program behaves as under a real python3, and a function is called as one would call it."""

import subprocess
import sys
from pathlib import Path

import pytest
from contracts.executor import LIMITS, call, calls, run

from distinguo import values
from distinguo.errors import InputError
from distinguo.problem import CallStyle, Limits, Program
from distinguo.records import Called, Verdict
from distinguo.sandbox.pool import Pool

pytestmark = pytest.mark.asyncio(loop_scope="session")

AS_PYTHON = {
    "plain": ("print(sum(map(int, input().split())))", "1 2 3\n"),
    "no newline at the end": ("print(input())", "last"),
    "end of input": ("try:\n    input()\nexcept EOFError:\n    print('end')", ""),
    "lines of stdin": ("import sys\nfor line in sys.stdin: print(repr(line))", "a\nb\n\nc"),
    "carriage returns": ("import sys\nprint([repr(line) for line in sys.stdin])", "a\r\nb\r\n"),
    "carriage returns in the source": ("x = 1\r\nif x:\r\n    print('''a\r\nb''')\r\n", ""),
    "binary stdin": ("import sys\nprint(sys.stdin.buffer.read())", "h\u00e9\n"),
    "descriptor 0": ("import os\nprint(os.read(0, 3), os.read(0, 99))", "abcdef"),
    "reopened stdin": ("print(open(0).read())", "abc\n"),
    "seek in stdin": ("import sys\nprint(sys.stdin.read())\nsys.stdin.seek(0)\nprint(sys.stdin.read())", "again"),
    "unicode": ("print(input()[::-1])", "h\u00e9\u4e2d\U0001f600\n"),
    "surrogate on stdout": ("print('\\ud800')", ""),
    "byte order mark": ("\ufeffprint('ok')", ""),
    "latin-1 cookie": ("# -*- coding: latin-1 -*-\nprint(len('\u00e9'))", ""),
    "buffer and text": ("import sys\nprint('a', flush=True)\nsys.stdout.buffer.write(b'b\\n')", ""),
    "descriptor 1": ("import os\nprint('late')\nos.write(1, b'early\\n')", ""),
    "exit": ("print(1)\nexit()\nprint(2)", ""),
    "quit with a status": ("quit(3)", ""),
    "sys.exit with a text": ("import sys\nsys.exit('why')", ""),
    "sys.exit with a large status": ("import sys\nsys.exit(256)", ""),
    "exit in a thread": ("import sys, threading\nt = threading.Thread(target=sys.exit)\nt.start()\nprint(1)", ""),
    "thread is joined": (
        "import threading, time\ndef f():\n    time.sleep(0.05)\n    print('late')\n"
        "threading.Thread(target=f).start()\nprint('main')",
        "",
    ),
    "daemon thread is not": (
        "import threading, time\nthreading.Thread(target=time.sleep, args=(99,), daemon=True).start()",
        "",
    ),
    "thread pool": (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(8) as e: print(list(e.map(abs, range(-20, 0))))",
        "",
    ),
    "thread pool never shut down": (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "import time\nThreadPoolExecutor(2).submit(lambda: (time.sleep(0.05), print('late')))",
        "",
    ),
    "own traceback": (
        "import sys, traceback\ndef f(x):\n    return 1 // x\ntry:\n    f(0)\nexcept ZeroDivisionError:\n"
        "    traceback.print_exc(file=sys.stdout)",
        "",
    ),
    "own source": ("import inspect\ndef f(x):\n    return x\n\nprint(inspect.getsource(f))", ""),
    "atexit": ("import atexit\natexit.register(print, 'bye')\nprint('hello')", ""),
    "own exception hook": ("import sys\nsys.excepthook = lambda *a: print('hook', a[1])\n1 / 0", ""),
    "closed stdout": ("import sys\nsys.stdout.close()", ""),
    "descriptor 1 closed": ("import os\nos.close(1)\nprint('x')", ""),
    "dataclass": (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass P:\n    x: int\nprint(P(3))",
        "",
    ),
    "pickle of its own class": (
        "import pickle\nclass P: x = 4\nprint(pickle.loads(pickle.dumps(P())).x, P.__module__)",
        "",
    ),
    "main by name": ("import __main__\ny = 5\nprint(__main__.y, __name__)", ""),
    "set order": ("print({'a', 'b', 'c', 'd'}, hash('x'))", ""),
    "null device": ("import sys, os\nprint('no', file=open(os.devnull, 'w'))\nprint('yes')", ""),
    "argv": ("import sys\nprint(len(sys.argv), sys.flags.optimize, __file__)", ""),
    "recursion": (
        "import sys\nsys.setrecursionlimit(10 ** 6)\ndef f(n): return n and 1 + f(n - 1)\nprint(f(10 ** 5))",
        "",
    ),
    "recursion in a thread": (
        "import sys, threading\nsys.setrecursionlimit(10 ** 6)\nthreading.stack_size(1 << 28)\n"
        "def f(n): return n and 1 + f(n - 1)\n"
        "t = threading.Thread(target=lambda: print(f(10 ** 5)))\nt.start()\nt.join()",
        "",
    ),
    "common modules": (
        "import bisect, bz2, collections, datetime, decimal, fractions, functools, hashlib, heapq, itertools, json\n"
        "import lzma, math, operator, queue, random, re, statistics, string, struct, textwrap, typing, uuid, zlib\n"
        "print(decimal.Decimal(1) / 7, hashlib.md5(b'x').hexdigest(), zlib.crc32(b'x'))",
        "",
    ),
}


@pytest.mark.parametrize("name", AS_PYTHON)
async def test_program_behaves_as_under_python3(box: Pool, name: str, tmp_path: Path) -> None:
    source, stdin = AS_PYTHON[name]
    (tmp_path / "program.py").write_bytes(source.encode())
    (tmp_path / "stdin").write_bytes(stdin.encode())
    with (tmp_path / "stdin").open("rb") as file:
        real = subprocess.run(  # noqa: ASYNC221
            [sys.executable, "program.py"],
            stdin=file,
            capture_output=True,
            cwd=tmp_path,
            env={"PYTHONHASHSEED": "0"},
        )
    execution = await box.run(Program(source), stdin, Limits())
    assert execution.output.encode() == real.stdout.replace(str(tmp_path).encode() + b"/", b"")
    assert (execution.status is Verdict.AC) == (real.returncode == 0), (execution, real.stderr)


async def test_nothing_of_the_rehearsal_is_left(box: Pool) -> None:
    source = (
        "import gc, linecache, os, sys\nprint('program' in sys.modules, list(linecache.cache), len(sys.argv))\n"
        "print([o.__name__ for o in gc.get_objects() if isinstance(o, type) and o.__name__ == 'Solution'])\n"
        "print([n for n in os.environ if n.startswith('LD_')], os.get_inheritable(0), sys.stdin.read())"
    )
    execution = await run(box, source, "whole")
    assert execution.output == "False ['program.py'] 1\n[]\n[] True whole\n", execution.error


async def test_traceback_shows_the_programs_lines_only(box: Pool) -> None:
    execution = await run(box, "def f(x):\n    return x[5]\n\nprint(f([]))\n")
    assert execution.error.startswith(
        'Traceback (most recent call last):\n  File "program.py", line 4, in <module>\n    print(f([]))\n'
    )
    assert execution.error.endswith("IndexError: list index out of range\n")
    assert "sandbox" not in execution.error


async def test_syntax_error_points_at_the_line(box: Pool) -> None:
    execution = await run(box, "x = 1\ny = = 2\n")
    assert execution.status is Verdict.CE
    assert execution.error.startswith('  File "program.py", line 2\n    y = = 2\n')


@pytest.mark.parametrize("source", ["x = '\0'", "\0", "(" * 300, "def f(:", "x = '\ud800'", "return 1", "\tx\n  y"])
async def test_program_that_does_not_compile_is_ce(box: Pool, source: str) -> None:
    assert (await run(box, source)).status is Verdict.CE


async def test_empty_program_prints_nothing(box: Pool) -> None:
    execution = await run(box, "")
    assert (execution.status, execution.output, execution.error) == (Verdict.AC, "", "")


async def test_random_numbers_are_the_same_in_every_run(box: Pool) -> None:
    first, second = [await run(box, "import random\nprint(random.random())") for _ in range(2)]
    assert first.output == second.output


async def test_output_that_is_no_utf8_is_shown_with_backslashes(box: Pool) -> None:
    execution = await run(box, "import sys\nsys.stdout.buffer.write(b'a\\xff\\n')")
    assert execution.output == "a\\xff\n"


async def test_lone_surrogate_in_the_input_is_passed_on(box: Pool) -> None:
    execution = await run(box, "import sys\nprint(sys.stdin.buffer.read())", "\ud800")
    assert execution.output == "b'\\xed\\xa0\\x80'\n"


async def test_error_is_the_end_of_stderr_in_whole_lines(box: Pool) -> None:
    execution = await run(box, "import sys\nfor n in range(1000): print('line', n, file=sys.stderr)")
    assert execution.error.startswith("line ")
    assert execution.error.endswith("line 999\n")
    assert 1000 < len(execution.error) <= 2048


async def test_method_is_called_on_a_fresh_instance(box: Pool) -> None:
    source = "class Solution:\n    def __init__(self): self.n = 1\n    def add(self, x): return x + self.n"
    assert (await call(box, source, "(41,)", "Solution.add")).output == "42"


@pytest.mark.parametrize(
    "source,entry,message",
    [
        ("def g(): pass", "f", "the program defines no 'f'"),
        ("def g(): pass", "Solution.f", "the program defines no 'Solution'"),
        ("class Solution: pass", "Solution.f", "the program's class 'Solution' has no method 'f'"),
        ("f = 3", "f", "not callable"),
        ("def f(a, b): pass", "f", "missing 1 required positional argument"),
    ],
)
async def test_call_that_is_impossible_is_rte(box: Pool, source: str, entry: str, message: str) -> None:
    execution = await call(box, source, "(1,)", entry)
    assert execution.status is Verdict.RTE
    assert message in execution.error


@pytest.mark.parametrize("arguments", ["", "1", "(1", "f()", "[1]", "__import__('os')"])
async def test_arguments_that_are_no_tuple_literal_are_rte(box: Pool, arguments: str) -> None:
    execution = await call(box, "def f(*a): return 1", arguments)
    assert (execution.status, execution.output) == (Verdict.RTE, "")
    assert "literal" in execution.error


@pytest.mark.parametrize(
    "text",
    [
        "(nan,)",
        "(-inf, 1e400)",
        "({1: {2: (3,)}}, set(), frozenset({1}))",
        "('\\ud800', b'\\xff')",
        "(" + "9" * 5000 + ",)",
        "(1+2j, True, None, ())",
    ],
)
async def test_values_survive_the_way_in_and_out(box: Pool, text: str) -> None:
    execution = await call(box, "def f(*a): return a", text)
    try:
        expected = values.dumps(values.loads(text))
    except values.ValueTextError:
        assert execution.status is Verdict.RTE
    else:
        assert (execution.status, execution.output) == (Verdict.AC, expected)


async def test_value_without_a_literal_equals_no_literal(box: Pool) -> None:
    execution = await call(box, "def f(): return map(abs, [1])", "()")
    assert (execution.status, execution.output) == (Verdict.AC, "<object of type map>")
    with pytest.raises(values.ValueTextError):
        values.loads(execution.output)


async def test_names_are_not_imported_for_the_program(box: Pool) -> None:
    execution = await call(box, "def f(a: List[int]): return a", "([1],)")
    assert "NameError: name 'List' is not defined" in execution.error


async def test_main_block_is_not_run_for_a_function(box: Pool) -> None:
    execution = await call(box, "def f(): return 1\nif __name__ == '__main__':\n    input()", "()")
    assert (execution.status, execution.output) == (Verdict.AC, "1")


async def test_printed_text_is_cut(box: Pool) -> None:
    execution = await call(box, "def f():\n    print('x' * 10000)\n    return 1", "()")
    assert (execution.output, execution.printed) == ("1", "x" * 4096)


async def test_thread_left_behind_does_not_hold_up_a_result(box: Pool) -> None:
    source = "import threading as t, time\ndef f():\n    t.Thread(target=time.sleep, args=(60,)).start()\n    return 1"
    assert (await call(box, source, "()")).output == "1"


async def test_unknown_language_and_missing_entry_are_input_errors(box: Pool) -> None:
    with pytest.raises(InputError, match="cobol"):
        await box.run(Program("", language="cobol"), "", LIMITS)
    with pytest.raises(InputError, match="function's name"):
        await box.run(Program("", CallStyle.FUNCTION), "()", LIMITS)
    with pytest.raises(InputError, match="only a program with a function"):
        await box.run_calls(Program(""), ["()"])


async def test_each_call_of_a_method_has_its_own_instance(box: Pool) -> None:
    source = "class Solution:\n    def __init__(self): self.n = 0\n    def f(self): self.n += 1; return self.n"
    assert (await calls(box, source, "()", "()", entry="Solution.f")).called == (Called("1"), Called("1"))


@pytest.mark.parametrize(
    "body,status",
    [
        ("raise SystemExit(0)", Verdict.RTE),
        ("raise KeyboardInterrupt", Verdict.RTE),
        ("import os; os._exit(0)", Verdict.RTE),
        ("import os; os.kill(os.getpid(), 9)", Verdict.MLE),
        ("return 'x' * 10 ** 6", Verdict.OLE),
        ("print('x' * 10 ** 6, flush=True)", Verdict.OLE),
        ("while 1: pass", Verdict.TLE),
    ],
)
async def test_end_of_the_run_leaves_the_calls_before_it(box: Pool, body: str, status: Verdict) -> None:
    source = f"def f(x):\n    if x: return x\n    {body}"
    program = Program(source, CallStyle.FUNCTION, "f")
    limits = Limits(cpu_seconds=0.3, wall_seconds=8.0, output_bytes=1 << 16)
    result = await box.run_calls(program, ["(1,)", "(2,)", "(0,)", "(3,)"], limits)
    assert (result.execution.status, result.called) == (status, (Called("1"), Called("2"))), result


async def test_cpu_limit_holds_for_all_calls_together(box: Pool) -> None:
    source = "import time\ndef f():\n    end = time.process_time() + 0.05\n    while time.process_time() < end: pass"
    program = Program(source, CallStyle.FUNCTION, "f")
    result = await box.run_calls(program, ["()"] * 100, Limits(cpu_seconds=0.3, wall_seconds=30))
    assert result.execution.status is Verdict.TLE
    assert 1 < len(result.called) < 7


@pytest.mark.parametrize(
    "body,error",
    [
        ("raise ValueError('no digits')", "ValueError: no digits"),
        ("raise ValueError('two\\nlines')", "ValueError: two"),
        ("assert False", "AssertionError"),
        ("return {}[1]", "KeyError: 1"),
        ("return f()", "RecursionError: maximum recursion depth exceeded"),
        ("return eval('(')", "SyntaxError: '(' was never closed"),
        (
            "class E(Exception):\n        def __str__(self): 1 / 0\n    raise E",
            "program.f.<locals>.E: <exception str() failed>",
        ),
        ("class S(set):\n        def __iter__(self): 1 / 0\n    return S({1})", "ZeroDivisionError: division by zero"),
        ("e = ValueError('why')\n    e.add_note('note')\n    raise e", "ValueError: why"),
        ("raise ValueError('x' * 9999)", "ValueError: " + "x" * 488),
    ],
)
async def test_exception_of_a_call_is_one_line(box: Pool, body: str, error: str) -> None:
    result = await calls(box, f"def f():\n    {body}", "()")
    assert (result.execution.status, result.called) == (Verdict.AC, (Called(None, error),))


async def test_values_without_a_literal_are_named_by_their_type(box: Pool) -> None:
    result = await calls(box, "def f(x):\n    x.append(f)\n    yield", "([],)")
    (called,) = result.called
    assert (called.value, called.arguments) == ("<object of type generator>", "")
    (called,) = (await calls(box, "def f(x):\n    x.append(f)", "([],)")).called
    assert called == Called("None", arguments="<object of type tuple>")


async def test_arguments_written_in_another_way_count_as_unchanged(box: Pool) -> None:
    result = await calls(box, "def f(x): return x", "([ 1,2 ],)", "({2, 1},)", "([nan],)")
    assert [called.arguments for called in result.called] == ["", "", ""]


async def test_arguments_of_a_call_that_raised_are_reported_too(box: Pool) -> None:
    result = await calls(box, "def f(x):\n    x.pop()\n    raise ValueError", "([1],)")
    assert result.called == (Called(None, "ValueError", "([],)"),)


async def test_arguments_that_are_no_literal_end_the_calls(box: Pool) -> None:
    result = await calls(box, "def f(x): return x", "(1,)", "(f,)", "(2,)")
    assert (result.execution.status, result.called) == (Verdict.RTE, (Called("1"),))
    assert "literal" in result.execution.error
