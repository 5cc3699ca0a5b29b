"""Tokens per second of the embedded model: through the client, and of the raw engine on the same prompts.

    python benchmarks/embedded.py [--slots 1 8 16] [--tokens 96] [--busy]

Prints, at 1, 8 and 16 requests at once, both rates and their ratio; with --busy also the client's rate with one
thread and with as many as cores while one other process keeps a core busy. Runs alternate, so that a change of the
machine's load meets both sides. `load` is the share of all cores that was in use during a run; the rates a CPU
second (loading the model included) hold on a busy machine too.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from distinguo.llm import capacity
from distinguo.llm.embedded import EmbeddedClient
from distinguo.llm.engine import EngineSettings, load
from distinguo.llm.model_files import embedded_model
from distinguo.records import Message, Request, Role

_WORDS = (
    "add",
    "multiply",
    "sort",
    "reverse",
    "count",
    "filter",
    "merge",
    "split",
    "rotate",
    "flatten",
    "group",
    "zip",
)
_CONTEXT = 1024


def _request(number: int, tokens: int) -> Request:
    text = f"Write a Python function that can {_WORDS[number % len(_WORDS)]} the items of a list. Explain it."
    return Request(Role.GENERATOR, number, 0, (Message("user", text),), 0.7, number, tokens)


def _raw(settings: EngineSettings, requests: list[Request]) -> tuple[int, float]:
    """Completion tokens and seconds of plain, unstreamed calls to the engine."""
    server = load(settings)

    def call(request: Request) -> int:
        answer = server.handle_chat_completions(
            {
                "messages": [{"role": message.role, "content": message.content} for message in request.messages],
                "temperature": request.temperature,
                "seed": request.seed,
                "max_tokens": request.max_tokens,
            }
        )
        return int(answer["usage"]["completion_tokens"])

    with ThreadPoolExecutor(settings.slots) as threads:
        started = time.perf_counter()
        tokens = sum(threads.map(call, requests))
        return tokens, time.perf_counter() - started


def _client(settings: EngineSettings, requests: list[Request]) -> tuple[int, float]:
    async def run() -> tuple[int, float]:
        client = EmbeddedClient("local", settings)
        await client.complete(_request(0, 1))
        started = time.perf_counter()
        answers = await asyncio.gather(*(client.complete(request) for request in requests))
        seconds = time.perf_counter() - started
        await client.aclose()
        return sum(answer.completion_tokens for answer in answers), seconds

    return asyncio.run(run())


def _cpu_times() -> tuple[int, int]:
    values = [int(value) for value in Path("/proc/stat").read_text().splitlines()[0].split()[1:8]]
    return sum(values) - values[3] - values[4], sum(values)


def _measure(
    name: str,
    run: Callable[[EngineSettings, list[Request]], tuple[int, float]],
    settings: EngineSettings,
    requests: list[Request],
) -> tuple[float, float]:
    busy, total = _cpu_times()
    cpu = time.process_time()
    tokens, seconds = run(settings, requests)
    cpu = time.process_time() - cpu
    busy_after, total_after = _cpu_times()
    load_share = (busy_after - busy) / max(1, total_after - total)
    print(
        f"{name:24} slots {settings.slots:2} threads {settings.threads}: {tokens:5} tokens in {seconds:6.2f} s ="
        f" {tokens / seconds:6.1f} tokens/s, {tokens / cpu:6.1f} a CPU second   load {load_share:4.0%}",
        flush=True,
    )
    return tokens / seconds, tokens / cpu


def main() -> None:
    """Run both comparisons."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tokens", type=int, default=96)
    parser.add_argument("--slots", type=int, nargs="*", default=[1, 8, 16])
    parser.add_argument("--busy", action="store_true")
    options = parser.parse_args()
    path = embedded_model(print)
    cores = capacity.usable_cores()
    print(f"{cores} cores; threads by rule: {capacity.default_threads()}; other load: {os.getloadavg()[0]:.1f}")
    for slots in options.slots:
        settings = EngineSettings(path, slots, _CONTEXT, capacity.default_threads())
        requests = [_request(number, options.tokens) for number in range(slots)]
        raw = _measure("raw engine", _raw, settings, requests)
        client = _measure("client", _client, settings, requests)
        print(f"{'':24} client / raw = {client[0] / raw[0]:.3f}, a CPU second {client[1] / raw[1]:.3f}")
    if options.busy:
        with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as other:
            try:
                for threads in sorted({1, cores}):
                    settings = EngineSettings(path, 8, _CONTEXT, threads)
                    requests = [_request(number, options.tokens) for number in range(8)]
                    _measure("client, one core busy", _client, settings, requests)
            finally:
                other.kill()


if __name__ == "__main__":
    main()
