"""The models behind protocols.Client: an embedded one, and any behind an OpenAI-compatible endpoint."""

from collections.abc import Mapping
from pathlib import Path

from distinguo.errors import InputError
from distinguo.protocols import Client, Observer

CONTEXT_TOKENS = 4096
"""What an embedded model gets a slot, prompt and completion together, unless it was trained for less."""


def open_client(
    spec: str,
    *,
    environment: Mapping[str, str],
    observe: Observer,
    slots: int = 16,
    context_tokens: int = CONTEXT_TOKENS,
    threads: int | None = None,
    drafts_per_call: int = 1,
) -> Client:
    """Open the model that `spec` names: `local`, `gguf:PATH` or `provider/NAME`.

    environment: where keys and addresses are looked up.
    slots: how many calls are worked on at once, with those of all other clients of the same endpoint in this process;
    an embedded model may take fewer.
    drafts_per_call: for endpoints, see OpenAIClient.
    context_tokens, threads: for embedded models; threads default to capacity.default_threads().

    May take seconds when the embedded model has to be fetched. Raises InputError for an unknown name, a missing
    key or a file that is no model, ModelUnavailable when the embedded model cannot be fetched.
    """
    if spec == "local":
        from distinguo.llm.model_files import embedded_model

        return _embedded(spec, embedded_model(observe), slots, context_tokens, threads)
    if spec.startswith("gguf:"):
        path = Path(spec.removeprefix("gguf:")).expanduser()
        return _embedded(spec, path, slots, context_tokens, threads)
    provider, slash, name = spec.partition("/")
    if not (provider and slash and name) or not provider.replace("-", "").replace("_", "").isalnum():
        raise InputError(
            f"there is no model {spec!r}; use local, gguf:PATH, openai/NAME, another provider/NAME or replay:FILE"
        )
    from distinguo.llm.openai_client import OpenAIClient
    from distinguo.llm.providers import endpoint

    return OpenAIClient(
        spec, name, endpoint(provider.lower(), environment), slots=slots, drafts_per_call=drafts_per_call
    )


def _embedded(model: str, path: Path, slots: int, context_tokens: int, threads: int | None) -> Client:
    from distinguo.llm import capacity
    from distinguo.llm.embedded import EmbeddedClient
    from distinguo.llm.engine import EngineSettings
    from distinguo.llm.gguf import read_header

    header = read_header(path)
    context_tokens = min(context_tokens, header.context_tokens)
    return EmbeddedClient(
        model,
        EngineSettings(
            path=path,
            slots=capacity.slots_for(slots, context_tokens, header),
            context_tokens=context_tokens,
            threads=threads or capacity.default_threads(),
        ),
    )
