"""Solved examples: which are found, in what room, and never the problem under test."""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distinguo.errors import InputError
from distinguo.fit import tokens
from distinguo.generate import examples
from distinguo.generate.examples import Pool, Solved
from distinguo.problem import CallStyle, Problem

ROOM = 4000
SORTING = Solved("s", "Sort the words of a line by length.", "print('sorted')", frozenset({"sorting", "strings"}))
GRAPH = Solved("g", "Find the shortest path between two towns.", "print('path')", frozenset({"graphs", "dp"}))
SUMS = Solved("n", "Print the sum of all numbers on a line.", "print('sum')", frozenset({"dp"}))
TASK = "Given the roads between towns, print the length of the shortest path from the first town to the last one."


def solutions(pool: Pool, problem: Problem, count: int = 2, by: str = "bm25", room: int = ROOM) -> list[str]:
    return [shown.solution for shown in pool.examples(problem, count, by, room)]  # type: ignore[arg-type]


def test_the_likest_statement_stands_last() -> None:
    pool = Pool([GRAPH, SORTING, SUMS])
    assert solutions(pool, Problem("p", TASK), 3)[-1] == GRAPH.solution
    assert solutions(pool, Problem("p", TASK), 1) == [GRAPH.solution]
    assert solutions(pool, Problem("p", "Sort these words by length, please."), 1) == [SORTING.solution]


def test_what_has_no_word_in_common_is_not_shown() -> None:
    assert solutions(Pool([GRAPH, SUMS]), Problem("p", "Zip zap zop")) == []
    assert solutions(Pool([GRAPH, SUMS]), Problem("p", "")) == []


def test_techniques_come_from_the_pools_own_line_about_the_problem() -> None:
    label = Solved("P", "", "", frozenset({"dp", "graphs"}))
    pool = Pool([SORTING, SUMS, GRAPH, label])
    assert solutions(pool, Problem("p", TASK), by="technique") == [SUMS.solution, GRAPH.solution]
    assert pool.techniques(Problem("p", TASK)) == {"dp", "graphs"}
    assert solutions(pool, Problem("other", TASK), by="technique") == []


def test_techniques_are_known_by_a_problems_text_too() -> None:
    own = Solved("under another id", TASK, "print('it')", frozenset({"graphs"}))
    assert solutions(Pool([own, GRAPH]), Problem("p", TASK), by="technique") == [GRAPH.solution]


@pytest.mark.parametrize("by", ["bm25", "technique"])
@pytest.mark.parametrize(
    "own",
    [
        Solved("P", "Something else about towns and their roads.", "leak", frozenset({"dp"})),
        Solved("q", TASK, "leak", frozenset({"dp"})),
        Solved("q", TASK.upper().replace(" ", "\n"), "leak", frozenset({"dp"})),
        Solved("q", f"Story: {TASK} Note that there are at most 100 towns.", "leak", frozenset({"dp"})),
        Solved("q", TASK.replace("print", "write"), "leak", frozenset({"dp"})),
    ],
)
def test_the_problem_under_test_is_never_shown(own: Solved, by: str) -> None:
    label = Solved("p", "", "", frozenset({"dp"}))
    found = solutions(Pool([own, SUMS, GRAPH, label]), Problem("p", TASK), 3, by)
    assert "leak" not in found
    assert GRAPH.solution in found


def test_a_functions_text_is_its_starter() -> None:
    starter = 'def f(xs):\n    """Return the sum of the squares of all odd numbers in a list of numbers."""\n'
    own = Solved("q", starter, "leak")
    other = Solved("r", "Return the numbers of a list in another order, squares first.", "fine")
    problem = Problem("p", "", CallStyle.FUNCTION, "f", starter)
    assert solutions(Pool([own, other]), problem) == ["fine"]


def test_a_solution_that_defines_the_function_asked_for_is_not_shown() -> None:
    starter = 'def is_even(x):\n    """Whether a number is even."""\n'
    helper = Solved("q", "Count the even numbers of a list.", "def is_even(x):\n    return 1\ndef f(xs):\n    pass")
    other = Solved("r", "Count the odd numbers of a list.", "def is_evenly(x):\n    pass")
    problem = Problem("p", "", CallStyle.FUNCTION, "is_even", starter)
    assert solutions(Pool([helper, other]), problem) == [other.solution]
    assert helper.solution in solutions(Pool([helper, other]), Problem("p", "Is it even a number?"))


