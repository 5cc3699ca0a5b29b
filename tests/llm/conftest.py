"""The real models and servers that the tests of the clients share, and retries without delay."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from distinguo.errors import ModelUnavailable
from distinguo.llm import retries
from distinguo.llm.embedded import EmbeddedClient
from distinguo.llm.engine import EngineSettings
from distinguo.llm.model_files import embedded_model
from distinguo.llm.retries import Failed


@pytest.fixture(scope="session")
def model_file() -> Path:
    try:
        return embedded_model(lambda event: None)
    except ModelUnavailable as error:
        pytest.skip(f"the embedded model cannot be had here: {error}")


@pytest.fixture(scope="session")
def engine_settings(model_file: Path) -> EngineSettings:
    return EngineSettings(model_file, slots=4, context_tokens=512, threads=1)


@pytest.fixture(scope="session")
def embedded(engine_settings: EngineSettings) -> Iterator[EmbeddedClient]:
    client = EmbeddedClient("local", engine_settings)
    yield client
    asyncio.run(client.aclose())


@pytest.fixture(scope="session")
def llama_server(model_file: Path) -> Iterator[str]:
    """The base URL of a real llama.cpp server on a port of this machine."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(model_file)
    params.n_parallel, params.n_ctx, params.verbosity = 4, 4 * 512, -1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    server: Any = xllamacpp.Server(params)
    server.handle_completions({"prompt": "a", "max_tokens": 1})  # see distinguo.llm.engine.load
    yield f"{server.listening_address}/v1"
    del server


@pytest.fixture
def no_delay(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Retry at once; the delays that would have been are kept."""
    delays: list[float] = []
    usual = retries.delay

    def delay(before: int, failed: Failed) -> float:
        delays.append(usual(before, failed))
        return 0.0

    monkeypatch.setattr(retries, "delay", delay)
    return delays
