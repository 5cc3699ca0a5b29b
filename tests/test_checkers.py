import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from distinguo import checkers, values
from distinguo.errors import InputError

TEXT_NAMES = [
    *("tokens", "exact", "caseless", "unordered", "float:1e-6", "float-abs:1e-6", "float-rel:1e-6", "package"),
    "package case_sensitive space_change_sensitive",
    "package float_tolerance 1e-6",
    "package case_sensitive float_absolute_tolerance 1e-3 float_relative_tolerance 1e-6",
]
VALUE_NAMES = ["values", "values:1e-6", "json"]
NAMES = [*TEXT_NAMES, *VALUE_NAMES]
TOLERANT = [name for name in NAMES if "1e" in name or name == "json"]

texts = st.text(st.sampled_from("01a. \n\tA-e"), max_size=12)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.integers()
    | st.floats()
    | st.sampled_from([1.0, 0.3, 0.1 + 0.2, 1e18, 10**18, 10**18 + 1, -0.0])
    | st.text(max_size=3)
    | st.complex_numbers(allow_nan=False, allow_infinity=False)
)
hashables = st.recursive(
    scalars, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=4
)
python_values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(hashables, inner, max_size=3)
        | st.sets(hashables, max_size=3)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize(
    "name,output,expected,accepted",
    [
        ("tokens", "1 2\n3", "1  2 \r\n\n3\n", True),
        ("tokens", "1 2 3", "1 2\n3", False),
        ("tokens", "Yes", "yes", False),
        ("tokens", "1.0", "1", False),
        ("tokens", "", "\n \n", True),
        ("exact", "1\n", "1\n", True),
        ("exact", "1\n", "1", False),
        ("caseless", "YES\nno", "yes\nNO\n", True),
        ("caseless", "YES", "no", False),
        ("unordered", "b 1\na\n", "a\nb  1", True),
        ("unordered", "a\na\nb", "a\nb\nb", False),
        ("unordered", "1 2", "2 1", False),
        ("float:1e-6", "Case #1: 0.3333333", "Case #1: 0.33333333333", True),
        ("float:1e-6", "0.33334", "0.33333", False),
        ("float:1e-6", "1e3", "1000.0005", True),
        ("float:1e-6", "1000000000000000000", "1000000000000000001", False),
        ("float:1e-6", "1e18", "1000000000000000001", False),
        ("float:1e-6", "2.9999999999", "3", True),
        ("float:1e-6", "100000001.0", "100000000", False),
        ("float:1e-6", "007", "7", True),
        ("float:1e-6", "nan", "nan", True),
        ("float:1e-6", "abc 1.0", "abd 1.0", False),
        ("float:1e-6", "1.0", "1.0 1.0", False),
        ("float:1e-6", "1.0\n2.0", "1.0", False),
        ("float-abs:1e-6", "1000000.0000005", "1000000.0", True),
        ("float-abs:1e-6", "1000000.5", "1000000.0", False),
        ("float-rel:1e-6", "1000000.5", "1000000.0", True),
        ("float-rel:1e-6", "0.0000005", "0.0", False),
        ("float-rel:1e-6", "1000000.5", "1000000", False),
        ("float-rel:1e-6", "2.9999999", "3", True),
        ("package", "Yes\n  1 2", "YES 1\n2\n", True),
        ("package", "Yes", "No", False),
        ("package", "1", "1 1", False),
        ("package", "1.0", "1", False),
        ("package case_sensitive", "Yes", "YES", False),
        ("package case_sensitive", "Yes \n", "Yes", True),
        ("package space_change_sensitive", "a  b\n", "A  b\n", True),
        ("package space_change_sensitive", "a b\n", "a  b\n", False),
        ("package space_change_sensitive", "a", "a\n", False),
        ("package float_tolerance 1e-6", "Case #1: 1000000000000000001", "Case #1: 1000000000000000000", False),
        ("package float_tolerance 1e-6", "1000000000000000000.0", "1000000000000000001", False),
        ("package float_tolerance 1e-6", "3.0", "3", False),
        ("package float_tolerance 1e-6", "0.5000001 3", "0.5 3", True),
        ("package float_tolerance 1e-6", "0.5000001 2.9999999", "0.5 3", True),
        ("package float_tolerance 1e-6", "0.5 3", "0.5 4", False),
        ("package float_tolerance 1e-6", "5E-1\nx", "0.5 X", True),
        ("package float_tolerance 1e-6", "nan", "0.5", False),
        ("package float_absolute_tolerance 1e-6", "1000000.5", "1000000.0", False),
        ("package float_relative_tolerance 1e-6", "1000000.5", "1000000.0", True),
        ("package float_relative_tolerance 1e-6 space_change_sensitive", "1.0000001 2", "1.0 2", True),
        ("package float_relative_tolerance 1e-6 space_change_sensitive", "1.0000001  2", "1.0 2", False),
        ("json", "(1, [2, (3,)])", "[1, [2, [3]]]", True),
        ("json", "True", "1", False),
        ("json", "[1, 0]", "[True, False]", False),
        ("json", "2", "2.0", True),
        ("json", "2.000001", "2.0", True),
        ("json", "200000.5", "200000.0", True),
        ("json", "2.1", "2.0", False),
        ("json", "1000000000000000001", "1000000000000000000", False),
        ("json", "ListNode([1, 2])", "ListNode([1, 2])", True),
        ("json", "ListNode([1, 2])", "ListNode([1, 3])", False),
        ("json", "ListNode([1, 2])", "[1, 2]", False),
        ("json", "None", "ListNode([])", True),
        ("json", "TreeNode([1, None, 2.0])", "TreeNode([1, None, 2])", True),
        ("json", "TreeNode([1, 2])", "TreeNode([1, None, 2])", False),
        ("json", "[None, ListNode([(1, 2)])]", "[None, ListNode([[1, 2]])]", True),
        ("json", "{1, 2}", "[1, 2]", False),
        ("json", "'a'", '"a"', True),
        ("values", "ListNode([1, 2.0])", "ListNode([1.0, 2])", True),
        ("values:1e-6", "TreeNode([0.1])", "TreeNode([0.10000000001])", True),
        ("values", "[1, 2.0]", "[1.0, 2]", True),
        ("values", "True", "1", True),
        ("values", "(1, 2)", "[1, 2]", False),
        ("values", "nan", "nan", True),
        ("values", "[nan]", "[0.0]", False),
        ("values", "0.30000000000000004", "0.3", False),
        ("values", "{'b': 1, 'a': 2}", "{'a': 2.0, 'b': True}", True),
        ("values", "{1, 2}", "frozenset({2, 1})", True),
        ("values", "1000000000000000000", "1e18", True),
        ("values", "1000000000000000001", "1e18", False),
        ("values", "'a'", '"a"', True),
        ("values", "(1+0j)", "1", True),
        ("values:1e-6", "0.30000000000000004", "0.3", True),
        ("values:1e-6", "{'a': [0.1, 0.5]}", "{'a': [0.1000000001, 0.5]}", True),
        ("values:1e-6", "{'a': 0.1}", "{'b': 0.1}", False),
        ("values:1e-6", "{0.1, 0.2}", "{0.2000000001, 0.1}", True),
        ("values:1e-6", "[1.0, 2.0]", "[1.0]", False),
        ("values:1e-6", "1000000000000000001", "1000000000000000000", False),
        ("values:1e-6", "nan", "nan", True),
        ("values:1e-6", "inf", "1e308", False),
        ("values:1e-6", "(0.5,)", "[0.5]", False),
        ("values:1e-6", "'0.5'", "'0.50'", False),
    ],
)
def test_what_each_checker_accepts(name: str, output: str, expected: str, accepted: bool) -> None:
    checker = checkers.get(name)
    assert checker.accepts(output, expected) is accepted
    assert (checker.difference(output, expected) == "") is accepted


