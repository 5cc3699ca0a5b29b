"""What a run may spend: calls, tokens, dollars, seconds; checked before each call, with its worst case reserved."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

from distinguo.config import Price, Settings
from distinguo.errors import BudgetExhausted, InputError
from distinguo.fit import tokens
from distinguo.records import Completion, Request, Role, Usage

MESSAGE_TOKENS = 8  # what a chat template adds to a message


class Spent(NamedTuple):
    """What one call used, or may use at most."""

    calls: int = 0
    tokens: int = 0
    usd: float = 0.0


def prompt_tokens_at_most(request: Request) -> int:
    """An upper estimate of a prompt's tokens, for endpoints whose tokenizer is unknown."""
    return sum(tokens(message.content) + MESSAGE_TOKENS for message in request.messages)


def free(model: str) -> bool:
    """Whether a model answers on this machine, for nothing."""
    return model == "local" or model.startswith(("gguf:", "replay:"))


def cost(model: str, prompt_tokens: int, completion_tokens: int, prices: Mapping[str, Price]) -> float | None:
    """Dollars for these tokens; 0 for models on this machine, None where the price is unknown."""
    if free(model):
        return 0.0
    price = prices.get(model)
    if price is None:
        return None
    return (price.prompt * prompt_tokens + price.completion * completion_tokens) / 1e6


class Budget:
    """One run's budget. Calls in flight count with their worst case until they arrive."""

    def __init__(self, settings: Settings, used: Mapping[str, Usage]) -> None:
        """`used` is what earlier sessions of the same run used, by model.

        Raises InputError when dollars are limited and a model's price is unknown.
        """
        self._settings = settings
        self._calls = sum(usage.calls for usage in used.values())
        self._tokens = sum(usage.prompt_tokens + usage.completion_tokens for usage in used.values())
        self._usd = sum(
            cost(model, usage.prompt_tokens, usage.completion_tokens, settings.prices) or 0.0
            for model, usage in used.items()
        )
        self._deadline = None if settings.max_seconds is None else time.monotonic() + settings.max_seconds
        self._ended = ""
        self._in_flight = 0
        self._arrived = asyncio.Event()
        if settings.budget_usd is not None:
            for role in Role:
                model = settings.model_of(role)
                if cost(model, 0, 0, settings.prices) is None:
                    raise InputError(
                        f"--budget-usd needs the price of {model}: add [prices.{model!r}] with prompt and completion"
                        " (dollars per million tokens) to the configuration file"
                    )

    @property
    def ended(self) -> str:
        """Which budget refused a call ("" when none did)."""
        return self._ended

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the deadline, never negative; None without one."""
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def end(self, which: str) -> BudgetExhausted:
        """Note that a budget ended the run, and return the error that says so."""
        self._ended = self._ended or which
        return BudgetExhausted(f"the budget of {which} is used up")

    def end_of_time(self) -> BudgetExhausted:
        """The same for the deadline."""
        return self.end(f"{self._settings.max_seconds:g} seconds")

    @asynccontextmanager
    async def reserve(self, model: str, request: Request) -> AsyncIterator["Reservation"]:
        """Hold one call's worst case while it is in flight.

        Where it would only not fit because of other calls' worst cases, wait for them. Raises BudgetExhausted when it
        does not fit, or the deadline passes.
        """
        settings = self._settings
        prompt = prompt_tokens_at_most(request)
        worst = Spent(1, prompt + request.max_tokens, cost(model, prompt, request.max_tokens, settings.prices) or 0.0)
        while refused := self._refusal(worst):
            if not self._in_flight or refused.final:
                raise self.end(refused.which)
            await self._one_arrives()
        reservation = Reservation(model, settings.prices)
        self._in_flight += 1
        self._add(worst)
        try:
            yield reservation
        finally:
            self._in_flight -= 1
            self._add(worst, sign=-1)
            self._add(reservation.spent)
            self._arrived.set()
            self._arrived = asyncio.Event()

    def _refusal(self, worst: Spent) -> "_Refusal | None":
        """Which budget the call does not fit, if any; final where waiting for calls in flight frees nothing."""
        settings = self._settings
        if self.seconds_left == 0.0:
            return _Refusal(f"{settings.max_seconds:g} seconds", final=True)
        if settings.budget_calls is not None and self._calls + worst.calls > settings.budget_calls:
            return _Refusal(f"{settings.budget_calls} calls", final=True)
        if settings.budget_tokens is not None and self._tokens + worst.tokens > settings.budget_tokens:
            return _Refusal(f"{settings.budget_tokens} tokens", final=False)
        if settings.budget_usd is not None and self._usd + worst.usd > settings.budget_usd:
            return _Refusal(f"{settings.budget_usd:g} dollars", final=False)
        return None

    async def _one_arrives(self) -> None:
        """Wait until a call in flight has ended, or the deadline has passed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.seconds_left):
                await self._arrived.wait()

    def _add(self, amount: Spent, sign: int = 1) -> None:
        self._calls += sign * amount.calls
        self._tokens += sign * amount.tokens
        self._usd += sign * amount.usd


class _Refusal(NamedTuple):
    which: str
    final: bool


class Reservation:
    """A call in flight; `arrived` replaces its worst case by what it used. A failed call counts as a call only."""

    def __init__(self, model: str, prices: Mapping[str, Price]) -> None:
        self._model = model
        self._prices = prices
        self.spent = Spent(calls=1)

    def arrived(self, completion: Completion) -> None:
        """Take the tokens that the endpoint reported."""
        prompt, answer = completion.prompt_tokens, completion.completion_tokens
        self.spent = Spent(1, prompt + answer, cost(self._model, prompt, answer, self._prices) or 0.0)
