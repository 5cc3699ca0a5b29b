"""The gate: order, limits, and what overload does to them; the event loop's clock is a fake where time matters."""

import asyncio
from collections.abc import Iterator

import pytest
from contracts.client import request

from distinguo.llm import scheduler
from distinguo.llm.scheduler import Gate, Turn
from distinguo.records import Role

DRAFT, DEBUGGING = request(), request(role=Role.DEBUGGER, round=1)


class Clock:
    """Moves the event loop's time on without waiting."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.now = loop.time()

    async def pass_on(self, seconds: float) -> None:
        self.now += seconds
        for _ in range(5):
            await asyncio.sleep(0)


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    loop = asyncio.get_running_loop()
    clock = Clock(loop)
    monkeypatch.setattr(loop, "time", lambda: clock.now)
    return clock


class Calls:
    """Calls that stay inside a gate until they are let go."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.inside: dict[int, Turn] = {}
        self._ends: dict[int, asyncio.Event] = {}
        self.tasks: dict[int, asyncio.Task[None]] = {}

    async def add(self, number: int) -> None:
        self._ends[number] = asyncio.Event()
        self.tasks[number] = asyncio.create_task(self._call(number))
        await settle()

    async def _call(self, number: int) -> None:
        async with self.gate.turn(self.gate.place(DRAFT, 0)) as turn:
            self.inside[number] = turn
            try:
                await self._ends[number].wait()
            finally:
                del self.inside[number]

    async def end(self, number: int) -> None:
        self._ends[number].set()
        await settle()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_lower_ranks_go_first_then_begun_samples_then_who_came_first() -> None:
    gate = Gate(1)
    order: list[str] = []

    async def call(name: str, rank: int, *, begins: bool) -> None:
        async with gate.turn(gate.place(DRAFT if begins else DEBUGGING, rank)):
            order.append(name)
            await asyncio.sleep(0)

    await asyncio.gather(
        call("first", 9, begins=True),
        call("late draft", 2, begins=True),
        call("draft", 1, begins=True),
        call("second draft", 1, begins=True),
        call("debugging", 1, begins=False),
        call("late debugging", 2, begins=False),
    )
    assert order == ["first", "debugging", "draft", "second draft", "late debugging", "late draft"]


async def test_a_call_that_is_tried_again_keeps_its_place() -> None:
    gate = Gate(1)
    early, late = gate.place(DRAFT, 0), gate.place(DRAFT, 0)
    order: list[str] = []

    async def call(name: str, place: scheduler.Place) -> None:
        async with gate.turn(place):
            order.append(name)

    async with gate.turn(early):
        waiting = [asyncio.create_task(call("late", late)), asyncio.create_task(call("early again", early))]
        await settle()
    await asyncio.gather(*waiting)
    assert order == ["early again", "late"]


async def test_no_more_than_the_limit_are_inside() -> None:
    calls = Calls(Gate(2))
    for number in range(4):
        await calls.add(number)
    assert set(calls.inside) == {0, 1}
    await calls.end(1)
    assert set(calls.inside) == {0, 2}


@pytest.mark.parametrize("moment", ["waiting", "let in", "inside"])
async def test_a_cancelled_call_gives_its_turn_on(moment: str) -> None:
    calls = Calls(Gate(1))
    await calls.add(0)
    await calls.add(1)
    await calls.add(2)
    if moment == "let in":  # cancelled after its turn has come and before it runs
        calls._ends[0].set()
        while 0 in calls.inside:  # noqa: ASYNC110
            await asyncio.sleep(0)
        calls.tasks[1].cancel()
    else:
        calls.tasks[1 if moment == "waiting" else 0].cancel()
        await settle()
        if moment == "waiting":
            await calls.end(0)
    await settle()
    assert set(calls.inside) == ({1} if moment == "inside" else {2})


async def test_overload_halves_the_limit_once_for_all_calls_of_that_time(clock: Clock) -> None:
    gate = Gate(16)
    since = clock.now
    await clock.pass_on(1)
    for _ in range(10):
        gate.overloaded(since, None)
    assert gate.limit == 8
    await clock.pass_on(1)
    gate.overloaded(clock.now, None)
    assert gate.limit == 4
    for _ in range(10):
        await clock.pass_on(1)
        gate.overloaded(clock.now, None)
    assert gate.limit == 1


async def test_a_round_of_answers_gives_one_more(clock: Clock) -> None:
    gate = Gate(16)
    gate.overloaded(clock.now, None)
    for _ in range(8):
        gate.answered()
    assert gate.limit in (8, 9)
    for _ in range(1000):
        gate.answered()
    assert gate.limit == 16


async def test_an_endpoint_that_asks_to_wait_is_left_alone_by_all(clock: Clock) -> None:
    calls = Calls(Gate(4))
    await calls.add(0)
    calls.inside[0].overloaded(30.0)
    await calls.end(0)
    await calls.add(1)
    await calls.add(2)
    await clock.pass_on(29)
    assert not calls.inside
    await clock.pass_on(1.1)
    assert set(calls.inside) == {1, 2}


async def test_a_longer_wait_replaces_a_shorter_one(clock: Clock) -> None:
    calls = Calls(Gate(4))
    calls.gate.overloaded(clock.now, 10.0)
    await calls.add(0)
    calls.gate.overloaded(clock.now, 20.0)
    await calls.add(1)
    calls.gate.overloaded(clock.now, 5.0)
    await clock.pass_on(15)
    assert not calls.inside
    await clock.pass_on(6)
    assert set(calls.inside) == {0, 1}


async def test_an_endpoint_has_one_gate_in_a_loop_as_wide_as_its_widest_client() -> None:
    gate = scheduler.gate("one", 4)
    assert scheduler.gate("one", 8) is gate
    assert gate.limit == 8
    assert scheduler.gate("one", 2).limit == 8
    assert scheduler.gate("two", 2) is not gate


@pytest.fixture
def loops() -> Iterator[None]:
    before = len(scheduler._gates)
    yield
    assert len(scheduler._gates) <= before + 1


def test_a_loop_that_is_gone_takes_its_gates_along(loops: None) -> None:
    import gc

    async def use() -> Gate:
        return scheduler.gate("one", 4)

    assert asyncio.run(use()) is not asyncio.run(use())
    gc.collect()
