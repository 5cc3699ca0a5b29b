"""The real models and servers that the tests of the clients share."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from distinguo.errors import ModelUnavailable
from distinguo.llm.embedded import EmbeddedClient
from distinguo.llm.engine import EngineSettings
from distinguo.llm.model_files import embedded_model


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
