"""Reading inputs and tests out of what models write."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distinguo import values
from distinguo.problem import CallStyle, Problem, Program, Test
from distinguo.testgen.parse import WrittenTest, parse_inputs, parse_tests
from distinguo.testgen.signatures import Signature, signature

STDIN = Problem("s", "Add.", public_tests=(Test("1", "1 2", "3"),))
FUNCTION = Problem("f", "Add.", CallStyle.FUNCTION, "add", public_tests=(Test("1", "(1, 2)", "3"),))
TWO = Signature(("a", "b"), 2, False)
NO_LITERAL = "its output is not a Python literal (write the returned value out)"


def inputs(text: str, problem: Problem = STDIN, called: Signature | None = None) -> tuple[str, ...]:
    return parse_inputs(text, problem, called)[0]


def faults(text: str, problem: Problem = STDIN, called: Signature | None = None) -> list[str]:
    return [fault.why for fault in parse_inputs(text, problem, called)[1]]


def listed(*items: object) -> str:
    return json.dumps({"inputs": items})


@pytest.mark.parametrize(
    "text",
    [
        '{"inputs": ["3 4", "5 6\\n"]}',
        'Sure!\n```json\n{"inputs": ["3 4", "5 6"]}\n```\nThese find bugs.',
        '{"inputs": ["3 4", "5 6",]}',
        '{\n  "inputs" : [\n "3 4"\n "5 6"\n ]\n}',
        '["3 4", "5 6"]',
        '<think>{"inputs": ["9 9"]}? no</think>{"inputs": ["3 4", "5 6"]}',
        'First {"inputs": ["9 9"]}, better: {"inputs": ["3 4", "5 6"]}',
        '{"inputs": ["3 4", "5 6"], "outputs": ["7", "11"]}',
        '{"inputs": [{"input": "3 4", "output": "7"}, {"input": "5 6", "output": "11"}]}',
        '{"inputs": ["3 4", "5 6", "7 8',
    ],
)
def test_inputs_are_found_whatever_stands_round_them(text: str) -> None:
    assert inputs(text) == ("3 4\n", "5 6\n")


@pytest.mark.parametrize(
    "text", ["", "I cannot do that.", "{}", '{"inputs": []}', '{"inputs": "3 4"}', "[" * 5000, '["']
)
def test_an_answer_without_a_list_of_inputs_has_none(text: str) -> None:
    assert parse_inputs(text, STDIN) == ((), ())


def test_a_raw_newline_and_one_escaped_twice_both_separate_lines() -> None:
    assert inputs('{"inputs": ["3\n4", "5\\\\n6"]}') == ("3\n4\n", "5\n6\n")


def test_a_list_inside_a_list_is_no_list_of_inputs() -> None:
    assert inputs('["3 4", ["5 6"]]') == ("3 4\n",)


def test_a_bare_number_is_taken_as_text() -> None:
    assert inputs('{"inputs": [12, 3.5]}') == ("12\n", "3.5\n")


@pytest.mark.parametrize(
    "item, why",
    [
        ("  \n", "it is empty"),
        (["3", "4"], "it is not a string"),
        (True, "it is not a string"),
        ({"output": "3"}, "it is not a string"),
        ("1 2\n", "it is already one of the public tests"),
        ("3 4\nOutput: 7", "it names an output: give the input alone"),
        ("\ud800", "it is not valid Unicode text"),
    ],
)
def test_useless_standard_input_is_dropped_with_the_reason(item: object, why: str) -> None:
    assert faults(listed(item)) == [why]


def test_a_repetition_is_dropped() -> None:
    assert inputs(listed("7", "7\n\n")) == ("7\n",)
    assert faults(listed("7", "7\n\n")) == ["it repeats another input"]


@pytest.mark.parametrize(
    "text, literal",
    [
        ("add(3, 4)", "(3, 4)"),
        ("add(-3, 4.5)", "(-3, 4.5)"),
        (" >>> add([1, (2,)], {'a': {1}})", "([1, (2,)], {'a': {1}})"),
        ("assert add(3, 4) == 7", "(3, 4)"),
        ("print(add(3, 4))", "(3, 4)"),
        ("Solution().add(3, 4)", "(3, 4)"),
        ("3, 4", "(3, 4)"),
        ("(3, [4])", "(3, [4])"),
        ("add(3, b=4)", "(3, 4)"),
        ("add(b=4, a=3)", "(3, 4)"),
        ("add('x\\n', None)", "('x\\n', None)"),
    ],
)
def test_a_call_becomes_the_literal_of_its_arguments(text: str, literal: str) -> None:
    assert inputs(listed(text), FUNCTION, TWO) == (literal,)


@pytest.mark.parametrize(
    "item, why",
    [
        ("add(3, 4", "it is not a Python expression"),
        ("3, 4, 5", "it does not call add"),
        ("3", "it does not call add"),
        ("sub(3, 4)", "it does not call add"),
        ("add(3, x)", "its arguments are not literals (write every value out)"),
        ("add(3, [0] * 10)", "its arguments are not literals (write every value out)"),
        ("add(3, __import__('os').getcwd())", "its arguments are not literals (write every value out)"),
        ("add(*[3, 4])", "its arguments are not literals (write every value out)"),
        ("add(3, {[]})", "its arguments are not literals (write every value out)"),
        ("add(3)", "it gives 1 arguments, the function takes a, b"),
        ("add(3, 4, 5)", "it gives 3 arguments, the function takes a, b"),
        ("add(3, 4, c=5)", "it gives an argument that does not fit: c"),
        ("add(1, 2)", "it is already one of the public tests"),
        ([3, 4], "it is not a call of add written in a string"),
        ("add(3, " + "[" * 150 + "]" * 150 + ")", "its arguments are not literals (write every value out)"),
    ],
)
def test_a_useless_call_is_dropped_with_the_reason(item: object, why: str) -> None:
    if "[[[[" in str(item):  # deeper than one parser's limit is a syntax error in another
        assert len(faults(listed(item), FUNCTION, TWO)) + len(inputs(listed(item), FUNCTION, TWO)) == 1
    else:
        assert faults(listed(item), FUNCTION, TWO) == [why]


def test_a_lone_argument_needs_no_call() -> None:
    one = Signature(("a",), 1, False)
    assert inputs(listed("[1, 2]", "(1, 2)", "len(x)"), FUNCTION, one) == ("([1, 2],)", "((1, 2),)")


def test_without_a_signature_the_number_of_arguments_is_not_checked() -> None:
    assert inputs(listed("add(3)"), FUNCTION) == ("(3,)",)
    assert faults(listed("add(b=3)"), FUNCTION) == ["it names its arguments: write them by position"]


@given(st.text())
def test_no_text_is_too_strange_to_read(text: str) -> None:
    for problem in (STDIN, FUNCTION):
        found, dropped = parse_inputs(text, problem, TWO)
        assert len(set(found)) == len(found)
        assert all(fault.why for fault in dropped)
        parse_tests(text, problem, TWO)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(json_values, max_size=5))
def test_every_item_of_a_list_is_kept_or_dropped(items: list[object]) -> None:
    for problem in (STDIN, FUNCTION):
        found, dropped = parse_inputs(json.dumps({"inputs": items}), problem)
        assert len(found) + len(dropped) == len(items)


literals = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: (
        st.lists(inner, max_size=3) | st.tuples(inner) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=8,
)


@given(st.lists(literals, max_size=4).map(tuple))
def test_an_argument_tuple_shown_as_a_call_is_read_back(arguments: tuple[object, ...]) -> None:
    literal = values.dumps(arguments)
    problem = Problem("f", "", CallStyle.FUNCTION, "add")
    assert inputs(listed(problem.shown_input(literal)), problem) == (literal,)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\\"), min_size=1).map(str.rstrip)))
def test_standard_input_is_read_back(texts: list[str]) -> None:
    kept = [text + "\n" for text in dict.fromkeys(texts) if text.strip() and not re.search("output|/think", text, re.I)]
    found = inputs(listed(*kept), Problem("s", ""))
    assert list(found) == list(dict.fromkeys(text.rstrip("\n") + "\n" for text in kept))


def written_tests(text: str, problem: Problem = STDIN, called: Signature | None = None) -> list[tuple[str, str]]:
    return [(test.input, test.expected) for test in parse_tests(text, problem, called)[0]]


def faults_of_test(item: object, problem: Problem = STDIN) -> list[str]:
    return [fault.why for fault in parse_tests(json.dumps({"tests": [item]}), problem, TWO)[1]]


@pytest.mark.parametrize(
    "text",
    [
        '{"tests": [{"input": "3 4", "output": "7"}, {"input": "5 6\\n", "output": "11\\n"}]}',
        'Sure!\n```json\n[{"input": "3 4", "expected": "7"}, {"input": "5 6", "expected_output": 11}]\n```',
        '{"tests": [{"output": "7", "input": "3 4"}, {"input": "5 6", "output": "11"},]}',
        '{"tests": [{"input": "3 4", "output": "7"}, {"input": "5 6", "output": "11"}, {"input": "7',
        '{"tests": [{"input": "9 9", "output": "1"}]} Better: {"tests": [{"input": "3 4", "output": "7"}, '
        '{"input": "5 6", "output": "11"}]}',
        '<think>{"tests": [{"input": "9 9", "output": "1"}]}</think>[{"input": "3 4", "output": "7"}, '
        '{"input": "5 6", "output": "11"}]',
    ],
)
def test_tests_are_found_whatever_stands_round_them(text: str) -> None:
    assert written_tests(text) == [("3 4\n", "7\n"), ("5 6\n", "11\n")]


@pytest.mark.parametrize("text", ["", "{}", '{"tests": []}', '{"inputs": ["3 4"]}', "[" * 5000, '[{"'])
def test_an_answer_without_a_list_of_tests_has_none(text: str) -> None:
    assert written_tests(text) == []


@pytest.mark.parametrize(
    "item, why",
    [
        ({"input": "3 4"}, "it has no output"),
        ({"output": "7"}, "it is not a string"),
        ({"input": "3 4", "output": ["7"]}, "its output is not a string"),
        ({"input": "3 4", "output": "\ud800"}, "its output is not valid Unicode text"),
        ({"input": "1 2", "output": "3"}, "its input is already one of the public tests"),
        ("3 4 gives 7", "it is not an object with an input and an output"),
        (["3 4", "7"], "it is not an object with an input and an output"),
    ],
)
def test_a_useless_test_is_dropped_with_its_reason(item: object, why: str) -> None:
    assert faults_of_test(item) == [why]


def test_a_repeated_test_is_dropped_and_one_with_another_output_kept() -> None:
    given = [{"input": "3 4", "output": output} for output in ("7", "8", "7\n")]
    found, dropped = parse_tests(json.dumps({"tests": given}), STDIN)
    assert [test.expected for test in found] == ["7\n", "8\n"]
    assert [fault.why for fault in dropped] == ["it repeats another test"]


def test_an_empty_output_may_well_be_expected() -> None:
    assert written_tests('{"tests": [{"input": "3 4", "output": ""}]}') == [("3 4\n", "\n")]


@pytest.mark.parametrize(
    "item, expected",
    [
        ({"input": "add(3, 4)", "output": "7"}, "7"),
        ({"input": "add(3, b=4)", "output": 7}, "7"),
        ({"input": "3, 4", "output": [7, None, True]}, "[7, None, True]"),
        ({"input": "add(3, 4)", "output": "{'a': (1, 2)}"}, "{'a': (1, 2)}"),
        ({"input": "add(3, 4)", "output": "'seven'"}, "'seven'"),
        ("assert add(3, 4) == 7", "7"),
        ("add(3, 4) == [7]", "[7]"),
        ("assert add(3, 4) is None, 'nothing'", "None"),
    ],
)
def test_tests_of_a_function_are_calls_and_literals(item: object, expected: str) -> None:
    assert written_tests(json.dumps({"tests": [item]}), FUNCTION, TWO) == [("(3, 4)", expected)]


@pytest.mark.parametrize(
    "item, why",
    [
        (
            {"input": "add(3, 4)", "output": "seven"},
            "its output is not a Python literal (write the returned value out)",
        ),
        (
            {"input": "add(3, 4)", "output": "3 + 4"},
            "its output is not a Python literal (write the returned value out)",
        ),
        ({"input": "add(1, 2)", "output": "3"}, "its input is already one of the public tests"),
        ({"input": "add(3)", "output": "3"}, "it gives 1 arguments, the function takes a, b"),
        ("assert add(3, 4) < 7", "it is not an object with an input and an output"),
    ],
)
def test_a_useless_test_of_a_function_is_dropped_with_its_reason(item: object, why: str) -> None:
    assert faults_of_test(item, FUNCTION) == [why]


@pytest.mark.parametrize("output, expected", [("seven", "'seven'"), ("'seven'", "'seven'"), ("7", "'7'"), (7, "7")])
def test_where_public_tests_return_texts_one_without_quotes_is_a_text(output: object, expected: str) -> None:
    problem = Problem("f", "Name.", CallStyle.FUNCTION, "name", public_tests=(Test("1", "(1,)", "'one'"),))
    assert written_tests(json.dumps([{"input": "name(7)", "output": output}]), problem) == [("(7,)", expected)]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["input", "output", "x"]), inner),
    max_leaves=10,
)


@given(st.lists(json_values, max_size=5), st.sampled_from([STDIN, FUNCTION]))
def test_whatever_is_listed_is_read_or_dropped(items: list[object], problem: Problem) -> None:
    found, dropped = parse_tests(json.dumps({"tests": items}), problem, TWO)
    assert len(found) + len(dropped) == len(items)
    assert all(fault.why for fault in dropped)
    for test in found:
        test.expected.encode()
        if problem is FUNCTION:
            assert values.dumps(values.loads(test.expected)) == test.expected


@given(st.text(), st.text())
def test_a_tests_text_tells_it_from_every_other(given_input: str, expected: str) -> None:
    text = WrittenTest(given_input, expected).text
    assert json.loads(text) == {"input": given_input, "expected": expected}
    assert text != WrittenTest(expected + "x", given_input).text


@pytest.mark.parametrize(
    "entry, starter, sources, expected",
    [
        ("add", 'def add(a, b):\n    """Add."""\n', (), TWO),
        ("add", "", ("syntax error here", "def add(a, b): return a + b"), TWO),
        ("add", "", ("def add(a, b=0, *rest): return a",), Signature(("a", "b"), 1, True)),
        ("Solution.add", "class Solution:\n    def add(self, a: int, b: int) -> int:\n", (), TWO),
        ("Solution.add", "class Solution:\n    @staticmethod\n    def add(a, b):\n        pass", (), TWO),
        ("add", "", ("add = lambda a, b: a + b",), None),
        ("add", "", ("\0", "(" * 10_000), None),
    ],
)
def test_the_signature_comes_from_the_starter_or_a_program(
    entry: str, starter: str, sources: tuple[str, ...], expected: Signature | None
) -> None:
    problem = Problem("f", "", CallStyle.FUNCTION, entry, starter)
    assert signature(problem, [Program(source) for source in sources]) == expected


def test_a_call_is_shown_by_the_functions_own_name() -> None:
    problem = Problem("f", "", CallStyle.FUNCTION, "Solution.add")
    assert problem.shown_input("([1], 'x')") == "add([1], 'x')"
    assert problem.shown_input("(1,)") == "add(1)"
    assert problem.shown_input("()") == "add()"
    assert STDIN.shown_input("1 2\n") == "1 2\n"
