"""Replies in OpenAI's form: whole answers, and the events of streams. Words stand for tokens."""

import json
import random
import time
from collections.abc import Mapping
from typing import Any

from fakes.openai_replies import COUNTED, Reply


def instance(schema: Mapping[str, Any]) -> Any:
    """A value that fits a simple JSON schema."""
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            return {key: instance(value) for key, value in schema.get("properties", {}).items()}
        case "array":
            return [instance(schema["items"])] * max(1, schema.get("minItems", 1))
        case "integer" | "number":
            return 1
        case "boolean":
            return True
        case _:
            return "text"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def completion(reply: Reply, body: dict[str, Any]) -> dict[str, Any]:
    """The whole answer to a request."""
    text, finish = reply.text, reply.finish_reason
    if text is not None:
        if "response_format" in body and not _is_json(text):
            text = json.dumps(instance(body["response_format"]["json_schema"]["schema"]))
        for stop in body.get("stop") or ():
            text = text.split(stop, 1)[0]
        limit = body.get("max_completion_tokens", body.get("max_tokens"))
        if limit is not None and len(text.split(" ")) > limit:
            text, finish = " ".join(text.split(" ")[:limit]), "length"
    message = {"role": "assistant", "content": text}
    if reply.reasoning is not None:
        message["reasoning_content"] = reply.reasoning
    choices: list[dict[str, Any]] = [{"index": 0, "message": message, "finish_reason": finish}]
    for index, further in enumerate(reply.texts if reply.more else reply.texts[: body.get("n", 1) - 1], 1):
        choices.append({"index": index, "message": {"role": "assistant", "content": further}, "finish_reason": "stop"})
    if "prompt" in body:
        choices = [{**choice, "text": choice.pop("message")["content"]} for choice in choices]
    answer: dict[str, Any] = {
        "id": f"chatcmpl-{random.getrandbits(64):x}" if reply.id is None else reply.id,
        "object": "text_completion" if "prompt" in body else "chat.completion",
        "created": int(time.time()),
        "model": body.get("model"),
        "choices": choices,
    }
    if reply.usage is COUNTED:
        asked = [body["prompt"]] if "prompt" in body else [message["content"] for message in body["messages"]]
        prompt = sum(len(text.split(" ")) for text in asked)
        words = sum(len(each.split(" ")) for each in (text, reply.reasoning, *reply.texts[: len(choices) - 1]) if each)
        answer["usage"] = {"prompt_tokens": prompt, "completion_tokens": words, "total_tokens": prompt + words}
    elif reply.usage is not None:
        answer["usage"] = reply.usage
    return answer


def events(answer: dict[str, Any], body: dict[str, Any]) -> list[bytes]:
    """The same answer as a stream's events: role, words, end, and the usage where it is asked for."""
    head = {key: answer[key] for key in ("id", "created", "model")} | {"object": "chat.completion.chunk"}
    parts: list[dict[str, Any]] = []
    for choice in answer["choices"]:
        deltas: list[dict[str, Any]] = []
        if "message" in choice:
            message = choice["message"]
            deltas += [{"delta": {"role": "assistant", "content": None if message["content"] is None else ""}}]
            deltas += [{"delta": {"reasoning_content": word}} for word in _words(message.get("reasoning_content"))]
            deltas += [{"delta": {"content": word}} for word in _words(message["content"])]
        else:
            deltas += [{"text": word} for word in _words(choice["text"])]
        end: dict[str, Any] = {"text": ""} if "text" in choice else {"delta": {}}
        deltas += [end | {"finish_reason": choice["finish_reason"]}]
        parts += [{"index": choice["index"], "finish_reason": None} | delta for delta in deltas]
    events: list[dict[str, Any]] = [head | {"choices": [part]} for part in parts]
    if (body.get("stream_options") or {}).get("include_usage") and "usage" in answer:
        events.append(head | {"choices": [], "usage": answer["usage"]})
    return [json.dumps(event).encode() for event in events]


def _words(text: str | None) -> list[str]:
    words = (text or "").split(" ")
    return [word if number == 0 else f" {word}" for number, word in enumerate(words) if text]
