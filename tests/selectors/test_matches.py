"""A match between two samples: which inputs its judge sees, and what its verdicts bring."""

from typing import Any

import pytest
from contracts.selector import World, play
from contracts.worlds import world

from distinguo.records import Vote
from distinguo.selectors.matches import DISTINGUISHING, points
from distinguo.selectors.protocol import Compare, Failed
from distinguo.selectors.sstar import SStar


@pytest.mark.parametrize(
    "forward, backward, brought",
    [
        (Vote.FIRST, Vote.SECOND, (1.0, 0.0)),
        (Vote.SECOND, Vote.FIRST, (0.0, 1.0)),
        (Vote.TIE, Vote.TIE, (0.5, 0.5)),
        (Vote.FIRST, Vote.FIRST, (0.0, 0.0)),
        (Vote.FIRST, Vote.TIE, (0.0, 0.0)),
        (Failed("call failed"), Vote.FIRST, (0.0, 0.0)),
        (Failed("call failed"), Failed("call failed"), (0.0, 0.0)),
    ],
)
def test_only_verdicts_that_agree_in_both_orders_bring_points(forward: Any, backward: Any, brought: Any) -> None:
    assert points(forward, backward) == brought


def shown(given: World) -> set[tuple[str, ...]]:
    """The inputs of every comparison that `sstar` asks for."""
    return {question.inputs for question in play(SStar(), given).asked if isinstance(question, Compare)}


def test_the_judge_sees_the_inputs_that_were_made_for_the_pair() -> None:
    outputs = {"a": "xxx", "b": "xyy"}
    assert shown(world("ab", outputs, written=("i1",), distinguishing=("i2",))) == {("i2",)}


def test_without_any_the_judge_sees_the_first_few_written_inputs_on_which_the_two_differ() -> None:
    outputs = {"a": "x" * 6, "b": "x" + "y" * 5}
    assert shown(world("ab", outputs, distinguishing=())) == {("i1", "i2", "i3")[:DISTINGUISHING]}
