"""What an importer returns."""

from typing import NamedTuple

from distinguo.problem import HiddenTests, Problem


class Loaded(NamedTuple):
    """A problem and, apart from it, its hidden tests where there are any."""

    problem: Problem
    hidden: HiddenTests | None
