"""What models cost: the user's own prices first, then the table that ships with the package.

The shipped table is a convenience: list prices of well-known models at the date it names, without discounts for cached
prompts or batches, and stale when a provider changes them. A price that is not known is None, never zero.
"""

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources

from pydantic import BaseModel, ConfigDict, Field


class Price(BaseModel):
    """Dollars per million tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    prompt: float = Field(ge=0)
    completion: float = Field(ge=0)


class Table(BaseModel):
    """A price file: `[prices."provider/NAME"]` with prompt and completion; `date` and `note` say where from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    date: str = ""
    note: str = ""
    prices: dict[str, Price]


@lru_cache(maxsize=1)
def shipped() -> Table:
    """The table in the package."""
    text = resources.files("distinguo").joinpath("prices.toml").read_text(encoding="utf-8")
    return Table.model_validate(tomllib.loads(text))


def free(model: str) -> bool:
    """Whether a model answers on this machine, for nothing, or there is none."""
    return model in ("local", "none") or model.startswith(("gguf:", "replay:"))


def cost(model: str, prompt_tokens: int, completion_tokens: int, own: Mapping[str, Price]) -> float | None:
    """Dollars for these tokens; 0 for models on this machine, None where the price is unknown.

    `own` are the user's prices, which come before the shipped ones.
    """
    if free(model):
        return 0.0
    price = own.get(model) or shipped().prices.get(model)
    if price is None:
        return None
    return (price.prompt * prompt_tokens + price.completion * completion_tokens) / 1e6
