"""Settings, validated once, from three places: command line over environment (DISTINGUO_*) over a TOML file.

A run is a problem and the settings that shape its answers (`Settings.identity`); budgets and transport do not belong
to it, so the same run can be resumed with a larger budget or over another address.
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, TypedDict

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from distinguo.errors import InputError
from distinguo.prices import Price, Table
from distinguo.problem import Problem
from distinguo.records import Role

ENVIRONMENT_PREFIX = "DISTINGUO_"
_NOT_SETTINGS = {  # read by the command line for itself
    "DISTINGUO_DATA", "DISTINGUO_DEBUG", "DISTINGUO_LOG", "DISTINGUO_LOG_PROMPTS",
}  # fmt: skip
_NOT_IDENTITY = {
    "budget_calls", "budget_tokens", "budget_prompt_tokens", "budget_completion_tokens", "budget_usd", "max_seconds",
    "slots", "prices",
}  # fmt: skip

Source = Literal["written", "mutated", "large", "generated", "stress"]
INPUTS: tuple[Source, ...] = ("written", "mutated", "large", "generated", "stress")
"""Where stage 2's inputs may come from: a model, mutation of the public tests', the same made as large as the statement
allows, a model's generators, a brute force."""
USUAL_INPUTS: tuple[Source, ...] = ("written", "mutated", "large")


