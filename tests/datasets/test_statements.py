import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distinguo import values
from distinguo.datasets.leetcode import Signature
from distinguo.datasets.statements import printed_checker, printed_tests, returned_tests
from distinguo.errors import InputError
from distinguo.problem import Test

ATCODER = (
    "Constraints\n\n\n- N is small (see Sample Input 2).\n\nSample Input 1\n\n2\r\n3 4\n\nSample Output 1\n\n7\r\n\n"
    "3 and 4 are 7.\n\nSo.\n\nSample Input 2\n\n0\n\nSample Output 2\n\n\r\n\r\n\r\n\nIt may be empty.\n\n"
    "Sample Input 3\n\nx\n\nSample Output 3\n\n\n\nText.\n\nSample Input 4\n\ny\n\nSample Output 4\n\na\r\n\r\nb"
)
CODEFORCES = (
    "Print it.Sample Input 1:\n2\n\n1 2\n\n3 4\n\n\n\nSample Output 1:\n\n3\n7\n\n\n"
    "Note\n\nA note.Sample Input 2:\n1\n\nSample Output 2:\n\n1\n"
)


def test_samples_of_atcoder_end_where_the_explanation_begins() -> None:
    assert printed_tests(ATCODER) == (
        Test("1", "2\n3 4\n", "7\n"),
        Test("2", "0\n", ""),
        Test("3", "x\n", ""),
        Test("4", "y\n", "a\n\nb\n"),
    )


def test_samples_of_codeforces_lose_their_blank_lines() -> None:
    assert printed_tests(CODEFORCES) == (Test("1", "2\n1 2\n3 4\n", "3\n7\n"), Test("2", "1\n", "1\n"))


def test_a_sample_without_an_output_is_no_test() -> None:
    assert printed_tests("Sample Input 1\n\n1\n\nSample Input 2\n\n2\n\nSample Output 2\n\n3") == (
        Test("2", "2\n", "3\n"),
    )


@given(st.text(st.sampled_from("Sample Input Output 12:\r\n\t"), max_size=200))
def test_no_statement_makes_reading_fail(text: str) -> None:
    printed_tests(text)
    printed_checker(text)
    returned_tests(text, Signature("class Solution:\n    def f(self, a): "))


@pytest.mark.parametrize(
    "text,checker",
    [
        ("Print it.", "tokens"),
        ("if the absolute or relative error from the true value is at most 10^{-6}.", "float:1e-6"),
        ("correct when the relative or absolute error from it is at most 10 ^ {-5}.", "float:1e-5"),
        ("if the absolute error from the true value is at most 10 ^ {-8}.", "float-abs:1e-8"),
        ("an error. There are 10^{-6} of them", "tokens"),
        ("You can output the answer in any case (YES, yes)", "caseless"),
    ],
)
def test_the_statement_says_how_answers_are_compared(text: str, checker: str) -> None:
    assert printed_checker(text) == checker


def signature(parameters: str, returns: str = "int") -> Signature:
    return Signature(f"class Solution:\n    def f(self, {parameters}) -> {returns}:\n        ")


@pytest.mark.parametrize(
    "text,parameters,expected",
    [
        ('Input: a = [1,2], s = "x, b = 2"\nOutput: true', "a: List[int], s: str", ("([1, 2], 'x, b = 2')", "True")),
        ("Input: a = null\nOutput: 2.50000\nExplanation: so", "a: int", ("(None,)", "2.5")),
        ("Input:\na = 1,\nb = -2\nOutput:\n[[1],[]]", "a: int, b: int", ("(1, -2)", "[[1], []]")),
        ("  Input: [1]\n  Output: [1]", "a: List[int]", ("([1],)", "[1]")),
    ],
)
def test_examples_of_a_method(text: str, parameters: str, expected: tuple[str, str]) -> None:
    [test] = returned_tests(f"Example 1:\n\n{text}\n", signature(parameters))
    assert (test.input, test.expected) == expected


@pytest.mark.parametrize(
    "text", ["Input: a = x\nOutput: 1", "Input: a = 1\nOutput: one", "Input: a = 1, b = 2\nOutput: 3"]
)
def test_examples_that_say_less_are_left_out(text: str) -> None:
    assert returned_tests(text, signature("a: int")) == ()


@pytest.mark.parametrize(
    "kind,given,literal",
    [
        ("Optional[ListNode]", [1, 2], "ListNode([1, 2])"),
        ("Optional[ListNode]", [], "None"),
        ("ListNode | None", [1], "ListNode([1])"),
        ("'ListNode'", [1], "ListNode([1])"),
        ("Union[None, TreeNode]", [1, None, 2], "TreeNode([1, None, 2])"),
        ("List[Optional[ListNode]]", [[1, 4], [], [2]], "[ListNode([1, 4]), None, ListNode([2])]"),
        ("list[TreeNode]", [[1], [2, 3]], "[TreeNode([1]), TreeNode([2, 3])]"),
        ("Optional[TreeNode]", None, "None"),
        ("List[List[int]]", [[1]], "[[1]]"),
        ("Dict[str, int]", {"a": 1}, "{'a': 1}"),
        ("'List['", [1], "[1]"),
    ],
)
def test_values_take_the_form_that_the_signature_names(kind: str, given: object, literal: str) -> None:
    arguments = signature(f"a: {kind}", kind).test("1", [given], given)
    assert (arguments.input, arguments.expected) == (f"({literal},)", literal)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3)))
def test_json_values_of_any_kind_are_read_from_a_statement(value: object) -> None:
    [test] = returned_tests(f"Input: a = {json.dumps(value)}\nOutput: {json.dumps(value)}\n", signature("a", "x"))
    assert values.loads(test.input) == (value,)
    assert values.loads(test.expected or "") == value


def test_a_starter_without_a_function_is_an_input_error() -> None:
    with pytest.raises(InputError, match="announces no function"):
        Signature("x = 1")


def test_the_metadata_name_the_method_among_several() -> None:
    starter = "class Solution:\n    def f(self, a): pass\n    def g(self): pass\n"
    assert (Signature(starter).entry, Signature(starter, "f").entry) == ("Solution.g", "Solution.f")
    assert Signature(starter, "f").parameters == ("a",)
