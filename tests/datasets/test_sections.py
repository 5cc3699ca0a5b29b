import pytest
from hypothesis import given
from hypothesis import strategies as st

from distinguo.datasets.sections import sample_tests
from distinguo.problem import Test

CODEFORCES_IN_APPS = """Add.

-----Input-----

The first line holds n.

-----Output-----

Print the sum.

-----Examples-----
Input
3
1 2 3

Output
6

Input
2
4 4

Output
8

9

-----Note-----

In the first example so.
"""
ATCODER_IN_APPS = """-----Constraints-----
 - 1 <= N

-----Input-----
Input is given so:
N

-----Output-----
Print it.

-----Sample Input-----
3 4

-----Sample Output-----
7

Because 3 + 4 = 7.

Indeed.
"""
CODECHEF_IN_APPS = """-----Sample Input:-----
2
1

-----Sample Output:-----
YES
NO

-----EXPLANATION:-----
So.
"""
CODEFORCES_IN_TACO = """Add.

Input

The first line.

Output

The sum.

Examples

Input

3
1 2 3


Output

6


Input

1
-


Output

YES

Note

So."""
HACKEREARTH = "Input:\nN.\n\nSAMPLE INPUT \n3\n\nSAMPLE OUTPUT \n4\n\nExplanation\n\nSo.\n"
CODECHEF = "Example:\nInput:\n2\n1\n\nOutput:\nNO\n\nExplanation:\nSo."
AIZU = "Input\n\nN\n\nOutput\n\nN\n\nSample Input\n\n3\n\nOutput for the Sample Input\n\n7\n\n"
NUMBERED = "".join(
    f"-----Example Input {number}-----\n{number}\n-----Example Output {number}-----\n{2 * number}\n"
    for number in (1, 2)
)
ATCODER_AS_IT_IS = "Sample Input 1\n\n3\n\nSample Output 1\n\n6\n\nSo.\n"


@pytest.mark.parametrize(
    "statement,expected",
    [
        (CODEFORCES_IN_APPS, [("3\n1 2 3\n", "6\n"), ("2\n4 4\n", "8\n\n9\n")]),
        (ATCODER_IN_APPS, [("3 4\n", "7\n")]),
        (CODECHEF_IN_APPS, [("2\n1\n", "YES\nNO\n")]),
        (CODEFORCES_IN_TACO, [("3\n1 2 3\n", "6\n"), ("1\n-\n", "YES\n")]),
        (HACKEREARTH, [("3\n", "4\n")]),
        (CODECHEF, [("2\n1\n", "NO\n")]),
        (AIZU, [("3\n", "7\n")]),
        (NUMBERED, [("1\n", "2\n"), ("2\n", "4\n")]),
        (ATCODER_AS_IT_IS, [("3\n", "6\n")]),
        ("Input\n\nN\n\nOutput\n\nN\n", []),
        ("Sample Input\n\n3\n\nNote\n\nNo output.", []),
        ("", []),
    ],
)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_samples_of_a_statement(statement: str, ends: str, expected: list[tuple[str, str]]) -> None:
    tests = [Test(str(number), *pair) for number, pair in enumerate(expected, 1)]
    assert list(sample_tests(statement.replace("\n", ends))) == tests


numbers = st.lists(
    st.lists(st.integers(0, 99), min_size=1, max_size=3).map(lambda row: " ".join(map(str, row))), min_size=1
)
samples = st.lists(st.tuples(numbers, numbers), max_size=3)


@given(samples)
def test_every_sample_below_a_heading_is_found(pairs: list[tuple[list[str], list[str]]]) -> None:
    given_pairs = [("".join(f"{line}\n" for line in one), "".join(f"{line}\n" for line in two)) for one, two in pairs]
    text = "".join(f"Input\n\n{one}\n\nOutput\n\n{two}\n\n" for one, two in given_pairs)
    found = sample_tests(f"Add.\n\nInput\n\nN\n\nOutput\n\nN\n\nExamples\n\n{text}Note\n\nSo.\n")
    assert [(test.input, test.expected) for test in found] == given_pairs


@given(st.text(alphabet="InputOutputExampleSample-: \n1Note", max_size=200))
def test_no_text_makes_it_fail(text: str) -> None:
    for test in sample_tests(text):
        assert test.expected is not None
