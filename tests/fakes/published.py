"""Published data, which lies beside the repository on some machines and is not part of it."""

from pathlib import Path

import pytest

DATA = Path(__file__).parents[3] / "shared" / "data"


def published(path: str = "") -> Path:
    """A file or folder of it; skips the test where it is absent."""
    found = DATA / path
    if not found.exists():
        pytest.skip(f"{found} is absent")
    return found
