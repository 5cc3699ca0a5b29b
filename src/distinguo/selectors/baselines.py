"""Selectors that ask nothing."""

import random
from collections.abc import Mapping
from typing import ClassVar

from distinguo.selectors.clustering import best_by_public
from distinguo.selectors.protocol import Decision, State


class _AsksNothing:
    """Decides from what is known at the start."""

    def most_questions(self, candidates: int) -> Mapping[str, int]:
        """None of any kind."""
        return {}


class First(_AsksNothing):
    """The candidate with the lowest index."""

    name: ClassVar[str] = "first"

    def next(self, state: State) -> Decision:
        """Decide at once."""
        return Decision(state.samples[0], (), "It is the first candidate.")


class Random(_AsksNothing):
    """A random candidate: the expected score of choosing blindly."""

    name: ClassVar[str] = "random"

    def next(self, state: State) -> Decision:
        """Decide at once."""
        chosen = random.Random(f"{state.seed}/random").choice(state.samples)
        return Decision(chosen, (), f"It was drawn at random from {len(state.samples)} candidates.")


class Public(_AsksNothing):
    """Most public tests passed, then the largest cluster of equal outputs on their inputs, then the lowest index."""

    name: ClassVar[str] = "public"

    def next(self, state: State) -> Decision:
        """Decide at once."""
        return best_by_public(state)
