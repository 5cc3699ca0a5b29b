"""Work that several want at the same time."""

import asyncio

import pytest

from distinguo.sandbox.once import Once


class Work:
    """Counts how often it was begun, and how it ended."""

    def __init__(self) -> None:
        self.begun = 0
        self.cancelled = False
        self.go_on = asyncio.Event()

    async def __call__(self) -> int:
        self.begun += 1
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        return self.begun


async def test_all_who_ask_get_the_same() -> None:
    once, work = Once[int](), Work()
    asking = [asyncio.create_task(once.do("key", work)) for _ in range(3)]
    await asyncio.sleep(0)
    work.go_on.set()
    assert await asyncio.gather(*asking) == [1, 1, 1]


async def test_other_keys_and_later_askers_begin_anew() -> None:
    once, work = Once[int](), Work()
    work.go_on.set()
    assert [await once.do(key, work) for key in ("a", "b", "a")] == [1, 2, 3]


async def test_one_who_leaves_does_not_end_it_for_the_others() -> None:
    once, work = Once[int](), Work()
    leaves, stays = asyncio.create_task(once.do("key", work)), asyncio.create_task(once.do("key", work))
    await asyncio.sleep(0.01)
    leaves.cancel()
    await asyncio.sleep(0.01)
    work.go_on.set()
    assert await stays == 1
    assert leaves.cancelled()


async def test_the_last_who_leaves_ends_it() -> None:
    once, work = Once[int](), Work()
    asking = [asyncio.create_task(once.do("key", work)) for _ in range(2)]
    await asyncio.sleep(0.01)
    for task in asking:
        task.cancel()
    await asyncio.wait(asking)
    assert work.cancelled
    work.go_on.set()
    assert await once.do("key", work) == 2


async def test_settled_waits_for_what_is_under_way() -> None:
    once, work = Once[int](), Work()
    asking = asyncio.create_task(once.do("key", work))
    await asyncio.sleep(0)
    settled = asyncio.create_task(once.settled())
    await asyncio.sleep(0.01)
    assert not settled.done()
    work.go_on.set()
    await settled
    assert await asking == 1


async def test_failure_reaches_all_and_is_not_kept() -> None:
    once, tries = Once[int](), []

    async def fail() -> int:
        tries.append(1)
        await asyncio.sleep(0.01)
        raise ValueError("no")

    results = await asyncio.gather(once.do("key", fail), once.do("key", fail), return_exceptions=True)
    assert [type(result) for result in results] == [ValueError, ValueError]
    with pytest.raises(ValueError, match="no"):
        await once.do("key", fail)
    assert len(tries) == 2
