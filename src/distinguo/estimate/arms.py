"""What many arms on many problems take: at most, and as a guess; what arms have in common counts once."""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from distinguo.config import Settings
from distinguo.errors import InputError
from distinguo.estimate import texts_of
from distinguo.estimate.spending import USUAL, Together, Usual
from distinguo.prices import Price, cost
from distinguo.problem import Problem

NAMED = 2  # models that a sentence names
SAMPLED = 100  # problems whose texts are looked at; with more, the others are taken to be like them


@dataclass(frozen=True, slots=True)
class Amount:
    """Calls, tokens and dollars; usd is None where the model's price is unknown."""

    calls: int
    prompt_tokens: int
    completion_tokens: int
    usd: float | None

    def __add__(self, other: "Amount") -> "Amount":
        usd = None if self.usd is None or other.usd is None else self.usd + other.usd
        return Amount(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            usd,
        )

    def __str__(self) -> str:
        tokens = f"{_short(self.prompt_tokens)} prompt and {_short(self.completion_tokens)} completion tokens"
        cost = "cost unknown" if self.usd is None else f"${self.usd:,.2f}"
        return f"{self.calls:,} calls, {tokens}, {cost}"


@dataclass(frozen=True, slots=True)
class ArmsEstimate:
    """An estimate for arms on problems.

    problems: how many. looked_at: of how many of them the texts were read; seed: by which these were drawn.
    at_most, expected: by model; the second is a guess by `usual`.
    """

    arms: int
    problems: int
    looked_at: int
    seed: int
    at_most: dict[str, Amount]
    expected: dict[str, Amount]
    usual: Usual = USUAL

    @property
    def most(self) -> Amount:
        """All models together, at most."""
        return _sum(self.at_most.values())

    @property
    def guess(self) -> Amount:
        """All models together, as a guess."""
        return _sum(self.expected.values())

    @property
    def unpriced(self) -> list[str]:
        """The models whose price is unknown."""
        return [model for model, amount in self.at_most.items() if amount.usd is None]

    @property
    def paid(self) -> bool:
        """Whether any model may have to be paid for: one that costs something, or whose price is unknown."""
        return any(amount.usd is None or amount.usd > 0 for amount in self.at_most.values())

    def as_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        return {
            "arms": self.arms,
            "problems": self.problems,
            "looked_at": self.looked_at,
            "seed": self.seed,
            "at_most": asdict(self.most) | {"models": {name: asdict(one) for name, one in self.at_most.items()}},
            "expected": asdict(self.guess)
            | {"models": {name: asdict(one) for name, one in self.expected.items()}, "assumptions": asdict(self.usual)},
            "unpriced": self.unpriced,
        }

    def lines(self) -> list[str]:
        """The same for a person."""
        drawn = f", from the texts of {self.looked_at:,} drawn by seed {self.seed}"
        lines = [f"{self.arms} arms on {self.problems:,} problems{drawn if self.looked_at < self.problems else ''}:"]
        for model, most in self.at_most.items():
            lines += [f"  {model}", f"    at most   {most}", f"    expected  {self.expected[model]}"]
        known = [one for one in self.at_most.values() if one.usd is not None]
        guessed = [self.expected[model] for model in self.at_most if model not in self.unpriced]
        dollars = f"${_sum(known).usd:,.2f} at most, ${_sum(guessed).usd:,.2f} expected"
        lines.append(f"In all {self.most.calls:,} calls at most, {self.guess.calls:,} expected; {dollars}.")
        if self.unpriced:
            named = ", ".join(self.unpriced[:NAMED])
            more = len(self.unpriced) - NAMED
            names = f"{named} and {more} more" if more > 0 else named
            lines.append(f"Without {names}, whose price is unknown (--prices FILE gives it).")
        return [*lines, self.usual.sentence()]


def of_arms(
    ids: Sequence[str],
    problem: Callable[[str], Problem],
    arms: Sequence[Settings],
    *,
    sampled: int = SAMPLED,
    seed: int = 0,
    usual: Usual = USUAL,
) -> ArmsEstimate:
    """The estimate for every arm on every problem, equal requests paid for once.

    ids: of the problems; `problem` makes one, and raises InputError for one that cannot be used, which then counts like
    the others. Where there are more than `sampled`, so many are drawn by the seed and what they take is scaled.
    Raises InputError for an unknown selector, for solved examples that cannot be read, and where no problem can be
    used.
    """
    together = Together(arms)
    drawn = ids if len(ids) <= sampled else random.Random(seed).sample(list(ids), sampled)
    lengths, fault = list[int](), ""
    for one in drawn:
        try:
            lengths.append(texts_of(problem(one)))
        except InputError as error:
            fault = str(error)
    if not lengths:
        raise InputError(f"none of the problems can be used{fault and f': {fault}'}")
    prices = {name: price for arm in arms for name, price in arm.prices.items()}
    scale = len(ids) / len(lengths)
    at_most = _amounts(together, lengths, scale, prices, None)
    expected = _amounts(together, lengths, scale, prices, usual)
    return ArmsEstimate(len(arms), len(ids), len(lengths), seed, at_most, expected, usual)


def _amounts(
    together: Together, lengths: Iterable[int], scale: float, prices: dict[str, Price], usual: Usual | None
) -> dict[str, Amount]:
    """Those of each model."""
    sums: dict[str, list[float]] = {}
    for length in lengths:
        for one in together.spending(length, usual):
            if one.calls:
                of_model = sums.setdefault(one.model, [0.0, 0.0, 0.0])
                for place, number in enumerate((one.calls, one.prompt_tokens, one.completion_tokens)):
                    of_model[place] += number * scale
    amounts = {}
    for model, numbers in sums.items():
        calls, prompt, completion = map(round, numbers)
        amounts[model] = Amount(calls, prompt, completion, cost(model, prompt, completion, prices))
    return amounts


def _sum(amounts: Iterable[Amount]) -> Amount:
    return sum(amounts, Amount(0, 0, 0, 0.0))


def _short(number: int) -> str:
    """A number of tokens: 950, 12k, 3.4M."""
    if number < 10_000:
        return f"{number:,}"
    return f"{number / 1000:,.0f}k" if number < 1_000_000 else f"{number / 1e6:,.1f}M"
