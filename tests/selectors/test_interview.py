"""What a judge's answers were about, and what it can be asked next."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distinguo.problem import Program
from distinguo.records import Candidate, Verdict, Vote
from distinguo.selectors.belief import Parameters
from distinguo.selectors.evidence import Evidence
from distinguo.selectors.interview import OUTPUTS, PROBES, SPLITTING, TELLING, Interview
from distinguo.selectors.protocol import (
    Answer,
    Choose,
    Chosen,
    Compare,
    Distinguish,
    Failed,
    Inputs,
    Observed,
    Question,
    RunOn,
    State,
)

Prints = Mapping[str, str]  # for each program's letter a letter for its output on i0, i1, ...; ! is a failure


def state(programs: str, prints: Prints, answers: Mapping[Question, Answer] | None = None) -> State:
    candidates = [Candidate(sample, Program(name), ()) for sample, name in enumerate(programs)]
    evidence = Evidence(candidates, {candidate.sample: () for candidate in candidates}, 0, 0)
    for candidate in candidates:
        for place, output in enumerate(prints[candidate.program.source]):
            seen = Observed(Verdict.RTE, "RTE") if output == "!" else Observed(Verdict.AC, output)
            evidence.observe(candidate.sample, f"i{place}", seen)
    for question, answer in (answers or {}).items():
        evidence.answer(question, answer)
    return evidence.state()


def interview(programs: str, prints: Prints, answers: Mapping[Question, Answer] | None = None) -> Interview:
    known = state(programs, prints, answers)
    inputs = [f"i{place}" for place in range(len(next(iter(prints.values()))))]
    clusters: dict[str, list[int]] = {}
    for sample, name in enumerate(programs):
        clusters.setdefault(prints[name], []).append(sample)
    return Interview(known, [tuple(cluster) for cluster in clusters.values()], inputs, Parameters())


def questions(known: Interview, clusters: int) -> list[Question]:
    return [question for option in known.options([1 / clusters] * clusters) for question in option.questions]


def test_an_answer_speaks_of_every_cluster_that_prints_the_same_there() -> None:
    prints = {"a": "xx", "b": "xy", "c": "yy", "d": "!z"}
    known = interview("abcd", prints, {Choose("i0", (0, 2)): Chosen(2)})
    (answered,) = known.answered()
    assert answered.asked.sides == (frozenset({0, 1}), frozenset({2}))
    assert answered.vote == 1


def test_holding_no_output_for_right_is_an_answer_and_a_failed_call_is_none() -> None:
    prints = {"a": "xx", "b": "yy"}
    known = interview("ab", prints, {Choose("i0", (0, 1)): Chosen(None), Choose("i1", (0, 1)): Failed("broken")})
    assert [answered.vote for answered in known.answered()] == [None]
    assert known.calls == 2


@pytest.mark.parametrize(
    "forward, backward, vote",
    [
        (Vote.FIRST, Vote.SECOND, 0),
        (Vote.SECOND, Vote.FIRST, 1),
        (Vote.FIRST, Vote.FIRST, None),
        (Vote.TIE, Vote.TIE, None),
        (Vote.TIE, Vote.SECOND, None),
    ],
)
def test_a_pair_is_one_answer_and_only_if_both_orders_agree_a_verdict(
    forward: Vote, backward: Vote, vote: int | None
) -> None:
    answers: dict[Question, Answer] = {Compare(0, 1, ("i0",)): forward, Compare(1, 0, ("i0",)): backward}
    (answered,) = interview("ab", {"a": "x", "b": "y"}, answers).answered()
    assert answered.vote == vote


def test_a_pair_with_a_failed_order_is_no_answer() -> None:
    answers: dict[Question, Answer] = {Compare(0, 1, ("i0",)): Vote.FIRST, Compare(1, 0, ("i0",)): Failed("broken")}
    known = interview("ab", {"a": "x", "b": "y"}, answers)
    assert known.answered() == []
    assert known.unfinished() == ()


def test_a_pair_on_several_inputs_speaks_of_those_that_agree_on_all_of_them() -> None:
    prints = {"a": "xx", "b": "yy", "c": "xy", "d": "xx"}
    inputs = ("i0", "i1")
    answers: dict[Question, Answer] = {Compare(0, 1, inputs): Vote.FIRST, Compare(1, 0, inputs): Vote.SECOND}
    (answered,) = interview("abcd", prints, answers).answered()
    assert answered.asked.sides == (frozenset({0}), frozenset({1}))


def test_orders_that_contradict_each_other_lower_the_reliability_of_all_pairs() -> None:
    prints = {"a": "xx", "b": "yy"}
    answers: dict[Question, Answer] = {Compare(0, 1, ("i0",)): Vote.FIRST, Compare(1, 0, ("i0",)): Vote.FIRST}
    (answered,) = interview("ab", prints, answers).answered()
    assert all(
        0.5 <= manner.reliability < level
        for manner, level in zip(answered.asked.manners, Parameters().levels, strict=True)
    )


def both_orders(votes: list[tuple[Vote, Vote]]) -> dict[Question, Answer]:
    """Answers about the pair of samples 0 and 1, each on an input of its own, in both orders."""
    answers: dict[Question, Answer] = {}
    for place, (forward, backward) in enumerate(votes):
        answers[Compare(0, 1, (f"i{place}",))] = forward
        answers[Compare(1, 0, (f"i{place}",))] = backward
    return answers


AGREED, FIRST_BOTH_TIMES = (Vote.FIRST, Vote.SECOND), (Vote.FIRST, Vote.FIRST)


def test_when_orders_agree_often_enough_one_is_enough() -> None:
    known = interview("ab", {"a": "xxxxx", "b": "yyyyy"}, both_orders([AGREED] * PROBES))
    (pair,) = [option for option in known.options([0.5, 0.5]) if isinstance(option.questions[0], Compare)]
    assert (len(pair.questions), pair.calls) == (1, 1)
    (request,) = [option for option in known.options([0.5, 0.5]) if option.requests]
    assert request.calls == 2


@pytest.mark.parametrize("votes", [[AGREED] * (PROBES - 1), [FIRST_BOTH_TIMES] * PROBES, [(Vote.TIE, Vote.TIE)] * 4])
def test_until_then_both_are_asked(votes: list[tuple[Vote, Vote]]) -> None:
    known = interview("ab", {"a": "xxxxx", "b": "yyyyy"}, both_orders(votes))
    (pair,) = [option for option in known.options([0.5, 0.5]) if isinstance(option.questions[0], Compare)]
    assert (len(pair.questions), pair.calls) == (2, 2)


@pytest.mark.parametrize("first, vote, side", [(0, Vote.FIRST, 0), (1, Vote.FIRST, 1), (1, Vote.TIE, None)])
def test_a_verdict_in_one_order_is_an_answer(first: int, vote: Vote, side: int | None) -> None:
    alone = Compare(first, 1 - first, ("i4",))
    known = interview("ab", {"a": "xxxxx", "b": "yyyyy"}, {**both_orders([AGREED] * PROBES), alone: vote})
    assert known.unfinished() == ()
    answered = known.answered()[-1 if first == 1 else PROBES]  # in the order of the questions' texts
    named = None if answered.vote is None else min(answered.asked.sides[answered.vote])
    assert named == (None if side is None else side)
    assert len(known.answered()) == PROBES + 1


def test_which_order_is_asked_is_drawn_for_each_pair_and_input() -> None:
    votes = both_orders([AGREED] * PROBES)
    firsts = set()
    for length in range(5, 15):
        known = interview("ab", {"a": "x" * length, "b": "y" * length}, votes)
        asked = [question for question in questions(known, 2) if isinstance(question, Compare)]
        firsts |= {question.first for question in asked}
        later: dict[Question, Answer] = {
            Compare(0, 1, (f"i{place}",)): Vote.FIRST for place in range(PROBES, length - 1)
        }
        known = interview("ab", {"a": "x" * length, "b": "y" * length}, {**votes, **later})
        firsts |= {question.first for question in questions(known, 2) if isinstance(question, Compare)}
    assert firsts == {0, 1}


def test_the_other_order_of_a_pair_comes_before_anything_else() -> None:
    known = interview("ab", {"a": "x", "b": "y"}, {Compare(0, 1, ("i0",)): Vote.FIRST})
    assert known.unfinished() == (Compare(1, 0, ("i0",)),)


def test_new_inputs_are_run_on_everyone_first() -> None:
    known = interview("ab", {"a": "x", "b": "y"}, {Distinguish(0, 1, TELLING): Inputs(("new",))})
    assert known.unfinished() == (RunOn((0, 1), ("new",)),)


def test_failures_are_shown_to_no_judge() -> None:
    asked = questions(interview("abc", {"a": "x!", "b": "y!", "c": "!z"}), 3)
    assert all(2 not in question.samples for question in asked if isinstance(question, Choose))
    assert all({question.first, question.second} == {0, 1} for question in asked if isinstance(question, Compare))


def test_of_inputs_that_divide_the_clusters_alike_one_is_offered() -> None:
    asked = questions(interview("abc", {"a": "xxx", "b": "yyx", "c": "zzy"}), 3)
    assert [question.input for question in asked if isinstance(question, Choose)] == ["i0", "i2"]


def test_an_input_that_was_judged_is_offered_for_no_second_choice() -> None:
    prints = {"a": "xx", "b": "yy"}
    asked = questions(interview("ab", prints, {Choose("i0", (0, 1)): Chosen(0)}), 2)
    assert [question.input for question in asked if isinstance(question, Choose)] == ["i1"]


def test_no_more_outputs_are_shown_than_a_model_can_weigh() -> None:
    prints = {letter: letter for letter in "abcdefghij"}
    (choice,) = [q for q in questions(interview("abcdefghij", prints), 10) if isinstance(q, Choose)]
    assert len(choice.samples) == OUTPUTS


def test_a_pair_is_compared_on_inputs_that_it_was_not_shown_by_other_members() -> None:
    prints = {"a": "xxxxx", "b": "yyyyy", "c": "xxxxx"}
    shown = ("i0", "i1", "i2")
    answers: dict[Question, Answer] = {Compare(0, 1, shown): Vote.TIE, Compare(1, 0, shown): Vote.TIE}
    compared = [q for q in questions(interview("abc", prints, answers), 2) if isinstance(q, Compare)]
    assert compared == [Compare(1, 2, ("i3", "i4")), Compare(2, 1, ("i3", "i4"))]


def test_requests_for_a_pair_name_other_members_each_time_and_end() -> None:
    prints = {"a": "x", "b": "y", "c": "x", "d": "x", "e": "x"}
    answers: dict[Question, Answer] = {}
    for _ in range(9):
        new = [q for q in questions(interview("abcde", prints, answers), 2) if isinstance(q, Distinguish)]
        if not new:
            break
        answers[new[0]] = Inputs(())
    assert 2 <= len(answers) <= 4
    assert len({(q.first, q.second) for q in answers if isinstance(q, Distinguish)}) == len(answers)


def test_a_cluster_of_different_programs_can_be_split_once() -> None:
    prints = {"a": "x", "b": "x", "c": "y"}
    assert interview("aabc", prints).equivalence(0) == Distinguish(0, 2, SPLITTING)
    assert interview("aabc", prints).equivalence(1) is None
    answered = interview("aabc", prints, {Distinguish(0, 2, SPLITTING): Inputs(())})
    assert answered.equivalence(0) is None
    assert (answered.splits, answered.requests) == (1, 0)


def test_a_judge_that_only_failed_is_speechless() -> None:
    prints = {"a": "xxx", "b": "yyy"}
    failed: dict[Question, Answer] = {Choose(f"i{place}", (0, 1)): Failed("broken") for place in range(3)}
    assert interview("ab", prints, failed).speechless
    assert not interview("ab", prints, {**failed, Compare(0, 1, ("i0",)): Vote.TIE}).speechless
    assert not interview("ab", prints).speechless


@given(st.lists(st.text("xyz!", min_size=3, max_size=3), min_size=2, max_size=6, unique=True))
def test_every_option_has_sides_that_hold_its_samples(rows: list[str]) -> None:
    names = "abcdef"[: len(rows)]
    known = interview(names, dict(zip(names, rows, strict=True)))
    for option in known.options([1 / len(rows)] * len(rows)):
        question = option.questions[0]
        samples = question.samples if isinstance(question, Choose) else ()
        if isinstance(question, Compare | Distinguish):
            samples = (question.first, question.second)
        assert len(option.asked.sides) == len(samples) >= 2
        assert all(sample in side for sample, side in zip(samples, option.asked.sides, strict=True))
        assert len(frozenset().union(*option.asked.sides)) == sum(map(len, option.asked.sides))
