"""A judge's answers as evidence, against the same model with every joint hypothesis written out."""

import math
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distinguo.selectors.belief_judge import CONTENDERS, Answered, Asked, Belief, Manner, entropy, reliability

MANNER = (Manner(reliability=0.8, silent=0.1, silent_none=0.3),)
LEVELS = (0.25, 0.75)


@st.composite
def questions(draw: st.DrawFn, clusters: int) -> Asked:
    """Two or three sides; some clusters may have none."""
    count = draw(st.integers(2, 3))
    side_of = draw(st.lists(st.integers(-1, count - 1), min_size=clusters, max_size=clusters))
    sides = tuple(frozenset(place for place, side in enumerate(side_of) if side == which) for which in range(count))
    silent, silent_none = draw(st.floats(0.05, 0.5)), draw(st.floats(0.05, 0.8))
    return Asked(sides, tuple(Manner(draw(st.floats(0.5, 0.95)), silent, silent_none) for _ in LEVELS))


@st.composite
def hearings(draw: st.DrawFn) -> tuple[list[float], float, list[Answered]]:
    clusters = draw(st.integers(1, 4))
    logs = draw(st.lists(st.floats(-5, 5), min_size=clusters + 1, max_size=clusters + 1))
    asked = draw(st.lists(questions(clusters), max_size=4))
    votes = [draw(st.sampled_from([None, *range(len(question.sides))])) for question in asked]
    fooled = draw(st.sampled_from([0.0, 0.1, 0.3]))
    return logs, fooled, [Answered(question, vote) for question, vote in zip(asked, votes, strict=True)]


def likelihood(answer: Answered, level: int, right: int | None, fooling: int | None) -> float:
    """Luce's choice rule with the fooling cluster's side preferred by the odds by which the right side is to others."""
    manner, sides = answer.asked.manners[level], answer.asked.sides
    of = {cluster: side for side, clusters in enumerate(sides) for cluster in clusters}
    if right is None or right not in of:
        return manner.silent_none if answer.vote is None else (1 - manner.silent_none) / len(sides)
    if answer.vote is None:
        return manner.silent
    odds = manner.reliability / (1 - manner.reliability)
    strengths = [1.0] * len(sides)
    if fooling in of:
        strengths[of[fooling]] = odds**2
    strengths[of[right]] = odds
    return (1 - manner.silent) * strengths[answer.vote] / sum(strengths)


def by_hand(logs: list[float], fooled: float, answers: list[Answered]) -> list[float]:
    clusters = len(logs) - 1
    weights = [0.0] * len(logs)
    for level, right, fooling in product(range(len(LEVELS)), range(clusters), [None, *range(clusters)]):
        if fooling == right:
            continue
        rivals = clusters - 1
        somebody = 1 - (1 - fooled) ** rivals
        share = 1 - somebody if fooling is None else somebody / rivals
        said = math.prod(likelihood(answer, level, right, fooling) for answer in answers)
        weights[right] += math.exp(logs[right]) * LEVELS[level] * share * said
    weights[-1] = math.exp(logs[-1]) * math.prod(likelihood(answer, 0, None, None) for answer in answers)
    return [weight / sum(weights) for weight in weights]


@given(hearing=hearings())
def test_belief_is_the_posterior_of_the_joint_model(hearing: tuple[list[float], float, list[Answered]]) -> None:
    assert Belief(*hearing, LEVELS).probabilities == pytest.approx(by_hand(*hearing))


@given(hearing=hearings())
def test_the_order_of_answers_changes_nothing(hearing: tuple[list[float], float, list[Answered]]) -> None:
    logs, fooled, answers = hearing
    assert Belief(logs, fooled, answers[::-1], LEVELS).probabilities == pytest.approx(
        Belief(logs, fooled, answers, LEVELS).probabilities
    )


@given(data=st.data(), hearing=hearings())
def test_votes_are_predicted_as_they_change_the_belief(
    data: st.DataObject, hearing: tuple[list[float], float, list[Answered]]
) -> None:
    """Bayes' rule both ways: what a hypothesis predicts is the ratio by which a vote raises its odds."""
    logs, fooled, answers = hearing
    belief = Belief(logs, fooled, answers, LEVELS)
    asked = data.draw(questions(len(logs) - 1))
    before = belief.probabilities
    predicted = [belief.predicted(hypothesis, asked) for hypothesis in range(len(logs))]
    assert [sum(votes) for votes in predicted] == pytest.approx([1.0] * len(logs))
    for place, vote in enumerate([*range(len(asked.sides)), None]):
        after = Belief(logs, fooled, [*answers, Answered(asked, vote)], LEVELS).probabilities
        joint = [probability * votes[place] for probability, votes in zip(before, predicted, strict=True)]
        assert after == pytest.approx([value / sum(joint) for value in joint])


