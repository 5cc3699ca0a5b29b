import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distinguo import values

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.complex_numbers(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.binary()
)
hashables = st.recursive(scalars, lambda inner: st.tuples(inner) | st.frozensets(inner, max_size=3), max_leaves=4)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(hashables, inner, max_size=3)
        | st.sets(hashables, max_size=3)
    ),
    max_leaves=8,
)


@given(anything)
def test_a_value_comes_back_with_its_types(value: object) -> None:
    text = values.dumps(value)
    back = values.loads(text)
    assert type(back) is type(value)
    assert values.dumps(back) == text
    assert "nan" in text or back == value


@given(st.text())
def test_any_text_is_a_literal_or_refused(text: str) -> None:
    try:
        value = values.loads(text)
    except values.ValueTextError:
        return
    assert values.loads(values.dumps(value)) == value


def test_dictionaries_keep_their_order_and_sets_have_one() -> None:
    assert values.dumps({"b": 1, "a": 2}) == "{'b': 1, 'a': 2}"
    assert list(values.loads("{'b': 1, 'a': 2}")) == ["b", "a"]
    assert values.dumps({"b", "a"}) == "{'a', 'b'}"


@pytest.mark.parametrize(
    "value,text",
    [
        (set(), "set()"),
        (frozenset(), "frozenset()"),
        (frozenset({1}), "frozenset({1})"),
        ((1,), "(1,)"),
        (float("inf"), "inf"),
        (-math.inf, "-inf"),
        (-0.0, "-0.0"),
        (bytearray(b"a"), "b'a'"),
        ("\ud800", "'\\ud800'"),
    ],
)
def test_how_values_are_written(value: object, text: str) -> None:
    assert values.dumps(value) == text
    assert values.dumps(values.loads(text)) == text


def test_subclasses_are_written_as_the_built_in_type() -> None:
    class Liar(int):
        def __repr__(self) -> str:
            return "os.system('x')"

        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = int.__hash__

    assert values.dumps([Liar(3)]) == "[3]"


def test_huge_integers_survive() -> None:
    huge = 7**20_000
    assert values.loads(values.dumps(huge)) == huge
    assert values.loads(values.dumps(-huge)) == -huge


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "x",
            "f()",
            "1 + 1",
            "[1, *[2]]",
            "{**{}}",
            "{1: 2, **{}}",
            "...",
            "-'a'",
            "+True",
            "f'{1}'",
            "not 1",
            "\0",
        ),
        *(
            "__import__('os')",
            "set([1])",
            "frozenset([1])",
            "lambda: 1",
            "[1 for x in y]",
            "{[]}",
            "{[]: 1}",
            "1 if 1 else 2",
        ),
    ],
)
def test_what_is_no_literal_is_refused(text: str) -> None:
    with pytest.raises(values.ValueTextError):
        values.loads(text)


@pytest.mark.parametrize("value", [object(), len, (i for i in "a"), ..., complex("nan"), range(3), type, [object()]])
def test_what_has_no_literal_is_refused(value: object) -> None:
    with pytest.raises(values.ValueTextError):
        values.dumps(value)


def test_cycles_and_deep_nesting_are_refused() -> None:
    cycle: list[object] = []
    cycle.append(cycle)
    deep: list[object] = []
    for _ in range(1000):
        deep = [deep]
    for value in (cycle, deep):
        with pytest.raises(values.ValueTextError, match="deeply"):
            values.dumps(value)
    with pytest.raises(values.ValueTextError):
        values.loads("[" * 10_000)
