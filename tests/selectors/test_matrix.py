"""The plain numbers behind selectors by generated tests."""

from collections.abc import Iterator

import pytest
from contracts.selector import CRASH, World, as_tests, pools, seen, within
from contracts.worlds import world
from hypothesis import given
from hypothesis import strategies as st

from distinguo.selectors.evidence import Evidence
from distinguo.selectors.matrix import Columns, Group, matrix
from distinguo.selectors.protocol import Distinguish, Failed, Inputs, State, Stress, WriteInputs, WriteTests


def known(pool: World, *, answered: tuple[WriteTests | Stress, ...] = (WriteTests(8),)) -> State:
    """What is known once each of these questions has brought the world's tests."""
    candidates = pool.candidates()
    evidence = Evidence(candidates, {candidate.sample: () for candidate in candidates}, 0, 0)
    written = as_tests(pool.tests)
    for sample in evidence.state().samples:
        for text in within(written):
            evidence.observe(sample, text, pool.observed(sample, text))
        for test in pool.tests or ():
            evidence.passed(sample, test, pool.passes(sample, test))
    for question in answered:
        evidence.answer(question, written)
    return evidence.state()


@given(rows=st.lists(st.integers(0, 2**9 - 1), max_size=40), bits=st.integers(0, 2**9 - 1))
def test_columns_add_up_as_one_by_one(rows: list[int], bits: int) -> None:
    assert Columns(rows).total(bits) == sum((row & bits).bit_count() for row in rows)


def test_identical_programs_are_one_group_and_equal_tests_are_all_counted() -> None:
    pool = world("aba", {"a": "x", "b": "y"}, tests=("i0=x", "i0=y", "i0=x"))
    found = matrix(known(pool))
    assert (found.tests, found.distinct, found.inputs) == (3, 0b011, ("i0",))
    assert found.programs == (Group((0, 2), 1, 0b101), Group((1,), 1, 0b010))


def test_programs_that_pass_the_same_tests_are_a_consensus_set() -> None:
    pool = world("abca", {"a": "xp", "b": "xq", "c": "yp"}, tests=("i0=x",))
    assert matrix(known(pool)).by_passes() == (Group((0, 1, 3), 2, 1), Group((2,), 1, 0))


def test_clusters_are_split_by_an_output_that_no_test_asks_for() -> None:
    pool = world("abc", {"a": "xp", "b": "xq", "c": "xp"}, tests=("i0=x", "i0,i1=z"))
    assert matrix(known(pool)).by_outputs() == (Group((0, 2), 2, 1), Group((1,), 1, 1))


def test_clusters_are_split_by_a_test_whose_inputs_are_unknown() -> None:
    pool = world("ab", {"a": "x", "b": "x"}, tests=("i0=x", "=b"))
    assert matrix(known(pool)).by_outputs() == (Group((0,), 1, 0b01), Group((1,), 1, 0b11))


def test_a_failure_is_an_output_of_its_own() -> None:
    pool = World(("a", "b"), {"a": {"i0": CRASH}, "b": {"i0": "x"}}, {"a": (), "b": ()}, tests=("i0=z",))
    assert len(matrix(known(pool)).by_outputs()) == 2


@given(pool=pools())
def test_groups_share_out_the_pool(pool: World) -> None:
    programs = matrix(known(pool))
    for groups in (programs.programs, programs.by_passes(), programs.by_outputs()):
        assert sorted(sample for group in groups for sample in group.samples) == list(range(len(pool.programs)))
        assert sum(group.programs for group in groups) == len(set(pool.programs))
        for group in groups:
            assert list(group.samples) == sorted(group.samples)
            passed = {tuple(pool.passes(sample, text) for text in pool.tests or ()) for sample in group.samples}
            assert {tuple(bool(group.passed >> place & 1) for place in range(programs.tests))} == passed


@given(pool=pools(), swap=st.booleans())
def test_the_order_in_which_tests_arrived_changes_nothing(pool: World, swap: bool) -> None:
    questions = (Stress(4), WriteTests(8)) if swap else (WriteTests(8), Stress(4))
    assert matrix(known(pool, answered=questions)) == matrix(known(pool, answered=(WriteTests(8), Stress(4))))


def without_inputs() -> Iterator[World]:
    yield world("ab", {"a": "x", "b": "y"}, tests=("=a",))
    yield world("ab", {"a": "x", "b": "y"})


@pytest.mark.parametrize("pool", list(without_inputs()))
def test_where_tests_hold_no_input_those_count_on_which_all_were_run(pool: World) -> None:
    evidence = Evidence(pool.candidates(), {0: (), 1: ()}, 0, 0)
    for sample in (0, 1):
        evidence.observe(sample, "i0", seen("x" if sample else "y"))
        for text in pool.tests or ():
            evidence.passed(sample, text, pool.passes(sample, text))
    evidence.observe(0, "only the first", seen("x"))
    evidence.answer(WriteTests(8), as_tests(pool.tests))
    evidence.answer(WriteInputs(8), Inputs(("i0",)))
    evidence.answer(Distinguish(0, 1, 1), Inputs(("only the first",)))
    evidence.answer(Stress(8), Failed("call failed"))
    assert matrix(evidence.state()).inputs == ("i0",)
