"""No test here asks the network: data sets that lie nowhere are looked for in an empty cache, and the hub is silent."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from distinguo.datasets import fetching


@pytest.fixture(autouse=True)
def alone(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))

    def silent(hub: fetching.HuggingFace, repository: str, revision: str) -> Sequence[str]:
        raise fetching.Unreachable("there is no network in tests")

    def none(hub: fetching.HuggingFace, repository: str, revision: str, name: str, folder: Path) -> None:
        raise fetching.Unreachable("there is no network in tests")

    monkeypatch.setattr(fetching.HuggingFace, "names", silent)
    monkeypatch.setattr(fetching.HuggingFace, "get", none)