@given(data=st.data(), hearing=hearings())
def test_information_is_the_entropy_that_an_answer_is_expected_to_take(
    data: st.DataObject, hearing: tuple[list[float], float, list[Answered]]
) -> None:
    logs, fooled, answers = hearing
    belief = Belief(logs, fooled, answers, LEVELS)
    asked = data.draw(questions(len(logs) - 1))
    before, left = belief.probabilities, 0.0
    for place, vote in enumerate([*range(len(asked.sides)), None]):
        share = sum(before[which] * belief.predicted(which, asked)[place] for which in range(len(before)))
        left += share * entropy(Belief(logs, fooled, [*answers, Answered(asked, vote)], LEVELS).probabilities)
    assert belief.information(asked) == pytest.approx(entropy(before) - left, abs=0.02)


def test_a_question_with_one_side_for_everyone_says_least() -> None:
    belief = Belief([0.0, 0.0, 0.0, -50.0], 0.1)
    apart = Asked((frozenset({0}), frozenset({1, 2})), MANNER)
    together = Asked((frozenset({0, 1, 2}), frozenset()), MANNER)
    assert belief.information(apart) > 0.05
    assert belief.information(together) == pytest.approx(0.0, abs=1e-6)


def test_the_same_verdict_again_and_again_says_less_and_less() -> None:
    answer = Answered(Asked((frozenset({0}), frozenset({1})), MANNER), 0)
    odds = [Belief([0.0, 0.0, -50.0], 0.1, [answer] * times).probabilities[0] for times in range(12)]
    gains = [math.log(p / (1 - p)) for p in odds]
    steps = [after - before for before, after in pairwise(gains)]
    assert all(step > 0 for step in steps)
    assert steps == sorted(steps, reverse=True)
    assert gains[-1] < math.log(0.9 / 0.1) + 0.1  # a cluster that fools the judge stays possible


def test_answers_that_contradict_each_other_make_the_judge_less_reliable() -> None:
    """What it says next then moves less."""
    manners = (Manner(0.55, 0.1, 0.3), Manner(0.9, 0.1, 0.3))
    asked = Asked((frozenset({0}), frozenset({1}), frozenset({2})), manners)
    logs = [0.0, 0.0, 0.0, -50.0]
    steady = Belief(logs, 0.0, [Answered(asked, 0)] * 6, (0.5, 0.5))
    torn = Belief(logs, 0.0, [Answered(asked, place % 3) for place in range(6)], (0.5, 0.5))
    assert steady.predicted(0, asked)[0] > 0.7
    assert torn.predicted(0, asked)[0] < 0.5


def test_a_judge_that_holds_no_output_for_right_makes_none_likelier() -> None:
    asked = Asked((frozenset({0}), frozenset({1})), MANNER)
    before, after = Belief([0.0] * 3, 0.1), Belief([0.0] * 3, 0.1, [Answered(asked, None)])
    assert after.probabilities[-1] > before.probabilities[-1]


def test_many_contradicting_answers_do_not_underflow() -> None:
    clusters = CONTENDERS + 5
    sides = tuple(frozenset({place}) for place in range(clusters))
    answers = [Answered(Asked(sides, (Manner(0.99, 0.01, 0.01),)), place % clusters) for place in range(500)]
    probabilities = Belief([0.0] * (clusters + 1), 0.1, answers).probabilities
    assert sum(probabilities) == pytest.approx(1.0)


def test_what_is_impossible_stays_impossible() -> None:
    asked = Asked((frozenset({0}), frozenset({1})), MANNER)
    assert Belief([-math.inf, 0.0, 0.0], 0.1, [Answered(asked, 0)] * 5).probabilities[0] == 0.0


@given(pairs=st.integers(0, 40), share=st.floats(0, 1), before=st.floats(0.5, 0.95))
def test_disagreement_of_the_two_orders_lowers_reliability_and_agreement_never_raises_it(
    pairs: int, share: float, before: float
) -> None:
    agreed = round(share * pairs)
    known = reliability(agreed, pairs, before, 20)
    assert 0.5 <= known <= before
    if agreed < pairs:
        assert known <= reliability(agreed + 1, pairs, before, 20)


def test_without_pairs_reliability_is_what_it_was() -> None:
    assert reliability(0, 0, 0.75, 20) == pytest.approx(0.75)
