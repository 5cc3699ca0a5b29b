from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from distinguo import sandbox
from distinguo.errors import SandboxUnavailable
from distinguo.protocols import Executor


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def box() -> AsyncIterator[Executor]:
    try:
        async with sandbox.open(2) as executor:
            yield executor
    except SandboxUnavailable as error:
        pytest.skip(str(error))
