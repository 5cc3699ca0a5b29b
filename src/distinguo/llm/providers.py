"""Providers of OpenAI-compatible endpoints: where they are, and which variables hold their keys."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from distinguo.errors import InputError

BASE_URLS = {
    "openai": "https://api.openai.com/v1",
    "openrouter": "https://openrouter.ai/api/v1",
    "groq": "https://api.groq.com/openai/v1",
    "deepseek": "https://api.deepseek.com/v1",
    "together": "https://api.together.xyz/v1",
    "mistral": "https://api.mistral.ai/v1",
    "ollama": "http://localhost:11434/v1",
    "vllm": "http://localhost:8000/v1",
}
_SHORTEST_SECRET = 4  # characters; shorter values (`v=2`) are no secrets, and replacing them would garble answers
_LOCAL = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An OpenAI-compatible endpoint. `api_key` is "" where none is set; the variables are named in errors."""

    base_url: str
    api_key: str = field(repr=False)
    key_variable: str
    url_variable: str

    @property
    def shown_url(self) -> str:
        """The base URL without user name, password and query."""
        parts = urlsplit(self.base_url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()

    def scrubbed(self, text: str) -> str:
        """A text without the key and the address's credentials, which a server may quote."""
        for secret in _secrets(self.base_url, self.api_key):
            text = text.replace(secret, "***")
        return text


@lru_cache(maxsize=64)
def _secrets(base_url: str, api_key: str) -> tuple[str, ...]:
    """What must not be shown, in the forms that it takes in headers, addresses and JSON; longest first."""
    parts = urlsplit(base_url)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    values = [api_key, password, *(value for _, value in parse_qsl(parts.query))]
    if user and not password:  # then it is a token
        values.append(user)
    values.append(base64.b64encode(f"{user}:{password}".encode()).decode() if password else "")
    forms = {
        form
        for value in values
        if len(value) >= _SHORTEST_SECRET
        for form in (value, quote(value), quote(value, safe=""), json.dumps(value)[1:-1])
    }
    return tuple(sorted(forms, key=len, reverse=True))


def endpoint(provider: str, environment: Mapping[str, str]) -> Endpoint:
    """Find a provider's endpoint from <PROVIDER>_BASE_URL and <PROVIDER>_API_KEY.

    A key is needed at a well-known provider's own address only: local and custom servers may do without. Raises
    InputError naming the variable to set.
    """
    prefix = re.sub(r"[^A-Z0-9]", "_", provider.upper())
    key_variable, url_variable = f"{prefix}_API_KEY", f"{prefix}_BASE_URL"
    custom_url = environment.get(url_variable, "").strip()
    base_url = custom_url or BASE_URLS.get(provider, "")
    if not base_url:
        raise InputError(
            f"the provider {provider!r} is not known here; set {url_variable} to its OpenAI-compatible address"
        )
    try:
        parts = urlsplit(base_url)
        well_formed = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        well_formed = False
    if not well_formed:
        raise InputError(f"{url_variable} is not the address of a server; set it to something like http://HOST:PORT/v1")
    api_key = environment.get(key_variable, "").strip()
    if not (api_key.isascii() and api_key.isprintable()):
        raise InputError(f"{key_variable} holds characters that no key has; set it again")
    if not api_key and not custom_url and parts.hostname not in _LOCAL:
        raise InputError(f"{provider} needs a key; set {key_variable}, or {url_variable} for another server")
    return Endpoint(base_url.rstrip("/"), api_key, key_variable, url_variable)
