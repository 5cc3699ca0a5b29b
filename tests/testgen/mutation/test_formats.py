"""Formats of standard input: what is understood of known inputs, and that reading and writing agree."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distinguo.testgen.mutation import formats
from distinguo.testgen.mutation.relations import Arguments


def understood(*texts: str) -> list[Arguments]:
    return [arguments for read in formats.read(texts) for arguments in read.known]


@pytest.mark.parametrize(
    "texts, known",
    [
        (["5 7\n", "1 2\n"], [(5, 7), (1, 2)]),
        (["3\n1 2 3\n", "1\n9\n"], [([1, 2, 3],), ([9],)]),
        (["3 10\n1 2 3\n", "1 9\n9\n"], [(10, [1, 2, 3]), (9, [9])]),
        (["2\nab 1.5\ncd 2\n"], [([("ab", 1.5), ("cd", 2.0)],)]),
        (["2 3\n1 2 3\n4 5 6\n", "1 2\n1 2\n"], [([[1, 2, 3], [4, 5, 6]],), ([[1, 2]],)]),
        (["2 3\n.#.\n#..\n", "1 2\n..\n"], [([".#.", "#.."],), ([".."],)]),
        (["4\nabcd\n", "2\nxy\n"], [("abcd",), ("xy",)]),
        (["4 3\n1 2\n2 3\n3 4\n", "3 2\n1 2\n1 3\n"], [(4, [(1, 2), (2, 3), (3, 4)]), (3, [(1, 2), (1, 3)])]),
        (["4\n1 2\n2 3\n3 4\n", "3\n1 2\n1 3\n"], [([(1, 2), (2, 3), (3, 4)],), ([(1, 2), (1, 3)],)]),
        (["2\n3 1 2 3\n1 5\n"], [([[1, 2, 3], [5]],)]),
        (["hello there\n", "who is it\n"], [(["hello", "there"],), (["who", "is", "it"],)]),
        (["1 2\n3 4\n5 6\n", "1 2\n"], [([(1, 2), (3, 4), (5, 6)],), ([(1, 2)],)]),
        (["a,  b\n"], [("a,  b",)]),
        (["007\n"], [("007",)]),
    ],
)
def test_counts_are_told_from_values(texts: list[str], known: list[Arguments]) -> None:
    assert understood(*texts) == known


def test_test_cases_are_read_one_by_one() -> None:
    (read,) = formats.read(["2\n3\n1 2 3\n1\n5\n", "1\n2\n8 9\n"])
    assert read.in_cases
    assert read.known == (([1, 2, 3],), ([5],), ([8, 9],))
    texts = [text for arguments in read.known[:2] if (text := read.write(arguments)) is not None]
    assert formats.joined(texts) == "2\n3\n1 2 3\n1\n5\n"


def test_test_cases_with_numbers_of_lines_of_their_own_are_read_one_by_one() -> None:
    (read,) = formats.read(["2\n3\n1 2\n3 4\n5 6\n1\n5 1\n"])
    assert read.in_cases
    assert read.known == (([(1, 2), (3, 4), (5, 6)],), ([(5, 1)],))


def test_a_number_alone_on_the_first_line_that_nothing_explains_never_changes() -> None:
    text = "9\n2 a\n1 b 4 5\n0 0\nx\n1\n"
    read = formats.read([text, text + "7 8\n"])[0]
    assert read.known == ((2, "a", 1, "b", 4, 5, 0, 0, "x"),)
    assert read.write((9, "c", 1, "b", 4, 5, 0, 0, "y")) == "9\n9 c\n1 b 4 5\n0 0\ny\n1\n"


def test_two_lengths_that_one_number_counts_must_be_equal() -> None:
    (read,) = formats.read(["2\n1 2\n3 4\n", "3\n1 2 3\n4 5 6\n"])
    assert read.known[0] == ([1, 2], [3, 4])
    assert read.write(([1, 2, 3], [4, 5, 6])) == "3\n1 2 3\n4 5 6\n"
    assert read.write(([1], [3, 4])) is None


@pytest.mark.parametrize("word", ["", "a b", "a\n", "\t"])
def test_what_is_no_word_is_not_written(word: str) -> None:
    (read,) = formats.read(["1 ab\n", "2 cde\n"])
    with pytest.raises(ValueError, match="not one word"):
        read.write((1, word))


lines = st.text(st.sampled_from("0123 -.ab"), max_size=8)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(lines, min_size=1, max_size=7).map("\n".join), min_size=1, max_size=4))
def test_what_is_read_is_written_as_it_was(texts: list[str]) -> None:
    found = formats.read(texts)
    wanted = {_numbers(formats.tidy(text)) for text in texts}
    for read in found:
        for arguments in read.known:
            text = read.write(arguments)
            assert text is not None
            if not read.in_cases:
                assert _numbers(formats.tidy(text)) in wanted


def _numbers(text: str) -> str:
    """The text with each decimal number in its shortest form, in which it is written."""
    words = [[str(float(word)) if _is_decimal(word) else word for word in line.split(" ")] for line in text.split("\n")]
    return "\n".join(" ".join(line) for line in words)


def _is_decimal(word: str) -> bool:
    try:
        return word.isascii() and math.isfinite(float(word))
    except ValueError:
        return False
