"""The settings of test groups in problem packages: testdata.yaml (legacy), test_group.yaml (2023-07) in each folder."""

import math
from pathlib import Path
from typing import Any

from distinguo.datasets.yamlfiles import read_yaml
from distinguo.errors import InputError

_FILES = ("testdata.yaml", "test_group.yaml")
_PACKAGE_FLAGS = ("validator_flags", "output_validator_flags", "output_validator_args")
_GROUP_FLAGS = _PACKAGE_FLAGS[1:]


class Groups:
    """The groups of a package's tests by their place in data/."""

    def __init__(self, data: Path, settings: dict[str, Any]) -> None:
        """settings: of problem.yaml."""
        self._data = data
        self._settings = settings
        self._read: dict[Path, dict[str, Any]] = {}

    def _group(self, place: Path) -> dict[str, Any]:
        if place not in self._read:
            path = next((self._data / place / name for name in _FILES if (self._data / place / name).is_file()), None)
            self._read[place] = read_yaml(path) if path else {}
        return self._read[place]

    def flags(self, places: set[Path]) -> str:
        """The output validator's flags, inherited from folder to folder.

        Raises InputError where they differ between groups, because a problem has one way to compare outputs.
        """
        found = {self._flags(place) for place in places}
        if len(found) > 1:
            raise InputError(f"{self._data} gives its groups different output validator flags, which is not supported")
        return found.pop()

    def _flags(self, place: Path) -> str:
        tables: list[tuple[dict[str, Any], tuple[str, ...]]] = [(self._settings, _PACKAGE_FLAGS)]
        tables += [(self._group(parent), _GROUP_FLAGS) for parent in (*reversed(place.parents), place)]
        flags = ""
        for table, names in tables:
            for name in names:
                if name in table:
                    value = table[name]
                    flags = " ".join(map(str, value)) if isinstance(value, list) else str(value or "")
        return flags

    def score(self, place: Path, tests: int) -> float:
        """What a group is worth when all of its tests are accepted.

        The legacy format scores each test (accept_score, 1 unless given) and adds up or takes the least, within the
        group's range; the later one names the group's greatest score.
        """
        table = self._group(place)
        path = self._data / place
        scoring = table.get("scoring")
        scoring = scoring if isinstance(scoring, dict) else {}
        most = number(table.get("max_score", scoring.get("score")), path, "max_score")
        if most is not None:
            return most
        each = number(table.get("accept_score"), path, "accept_score")
        total = 1.0 if each is None else each
        if "min" not in str(table.get("grader_flags", "")).split():
            total *= tests
        return min(total, _greatest(table.get("range"), path))


def _greatest(given: Any, path: Path) -> float:
    if given is None:
        return math.inf
    try:
        greatest = float(str(given).split()[1])
        if math.isnan(greatest):
            raise ValueError("it is no number")
        return greatest
    except (IndexError, ValueError) as error:
        raise InputError(f"{path}: a range has two numbers, not {given!r}") from error


def number(given: Any, path: Path, name: str) -> float | None:
    """A number of at least 0 from a package's files, or None where there is none. Raises InputError for all else."""
    if given is None or given == "unbounded":
        return None
    try:
        value = float(given)
    except (TypeError, ValueError, OverflowError):
        value = math.nan
    if isinstance(given, bool) or not 0 <= value < 1e9:
        raise InputError(f"{path}: {name} must be a number of at least 0, not {given!r}")
    return value
