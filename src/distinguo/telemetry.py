"""OpenTelemetry spans by the gen_ai conventions: one for a run, below it one for each call to a model.

Nothing is imported, and nothing happens, unless the process has a tracer provider: an application's own, or one for the
OTLP endpoint that the environment names (`export`). Spans never hold prompts, answers or keys.
"""

import sys
import time
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from distinguo.events import CallFinished, Decided, Event, RunFinished, RunStarted, told_to
from distinguo.prices import free
from distinguo.protocols import Observer

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


def wanted(environment: Mapping[str, str]) -> bool:
    """Whether the environment names an endpoint that takes spans."""
    return any(environment.get(name) for name in _ENDPOINTS) and environment.get("OTEL_TRACES_EXPORTER") != "none"


def export() -> str:
    """Send the spans of this process to the OTLP endpoint that the environment names, what is left at its end.

    Returns "", or why it is not possible.
    """
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        return f"No spans are sent: {error.name} is not installed; install distinguo[otel]."
    provider = TracerProvider()  # which sends what is left when the process ends
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return ""


def traced(observe: Observer) -> Observer:
    """An observer that tells `observe` and makes spans, where the process has loaded OpenTelemetry; else `observe`."""
    if "opentelemetry.trace" not in sys.modules:
        return observe
    return told_to([_Spans(), observe])


class _Spans:
    """The spans of one run. A call's is made when the call has ended, with the times of its beginning and end."""

    def __init__(self) -> None:
        from importlib.metadata import version

        from opentelemetry import trace

        self._trace = trace
        self._tracer = trace.get_tracer("distinguo", version("distinguo"))
        self._run: Any = None

    def __call__(self, event: Event) -> None:
        match event:
            case RunStarted():
                attributes = {
                    "gen_ai.operation.name": "invoke_agent",
                    "gen_ai.agent.name": "distinguo",
                    "distinguo.problem": event.problem,
                    "distinguo.run": event.run,
                    "distinguo.selector": event.settings["selector"],
                    "distinguo.samples": event.settings["n"],
                }
                self._run = self._tracer.start_span("invoke_agent distinguo", attributes=attributes)
            case CallFinished(cached=False, request=request) if request is not None:
                self._call(event)
            case Decided(selection=selection) if self._run is not None:
                self._run.add_event("decision", {"chosen": selection.chosen, "reason": selection.reason})
            case RunFinished(error=error) if self._run is not None:
                if error:
                    self._run.set_status(self._trace.StatusCode.ERROR, error)
                self._run.end()

    def _call(self, event: CallFinished) -> None:
        request, completion = event.request, event.completion
        assert request is not None
        if free(event.model):
            provider, name = "llama.cpp", PurePath(event.model).name
        else:
            provider, _, name = event.model.partition("/")
        now = time.time_ns()
        attributes: dict[str, Any] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": provider,
            "gen_ai.request.model": name,
            "gen_ai.request.temperature": request.temperature,
            "gen_ai.request.max_tokens": request.max_tokens,
            "gen_ai.request.seed": request.seed,
            "gen_ai.usage.input_tokens": event.usage.prompt_tokens,
            "gen_ai.usage.output_tokens": event.usage.completion_tokens,
            "distinguo.role": request.role.value,
            "distinguo.sample": request.sample,
            "distinguo.round": request.round,
        }
        if completion is not None:
            attributes["gen_ai.response.finish_reasons"] = [completion.finish_reason.value]
        if event.error:
            attributes["error.type"] = "call_error"
        context = None if self._run is None else self._trace.set_span_in_context(self._run)
        span = self._tracer.start_span(
            f"chat {name}",
            context=context,
            kind=self._trace.SpanKind.CLIENT,
            attributes=attributes,
            start_time=now - int(event.seconds * 1e9),
        )
        if event.error:
            span.set_status(self._trace.StatusCode.ERROR, event.error)
        span.end(now)
