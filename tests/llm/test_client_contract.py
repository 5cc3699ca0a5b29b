"""One suite on every client: the embedded model, a fake server, and a real llama.cpp server over HTTP, each over HTTP
with whole answers and with streamed ones.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
from contracts.client import ClientContract
from fakes.openai_server import OpenAIServer

from distinguo.llm.embedded import EmbeddedClient
from distinguo.llm.engine import EngineSettings
from distinguo.llm.openai_client import OpenAIClient
from distinguo.llm.providers import endpoint
from distinguo.protocols import Client, Enough, Sending
from distinguo.records import Completion, Request


def _openai(base_url: str, kind: type[OpenAIClient] = OpenAIClient) -> OpenAIClient:
    return kind("openai/fake", "fake", endpoint("openai", {"OPENAI_BASE_URL": base_url}), slots=8)


class Streaming(OpenAIClient):
    """Streams every answer, to its end where the caller does not end it."""

    async def complete(
        self, request: Request, *, enough: Enough | None = None, rank: int = 0, sending: Sending | None = None
    ) -> Completion:
        return await super().complete(request, enough=enough or (lambda text: False), rank=rank, sending=sending)


def _babble(body: dict[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps([body["messages"], body["seed"]]).encode()).hexdigest()
    return " ".join(digest[i : i + 4] for i in range(0, 64, 4))


class TestEmbedded(ClientContract):
    @pytest.fixture
    def client(self, embedded: Client) -> Client:
        return embedded

    @pytest.fixture
    def spare_client(self, engine_settings: EngineSettings) -> Client:
        return EmbeddedClient("local", engine_settings)


class _OverHttp(ClientContract):
    kind = OpenAIClient

    @pytest_asyncio.fixture
    async def client(self, base_url: str) -> AsyncIterator[Client]:
        client = _openai(base_url, self.kind)
        yield client
        await client.aclose()

    @pytest_asyncio.fixture
    async def spare_client(self, base_url: str) -> Client:
        return _openai(base_url, self.kind)


class TestFakeServer(_OverHttp):
    @pytest.fixture
    def base_url(self) -> Iterator[str]:
        with OpenAIServer(_babble, latency=0.1) as server:
            yield server.base_url


class TestLlamaServer(_OverHttp):
    @pytest.fixture
    def base_url(self, llama_server: str) -> str:
        return llama_server


class TestFakeServerStreaming(TestFakeServer):
    kind = Streaming


class TestLlamaServerStreaming(TestLlamaServer):
    kind = Streaming
