import pytest
from contracts.executor import ExecutorContract

pytestmark = pytest.mark.asyncio(loop_scope="session")


class TestSandbox(ExecutorContract):
    pass
