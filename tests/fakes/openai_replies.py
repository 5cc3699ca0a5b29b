"""What a fake endpoint does with each request, by script or by seed; faults among it."""

import hashlib
import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

ANSWERS = [
    "```python\nprint(input())\n```",
    "```python\nprint(int(input()) * 2)\n```",
    "There is no code in this answer.",
]
COUNTED = object()
"""As a reply's usage: count the words."""


@dataclass
class Reply:
    """What the server does with one request. `body` replaces the whole answer; `drop` closes the connection.

    events: replaces the data of a stream's events. drip: seconds before each part of a stream. cut: a stream breaks off
    after so many parts, another answer after so many bytes. stall: instead of breaking off there it is silent for so
    many seconds. texts: of further choices, for a request with `n`; with `more` they come unasked.
    """

    text: str | None = ""
    status: int = 200
    error: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    latency: float = 0.0
    body: bytes | None = None
    drop: bool = False
    reasoning: str | None = None
    finish_reason: str | None = "stop"
    usage: Any = COUNTED
    id: str | None = None
    events: Sequence[bytes] | None = None
    drip: float = 0.0
    cut: int | None = None
    stall: float = 0.0
    texts: Sequence[str] = ()
    more: bool = False


Handler = Callable[[dict[str, Any]], Reply | str]


def failure(status: int, message: str, headers: Mapping[str, str] | None = None, **error: Any) -> Reply:
    """An error in OpenAI's form; `error` may hold code, type and param."""
    return Reply(status=status, error={"message": message, **error}, headers=headers or {})


def canned(answers: Sequence[str] = ANSWERS) -> Handler:
    """A deterministic model: the answer is drawn by a hash of messages and seed."""

    def handler(body: dict[str, Any]) -> str:
        text = json.dumps([body["messages"], body.get("seed")], sort_keys=True)
        return answers[int(hashlib.sha256(text.encode()).hexdigest(), 16) % len(answers)]

    return handler


def script(*replies: Reply | str) -> Handler:
    """Give these replies one after another, and the last one ever after."""
    remaining = list(replies)
    lock = threading.Lock()

    def handler(_body: dict[str, Any]) -> Reply | str:
        with lock:
            return remaining.pop(0) if len(remaining) > 1 else remaining[0]

    return handler


PASSING: tuple[Reply, ...] = (
    failure(429, "slow down", {"Retry-After": "0"}),
    failure(408, "too slow"),
    failure(409, "conflict"),
    failure(500, "oops"),
    failure(502, "bad gateway"),
    failure(503, "overloaded"),
    Reply(drop=True),
    Reply("a truncated answer", cut=3),
    Reply(events=[b'{"choices": [{"index": 0, "delta": {"content": "half an ans"}}]}'], cut=1),
    Reply(events=[b'{"error": {"message": "the engine died", "code": 500}}']),
)
"""Faults after which another try may succeed."""

USELESS: tuple[Reply, ...] = (
    Reply(body=b"not json"),
    Reply(body=b"[]"),
    Reply(body=b'{"choices": []}'),
    Reply(body=b'{"choices": [{"message": {"content": ["part"]}}]}'),
    Reply(text=None),
    Reply("text", usage={"prompt_tokens": "many", "completion_tokens": 1}),
    failure(400, "This model's maximum context length is 8192 tokens", code="context_length_exceeded"),
)
"""Faults that are errors of their call."""


def delayed(handler: Handler, *, mean: float, seed: int) -> Handler:
    """Answer after a time that is drawn (exponential) from the seed and what is asked."""

    def late(body: dict[str, Any]) -> Reply:
        reply = handler(body)
        reply = Reply(reply) if isinstance(reply, str) else reply
        drawn = random.Random(f"{seed} {body.get('messages')} {body.get('seed')}").expovariate(1 / mean)
        return replace(reply, latency=drawn)

    return late


def hostile(
    handler: Handler, *, seed: int, share: float, faults: Sequence[Reply] = PASSING, in_a_row: int = 3
) -> Handler:
    """Spoil a share of the tries, at most so many in a row of one request.

    What happens to a request's k-th try follows from the seed, the request and k: the order of arrival does not matter.
    """
    tries: Counter[str] = Counter()
    lock = threading.Lock()

    def spoilt(body: dict[str, Any]) -> Reply | str:
        key = json.dumps([body.get("messages"), body.get("seed"), body.get("prompt")])
        with lock:
            tries[key] += 1
            number = tries[key]
        draws = [random.Random(f"{seed} {key} {k}").random() for k in range(max(1, number - in_a_row), number + 1)]
        if draws[-1] >= share or (number > in_a_row and all(draw < share for draw in draws)):
            return handler(body)
        return faults[int(draws[-1] / share * len(faults))]

    return spoilt
