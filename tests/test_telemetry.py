"""Spans: nothing is loaded without a tracer; with one, a span for the run and one for each call, without texts."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from fakes import coder
from fakes.openai_server import OpenAIServer

from distinguo import telemetry
from distinguo.events import CallFinished, Decided, RunFinished, RunStarted
from distinguo.records import Completion, FinishReason, Message, Request, Role, Selection, Usage

REQUEST = Request(Role.JUDGE, 3, 1, (Message("user", "the prompt"),), 0.7, 11, max_tokens=100)
DONE = Completion("the answer", "", FinishReason.LENGTH, 50, 10, 0.5)


def test_without_a_tracer_nothing_is_loaded_or_changed() -> None:
    script = (
        "import sys; from distinguo import telemetry\n"
        "observe = print\n"
        "assert telemetry.traced(observe) is observe\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize(
    "environment,wanted",
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://here:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://here:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://here:4318", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_the_environment_says_where_spans_go(environment: dict[str, str], wanted: bool) -> None:
    assert telemetry.wanted(environment) is wanted


@pytest.fixture(scope="module")
def exporter() -> Iterator[Any]:
    trace = pytest.importorskip("opentelemetry.sdk.trace")
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
    from opentelemetry.trace import set_tracer_provider

    memory = InMemorySpanExporter()
    provider = trace.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    set_tracer_provider(provider)
    yield memory
    provider.shutdown()


def spans(exporter: Any, *events: Any) -> dict[str, Any]:
    exporter.clear()
    seen: list[Any] = []
    observe = telemetry.traced(seen.append)
    for event in events:
        observe(event)
    assert seen == list(events)
    return {span.name: span for span in exporter.get_finished_spans()}


STARTED = RunStarted("p", "run.sqlite", {"judge": "openai/a"}, {"n": 2, "selector": "sstar"})


def test_a_call_is_a_child_of_its_run_by_the_conventions(exporter: Any) -> None:
    call = CallFinished(Role.JUDGE, Usage(1, 50, 10), 0.5, model="openai/a/b", request=REQUEST, completion=DONE)
    decided = Decided(Selection("sstar", 0, (), "the only one"))
    found = spans(exporter, STARTED, call, decided, RunFinished({}))
    run, chat = found["invoke_agent distinguo"], found["chat a/b"]
    assert chat.parent.span_id == run.context.span_id
    assert chat.kind.name == "CLIENT"
    assert chat.attributes == {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "a/b",
        "gen_ai.request.temperature": 0.7, "gen_ai.request.max_tokens": 100, "gen_ai.request.seed": 11,
        "gen_ai.usage.input_tokens": 50, "gen_ai.usage.output_tokens": 10,
        "gen_ai.response.finish_reasons": ("length",), "distinguo.role": "judge", "distinguo.sample": 3,
        "distinguo.round": 1,
    }  # fmt: skip
    assert chat.end_time - chat.start_time == 5e8
    assert [event.name for event in run.events] == ["decision"]
    assert not any(text in span.to_json() for span in found.values() for text in ("the prompt", "the answer"))


def test_failures_have_the_status_of_an_error(exporter: Any) -> None:
    call = CallFinished(Role.JUDGE, Usage(1), 0.5, "overloaded", model="gguf:/where/m.gguf", request=REQUEST)
    found = spans(exporter, STARTED, call, RunFinished({}, "no model"))
    assert found["chat m.gguf"].attributes["gen_ai.provider.name"] == "llama.cpp"
    assert {span.status.status_code.name for span in found.values()} == {"ERROR"}


def test_answers_from_the_store_are_no_calls(exporter: Any) -> None:
    cached = CallFinished(Role.JUDGE, Usage(), 0.5, "", True, "openai/a", REQUEST, DONE)
    assert list(spans(exporter, STARTED, cached, RunFinished({}))) == ["invoke_agent distinguo"]


def test_the_command_line_sends_spans_where_the_environment_says(tmp_path: Path, problem_folder: Path) -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    bodies: list[tuple[str, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Stay silent."""

    collector = HTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=collector.serve_forever, daemon=True).start()
    with OpenAIServer(coder.answer) as server:
        environment = {
            **os.environ, "OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "sk-secret",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.server_port}",
            "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
        }  # fmt: skip
        command = [sys.executable, "-m", "distinguo", "solve", str(problem_folder), "--model", "openai/fake", "-n", "2"]
        subprocess.run([*command, "--out", str(tmp_path / "out")], env=environment, check=True, capture_output=True)
    collector.shutdown()
    collector.server_close()
    assert {path for path, _ in bodies} == {"/v1/traces"}
    sent = b"".join(body for _, body in bodies)
    assert b"chat fake" in sent
    assert b"invoke_agent distinguo" in sent
    assert b"sk-secret" not in sent
