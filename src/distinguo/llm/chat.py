"""The chat-completions wire format: what a request looks like in an endpoint's dialect, and what an answer must be."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from distinguo.errors import CallError
from distinguo.records import Completion, FinishReason, Request

_REASONING_MODELS = re.compile(r"(^|/)(o[1-9](-|$)|gpt-5)")
_OPTIONAL = ("temperature", "seed", "stop", "response_format")
_LONG, _SHORT = "max_completion_tokens", "max_tokens"
_REFUSED_CODES = {"unsupported_parameter", "unsupported_value", "unknown_parameter"}
_REFUSED_WORDS = re.compile(
    r"unsupported|not supported|n.t support|unrecogni[sz]ed|unknown|not permitted|not allowed|extra (fields|inputs)"
    r"|unexpected|only the default|invalid schema",
    re.IGNORECASE,
)
_MOST_TOKENS = 10**9  # that an answer's usage may claim
_FINISH = {"stop": FinishReason.STOP, "length": FinishReason.LENGTH}


@dataclass(slots=True)
class Dialect:
    """Which parameters an endpoint's model accepts: a rule by the model's name, then what its refusals teach."""

    limit: str = _SHORT
    limit_switched: bool = False
    left_out: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, name: str) -> "Dialect":
        """Start from the model's name: OpenAI's reasoning models count differently and set no temperature."""
        if _REASONING_MODELS.search(name):
            return cls(_LONG, left_out={"temperature", "stop"})
        return cls()

    def arguments(self, name: str, request: Request) -> dict[str, Any]:
        """Return the arguments of the SDK's chat.completions.create."""
        arguments: dict[str, Any] = {
            "model": name,
            "messages": [{"role": message.role, "content": message.content} for message in request.messages],
            self.limit: request.max_tokens,
            "temperature": request.temperature,
            "seed": request.seed % 2**31,  # some servers read a signed 32-bit number
        }
        if request.stop:
            arguments["stop"] = list(request.stop)
        if request.schema is not None:
            answer = {"name": "answer", "strict": True, "schema": json.loads(request.schema)}
            arguments["response_format"] = {"type": "json_schema", "json_schema": answer}
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


def refused_parameter(body: object, message: str) -> str:
    """Name the parameter that an endpoint's status 400 says it does not take, or "" when it says no such thing."""
    error = body if isinstance(body, dict) else {}
    text = str(error.get("message") or message)
    if error.get("code") not in _REFUSED_CODES and not _REFUSED_WORDS.search(text):
        return ""
    named = str(error.get("param") or "")
    if named.split(".")[0] in (*_OPTIONAL, _SHORT, _LONG):
        return named.split(".")[0]
    present = [name for name in (*_OPTIONAL, _SHORT, _LONG) if re.search(rf"\b{name}\b", text)]
    return min(present, key=lambda name: text.index(name)) if present else ""


def completion(body: str, model: str, seconds: float) -> Completion:
    """Read an answer. Raises CallError for anything that is not a chat completion with a text."""
    try:
        answer = json.loads(body)
        choice = answer["choices"][0]
        message = choice["message"]
        text = message["content"]
        finish = choice.get("finish_reason")
        reasoning = message.get("reasoning_content") or message.get("reasoning") or ""
        usage = answer.get("usage") or {}
        tokens = [usage.get(key) or 0 for key in ("prompt_tokens", "completion_tokens")]
    except (ValueError, RecursionError) as error:
        raise CallError(f"{model} answered with something that is not JSON: {body[:80]!r}") from error
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise CallError(f"{model} answered with something that is not a chat completion: {body[:80]!r}") from error
    if not isinstance(text, str):
        raise CallError(f"{model} answered without a text (finish reason {finish!r})")
    if not isinstance(reasoning, str) or not all(type(count) is int and 0 <= count < _MOST_TOKENS for count in tokens):
        raise CallError(f"{model} answered with a usage or reasoning of a wrong type: {body[:80]!r}")
    reason = _FINISH.get(finish, FinishReason.OTHER) if isinstance(finish, str) else FinishReason.OTHER
    return Completion(text, reasoning, reason, tokens[0], tokens[1], seconds)
