"""What makes two calls the same call, and two runs of a program the same run."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from distinguo.problem import Limits, Program
from distinguo.records import Request


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=True)


def _digest(value: Any) -> str:
    return hashlib.sha256(_json(value).encode()).hexdigest()


def completion_key(model: str, request: Request) -> str:
    """What makes two calls the same call: the model and everything in the request."""
    return _digest([model, asdict(request)])


def prompt_key(request: Request) -> str:
    """What a recording is searched by: the messages and the call's place in the run."""
    return _digest([request.role, request.sample, request.round, [asdict(message) for message in request.messages]])


def execution_key(program: Program, stdin: str, limits: Limits, identity: str) -> str:
    """What makes two runs of a program the same run; `identity` is what the executor says of its language."""
    return execution_keys(program, (stdin,), limits, identity)[stdin]


def execution_keys(program: Program, inputs: Iterable[str], limits: Limits, identity: str) -> dict[str, str]:
    """`execution_key` for each input; what they share is hashed once."""
    shared = hashlib.sha256(f"[{_json(asdict(program))}, ".encode())
    end = f", {_json(asdict(limits))}, {_json(identity)}]"
    keys = dict[str, str]()
    for text in inputs:
        digest = shared.copy()
        digest.update(f"{_json(text)}{end}".encode())
        keys[text] = digest.hexdigest()
    return keys
