"""What tests of the whole program share: a problem in a folder, and a sandbox."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from fakes import coder
from hypothesis import settings

from distinguo import sandbox
from distinguo.errors import SandboxUnavailable
from distinguo.protocols import Executor

settings.register_profile("on any machine", deadline=None)  # a busy one is slow, not wrong
settings.register_profile("few examples", deadline=None, max_examples=20)  # pytest --hypothesis-profile "few examples"
settings.load_profile("on any machine")


@pytest.fixture
def problem_folder(tmp_path: Path) -> Path:
    """The problem `largest` with one public and two hidden tests."""
    folder = tmp_path / "largest"
    for name, (given, expected) in {
        "tests/1": coder.TEST,
        "hidden/1": ("9 2 1\n", "9\n"),
        "hidden/2": ("-3 -2 -5\n", "-2\n"),
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".in").write_text(given)
        path.with_suffix(".out").write_text(expected)
    (folder / "problem.md").write_text(coder.STATEMENT)
    return folder


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def box() -> AsyncIterator[Executor]:
    """A sandbox with two workers; skips the test where there is none."""
    try:
        async with sandbox.open(2) as executor:
            yield executor
    except SandboxUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture
async def sandboxed() -> None:
    """Skips the test where no sandbox can be had; for tests that open their own, or start a command that does."""
    try:
        async with sandbox.open(1):
            pass
    except SandboxUnavailable as error:
        pytest.skip(str(error))
