"""Worlds written down in letters."""

from typing import Any

from contracts.selector import CRASH, World


def world(programs: str, outputs: dict[str, str], **rest: Any) -> World:
    """A letter for each sample's program; for each program a letter for its output on each input (! crashes)."""
    does = {
        name: {f"i{index}": CRASH if letter == "!" else letter for index, letter in enumerate(letters)}
        for name, letters in outputs.items()
    }
    count = len(next(iter(outputs.values())))
    given: dict[str, Any] = {
        "public": dict.fromkeys(outputs, ("right",)),
        "written": tuple(f"i{index}" for index in range(count)),
        "distinguishing": tuple(f"i{index}" for index in range(count)),
    }
    return World(tuple(programs), does, **given | rest)
