"""What a run may spend: calls, tokens, dollars, seconds; checked before each call, with its worst case reserved.

A budget may have a parent (a run of many problems has one, each problem another): a call has to fit both. All of it
survives a resume, seconds too: they count while distinguo works on the run, in this session and earlier ones.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import NamedTuple, Self

from distinguo import prices
from distinguo.config import Settings
from distinguo.errors import BudgetExhausted, InputError
from distinguo.fit import tokens
from distinguo.records import Request, Role, Usage

MESSAGE_TOKENS = 8  # what a chat template adds to a message


@dataclass(frozen=True, slots=True)
class Spent:
    """What calls used, or may use at most. Dollars are 0 where a price is unknown: no such call has a dollar budget."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float = 0.0

    def plus(self, other: Self, sign: int = 1) -> "Spent":
        """The sum, or with sign -1 the difference."""
        return Spent(
            self.calls + sign * other.calls,
            self.prompt_tokens + sign * other.prompt_tokens,
            self.completion_tokens + sign * other.completion_tokens,
            self.usd + sign * other.usd,
        )


def prompt_tokens_at_most(request: Request) -> int:
    """An upper estimate of a prompt's tokens, for endpoints whose tokenizer is unknown."""
    return sum(tokens(message.content) + MESSAGE_TOKENS for message in request.messages)


class Budget:
    """A run's or a problem's budget. Calls in flight count with their worst case until they arrive."""

    def __init__(
        self,
        settings: Settings,
        used: Mapping[str, Usage],
        *,
        seconds: float = 0.0,
        parent: "Budget | None" = None,
        scope: str = "",
    ) -> None:
        """Start from what earlier sessions of the same run used: `used` by model, and `seconds`.

        settings: budgets and prices. parent: another budget that every call has to fit as well. scope: what `ended`
        adds to a limit, so that a reader tells it from the parent's ("for all problems").

        Raises InputError when dollars are limited and a model's price is unknown.
        """
        self._settings = settings
        self._parent = parent
        self._scope = scope
        self._spent = Spent()
        for model, usage in used.items():
            self._spent = self._spent.plus(self._priced(model, usage))
        self._deadline = None if settings.max_seconds is None else time.monotonic() + settings.max_seconds - seconds
        self._ended = ""
        self._in_flight = 0
        self._arrived = asyncio.Event()
        if settings.budget_usd is not None:
            for model in dict.fromkeys(map(settings.model_of, Role)):
                if prices.cost(model, 0, 0, settings.prices) is None:
                    raise InputError(
                        f"--budget-usd needs the price of {model}: give it in --prices FILE, or in the configuration"
                        f" file under [prices.{model!r}], as prompt and completion in dollars per million tokens"
                    )

    @property
    def ended(self) -> str:
        """Which budget refused a call ("" when none did). A parent has ended where the limit was its own."""
        return self._ended

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the first deadline, never negative; None without one."""
        deadlines = [budget._deadline for budget in self._all() if budget._deadline is not None]
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None

    def end_of_time(self) -> BudgetExhausted:
        """Note that the deadline ended the run, and return the error that says so."""
        timed = [budget for budget in self._all() if budget._deadline is not None]
        first = min(timed, key=lambda budget: budget._deadline or 0.0)
        return self._end(first._named(f"{first._settings.max_seconds:g} seconds"), first)

    @asynccontextmanager
    async def reserve(self, model: str, request: Request) -> AsyncIterator["Reservation"]:
        """Hold one call's worst case while it is in flight.

        Where it would only not fit because of other calls' worst cases, wait for them. Raises BudgetExhausted when it
        does not fit, or the deadline passes.
        """
        prompt = prompt_tokens_at_most(request)
        worst = self._priced(model, Usage(1, prompt, request.max_tokens))
        while refusal := self._refusal(worst):
            if refusal.final or not refusal.budget._in_flight:
                raise self._end(refusal.which, refusal.budget)
            await self._one_arrives(refusal.budget)
        reservation = Reservation(self, model, prompt)
        self._add(worst, in_flight=1)
        try:
            yield reservation
        finally:
            self._add(reservation.spent.plus(worst, -1), in_flight=-1)
            for budget in self._all():
                budget._arrived.set()
                budget._arrived = asyncio.Event()

    def _all(self) -> "Iterator[Budget]":
        budget: Budget | None = self
        while budget is not None:
            yield budget
            budget = budget._parent

    def _named(self, limit: str) -> str:
        return f"{limit} {self._scope}".rstrip()

    def _end(self, which: str, refusing: "Budget") -> BudgetExhausted:
        for budget in (self, refusing):
            budget._ended = budget._ended or which
        return BudgetExhausted(f"the budget of {which} is used up")

    def _priced(self, model: str, usage: Usage) -> Spent:
        prompt, answer = usage.prompt_tokens, usage.completion_tokens
        return Spent(usage.calls, prompt, answer, prices.cost(model, prompt, answer, self._settings.prices) or 0.0)

    def _refusal(self, worst: Spent) -> "_Refusal | None":
        """Which budget the call does not fit, if any; final where waiting for calls in flight frees nothing."""
        if self.seconds_left == 0.0:
            raise self.end_of_time()
        for budget in self._all():
            settings, total = budget._settings, budget._spent.plus(worst)
            for limit, amount, unit in (
                (settings.budget_calls, total.calls, "calls"),
                (settings.budget_tokens, total.prompt_tokens + total.completion_tokens, "tokens"),
                (settings.budget_prompt_tokens, total.prompt_tokens, "prompt tokens"),
                (settings.budget_completion_tokens, total.completion_tokens, "completion tokens"),
                (settings.budget_usd, total.usd, "dollars"),
            ):
                if limit is not None and amount > limit:
                    shown = f"{limit:g}" if unit == "dollars" else str(limit)
                    return _Refusal(budget, budget._named(f"{shown} {unit}"), final=unit == "calls")
        return None

    async def _one_arrives(self, budget: "Budget") -> None:
        """Wait until a call in flight has ended, or the deadline has passed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.seconds_left):
                await budget._arrived.wait()

    def _add(self, amount: Spent, in_flight: int = 0) -> None:
        for budget in self._all():
            budget._in_flight += in_flight
            budget._spent = budget._spent.plus(amount)


class _Refusal(NamedTuple):
    budget: Budget
    which: str
    final: bool


class Reservation:
    """A call that may be sent. What it turns out to use replaces its worst case once the reservation ends.

    prompt_tokens: the estimate of its prompt.
    """

    def __init__(self, budget: Budget, model: str, prompt_tokens: int) -> None:
        self.prompt_tokens = prompt_tokens
        self._budget = budget
        self._model = model
        self.spent = Spent()  # by the last try

    def sending(self, usage: Usage) -> None:
        """A try is sent that will have used so much unless `used` says otherwise; what an earlier one used is spent.

        Raises BudgetExhausted when there is no room for one more worst case.
        """
        budget, earlier = self._budget, self.spent
        if earlier != Spent():
            self.spent = Spent()
            refusal = budget._refusal(earlier)  # on top of this call's worst case, which is held
            budget._add(earlier)
            if refusal is not None:
                raise budget._end(refusal.which, refusal.budget)
        self.spent = budget._priced(self._model, usage)

    def used(self, usage: Usage) -> None:
        """Take what the last try used."""
        self.spent = self._budget._priced(self._model, usage)
