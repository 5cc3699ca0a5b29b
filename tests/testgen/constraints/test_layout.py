"""The layout of an input is read where a statement draws it, and gives its words their names."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distinguo.testgen.constraints.layout import read


def statement(drawing: str) -> str:
    return (
        f"# Title\n\nText.\n\nInput\n\nThe input is given in the following format:\n{drawing}\n\nOutput\n\nPrint it.\n"
    )


@pytest.mark.parametrize(
    "drawing, text, expected",
    [
        ("N M", "3 4\n", {"N": ["3"], "M": ["4"]}),
        ("N\nA_1 A_2 \\ldots A_N", "2\n7 8\n", {"N": ["2"], "A": ["7", "8"]}),
        ("N\nA_1 \\dots A_N", "3\n7 8 9\n", {"N": ["3"], "A": ["7", "8", "9"]}),
        ("N X\n\\mathrm{A}_1 \\ldots A_N\nS", "1 2\n7\nabc\n", {"N": ["1"], "X": ["2"], "A": ["7"], "S": ["abc"]}),
        ("N\nx_1 y_1\nx_2 y_2\n\\vdots\nx_N y_N", "2\n1 2\n3 4\n", {"N": ["2"], "x": ["1", "3"], "y": ["2", "4"]}),
        ("N\nS_1\n\\vdots\nS_N", "2\nab\nc\n", {"N": ["2"], "S": ["ab", "c"]}),
        (
            "N M\na_1\n\\vdots\na_N\nb_1\n\\vdots\nb_{M-1}",
            "1 3\n5\n6\n7\n",
            {"N": ["1"], "M": ["3"], "a": ["5"], "b": ["6", "7"]},
        ),
        (
            "H W\nA_{1,1} A_{1, 2} \\ldots A_{1,W}\n\\vdots\nA_{H,1} \\ldots A_{H,W}",
            "1 2\n5 6\n",
            {"H": ["1"], "W": ["2"], "A": ["5", "6"]},
        ),
        (
            "N\nK_1 B_{1,1} \\ldots B_{1,K_1}\n\\vdots\nK_N B_{N,1} \\ldots B_{N,K_N}",
            "2\n1 5\n2 6 7\n",
            {"N": ["2"], "K": ["1", "2"], "B": ["5", "6", "7"]},
        ),
        ("```\nN\n```", "4\n", {"N": ["4"]}),
    ],
)
def test_words_get_the_names_of_the_drawing(drawing: str, text: str, expected: Mapping[str, Sequence[str]]) -> None:
    found = read(statement(drawing))
    assert found is not None
    assert found.read(text) == expected


@pytest.mark.parametrize("text", ["3\n", "3 4 5\n", "3 4\n5\n", ""])
def test_an_input_of_another_layout_is_not_read(text: str) -> None:
    found = read(statement("N M"))
    assert found is not None
    assert found.read(text) is None


@pytest.mark.parametrize(
    "drawing", ["\\vdots\nN", "N\n\\vdots", "N + M", "A_1A_2\\ldots A_N", "T_1 A_1 T_2 \\ldots A_N", "x" * 300]
)
def test_a_drawing_that_is_not_understood_names_nothing(drawing: str) -> None:
    assert read(statement(drawing)) is None


def test_statements_without_a_drawing_have_no_layout() -> None:
    assert read("The first line contains n.") is None
    assert read("") is None


def test_the_numbers_that_count_are_known() -> None:
    found = read(statement("N M\nA_1 \\ldots A_N\nx_1\n\\vdots\nx_M"))
    assert found is not None
    assert found.counts == {"N", "M"}


@given(st.lists(st.integers(), min_size=1), st.lists(st.tuples(st.integers(), st.integers()), min_size=1))
def test_what_is_written_in_the_layout_is_read_back(numbers: list[int], pairs: list[tuple[int, int]]) -> None:
    found = read(statement("N M\nA_1 A_2 \\ldots A_N\nx_1 y_1\n\\vdots\nx_M y_M"))
    assert found is not None
    rows = "".join(f"{x} {y}\n" for x, y in pairs)
    words = found.read(f"{len(numbers)} {len(pairs)}\n{' '.join(map(str, numbers))}\n{rows}")
    assert words is not None
    assert list(map(int, words["A"])) == numbers
    assert list(zip(map(int, words["x"]), map(int, words["y"]), strict=True)) == pairs


@given(st.text(alphabet="NA_1{},\\ldotsv \n$"), st.text(alphabet="12 \n"))
def test_any_drawing_and_any_input_can_be_read(drawing: str, text: str) -> None:
    found = read(statement(drawing))
    if found is not None:
        found.read(text)
