"""Model names, providers and what the catalogue says about them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distinguo.errors import InputError
from distinguo.llm import capacity, catalog, open_client
from distinguo.llm.gguf import ModelHeader
from distinguo.llm.openai_client import OpenAIClient
from distinguo.llm.providers import endpoint
from distinguo.protocols import Client


def _open(spec: str, **environment: str) -> Client:
    return open_client(spec, environment=environment, observe=lambda event: None)


@pytest.mark.parametrize("spec", ["", "gpt-4o", "openai/", "/x", "http://host/v1", "../model", "replay"])
def test_an_unknown_name_lists_the_forms(spec: str) -> None:
    with pytest.raises(InputError, match="gguf:PATH"):
        _open(spec)


def test_the_name_keeps_its_slashes() -> None:
    client = _open("openrouter/meta-llama/llama-3:free", OPENROUTER_API_KEY="k")
    assert isinstance(client, OpenAIClient)
    assert client.model == "openrouter/meta-llama/llama-3:free"
    assert client._exchange._name == "meta-llama/llama-3:free"


def test_a_missing_key_names_its_variable() -> None:
    with pytest.raises(InputError, match="GROQ_API_KEY"):
        _open("groq/x")


def test_an_unknown_provider_names_the_variable_of_its_address() -> None:
    with pytest.raises(InputError, match="MY_HOST_BASE_URL"):
        _open("my-host/x")


@pytest.mark.parametrize("provider", ["ollama", "vllm"])
def test_local_servers_need_no_key(provider: str) -> None:
    assert endpoint(provider, {}).base_url.startswith("http://localhost")


def test_a_custom_address_needs_no_key() -> None:
    assert endpoint("openai", {"OPENAI_BASE_URL": "http://host:1/v1/"}).base_url == "http://host:1/v1"


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://host", "http://", "http://host:port/v1", "http://[::1"])
def test_an_address_that_is_none_is_bad_input(url: str) -> None:
    with pytest.raises(InputError, match="OPENAI_BASE_URL"):
        endpoint("openai", {"OPENAI_BASE_URL": url})


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_key_is_accepted_or_refused_without_being_shown(key: str) -> None:
    key = f"sk-{key}-end"
    if key.isascii() and key.isprintable():
        assert key not in repr(endpoint("openai", {"OPENAI_API_KEY": key}))
    else:
        with pytest.raises(InputError) as caught:
            endpoint("openai", {"OPENAI_API_KEY": key})
        assert key not in str(caught.value)


def test_the_password_in_an_address_is_not_shown() -> None:
    found = endpoint("openai", {"OPENAI_BASE_URL": "https://me:secret@host/v1"})
    assert found.shown_url == "https://host/v1"


def test_the_catalogue_says_what_is_ready_and_what_is_missing() -> None:
    rows = {
        row.name: row for row in catalog.rows({"GROQ_API_KEY": "sk-1", "MINE_BASE_URL": "http://me:pw@localhost/v1"})
    }
    assert rows["groq/NAME"].state == "ready"
    assert "OPENAI_API_KEY" in rows["openai/NAME"].state
    assert rows["mine/NAME"].source == "http://localhost/v1"
    assert {"local", "gguf:PATH", "replay:FILE"} <= set(rows)
    assert not any("sk-1" in cell or "pw" in cell for row in rows.values() for cell in row)


@given(st.integers(1, 64), st.integers(1, 1 << 17), st.integers(1, 1 << 22))
def test_slots_are_bounded_by_wish_and_memory(wanted: int, context: int, kv_bytes: int) -> None:
    slots = capacity.slots_for(wanted, context, ModelHeader("llama", context, kv_bytes))
    assert 1 <= slots <= min(wanted, capacity.MAX_SLOTS)
    assert slots == 1 or slots * context * kv_bytes <= capacity.MEMORY_BUDGET


def test_a_container_quota_bounds_the_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quota = tmp_path / "cpu.max"
    monkeypatch.setattr(capacity, "_CGROUP_CPU_MAX", quota)
    unbounded = capacity.usable_cores()
    quota.write_text("100000 100000\n")
    assert capacity.usable_cores() == 1
    quota.write_text("max 100000\n")
    assert capacity.usable_cores() == unbounded
    assert capacity.default_threads() == max(1, unbounded - unbounded // 4)