@given(st.lists(st.text(max_size=60), min_size=1, max_size=8), st.text(max_size=60), st.integers(1, 4))
def test_any_texts_give_bounded_examples_that_are_not_the_problem(texts: list[str], task: str, count: int) -> None:
    pool = Pool([Solved(str(number), text, f"# {number}") for number, text in enumerate(texts)])
    shown = pool.examples(Problem("p", task), count, "bm25", 200)
    assert len(shown) <= count
    assert len({each.solution for each in shown}) == len(shown)
    assert sum(tokens(each.statement) + tokens(each.solution) for each in shown) <= 200
    assert all(texts[int(each.solution[2:])].split() != task.split() for each in shown if task.split())
    assert shown == pool.examples(Problem("p", task), count, "bm25", 200)


def test_long_statements_are_cut_and_long_solutions_passed_over() -> None:
    long = Solved("l", TASK + " towns" * 2000, "print('long')")
    huge = Solved("h", "Find the shortest path of towns.", "print('huge')\n" * 500)
    problem = Problem("p", "Print the path from the first of the towns")
    shown = Pool([long, huge, GRAPH]).examples(problem, 2, "bm25", 400)
    assert {each.solution for each in shown} == {long.solution, GRAPH.solution}
    assert all(tokens(each.statement) + tokens(each.solution) <= 200 for each in shown)


def test_a_pool_is_read_once_and_again_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "pool.jsonl"
    path.write_text(json.dumps({"id": 1, "statement": "One.", "solution": "print(1)", "techniques": ["DP "]}))
    first = examples.load(path)
    assert examples.load(path) is first
    assert len(first) == 1
    path.write_text(path.read_text() + '\n{"id": "2", "statement": "Two.", "solution": "print(2)"}\n')
    assert len(examples.load(path)) == 2


@pytest.mark.parametrize(
    "line, why",
    [
        ("{", "it is not valid JSON"),
        ("[]", "it is not a JSON object"),
        ('{"statement": "a", "solution": "b"}', "it has no id"),
        ('{"id": "a", "solution": "b"}', "it has a solution without a statement"),
        ('{"id": "a", "statement": "b"}', "it has neither a solution nor techniques"),
        ('{"id": "a", "statement": "b", "solution": 3}', "its statement or solution is no text"),
        ('{"id": "a", "statement": "b", "solution": "c", "techniques": "dp"}', "its techniques are not a list"),
    ],
)
def test_lines_that_are_no_examples_are_counted_and_the_rest_goes_on(tmp_path: Path, line: str, why: str) -> None:
    path = tmp_path / "pool.jsonl"
    path.write_text(f'{{"id": "1", "statement": "One.", "solution": "print(1)"}}\n\n{line}\n{line}\n')
    pool = examples.load(path)
    assert len(pool) == 1
    assert pool.warning.startswith(f"2 of 3 lines of {path} cannot be used (line 3: ")
    assert why in pool.warning


@given(st.binary(max_size=200))
def test_a_pool_with_any_other_bytes_keeps_its_example(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "pool.jsonl")
        path.write_bytes(content + b'\n{"id": "1", "statement": "One.", "solution": "print(1)"}\n')
        assert len(examples.load(path)) == 1


def test_a_pool_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.jsonl", tmp_path):
        with pytest.raises(InputError, match="cannot read the examples"):
            examples.load(path)
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(InputError, match="holds no examples"):
        examples.load(tmp_path / "empty.jsonl")


def test_without_the_package_the_way_to_install_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bm25s", None)
    with pytest.raises(InputError, match=r"pip install 'distinguo\[bench\]'"):
        solutions(Pool([GRAPH]), Problem("p", TASK))
    label = Solved("p", "", "", frozenset({"dp"}))
    assert solutions(Pool([GRAPH, label]), Problem("p", TASK), by="technique") == [GRAPH.solution]
