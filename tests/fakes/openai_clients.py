"""Clients of the fake server, and the two ways to ask them."""

import pytest

from distinguo.llm.openai_client import OpenAIClient
from distinguo.llm.providers import endpoint
from fakes.openai_server import OpenAIServer

KEY = "sk-secret-5f1e"
MODES = pytest.mark.parametrize("enough", [None, lambda text: False], ids=["whole", "streamed"])


def client_of(
    server: OpenAIServer, name: str = "fake", slots: int = 8, timeout: float = 5.0, longest: float = 60.0
) -> OpenAIClient:
    where = endpoint("openai", {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": KEY})
    return OpenAIClient(f"openai/{name}", name, where, slots=slots, timeout=timeout, longest=longest)