@pytest.mark.parametrize(
    "output", ["<object of type map>", "<generator object>", "", "1 +", "f(3)", "__import__('os')", "{**{}}"]
)
@pytest.mark.parametrize("name", VALUE_NAMES)
def test_a_text_that_is_no_literal_is_never_accepted(name: str, output: str) -> None:
    checker = checkers.get(name)
    assert not checker.accepts(output, output)
    assert not checker.accepts(output, "1")
    assert checker.difference(output, "1") != ""
    assert checker.canonical(output) == checker.canonical(output) != checker.canonical("1")


@pytest.mark.parametrize(
    "name",
    [
        *("", "token", "float", "float:", "float:0", "float:x", "float:nan", "values:1", "exact:", "json:1e-6"),
        *("float-abs", "package:1e-6", "package float_tolerance", "package float_tolerance 2", "package sensitive"),
        *("package float_tolerance 1e-6 7", "packages"),
    ],
)
def test_an_unknown_name_or_bad_tolerance_is_an_input_error(name: str) -> None:
    with pytest.raises(InputError, match="checker"):
        checkers.get(name)


@pytest.mark.parametrize("name", NAMES)
@given(texts, texts)
def test_equal_canonical_texts_are_accepted_for_one_another(name: str, one: str, other: str) -> None:
    checker = checkers.get(name)
    if checker.canonical(one) == checker.canonical(other) and (name in TEXT_NAMES or checker.accepts(one, one)):
        assert checker.accepts(one, other)
    if name not in TOLERANT and checker.accepts(one, other):
        assert checker.canonical(one) == checker.canonical(other)


