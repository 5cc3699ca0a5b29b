"""A real local HTTP server that speaks /v1/chat/completions and /v1/models, and misbehaves by script.

In a test: `with OpenAIServer(handler) as server: ... server.base_url ... server.requests`. As a process of its own:
`python -m fakes.openai_server --port P [--answers FILE] [--latency S] [--log FILE]`, whose first line on standard
output is its base URL. Words stand for tokens.
"""

import argparse
import hashlib
import json
import random
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
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
    """What the server does with one request. `body` replaces the whole answer; `drop` closes the connection."""

    text: str | None = ""
    status: int = 200
    error: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    latency: float = 0.0
    body: bytes | None = None
    drop: bool = False
    reasoning: str | None = None
    finish_reason: str = "stop"
    usage: Any = COUNTED


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


class OpenAIServer:
    """The server; a context manager. `requests` holds every request's body in the order of arrival."""

    def __init__(
        self,
        handler: Handler | None = None,
        *,
        api_key: str | None = None,
        models: Sequence[str] = ("fake",),
        latency: float = 0.0,
        log: Path | None = None,
        port: int = 0,
    ) -> None:
        self.handler = handler or canned()
        self.api_key = api_key
        self.models = tuple(models)
        self.latency = latency
        self.requests: list[dict[str, Any]] = []
        self.first_request = threading.Event()
        self.busy = self.most_busy = 0
        self._log = log
        self._lock = threading.Lock()
        self._http = _Http(("127.0.0.1", port), self)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> "OpenAIServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def join(self) -> None:
        """Serve until the process ends."""
        self._thread.join()

    def arrived(self, body: dict[str, Any]) -> int:
        with self._lock:
            self.requests.append(body)
            self.busy += 1
            self.most_busy = max(self.most_busy, self.busy)
            self._write({"arrived": len(self.requests), "body": body})
            self.first_request.set()
            return len(self.requests)

    def left(self, number: int, sent: bool) -> None:
        with self._lock:
            self.busy -= 1
            if sent:
                self._write({"sent": number})

    def _write(self, line: dict[str, Any]) -> None:
        if self._log is not None:
            with self._log.open("a") as out:
                out.write(json.dumps(line) + "\n")


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], fake: OpenAIServer) -> None:
        self.fake = fake
        super().__init__(address, _Connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):  # a client that went away is no event here
            super().handle_error(request, client_address)


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Http

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent: tests read `requests`."""

    def do_GET(self) -> None:
        if self.path.rstrip("/") == "/v1/models":
            models = [{"id": name, "object": "model"} for name in self.server.fake.models]
            self._send(200, {}, json.dumps({"object": "list", "data": models}).encode())
        else:
            self._send_reply(failure(404, f"no such path: {self.path}"), {})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        fake = self.server.fake
        number = fake.arrived(body)
        sent = False
        try:
            reply = self._reply(body)
            time.sleep(fake.latency + reply.latency)
            self._send_reply(reply, body)
            sent = not reply.drop
        finally:
            fake.left(number, sent)

    def _reply(self, body: dict[str, Any]) -> Reply:
        fake = self.server.fake
        if self.path != "/v1/chat/completions":
            return failure(404, f"no such path: {self.path}")
        if fake.api_key is not None and self.headers.get("Authorization") != f"Bearer {fake.api_key}":
            return failure(401, f"Incorrect API key provided: {self.headers.get('Authorization')}")
        reply = fake.handler(body)
        return Reply(reply) if isinstance(reply, str) else reply

    def _send_reply(self, reply: Reply, body: dict[str, Any]) -> None:
        if reply.drop:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        if reply.body is not None:
            content = reply.body
        elif reply.status != 200:
            content = json.dumps({"error": reply.error}).encode()
        else:
            content = json.dumps(_completion(reply, body)).encode()
        self._send(reply.status, reply.headers, content)

    def _send(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _completion(reply: Reply, body: dict[str, Any]) -> dict[str, Any]:
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
    answer: dict[str, Any] = {
        "id": f"chatcmpl-{random.getrandbits(64):x}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": body.get("model"),
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
    }
    if reply.usage is COUNTED:
        prompt = sum(len(message["content"].split(" ")) for message in body["messages"])
        words = len(text.split(" ")) if text else 0
        answer["usage"] = {"prompt_tokens": prompt, "completion_tokens": words, "total_tokens": prompt + words}
    elif reply.usage is not None:
        answer["usage"] = reply.usage
    return answer


def main() -> None:
    """Serve canned answers until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--answers", type=Path, help="a JSON list of texts")
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--log", type=Path, help="JSON lines: {arrived, body} and {sent}, by number of arrival")
    options = parser.parse_args()
    answers = json.loads(options.answers.read_text()) if options.answers else ANSWERS
    with OpenAIServer(canned(answers), latency=options.latency, log=options.log, port=options.port) as server:
        sys.stdout.write(server.base_url + "\n")
        sys.stdout.flush()
        server.join()


if __name__ == "__main__":
    main()
