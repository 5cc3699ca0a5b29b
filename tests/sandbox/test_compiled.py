"""Compiled programs on disk and in memory."""

import os
from pathlib import Path

import pytest

from distinguo.sandbox import compiled
from distinguo.sandbox.compiled import CompiledPrograms


def test_what_was_put_is_found_by_another_process_too(tmp_path: Path) -> None:
    CompiledPrograms(tmp_path).put("key", b"content")
    assert CompiledPrograms(tmp_path).get("key") == b"content"


def test_unknown_key_is_not_there(tmp_path: Path) -> None:
    assert CompiledPrograms(tmp_path / "nowhere").get("key") is None


@pytest.mark.parametrize("entry", [b"", b"short", b"x" * 100])
def test_damaged_entry_is_not_used(tmp_path: Path, entry: bytes) -> None:
    CompiledPrograms(tmp_path).put("key", b"content")
    (tmp_path / "key").write_bytes(entry)
    assert CompiledPrograms(tmp_path).get("key") is None


def test_cut_and_changed_entries_are_not_used(tmp_path: Path) -> None:
    CompiledPrograms(tmp_path).put("key", b"content")
    whole = (tmp_path / "key").read_bytes()
    for entry in (whole[:-1], whole + b"x", whole[:-1] + b"X"):
        (tmp_path / "key").write_bytes(entry)
        assert CompiledPrograms(tmp_path).get("key") is None


def test_folder_is_bounded_and_keeps_what_was_used_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "_PRUNE_EVERY", 1)
    programs = CompiledPrograms(tmp_path, most_bytes=3500)
    for age, key in enumerate("abc"):
        programs.put(key, b"x" * 1000)
        os.utime(tmp_path / key, (age, age))
    CompiledPrograms(tmp_path).get("a")
    programs.put("d", b"x" * 1000)
    assert {path.name for path in tmp_path.iterdir()} == {"a", "c", "d"}


def test_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "_IN_MEMORY_BYTES", 1000)
    programs = CompiledPrograms(tmp_path)
    for key in "abc":
        programs.put(key, b"x" * 400)
    assert list(programs._recent) == ["b", "c"]


def test_folder_that_cannot_be_written_costs_one_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("in the way")
    programs = CompiledPrograms(tmp_path / "file" / "folder")
    programs.put("one", b"1")
    programs.put("two", b"2")
    assert (programs.get("one"), programs.get("two")) == (b"1", b"2")
    assert len(caplog.records) == 1


def test_a_user_without_a_home_keeps_nothing(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def homeless(app: str) -> str:
        raise RuntimeError("could not determine the home directory")

    monkeypatch.setattr("platformdirs.user_cache_dir", homeless)
    programs = CompiledPrograms()
    assert programs.get("a") is None
    programs.put("a", b"one")
    assert programs.get("a") == b"one"
    assert "no home" in caplog.text


def test_folder_is_the_users_own(tmp_path: Path) -> None:
    CompiledPrograms(tmp_path / "new").put("key", b"content")
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0
    assert (tmp_path / "new" / "key").stat().st_mode & 0o077 == 0