@pytest.mark.parametrize("name", VALUE_NAMES)
@given(python_values, python_values)
@example([True, 1], [1.0, 1])
def test_equal_canonical_values_are_accepted_for_one_another(name: str, one: object, other: object) -> None:
    checker, first, second = checkers.get(name), values.dumps(one), values.dumps(other)
    assert checker.accepts(first, first)
    if checker.canonical(first) == checker.canonical(second):
        assert checker.accepts(first, second)
        assert checker.accepts(second, first)
    if name == "values":
        assert checker.accepts(first, second) == (checker.canonical(first) == checker.canonical(second))


@given(python_values, python_values)
def test_values_are_compared_as_python_compares_them(one: object, other: object) -> None:
    first, second = values.dumps(one), values.dumps(other)
    if "nan" not in first:
        assert checkers.get("values").accepts(first, second) == (one == other)


@pytest.mark.parametrize("name", ["float:1e-6", "float-abs:1e-6", "float-rel:1e-6", "package float_tolerance 1e-6"])
@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(-1.5e-6, 1.5e-6))
@example(9.9999995, 1e-7)
@example(1e9, 1e-7)
@example(0.0, 4e-7)
def test_equal_cells_lie_within_the_tolerance(name: str, number: float, off: float) -> None:
    checker = checkers.get(name)
    near = number + off * max(1.0, abs(number))
    if not math.isfinite(near):
        return
    one, other = repr(number), repr(near)
    assert checker.accepts(one, other) or abs(off) > 0.99e-6 or name.startswith("float-")
    if checker.canonical(one) == checker.canonical(other):
        assert checker.accepts(one, other)
        assert checker.accepts(other, one)


@pytest.mark.parametrize(
    "name,one,other", [("float:1e-6", "0.1", "0.10000000000000002"), ("float:1e-6", "3", "3.0000")]
)
def test_noise_of_floating_point_does_not_split_a_cluster(name: str, one: str, other: str) -> None:
    assert checkers.get(name).canonical(one) == checkers.get(name).canonical(other)


@pytest.mark.parametrize("name", NAMES)
@given(st.text(), st.text())
@example("1e400", "1e-400")
@example("-0.0 .5 5. 1e5", "٣ 0.5")
def test_no_text_makes_a_checker_fail(name: str, output: str, expected: str) -> None:
    checker = checkers.get(name)
    checker.canonical(output)
    assert (checker.difference(output, expected) == "") == checker.accepts(output, expected)
    assert "\n" not in checker.difference(output, expected)


