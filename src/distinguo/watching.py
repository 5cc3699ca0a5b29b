"""What watches a command's run apart from the person."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from distinguo.terminal import say

if TYPE_CHECKING:
    from distinguo.protocols import Observer


@contextmanager
def logged(log: Path | None, prompts: bool) -> "Iterator[list[Observer]]":
    """The log that is asked for, and the endpoint that takes spans."""
    from distinguo import logs, telemetry

    if telemetry.wanted(os.environ) and (why := telemetry.export()):
        say(why)
    if log is None:
        yield []
        return
    with logs.JsonLines(log, prompts=prompts) as lines:
        yield [lines]
