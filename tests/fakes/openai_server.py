"""A real local HTTP server that speaks /v1/chat/completions, /v1/completions and /v1/models, and misbehaves by script.

Answers are streamed where the request says so, a word a part. What goes wrong is said by a Reply, request by request,
or by `hostile`, which spoils a share of the tries: which ones, and how, is drawn by a seed from what is asked. Both are
in fakes.openai_replies.

In a test: `with OpenAIServer(handler) as server: ... server.base_url ... server.requests`. As a process of its own:
`python -m fakes.openai_server --port P [--answers FILE] [--latency S] [--random] [--slots N] [--faults SHARE]
[--log FILE]`, whose first line on standard output is its base URL. Words stand for tokens.
"""

import argparse
import json
import socket
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from fakes import openai_format
from fakes.openai_replies import ANSWERS, Handler, Reply, canned, delayed, failure, hostile


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
        chat: bool = True,
        slots: int | None = None,
    ) -> None:
        """Without `chat` it only continues texts; with `slots` it answers so many at once and 429 beyond that."""
        self.handler = handler or canned()
        self.api_key = api_key
        self.models = tuple(models)
        self.latency = latency
        self.chat = chat
        self.slots = slots
        self.parts_sent = 0  # of all streams
        self.connections = 0
        self.raw: list[bytes] = []
        self.requests: list[dict[str, Any]] = []
        self.first_request = threading.Event()
        self.busy = self.most_busy = 0
        self.moments: list[tuple[float, int]] = []  # whenever `busy` changes: the time, and how many
        self.idle = threading.Event()
        self._log = log
        self.lock = threading.Lock()
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
        with self.lock:
            self.requests.append(body)
            self.busy += 1
            self.idle.clear()
            self.moments.append((time.monotonic(), self.busy))
            self.most_busy = max(self.most_busy, self.busy)
            self._write({"arrived": len(self.requests), "body": body})
            self.first_request.set()
            return len(self.requests)

    def left(self, number: int, sent: bool) -> None:
        with self.lock:
            self.busy -= 1
            self.moments.append((time.monotonic(), self.busy))
            if not self.busy:
                self.idle.set()
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

    def setup(self) -> None:
        super().setup()
        self.server.fake.connections += 1

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent: tests read `requests`."""

    def do_GET(self) -> None:
        if self.path.rstrip("/") == "/v1/models":
            models = [{"id": name, "object": "model"} for name in self.server.fake.models]
            self._send(200, {}, json.dumps({"object": "list", "data": models}).encode())
        elif self.path == "/moments":
            self._send(200, {}, json.dumps(self.server.fake.moments).encode())
        else:
            self._send_reply(failure(404, f"no such path: {self.path}"), {})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        raw = self.rfile.read(length)
        if len(raw) < length:  # the client died while it was sending
            self.close_connection = True
            return
        body = json.loads(raw)
        fake = self.server.fake
        fake.raw.append(raw)
        number = fake.arrived(body)
        sent = False
        try:
            reply = self._reply(body)
            time.sleep(fake.latency + reply.latency)
            self._send_reply(reply, body)
            sent = not reply.drop and reply.cut is None
        finally:
            fake.left(number, sent)

    def _reply(self, body: dict[str, Any]) -> Reply:
        fake = self.server.fake
        if self.path != "/v1/completions" and not (fake.chat and self.path == "/v1/chat/completions"):
            return failure(404, f"no such path: {self.path}")
        if fake.slots is not None and fake.busy > fake.slots:
            return failure(429, "all slots are busy")
        if fake.api_key is not None and self.headers.get("Authorization") != f"Bearer {fake.api_key}":
            return failure(401, f"Incorrect API key provided: {self.headers.get('Authorization')}")
        reply = fake.handler(body)
        return Reply(reply) if isinstance(reply, str) else reply

    def _send_reply(self, reply: Reply, body: dict[str, Any]) -> None:
        if reply.drop:
            self._break()
            return
        if body.get("stream") and reply.status == 200 and reply.body is None:
            self._send_stream(reply, body)
            return
        if reply.events is not None:  # a fault of streams; a plain answer is cut instead
            reply = Reply("half an answer", cut=20)
        if reply.body is not None:
            content = reply.body
        elif reply.status != 200:
            content = json.dumps({"error": reply.error}).encode()
        else:
            content = json.dumps(openai_format.completion(reply, body)).encode()
        self._send(reply.status, reply.headers, content, reply.cut)
        if reply.cut is not None:
            time.sleep(reply.stall)
            self._break()

    def _break(self) -> None:
        self.close_connection = True
        with suppress(OSError):  # the client may have gone first
            self.connection.shutdown(socket.SHUT_RDWR)

    def _send_stream(self, reply: Reply, body: dict[str, Any]) -> None:
        fake = self.server.fake
        self.send_response(200)
        for name, value in {"Content-Type": "text/event-stream", **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        events = (
            openai_format.events(openai_format.completion(reply, body), body) if reply.events is None else reply.events
        )
        for number, event in enumerate(events):
            if number == reply.cut:
                time.sleep(reply.stall)
                self._break()
                return
            time.sleep(reply.drip)
            self._chunk(b"data: " + event + b"\n\n")
            with fake.lock:
                fake.parts_sent += 1
        if reply.cut is not None:
            self._break()
            return
        if reply.events is None:
            self._chunk(b"data: [DONE]\n\n")
        self._chunk(b"")  # the end

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def _send(self, status: int, headers: Mapping[str, str], content: bytes, cut: int | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:cut])


def main() -> None:
    """Serve canned answers until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--answers", type=Path, help="a JSON list of texts")
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--random", action="store_true", help="latencies are drawn, so long on average")
    parser.add_argument("--slots", type=int, help="calls at once; 429 beyond that")
    parser.add_argument("--faults", type=float, default=0.0, help="share of the tries that fail, and may be repeated")
    parser.add_argument("--seed", type=int, default=0, help="of latencies and faults")
    parser.add_argument("--log", type=Path, help="JSON lines: {arrived, body} and {sent}, by number of arrival")
    options = parser.parse_args()
    answers = json.loads(options.answers.read_text()) if options.answers else ANSWERS
    handler = canned(answers)
    if options.random:
        handler = delayed(handler, mean=options.latency, seed=options.seed)
    if options.faults:
        handler = hostile(handler, seed=options.seed, share=options.faults)
    latency = 0.0 if options.random else options.latency
    with OpenAIServer(handler, latency=latency, log=options.log, port=options.port, slots=options.slots) as server:
        sys.stdout.write(server.base_url + "\n")
        sys.stdout.flush()
        server.join()


if __name__ == "__main__":
    main()
