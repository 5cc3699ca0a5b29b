"""Side by side: results in order; the first failure cancels the rest and comes out ungrouped."""

import asyncio

import pytest

from distinguo.tasks import all_of


async def _later(value: int, seconds: float) -> int:
    await asyncio.sleep(seconds)
    return value


async def test_results_keep_their_order() -> None:
    assert await all_of([_later(1, 0.02), _later(2, 0.0), _later(3, 0.01)]) == [1, 2, 3]


async def test_nothing_to_do_is_fine() -> None:
    assert await all_of([]) == []


async def test_the_first_failure_is_raised_itself_and_cancels_the_rest() -> None:
    cancelled = []

    async def waits() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    async def fails() -> None:
        await all_of([_fail()])

    async def _fail() -> None:
        await asyncio.sleep(0.01)
        raise KeyError("nested")

    with pytest.raises(KeyError, match="nested"):
        await all_of([waits(), fails(), waits()])
    assert cancelled == [True, True]
