from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from contracts.installations import copied_python

from distinguo.errors import SandboxUnavailable
from distinguo.sandbox.pool import Pool


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
