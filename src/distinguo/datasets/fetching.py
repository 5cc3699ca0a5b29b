"""Fetching data sets from the Hugging Face hub by huggingface_hub (`distinguo[data]`), into the user's cache.

A file is fetched once and stays; a download that broke off is resumed. Nothing is fetched while a folder is named with
--data or DISTINGUO_DATA. huggingface_hub shows its own progress on standard error, and heeds its own variables
(HF_ENDPOINT, HF_HUB_OFFLINE, HF_TOKEN).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from distinguo.datasets.places import Files, Place, matching_names
from distinguo.errors import InputError

_SECONDS = 15.0  # for the hub to say which files there are


class Unreachable(Exception):
    """The hub gave no answer, or not the one that was hoped for; the message says why."""


class Hub(Protocol):
    """Where files are fetched from. Both methods raise Unreachable."""

    def names(self, repository: str, revision: str) -> Sequence[str]:
        """The names of all files of a data set's repository."""

    def get(self, repository: str, revision: str, name: str, folder: Path) -> None:
        """Put a file into the folder under its name in the repository, whole or not at all."""


def fetch(title: str, place: Place, part: str, folder: Path, hub: Hub, hint: str) -> None:
    """Put the files of a data set into a folder. title: its name as the user wrote it; hint: what else can be done.

    Raises InputError where the hub cannot be reached, holds no such files, or the disk is full.
    """
    address = f"huggingface.co/datasets/{place.repository}"
    try:
        there = hub.names(place.repository, place.revision)
        names = _first(there, place.fetched[part])
        if not names:
            wanted = " or ".join(" and ".join(files) for files in place.fetched[part])
            raise InputError(f"{title} cannot be fetched: {address} does not hold {wanted} any more; {hint}")
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            if not (folder / name).is_file():
                hub.get(place.repository, place.revision, name, folder)
    except (Unreachable, OSError) as error:
        told = " ".join(str(error).split())[:200].rstrip(".")
        raise InputError(f"{title} cannot be fetched from {address} ({told}); try again online, or {hint}") from error


def _first(names: Sequence[str], alternatives: Sequence[Files]) -> list[str]:
    """The names of the first alternative of which all files are there."""
    for files in alternatives:
        matches = [matching_names(names, pattern) for pattern in files]
        if not any(missing for _, missing in matches):
            return [name for found, _ in matches for name in found]
    return []


class HuggingFace:
    """The hub itself, or the one that HF_ENDPOINT names. endpoint: an address in its place."""

    def __init__(self, endpoint: str | None = None) -> None:
        self._endpoint = endpoint

    def names(self, repository: str, revision: str) -> Sequence[str]:
        """See Hub."""
        try:
            from huggingface_hub import HfApi
        except ImportError as error:
            raise Unreachable("huggingface_hub is missing: pip install 'distinguo[data]'") from error
        try:
            api = HfApi(endpoint=self._endpoint, library_name="distinguo")
            found = api.dataset_info(repository, revision=revision, timeout=_SECONDS)
        except Exception as error:
            raise Unreachable(str(error) or type(error).__name__) from error
        return [sibling.rfilename for sibling in found.siblings or ()]

    def get(self, repository: str, revision: str, name: str, folder: Path) -> None:
        """See Hub."""
        from huggingface_hub import hf_hub_download

        try:
            hf_hub_download(
                repository, name, repo_type="dataset", revision=revision, local_dir=folder, endpoint=self._endpoint,
                library_name="distinguo",
            )  # fmt: skip
        except Exception as error:
            raise Unreachable(f"{name}: {error or type(error).__name__}") from error
