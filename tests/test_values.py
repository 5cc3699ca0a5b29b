import math
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distinguo import values
from distinguo.values import ValueTextError

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


@pytest.mark.parametrize(
    "text",
    ["1e999j", "-1e999j", "nan+1j", "inf-1j", "[" * 182 + "]" * 182, "ListNode([" * 91 + "1" + "])" * 91],
)
def test_what_would_not_be_written_is_not_read(text: str) -> None:
    with pytest.raises(values.ValueTextError):
        values.loads(text)


@pytest.mark.parametrize("member, whole", [("{}", "{{{}}}"), ("{}: 0", "{{{}}}"), ("{}", "frozenset({{{}}})")])
def test_members_chosen_to_have_the_same_hash_are_refused(member: str, whole: str) -> None:
    few, many = (
        whole.format(", ".join(member.format(i * sys.hash_info.modulus) for i in range(count)))
        for count in (1_000, 4_000)
    )
    assert len(values.loads(few)) == 1_000
    with pytest.raises(ValueTextError, match="same hashes"):
        values.loads(many)


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


# --- nodes of lists and trees


@pytest.mark.parametrize(
    "text",
    [
        "ListNode([1, 2])",
        "ListNode([None])",
        "TreeNode([1, None, 2])",
        "TreeNode([1, 2, 3, None, None, 4, 5])",
        "[ListNode([1]), None, TreeNode(['a'])]",
        "ListNode([ListNode([1]), (2,)])",
    ],
)
def test_nodes_are_written_as_they_are_read(text: str) -> None:
    assert values.dumps(values.loads(text)) == text


@pytest.mark.parametrize("text", ["ListNode([])", "TreeNode([])", "TreeNode([None])"])
def test_no_nodes_are_none(text: str) -> None:
    assert values.loads(text) is None


def test_a_tree_hangs_together_as_leetcode_draws_it() -> None:
    root = values.loads("TreeNode([5, 4, 8, 11, None, 13, 4, 7, 2, None, None, None, 1])")
    assert [root.left.left.left.val, root.left.left.right.val, root.right.right.right.val] == [7, 2, 1]
    assert (root.left.right, root.right.left.left, root.right.right.left) == (None, None, None)


@pytest.mark.parametrize(
    "text",
    [
        *("TreeNode([None, 1])", "TreeNode([1, None, None, 2])", "TreeNode(1)", "ListNode(1, 2)"),
        *("ListNode()", "ListNode([f()])", "Node([1])", "{ListNode([1])}", "{ListNode([1]): 2}", "ListNode(*[1])"),
    ],
)
def test_what_is_no_list_or_tree_is_no_value(text: str) -> None:
    with pytest.raises(ValueTextError):
        values.loads(text)


def test_nodes_are_equal_by_their_values() -> None:
    one, other = (
        values.loads("[ListNode([1, 2]), TreeNode([1, None, 2])]"),
        values.loads("[ListNode([1.0, 2]), TreeNode([1, None, 2])]"),
    )
    assert one == other
    assert one != values.loads("[ListNode([1, 2]), TreeNode([1, 2])]")
    assert values.loads("ListNode([1])") != values.loads("TreeNode([1])")
    assert repr(one[0]) == "ListNode([1, 2])"


def node(name: str, **attributes: object) -> Any:
    return type(name, (), attributes)()


class Hostile:
    def __init__(self) -> None:
        self.val = 1

    @property
    def next(self) -> Any:
        raise RuntimeError("no")


class Endless:
    val = 1

    @property
    def next(self) -> Any:
        return Endless()


Endless.__name__ = Hostile.__name__ = "ListNode"


def cycle() -> Any:
    first = values.ListNode(1)
    first.next = values.ListNode(2, first)
    return first


def shared() -> Any:
    leaf = values.TreeNode(1)
    return values.TreeNode(0, leaf, leaf)


@pytest.mark.parametrize(
    "value",
    [
        Hostile(),
        cycle(),
        shared(),
        node("ListNode", val=1),
        node("TreeNode", val=1, left=None),
        values.TreeNode(None),
        values.ListNode(object()),
        node("ListNode", val=1, next=3),
    ],
)
def test_odd_nodes_have_no_text(value: object) -> None:
    with pytest.raises(ValueTextError):
        values.dumps(value)


def test_a_list_without_an_end_has_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "_NODES", 1000)
    with pytest.raises(ValueTextError, match="too long"):
        values.dumps(Endless())


def test_nodes_of_any_class_of_that_name_are_written() -> None:
    tail = node("ListNode", val=2, next=None)
    assert values.dumps((node("ListNode", val=1, next=tail), 3)) == "(ListNode([1, 2]), 3)"


def test_nodes_are_made_of_the_given_classes() -> None:
    class Mine:
        def __init__(self, val: Any) -> None:
            self.val = val

    found = values.loads("ListNode([1, 2])", {"ListNode": Mine, "TreeNode": Mine})
    assert type(found) is type(found.next) is Mine


trees = st.recursive(
    st.none(),
    lambda inner: st.builds(values.TreeNode, st.integers(-9, 9), inner, inner),
    max_leaves=12,
)


@given(trees)
def test_every_tree_is_read_as_it_was_written(tree: Any) -> None:
    assert values.loads(values.dumps(tree)) == tree


@given(st.lists(st.integers() | st.text(max_size=2), min_size=1))
def test_every_list_is_read_as_it_was_written(items: list[Any]) -> None:
    head = values.make_list(items)
    assert values.node_values(values.loads(values.dumps(head))) == items
