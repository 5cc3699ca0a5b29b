"""Which failures of a try may pass, how long to wait for the next try, and when a call is given up."""

import random
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from enum import Enum

from distinguo.errors import ModelError

LONGEST_WAIT = 600.0  # seconds that an endpoint may ask for; one that wants longer is out of quota for this run


class Cause(Enum):
    """Why a try failed; `tries` is how often a call is tried again for it.

    With the delays below these are about 25 s of trouble and 8 minutes of overload, which passes when others' calls
    do. A server that never answered is more likely down or misspelt than busy.
    """

    TROUBLE = (6, 8.0)
    OVERLOAD = (20, 30.0)
    UNREACHED = (2, 8.0)

    def __init__(self, tries: int, longest_delay: float) -> None:
        self.tries = tries
        self.longest_delay = longest_delay


class Failed(Exception):
    """A try failed, and another one may succeed.

    error: what the call ends with when it is given up. wait: seconds that the endpoint asked for, if it did.
    lost: the endpoint had taken the request, so that the try may have to be paid for.
    """

    def __init__(self, cause: Cause, error: ModelError, *, wait: float | None = None, lost: bool = False) -> None:
        super().__init__(str(error))
        self.cause = cause
        self.error = error
        self.wait = wait
        self.lost = lost


class Retries:
    """One call's tries."""

    def __init__(self) -> None:
        self._failed: dict[Cause, int] = dict.fromkeys(Cause, 0)

    def delay(self, failed: Failed) -> float:
        """Seconds until the next try. Raises the call's error when it is given up."""
        before = self._failed[failed.cause]
        if before == failed.cause.tries:
            raise failed.error
        self._failed[failed.cause] += 1
        return delay(before, failed)


def delay(before: int, failed: Failed) -> float:
    """Seconds to wait after `before` earlier failures: what the endpoint asks for, else doubling, with jitter."""
    if failed.wait is not None:
        return failed.wait + random.uniform(0, 0.25)
    return float(min(failed.cause.longest_delay, 0.5 * 2**before)) * random.uniform(0.75, 1.25)


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds for which a response asks to be left alone: `Retry-After` in seconds or as a date, or in ms."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        text = headers.get(name, "")
        try:
            seconds = float(text) * unit
        except ValueError:
            seconds = _until(text)
        if 0 <= seconds < float("inf"):
            return seconds
    return None


def _until(date: str) -> float:
    """Seconds until an HTTP date; -1 where it is none."""
    try:
        return max(0.0, parsedate_to_datetime(date).timestamp() - time.time())
    except (ValueError, OverflowError):
        return -1.0
