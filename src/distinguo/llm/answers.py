"""What an endpoint's answer must be: choices with a text, as one JSON text or put together from a stream's parts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from distinguo.errors import CallError
from distinguo.protocols import Enough
from distinguo.records import FinishReason

LONGEST = 32 << 20  # bytes of an answer; a server that sends more is not answering
_SHOWN = 2048  # bytes of an answer that is none, in an error; a message is cut further after it is rid of keys
_MOST_TOKENS = 10**9  # that an answer's usage may claim
_FINISH = {"stop": FinishReason.STOP, "length": FinishReason.LENGTH}


class Interrupted(Exception):
    """The answer ended before its end, by no fault of the request."""


class ErrorInside(Exception):
    """An endpoint that had begun to answer sent an error instead, in the form of a refusal's body."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        super().__init__(str(body.get("message", "")))
        self.body = body


@dataclass(slots=True)
class Choice:
    """One answer, as far as it has arrived. `parts` counts the pieces it came in; text is None without any."""

    text: str | None = None
    reasoning: str = ""
    finish: object = None
    refusal: str = ""
    parts: int = 0

    @property
    def finish_reason(self) -> FinishReason:
        """Why the model stopped."""
        return _FINISH.get(self.finish, FinishReason.OTHER) if isinstance(self.finish, str) else FinishReason.OTHER

    @property
    def lack(self) -> str:
        """Why this is no answer; "" when it is one, or was cut off while the model was still thinking."""
        if self.text is not None or (self.finish == "length" and self.reasoning):
            return ""
        if self.refusal:
            return f"declined to answer: {self.refusal}"
        return f"answered without a text (finish reason {self.finish!r})"


@dataclass(slots=True)
class Answer:
    """An endpoint's whole answer. Tokens are None where it gives no count; completion tokens are of all choices."""

    choices: list[Choice] = field(default_factory=list)
    id: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None

    def take_usage(self, usage: Mapping[str, Any]) -> None:
        """Take an endpoint's counts. Zeros are none. Raises TypeError for counts that cannot be."""
        counts = [usage.get(key) or None for key in ("prompt_tokens", "completion_tokens")]
        if not all(count is None or (type(count) is int and 0 < count < _MOST_TOKENS) for count in counts):
            raise TypeError("usage")
        self.prompt_tokens = counts[0] or self.prompt_tokens
        self.completion_tokens = counts[1] or self.completion_tokens

    def checked(self, model: str) -> "Answer":
        """This answer. Raises CallError for a choice without a text, Interrupted where the endpoint gave up on one."""
        for choice in self.choices:
            if choice.finish == "error":
                raise Interrupted(f"{model} failed in the middle of its answer")
            if choice.lack:
                raise self.useless(f"{model} {choice.lack}")
        return self

    def useless(self, why: str) -> CallError:
        """The error of a call whose answer is of no use, with what it cost."""
        return CallError(why, prompt_tokens=self.prompt_tokens or 0, completion_tokens=self.completion_tokens or 0)


def whole(body: bytes, model: str) -> Answer:
    """Read an answer that came as one JSON text.

    Raises CallError for anything that is not a completion with a text, ErrorInside, Interrupted.
    """
    value = _json(body, model)
    try:
        _raise_error(value)
        answer = Answer([_choice(choice) for choice in value["choices"]], str(value.get("id") or ""))
        answer.take_usage(value.get("usage") or {})
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise _strange(body, model) from error
    if not answer.choices:
        raise answer.useless(f"{model} answered without any choice: {_shown(body)}")
    return answer.checked(model)


def _choice(choice: Mapping[str, Any]) -> Choice:
    """Read one choice, of a chat or of a plain completion. Raises KeyError, TypeError or AttributeError."""
    if "message" not in choice:
        return Choice(_text(choice["text"]), "", choice.get("finish_reason"))
    message = choice["message"]
    reasoning = _text(message.get("reasoning_content") or message.get("reasoning")) or ""
    refusal = _text(message.get("refusal")) or ""
    return Choice(_text(message["content"]), reasoning, choice.get("finish_reason"), refusal)


