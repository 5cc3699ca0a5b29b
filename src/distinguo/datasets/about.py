"""What is known of a problem beside its text: by this, problems are filtered, drawn and reported apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

SIZES = ("short", "medium", "long")


@dataclass(frozen=True, slots=True)
class About:
    """What a data set says of one problem; "" (None) where it says nothing.

    difficulty: as the data set spells it. platform: where the problem comes from, in lower case.
    date: when it was published, YYYY-MM-DD. rating: its rating on Codeforces.
    size: `short`, `medium` or `long` by the lines of the reference program, see `sizes`; only for data sets that know
    no difficulty.
    """

    difficulty: str = ""
    platform: str = ""
    date: str = ""
    rating: int | None = None
    size: str = ""

    @property
    def stratum(self) -> str:
        """The difficulty, or else the size."""
        return self.difficulty or self.size


def sizes(lengths: Mapping[str, int]) -> dict[str, str]:
    """The size of each problem by the lines of its reference program, from the terciles over the whole data set.

    Those up to the first tercile are short, those up to the second medium, the rest long; equal lengths have one size,
    so the three need not be equally many. Problems without a reference program (0 lines) have none.
    """
    known = sorted(length for length in lengths.values() if length > 0)
    if not known:
        return {}
    first, second = (known[min(len(known) * part // 3, len(known) - 1)] for part in (1, 2))
    names = {name: SIZES[(length > first) + (length > second)] for name, length in lengths.items() if length > 0}
    return names if len(set(names.values())) > 1 else {}


def lines(code: object) -> int:
    """How many lines of a program are not blank; 0 for what is no text."""
    return sum(1 for line in code.splitlines() if line.strip()) if isinstance(code, str) else 0


def day(given: object) -> str:
    """The day of a date as data sets write it, `2024-01-31` or `2024-01-31T10:00:00`; "" for anything else."""
    if isinstance(given, (date, datetime)):
        return given.isoformat()[:10]
    text = str(given)[:10] if isinstance(given, str) else ""
    try:
        return date.fromisoformat(text).isoformat() if len(text) == 10 else ""
    except ValueError:
        return ""


def word(given: object) -> str:
    """A word as a record gives it, or ""."""
    return given.strip() if isinstance(given, str) else ""