class Settings(BaseModel):
    """Everything that a run can be told. Defaults are the paper's (N=16, R=2, T=0.7).

    debug_tests: what a program is debugged on: the public tests, or also, once it passes these, tests that a model
    writes.
    examples: a file of solved problems (see generate.examples), of which `shots` are shown before each problem: those
    with the likest statements (BM25), or those that share most techniques.
    public_filter: a selector sees only the candidates that pass every public test, where one does.
    inputs: the sources of INPUTS that are on, as a sequence or in one text with commas.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    model: str = "local"
    debugger: str | None = None
    test_generator: str | None = None
    judge: str | None = None
    n: int = Field(default=16, ge=1, le=100_000)
    rounds: int = Field(default=2, ge=0, le=1000)
    temperature: float = Field(default=0.7, ge=0, le=2)
    context: Literal["all", "last"] = "all"
    debug_tests: Literal["public", "generated"] = "public"
    examples: Path | None = None
    shots: int = Field(default=2, ge=1, le=64)
    examples_by: Literal["bm25", "technique"] = "bm25"
    show_reasoning: bool = True
    keep: Literal["best", "last"] = "best"
    selector: str = "posterior"
    public_filter: bool = True
    inputs: tuple[Source, ...] = USUAL_INPUTS
    seed: int = Field(default=0, ge=0)
    max_tokens: int | None = Field(default=None, ge=1)
    reasoning_effort: str | None = None
    budget_calls: int | None = Field(default=None, ge=0)
    budget_tokens: int | None = Field(default=None, ge=0)
    budget_prompt_tokens: int | None = Field(default=None, ge=0)
    budget_completion_tokens: int | None = Field(default=None, ge=0)
    budget_usd: float | None = Field(default=None, ge=0)
    max_seconds: float | None = Field(default=None, gt=0)
    slots: int = Field(default=16, ge=1)
    drafts_per_call: int = Field(default=1, ge=1, le=128)
    prices: dict[str, Price] = Field(default_factory=dict)

    @field_validator("inputs", mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value

    @field_validator("inputs")
    @classmethod
    def _in_one_order(cls, value: tuple[Source, ...]) -> tuple[Source, ...]:
        return tuple(source for source in INPUTS if source in value)

    def model_of(self, role: Role) -> str:
        """The model that answers in this role; debugger, test generator and judge default to the generator."""
        own = {Role.DEBUGGER: self.debugger, Role.TEST_GENERATOR: self.test_generator, Role.JUDGE: self.judge}
        return own.get(role) or self.model

    def shaping(self) -> dict[str, Any]:
        """The settings that shape answers, as plain data: every role's model by name, examples by the file's content.

        Raises InputError when the file of examples cannot be read.
        """
        shaping = self.model_dump(mode="json", exclude=_NOT_IDENTITY)
        for role in Role:
            shaping[role.value] = self.model_of(role)
        shots, by = shaping.pop("shots"), shaping.pop("examples_by")
        if self.examples is not None:
            try:
                content = hashlib.sha256(self.examples.read_bytes()).hexdigest()
            except (OSError, ValueError) as error:
                raise InputError(f"cannot read the examples {self.examples}: {error}") from error
            shaping["examples"] = f"{shots} by {by} of {content[:12]}"
        return shaping

    def identity(self, problem: Problem) -> str:
        """Sixteen hexadecimal digits that name the run: equal for equal problems and equal answer-shaping settings.

        Raises InputError as `shaping` does.
        """
        text = json.dumps({"problem": asdict(problem), "settings": self.shaping()}, sort_keys=True)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class Options(TypedDict, total=False):
    """The fields of Settings as keyword arguments."""

    model: str
    debugger: str | None
    test_generator: str | None
    judge: str | None
    n: int
    rounds: int
    temperature: float
    context: Literal["all", "last"]
    debug_tests: Literal["public", "generated"]
    examples: Path | str | None
    shots: int
    examples_by: Literal["bm25", "technique"]
    show_reasoning: bool
    keep: Literal["best", "last"]
    selector: str
    public_filter: bool
    inputs: Sequence[Source]
    seed: int
    max_tokens: int | None
    reasoning_effort: str | None
    budget_calls: int | None
    budget_tokens: int | None
    budget_prompt_tokens: int | None
    budget_completion_tokens: int | None
    budget_usd: float | None
    max_seconds: float | None
    slots: int
    drafts_per_call: int
    prices: dict[str, Price]


def load(flags: Mapping[str, Any], environment: Mapping[str, str], file: Path | None) -> Settings:
    """Merge and validate. A flag that is None was not given.

    `prices` may be the path of a price file (prices.Table): what it says comes before the configuration file's.

    Raises InputError, in one sentence, for an unknown or invalid setting and an unreadable file.
    """
    values = {} if file is None else _read(file)
    in_file = values.get("prices")
    for name, text in environment.items():
        if name.startswith(ENVIRONMENT_PREFIX) and name not in _NOT_SETTINGS and text:
            values[name.removeprefix(ENVIRONMENT_PREFIX).lower()] = text
    values |= {name: value for name, value in flags.items() if value is not None}
    if isinstance(values.get("prices"), (str, Path)):
        known = in_file if isinstance(in_file, dict) else {}
        values["prices"] = known | _prices(Path(values["prices"]))
    for name, value in values.items():
        if isinstance(value, str) and not value.isprintable():
            raise InputError(f"{name}: {value!r} holds characters that no name has")
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise InputError(_sentence(error)) from error


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read the configuration {file}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"the configuration {file} is not valid TOML: {error}") from error


def _prices(file: Path) -> dict[str, Price]:
    try:
        return Table.model_validate(_read(file)).prices
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(
            f"{file} is not a price file ({'.'.join(map(str, first['loc']))}: {first['msg'].lower()}); write"
            ' [prices."provider/NAME"] with prompt and completion in dollars per million tokens'
        ) from error


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        known = ", ".join(Settings.model_fields)
        return f"there is no setting {name!r}; the settings are {known}"
    message = first["msg"][0].lower() + first["msg"][1:]
    return f"{name}: {message} (got {first['input']!r})"


def derive_seed(seed: int, problem: str, role: Role, sample: int, round: int) -> int:
    """A seed of 31 bits for one call, independent of when it is made."""
    text = f"{seed}\0{problem}\0{role}\0{sample}\0{round}"
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:4], "big") >> 1
