"""What a program is run as a second time: the same program with other random numbers."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distinguo.judge.again import varied
from distinguo.problem import CallStyle, Program
from distinguo.protocols import Executor
from distinguo.records import Verdict

pytestmark = pytest.mark.asyncio(loop_scope="session")

DRAWS = "import random\nprint(random.random())"


async def test_programs_that_draw_random_numbers_print_something_else(box: Executor) -> None:
    first, same, second = [
        (await box.run(program)).output for program in (Program(DRAWS), Program(DRAWS), varied(Program(DRAWS)))
    ]
    assert first == same != second


@pytest.mark.parametrize(
    "source",
    [
        "import random\nrandom.seed(7)\nprint(random.random())",
        "from __future__ import annotations\nprint(annotations.compiler_flag > 0)",
        "'''A text.'''\nfrom __future__ import annotations; print(__doc__)",
        "'''A text\nof two lines'''\nprint(__doc__)",
        "'''A text.'''",
        "try:\n    print(random)\nexcept NameError:\n    print('it is not imported')",
        "try:\n    print(_sys, _random)\nexcept NameError:\n    print('they are gone')",
        "'''A text.'''\n\x0cfrom __future__ import annotations\x0c\nprint(annotations.optional)",
        "from __future__ import annotations\rprint(1)",
        "if True:\n    print('no newline at the end')",
    ],
)
async def test_other_programs_do_the_same(source: str, box: Executor) -> None:
    runs = [await box.run(program) for program in (Program(source), varied(Program(source)))]
    assert runs[0].status is runs[1].status is Verdict.AC
    assert runs[0].output == runs[1].output


async def test_functions_are_called_as_before(box: Executor) -> None:
    program = Program("import random\ndef f(x):\n    return x, random.random()", CallStyle.FUNCTION, "f")
    first, second = [(await box.run(one, "(3,)")).output for one in (program, varied(program))]
    assert first.startswith("(3, ")
    assert second.startswith("(3, ")
    assert first != second


@pytest.mark.parametrize("program", [Program("int main() {}", language="c++"), Program("def f(:"), Program("a\0b")])
async def test_what_is_no_python_program_stays_as_it_is(program: Program) -> None:
    assert varied(program) == program


LINES = ["'text'", "from __future__ import division", "x = 1", "", "# a note", "def f():\n  pass"]


@given(st.lists(st.sampled_from(LINES)))
async def test_whatever_compiles_still_compiles(lines: list[str]) -> None:
    source = "\n".join(lines)
    try:
        compile(source, "program.py", "exec")
    except SyntaxError:
        return
    changed = varied(Program(source)).source
    compile(changed, "program.py", "exec")
    assert len(ast.parse(changed).body) == len(ast.parse(source).body) + 4
