import asyncio

import pytest

from distinguo.sandbox.turnstile import Turnstile


async def visit(turnstile: Turnstile, log: list[str], name: str, leave: asyncio.Event, *, alone: bool = False) -> None:
    async with turnstile.enter(alone=alone):
        log.append(f"+{name}")
        await leave.wait()
        log.append(f"-{name}")


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_others_go_side_by_side() -> None:
    turnstile, leave = Turnstile(), asyncio.Event()
    log: list[str] = []
    tasks = [asyncio.create_task(visit(turnstile, log, name, leave)) for name in "abc"]
    await settle()
    assert log == ["+a", "+b", "+c"]
    leave.set()
    await asyncio.gather(*tasks)


async def test_one_alone_waits_for_those_before_and_holds_up_those_after() -> None:
    turnstile = Turnstile()
    log: list[str] = []
    first, alone, last = asyncio.Event(), asyncio.Event(), asyncio.Event()
    tasks = [asyncio.create_task(visit(turnstile, log, "a", first))]
    await settle()
    tasks.append(asyncio.create_task(visit(turnstile, log, "ALONE", alone, alone=True)))
    await settle()
    tasks.append(asyncio.create_task(visit(turnstile, log, "b", last)))
    await settle()
    assert log == ["+a"]
    first.set()
    await settle()
    assert log == ["+a", "-a", "+ALONE"]
    alone.set()
    last.set()
    await asyncio.gather(*tasks)
    assert log == ["+a", "-a", "+ALONE", "-ALONE", "+b", "-b"]


@pytest.mark.parametrize("alone", [False, True])
async def test_cancelled_visitor_holds_up_nobody(alone: bool) -> None:
    turnstile, leave = Turnstile(), asyncio.Event()
    log: list[str] = []
    inside = asyncio.create_task(visit(turnstile, log, "a", leave))
    await settle()
    waiting = asyncio.create_task(visit(turnstile, log, "b", leave, alone=True))
    await settle()
    third = asyncio.create_task(visit(turnstile, log, "c", leave, alone=alone))
    await settle()
    waiting.cancel()
    await settle()
    assert log == (["+a"] if alone else ["+a", "+c"])
    leave.set()
    await asyncio.gather(inside, third)
    assert "+b" not in log
    async with turnstile.enter(alone=True):
        pass


async def test_limit_holds_up_those_beyond_it() -> None:
    turnstile = Turnstile(2)
    first, others = asyncio.Event(), asyncio.Event()
    log: list[str] = []
    tasks = [asyncio.create_task(visit(turnstile, log, name, first if name == "a" else others)) for name in "abc"]
    await settle()
    assert log == ["+a", "+b"]
    first.set()
    await settle()
    assert log == ["+a", "+b", "-a", "+c"]
    others.set()
    await asyncio.gather(*tasks)
