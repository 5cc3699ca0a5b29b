"""What a run may take at most, before anything is sent: calls, tokens and dollars; arms.py for many arms together."""

from dataclasses import asdict, dataclass
from typing import Any

from distinguo.config import Settings
from distinguo.estimate.spending import Together
from distinguo.fit import tokens
from distinguo.prices import cost
from distinguo.problem import Problem
from distinguo.records import Role


@dataclass(frozen=True, slots=True)
class RoleEstimate:
    """One role's share. usd is None where the model's price is unknown."""

    role: str
    model: str
    calls: int
    prompt_tokens: int
    completion_tokens: int
    usd: float | None

    @property
    def cost(self) -> str:
        """The dollars in words."""
        return f"cost: unknown for {self.model}" if self.usd is None else f"${self.usd:.2f}"


@dataclass(frozen=True, slots=True)
class Estimate:
    """The worst case: every sample fails to the last round, and every candidate is a cluster of its own."""

    roles: tuple[RoleEstimate, ...]

    @property
    def calls(self) -> int:
        """All calls."""
        return sum(role.calls for role in self.roles)

    @property
    def unpriced(self) -> list[str]:
        """The models whose price is unknown."""
        return list(dict.fromkeys(role.model for role in self.roles if role.usd is None))

    @property
    def usd(self) -> float | None:
        """All dollars, None where a price is unknown."""
        return None if self.unpriced else sum(role.usd or 0.0 for role in self.roles)

    def as_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        return {
            "calls": self.calls,
            "prompt_tokens": sum(role.prompt_tokens for role in self.roles),
            "completion_tokens": sum(role.completion_tokens for role in self.roles),
            "usd": self.usd,
            "unpriced": self.unpriced,
            "roles": [asdict(role) for role in self.roles],
        }

    def lines(self) -> list[str]:
        """The same for a person."""
        lines = [
            f"{role.role.replace('_', ' '):14} {role.model}: {role.calls} calls, {role.prompt_tokens:,} prompt and"
            f" {role.completion_tokens:,} completion tokens, {role.cost}"
            for role in self.roles
        ]
        unknown = ", ".join(self.unpriced)
        total = f"cost: unknown for {unknown} (--prices FILE gives it)" if unknown else f"${self.usd:.2f}"
        return [*lines, f"At most {self.calls} calls, {total}. Nothing was sent."]


def at_most(problem: Problem, settings: Settings) -> Estimate:
    """The worst case for these settings, an upper estimate of tokens.

    Raises InputError for an unknown selector, and for solved examples that cannot be read.
    """
    spent = list(Together([settings]).spending(texts_of(problem)))
    roles = []
    for role in Role:
        own = [one for one in spent if one.role is role]
        calls, prompts, answers = (
            int(sum(numbers))
            for numbers in (
                [one.calls for one in own],
                [one.prompt_tokens for one in own],
                [one.completion_tokens for one in own],
            )
        )
        model = settings.model_of(role)
        usd = cost(model, prompts, answers, settings.prices) if calls else 0.0
        roles.append(RoleEstimate(role.value, model, calls, prompts, answers, usd))
    return Estimate(tuple(roles))


def texts_of(problem: Problem) -> int:
    """The tokens of a problem's texts, by a cautious estimate."""
    return tokens(problem.statement) + tokens(problem.starter)
