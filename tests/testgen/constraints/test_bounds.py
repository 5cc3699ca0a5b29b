"""Bounds are read from statements as they are really written; what is not understood bounds nothing."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distinguo.testgen.constraints.bounds import Bound, read


@pytest.mark.parametrize(
    "text, expected",
    [
        ("1 <= n <= 100", [Bound("n", low=1, high=100)]),
        ("1 ≤ n ≤ 10^5", [Bound("n", low=1, high=10**5)]),
        ("$1 \\leq n \\le 2 \\cdot 10^{5}$", [Bound("n", low=1, high=200_000)]),
        ("-10^9 <= x < 2^31-1", [Bound("x", low=-(10**9), high=2**31 - 1, below=True)]),
        ("0 &lt;= k &lt; 5", [Bound("k", low=0, high=5, below=True)]),
        ("100 >= n > 3", [Bound("n", low=3, high=100, above=True)]),
        ("0.5 <= p <= 1.5", [Bound("p", low=0.5, high=1.5)]),
        ("1 <= n <= 150\\,000", [Bound("n", low=1, high=150_000)]),
        ("1 <= n <= 1,000,000", [Bound("n", low=1, high=10**6)]),
        ("1 <= n <= 2 * 10<sup>5</sup>", [Bound("n", low=1, high=200_000)]),
        ("1 <= s.length <= 50", [Bound("s", of_length=True, low=1, high=50)]),
        ("1 \\leq |S| \\leq 10", [Bound("S", of_length=True, low=1, high=10)]),
        ("2 <= len(xs) <= 9", [Bound("xs", of_length=True, low=2, high=9)]),
        ("1 <= words[i].length <= 5", [Bound("words", (None,), True, 1, 5)]),
        (
            "0 <= queries[i][1], b[j] <= 7",
            [Bound("queries", (None, 1), low=0, high=7), Bound("b", (None,), low=0, high=7)],
        ),
        ("- 1\\leq T_i,D_{i,j} \\leq 9", [Bound("T_i", low=1, high=9), Bound("D_{i,j}", low=1, high=9)]),
        ("1 <= n == nums.length <= 8", [Bound("n", low=1, high=8), Bound("nums", of_length=True, low=1, high=8)]),
        ("1 \\leq M\\leq N\\leq 1000", [Bound("M", low=1, high=1000), Bound("N", low=1, high=1000)]),
        ("the number $n$ ($1 \\le n \\le 9$) of digits.", [Bound("n", low=1, high=9)]),
        ("0 <= index < nums.length", [Bound("index", low=0), Bound("nums", of_length=True, low=0, above=True)]),
        ("1 \\leq M \\leq N(N-1)/2", [Bound("M", low=1)]),
        ("1 <= a <= 10 and 2 <= b <= 3", [Bound("a", low=1, high=10), Bound("b", low=2, high=3)]),
        ("n ≤ 10 in the first part; n ≤ 1000 in the second", [Bound("n", high=1000)]),
        ("1 <= n\n2 <= n <= 9", [Bound("n", low=1, high=9)]),
        ("We are told that 1 <= n <= 9.\nConstraints:\n1 <= n <= 5", [Bound("n", low=1, high=5)]),
    ],
)
def test_bounds_as_they_are_written(text: str, expected: list[Bound]) -> None:
    assert list(read(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Print the sum.",
        "n == 5",
        "1 <= n <= 105",  # 10^5 whose superscript was lost, for all that is known
        "if x = 1: 1 <= y <= 5",
        "queries[i][0] == 1: 0 <= queries[i][1] <= 9",
        "1 <= 2 <= 3",
        "f(1) <= 10",
        "1 <= a >= 3",
        "x <= 2^99999",
    ],
)
def test_what_is_no_bound_says_nothing_of_an_upper_one(text: str) -> None:
    assert all(bound.high is None for bound in read(text))


@pytest.mark.parametrize(
    "piece", ["1 <= ", "a, ", "a <= ", "1", "2*", "1,000", "{", "a_{", "a[i]", "|a", "1+1 ", " ", "\n"]
)
def test_no_text_takes_long(piece: str) -> None:
    start = time.process_time()
    read(piece * (100_000 // len(piece)) + "n <= 3")
    assert time.process_time() - start < 5


@given(st.integers(-(10**6), 10**6), st.integers(0, 10**6), st.sampled_from(["<=", "≤", "\\leq ", "&lt;="]))
def test_a_value_is_within_bounds_that_it_was_drawn_from(low: int, width: int, sign: str) -> None:
    (bound,) = read(f"{low} {sign} n {sign} {low + width} holds") or (Bound("n"),)
    assert not bound.objection(low)
    assert not bound.objection(low + width)
    if bound.high is not None:
        assert bound.objection(low + width + 1) == f"must be at most {low + width}"


@given(st.text(alphabet="<=≤ n1|[]{}^*_,.a-\\\n()"))
def test_any_text_can_be_read(text: str) -> None:
    for bound in read(text):
        assert (bound.low, bound.high) != (None, None)
