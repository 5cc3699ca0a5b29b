"""When a call is tried again: causes, waits, and what endpoints ask for."""

import time
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distinguo.errors import CallError
from distinguo.llm.retries import Cause, Failed, Retries, asked_wait, delay

ERROR = CallError("no")


def test_delays_grow_and_are_bounded() -> None:
    trouble, overload = (Failed(cause, ERROR) for cause in (Cause.TROUBLE, Cause.OVERLOAD))
    delays = [delay(before, trouble) for before in range(20)]
    assert 0.25 < delays[0] < 1.0 < delays[3]
    assert max(delays) <= 10.0
    assert 20.0 < max(delay(before, overload) for before in range(20)) <= 37.5


def test_delays_are_spread() -> None:
    assert len({delay(3, Failed(Cause.TROUBLE, ERROR)) for _ in range(10)}) == 10


def test_what_is_asked_for_is_waited() -> None:
    assert 7.0 <= delay(0, Failed(Cause.OVERLOAD, ERROR, wait=7.0)) <= 7.25


@pytest.mark.parametrize("cause", Cause)
def test_each_cause_has_its_own_tries(cause: Cause) -> None:
    retries = Retries()
    for _ in range(cause.tries):
        retries.delay(Failed(cause, ERROR))
    with pytest.raises(CallError):
        retries.delay(Failed(cause, ERROR))
    other = next(other for other in Cause if other is not cause)
    assert retries.delay(Failed(other, ERROR)) > 0


@pytest.mark.parametrize(
    "headers, seconds",
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "500", "retry-after": "9"}, 0.5),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": ""}, None),
    ],
)
def test_retry_after_is_read_in_all_its_forms(headers: dict[str, str], seconds: float | None) -> None:
    assert asked_wait(headers) == seconds


def test_a_date_to_come_is_so_many_seconds_away() -> None:
    wait = asked_wait({"retry-after": formatdate(time.time() + 1000, usegmt=True)})
    assert wait is not None
    assert 900 < wait < 1001


@given(st.text())
def test_any_header_is_a_wait_or_none(text: str) -> None:
    wait = asked_wait({"retry-after": text})
    assert wait is None or 0 <= wait < float("inf")
