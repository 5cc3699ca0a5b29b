"""What models can be used here, and what each still needs."""

from collections.abc import Mapping
from typing import NamedTuple

from distinguo.errors import InputError
from distinguo.llm import model_files
from distinguo.llm.providers import BASE_URLS, endpoint


class Row(NamedTuple):
    """One kind of model: the name to give, what it is, where it comes from, and `ready` or what it needs."""

    name: str
    kind: str
    source: str
    state: str


def rows(environment: Mapping[str, str]) -> list[Row]:
    """List the models: the embedded one, files, and the providers with their state in `environment`."""
    found = model_files.cached_model()
    package = f"{model_files.PACKAGE} {model_files.VERSION}"
    fetch = f"is fetched at the first use ({model_files.SIZE >> 20} MiB)"
    return [
        Row("local", "embedded", f"{model_files.NAME}, from the package {package}", "ready" if found else fetch),
        Row("gguf:PATH", "embedded", "any GGUF file that llama.cpp loads", "ready"),
        *(_provider(name, environment) for name in _providers(environment)),
        Row("replay:FILE", "recorded", "the file of a finished run", "ready"),
    ]


def _providers(environment: Mapping[str, str]) -> list[str]:
    custom = [name.removesuffix("_BASE_URL").lower() for name in sorted(environment) if name.endswith("_BASE_URL")]
    return list(dict.fromkeys([*BASE_URLS, *custom]))


def _provider(name: str, environment: Mapping[str, str]) -> Row:
    kind = "OpenAI-compatible endpoint"
    try:
        found = endpoint(name, environment)
    except InputError as error:
        return Row(f"{name}/NAME", kind, BASE_URLS.get(name, ""), str(error).partition("; ")[2])
    return Row(f"{name}/NAME", kind, found.shown_url, "ready" if found.api_key else "ready where its server runs")