class Stream:
    """An answer that arrives in parts, with one `enough` for each of its choices.

    ended: a choice was ended by its `enough`, so that the endpoint's own end and count are not waited for.
    """

    def __init__(self, model: str, enough: Sequence[Enough | None]) -> None:
        self.answer = Answer([Choice() for _ in enough])
        self.ended = False
        self.model = model
        self._enough = enough
        self._done = False

    @property
    def wanted(self) -> bool:
        """Whether someone may end the answer early; else it may as well come whole."""
        return any(enough is not None for enough in self._enough)

    def part(self, data: bytes) -> bool:
        """Take a part; whether nothing more is needed. Raises CallError, ErrorInside, and what `enough` raises."""
        if data == b"[DONE]":
            self._done = True
            return True
        value = _json(data, self.model)
        try:
            _raise_error(value)
            self.answer.id = self.answer.id or str(value.get("id") or "")
            self.answer.take_usage(value.get("usage") or {})
            grown = [self._grow(choice) for choice in value.get("choices") or ()]
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            raise _strange(data, self.model) from error
        for choice, enough in grown:
            if enough is not None and choice.finish is None and enough(choice.text or ""):
                choice.finish, self.ended = "stop", True
        return self.finished and (self.ended or self.answer.completion_tokens is not None)

    @property
    def finished(self) -> bool:
        """Whether every choice has come to its end."""
        return self._done or all(choice.finish is not None for choice in self.answer.choices)

    @property
    def parts(self) -> int:
        """How many pieces of text have arrived."""
        return sum(choice.parts for choice in self.answer.choices)

    def whole(self) -> Answer:
        """The answer, after the stream's end. Raises CallError for one without a text, Interrupted for a broken one."""
        if not self.parts and not self.finished:
            raise self.answer.useless(f"{self.model} answered with a stream that holds no choice")
        if self._done:  # a server that does not give several answers leaves the others empty
            begun = [choice for choice in self.answer.choices if choice.parts or choice.finish is not None]
            self.answer.choices = begun or self.answer.choices[:1]
        return self.answer.checked(self.model)

    def _grow(self, part: Mapping[str, Any]) -> tuple[Choice, Enough | None]:
        """Add a part to its choice; the second is to be asked about the text. Raises as _choice does."""
        index = part.get("index") or 0
        if not 0 <= index < len(self.answer.choices):  # it was not asked for
            return Choice(), None
        choice = self.answer.choices[index]
        if choice.finish is not None:
            return choice, None
        choice.finish = part.get("finish_reason")
        delta: Mapping[str, Any] = part if "text" in part else part.get("delta") or {}
        text = _text(delta.get("content", delta.get("text")))
        reasoning = _text(delta.get("reasoning_content") or delta.get("reasoning")) or ""
        choice.refusal += _text(delta.get("refusal")) or ""
        choice.reasoning += reasoning
        choice.parts += bool(text or reasoning)
        if text is None:
            return choice, None
        choice.text = (choice.text or "") + text
        return choice, self._enough[index]


def _raise_error(value: Mapping[str, Any]) -> None:
    error = value.get("error")
    if error:
        raise ErrorInside(error if isinstance(error, dict) else {"message": str(error)})


def _text(value: object) -> str | None:
    """A text or nothing. Raises TypeError for anything else."""
    if value is None or isinstance(value, str):
        return value
    raise TypeError("text")


def _json(data: bytes, model: str) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise CallError(f"{model} answered with something that is not JSON: {_shown(data)}") from error


def _strange(data: bytes, model: str) -> CallError:
    return CallError(f"{model} answered with something that is not a completion: {_shown(data)}")


def _shown(data: bytes) -> str:
    text = " ".join(data[:_SHOWN].decode(errors="replace").split())
    return '"' + "".join(letter if letter.isprintable() else "?" for letter in text) + '"'