HOSTILE = {
    "deep brackets": "[" * 100_000,
    "deep operators": "1" + "+1" * 100_000,
    "many signs": "-" * 100_000 + "1",
    "attributes": "a" + ".b" * 100_000,
    "huge integer": "9" * 100_000,
    "huge hexadecimal": "0x" + "f" * 100_000,
    "huge exponent": "1e" + "9" * 300,
    "null bytes": "\0" * 1000,
    "surrogates": "'\ud800'",
    "four megabytes of one line": "7" * (4 << 20),
    "four megabytes of lists": "[" + "(),[]," * 700_000 + "]",
    "four megabytes of numbers": "0.1 " * (1 << 20),
    "half a million lines": "1.5\n" * (1 << 19),
}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("name", NAMES)
def test_hostile_outputs_neither_crash_nor_stall(name: str, kind: str) -> None:
    checker, output = checkers.get(name), HOSTILE[kind]
    assert not checker.accepts(output, "1")
    checker.canonical(output)
    assert 0 < len(checker.difference(output, "1")) < 300


def test_long_json_is_compared_with_tuples_as_lists() -> None:
    long = "[" + "(1, (2,)), " * checkers.VALUE_LENGTH
    checker = checkers.get("json")
    assert checker.accepts(long, long.replace("(", "[").replace(",)", "]").replace(")", "]"))
    assert not checker.accepts(long, long.replace("2", "3", 1))
    assert not checker.accepts(long + "'('", long + "'['")


@pytest.mark.parametrize("name", ["values", "values:1e-6", "json"])
def test_long_values_are_compared_as_text(name: str) -> None:
    long = "[" + "1, " * checkers.VALUE_LENGTH + "1]"
    assert checkers.get(name).accepts(long, long)
    assert not checkers.get(name).accepts(long, long.replace("1]", "1.0]"))


@pytest.mark.parametrize(
    "name,output,expected,told",
    [
        ("tokens", "1\n5", "1\n2", "line 2: '5' instead of '2'"),
        ("tokens", "", "2", "line 1: nothing instead of '2'"),
        ("tokens", "2\n3", "2", "line 2: '3' instead of the end of the output"),
        ("float:1e-6", "0.5 1", "0.5 2", "line 1: '0.5 1' instead of '0.5 2'"),
        ("tokens", "x" * 99 + "1", "x" * 99 + "2", f"line 1: '...{'x' * 20}1' instead of '...{'x' * 20}2'"),
        ("package", "a b\nc e", "a\nb c d", "line 2, word 3: 'e' instead of 'd'"),
        ("package", "a b c", "a b", "the end: 'c' instead of the end of the output"),
        ("package", "a", "a\n\nb", "line 3, word 1: nothing instead of 'b'"),
        ("package space_change_sensitive", "a\n b", "a\nb", "line 2: ' ' instead of 'b'"),
        ("json", "[1, True]", "[1, 1]", "at [1]: bool True instead of int 1"),
        ("values", "[1, [2, 3]]", "[1, [2, 4]]", "at [1][1]: 3 instead of 4"),
        ("values", "[1]", "[1, 2]", "a list of length 1 instead of 2"),
        ("values", "(1, 2)", "[1, 2]", "tuple (1, 2) instead of list [1, 2]"),
        ("values", "{'a': 1}", "{'a': 2}", "at ['a']: 1 instead of 2"),
        ("values", "None", "3", "None instead of 3"),
        (
            "values",
            "<object of type map>",
            "[1]",
            "'<object of type map>' is not a value that can be compared with '[1]'",
        ),
    ],
)
def test_the_difference_names_the_first_place(name: str, output: str, expected: str, told: str) -> None:
    assert checkers.get(name).difference(output, expected) == told
