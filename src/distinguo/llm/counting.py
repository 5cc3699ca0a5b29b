"""Tokens of an answer, a choice: as the endpoint counts them, else estimated and marked so.

A stream that is ended early has no count, and some servers never give one. An answer has at least one token for each
part it came in, as most servers send them.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

from distinguo.fit import tokens
from distinguo.llm.answers import Answer, Choice
from distinguo.records import Completion, Message

_UNKNOWN = 0.7  # of real tokens to fit.tokens, an upper estimate, where an endpoint has counted nothing yet
_COUNTS = 64  # that are learnt from
_MESSAGE_TOKENS = 5  # a chat template's own, a message


class _Ratio:
    """How far the upper estimate is off, from an endpoint's own counts."""

    def __init__(self) -> None:
        self._counted = self._upper = self._counts = 0

    def learn(self, count: int, upper: Callable[[], int]) -> None:
        if self._counts < _COUNTS:
            self._counts += 1
            self._counted += count
            self._upper += upper()

    def of(self, upper: int) -> int:
        return round(upper * (self._counted / self._upper if self._upper else _UNKNOWN))


class Counter:
    """Counts for one endpoint's model; learns from the endpoint's own counts how far the estimate is off."""

    def __init__(self) -> None:
        self._prompts, self._answers = _Ratio(), _Ratio()

    def completions(self, messages: Sequence[Message], answer: Answer, seconds: float) -> list[Completion]:
        """Turn an answer into completions, one a choice; they share the prompt's tokens."""
        prompt, total = answer.prompt_tokens, answer.completion_tokens
        parts = sum(choice.parts for choice in answer.choices)
        estimated = prompt is None or total is None or total < parts
        if prompt is None:
            prompt = self.prompt(messages)
        else:
            self._prompts.learn(prompt, lambda: _of_messages(tuple(messages)))
        if total is None or total < parts:  # or it was counted before the answer was ended
            total = sum(max(choice.parts, self._answers.of(_of_choice(choice))) for choice in answer.choices)
        else:
            self._answers.learn(total, lambda: sum(map(_of_choice, answer.choices)))
        count = len(answer.choices)
        shares = [total] if count == 1 else _shares(total, answer.choices)
        return [
            Completion(
                text=choice.text or "",
                reasoning=choice.reasoning,
                finish_reason=choice.finish_reason,
                prompt_tokens=prompt // count + (number < prompt % count),
                completion_tokens=share,
                seconds=seconds,
                estimated=estimated,
            )
            for number, (choice, share) in enumerate(zip(answer.choices, shares, strict=True))
        ]

    def prompt(self, messages: Sequence[Message]) -> int:
        """Estimate a prompt's tokens."""
        return max(1, self._prompts.of(_of_messages(tuple(messages))))


def _shares(total: int, choices: Sequence[Choice]) -> list[int]:
    """Share a count that an endpoint gives for all choices together, by the lengths of their texts."""
    lengths = [len(choice.reasoning) + len(choice.text or "") for choice in choices]
    whole = sum(lengths) or 1
    shares = [total * length // whole for length in lengths]
    shares[0] += total - sum(shares)
    return shares


def _of_choice(choice: Choice) -> int:
    return tokens(choice.reasoning) + tokens(choice.text or "")


@lru_cache(maxsize=32)
def _of_messages(messages: tuple[Message, ...]) -> int:
    return sum(tokens(message.content) + _MESSAGE_TOKENS for message in messages)
