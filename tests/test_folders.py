"""Where things are kept for a user."""

import pytest

from distinguo import folders
from distinguo.errors import InputError


def homeless(app: str) -> str:
    raise RuntimeError("could not determine the home directory")


def test_a_user_without_a_home_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformdirs.user_cache_dir", homeless)
    monkeypatch.setattr("platformdirs.user_data_dir", homeless)
    with pytest.raises(InputError, match="XDG_CACHE_HOME"):
        folders.cache()
    with pytest.raises(InputError, match="XDG_DATA_HOME"):
        folders.data()


def test_folders_are_distinguos_own() -> None:
    assert folders.cache().name == folders.data().name == "distinguo"
