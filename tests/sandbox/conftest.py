"""The executors that the tests of the sandbox share."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from contracts.installations import copied_python
from fakes.cold import ANSWER, LIMITS, server

from distinguo.errors import InputError, SandboxUnavailable
from distinguo.problem import Limits
from distinguo.records import Verdict
from distinguo.sandbox import languages
from distinguo.sandbox.cold import Cold
from distinguo.sandbox.compiled import CompiledPrograms
from distinguo.sandbox.hostile.traps import processes_below
from distinguo.sandbox.pool import Pool
from distinguo.sandbox.turnstile import Turnstile

WAYS = ["as root", "as an ordinary user"] if os.geteuid() == 0 else ["as an ordinary user"]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def box() -> AsyncIterator[Pool]:
    """One executor with one worker for the whole session, so that a run meets what the runs before it left."""
    pool = Pool(1)
    try:
        await pool.open()
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    yield pool
    await pool.aclose()


@pytest.fixture(scope="session")
def python_copy() -> Iterator[Path]:
    """A copy of the base interpreter that everybody may read."""
    with copied_python() as home:
        yield home


@pytest_asyncio.fixture
async def pool() -> AsyncIterator[Pool]:
    """Two workers for one test."""
    pool = Pool(2)
    await pool.open()
    yield pool
    await pool.aclose()


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server of the cold profile keeps what it compiled."""
    return tmp_path_factory.mktemp("compiled")


@pytest_asyncio.fixture(scope="session", loop_scope="session", params=WAYS)
async def cold_server(request: pytest.FixtureRequest, compiled: Path) -> AsyncIterator[Cold]:
    """One server for the whole session, so that a run meets what the runs before it left."""
    try:
        languages.find("c++")
    except InputError as error:
        pytest.skip(str(error))
    as_root = request.param == "as root"
    opened = Cold(1, turnstile=Turnstile(1), compiled=CompiledPrograms(compiled), as_root=as_root)
    try:
        await opened.run(ANSWER, "1", LIMITS)
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    yield opened
    await opened.aclose()


@pytest_asyncio.fixture(loop_scope="session")
async def cold(cold_server: Cold) -> AsyncIterator[Cold]:
    """That server. Nothing survives a test, and the same server serves the next run."""
    before = server(cold_server)
    yield cold_server
    execution = await cold_server.run(ANSWER, "21", Limits())
    assert (execution.status, execution.output) == (Verdict.AC, "42\n")
    assert server(cold_server) == before, "the server had to be replaced"
    assert len(processes_below(before)) == 1, "a process survives"
