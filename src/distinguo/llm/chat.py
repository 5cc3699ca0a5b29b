"""What a request looks like in an endpoint's dialect: rules by the model's family, then what its refusals teach."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from distinguo.records import Message, Request

_OPTIONAL = ("temperature", "seed", "stop", "response_format", "stream_options", "stream", "n")
_LONG, _SHORT = "max_completion_tokens", "max_tokens"
_REFUSED_CODES = {"unsupported_parameter", "unsupported_value", "unknown_parameter"}
_REFUSED_WORDS = re.compile(
    r"unsupported|not supported|n.t support|unrecogni[sz]ed|unknown|not permitted|not allowed|extra (fields|inputs)"
    r"|unexpected|only the default|invalid schema",
    re.IGNORECASE,
)
_TURN = "### {}:\n"
_SPEAKERS = {"system": "Instructions", "user": "User", "assistant": "Assistant"}


class Family(NamedTuple):
    """Models that take the same parameters: how the answer's length is limited, and what is not sent at all."""

    names: re.Pattern[str]
    limit: str
    left_out: frozenset[str]


FAMILIES = (
    Family(  # OpenAI's reasoning models
        re.compile(r"(^|/)(o[1-9](-|$)|gpt-5(?!.*-chat)|codex-)"), _LONG, frozenset({"temperature", "stop"})
    ),
    Family(re.compile(""), _SHORT, frozenset()),
)


@dataclass(slots=True)
class Dialect:
    """Which parameters an endpoint's model accepts, and whether it takes messages or only a prompt."""

    limit: str = _SHORT
    limit_switched: bool = False
    left_out: set[str] = field(default_factory=set)
    chat: bool = True

    @classmethod
    def of(cls, name: str) -> "Dialect":
        """Start from the family of a model's name."""
        family = next(family for family in FAMILIES if family.names.search(name))
        return cls(family.limit, left_out=set(family.left_out))

    def arguments(self, name: str, request: Request, *, stream: bool, choices: int = 1) -> dict[str, Any]:
        """Return the arguments of the SDK's `create`: of chat.completions, or of completions without `chat`."""
        arguments: dict[str, Any] = {
            "model": name,
            self.limit: request.max_tokens,
            "temperature": request.temperature,
            "seed": request.seed % 2**31,  # some servers read a signed 32-bit number
        }
        if self.chat:
            arguments["messages"] = [{"role": message.role, "content": message.content} for message in request.messages]
        else:
            arguments["prompt"] = as_prompt(request.messages)
        stops = [*request.stop, *(() if self.chat else [_TURN.format(_SPEAKERS["user"]).strip()])]
        if stops:
            arguments["stop"] = stops
        if request.schema is not None:
            answer = {"name": "answer", "strict": True, "schema": json.loads(request.schema)}
            arguments["response_format"] = {"type": "json_schema", "json_schema": answer}
        if request.reasoning_effort is not None:
            arguments["reasoning_effort"] = request.reasoning_effort
        if choices > 1:
            arguments["n"] = choices
        if stream and "stream" not in self.left_out:
            arguments |= {"stream": True, "stream_options": {"include_usage": True}}
        return {key: value for key, value in arguments.items() if key not in self.left_out}

    def leave_out(self, parameter: str) -> bool:
        """Learn that a parameter which was sent is refused; False when there is no other way to ask."""
        if parameter not in (_SHORT, _LONG):
            self.left_out.add(parameter)
            return True
        if parameter == self.limit:
            if self.limit_switched:
                return False
            self.limit, self.limit_switched = (_LONG if parameter == _SHORT else _SHORT), True
        return True


def as_prompt(messages: Sequence[Message]) -> str:
    """Messages as one text for a model that only continues texts; it ends where the assistant speaks."""
    turns = [f"{_TURN.format(_SPEAKERS[message.role])}{message.content}\n\n" for message in messages]
    return "".join(turns) + _TURN.format(_SPEAKERS["assistant"])


def refused_parameter(body: object, message: str) -> str:
    """Name the parameter that an endpoint's status 400 says it does not take, or "" when it says no such thing."""
    error = body if isinstance(body, dict) else {}
    text = str(error.get("message") or message)
    if error.get("code") not in _REFUSED_CODES and not _REFUSED_WORDS.search(text):
        return ""
    names = (*_OPTIONAL, _SHORT, _LONG)
    named = str(error.get("param") or "").split(".")[0]
    if named in names:
        return named
    found = {name: re.search(rf"\b{name}(ing)?\b", text, re.IGNORECASE) for name in names}
    present = {name: match.start() for name, match in found.items() if match}
    return min(present, key=present.__getitem__) if present else ""
