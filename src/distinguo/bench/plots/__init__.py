"""Figures of runs for a paper or a page, each of the kinds that the runs have data for.

bars         figure 1: zero-shot and each method, model by model
parts        figure 3: parts added one by one, and other models to compare with
scaling      figure 4: coverage and pass@1 of the chosen program against N
temperature  figure 4: coverage against the temperature
rounds       figure 6: coverage and pass@1 against debugging rounds
cost         accuracy against calls and tokens a problem

Figures are numbered as in Li et al. (2025, arXiv 2502.14382). Every number is one of `bench.metrics`, over completed
problems.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from distinguo.bench.gathering import Gathered, gather
from distinguo.bench.plots import bars, cost, curves, style
from distinguo.bench.plots.style import Nothing
from distinguo.bench.runfile import Run
from distinguo.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("svg", "png")


class Kind(NamedTuple):
    """A kind of figure. usual: draws it, or raises Nothing where there is nothing to draw.

    asked: draws it where it was asked for by name, if that makes a difference.
    """

    title: str
    usual: "Callable[[Gathered], Figure]"
    asked: "Callable[[Gathered], Figure] | None" = None


KINDS: Mapping[str, Kind] = {
    "bars": Kind("pass@1 of each method", bars.bars),
    "parts": Kind("Parts added one by one", bars.parts, bars.parts_as_they_come),
    "scaling": Kind("Coverage and pass@1 against the number of samples", curves.scaling),
    "rounds": Kind("Coverage and pass@1 against debugging rounds", curves.rounds),
    "cost": Kind("Accuracy against calls and tokens", cost.cost),
    "temperature": Kind("Coverage and pass@1 against the temperature", curves.temperature),
}
"""The kinds of figures by name."""


def _ignored(sentence: str) -> None:
    pass


def draw(
    runs: Sequence[Run],
    folder: Path,
    formats: Sequence[str] = FORMATS,
    kinds: Sequence[str] | None = None,
    *,
    say: Callable[[str], None] = _ignored,
) -> list[Path]:
    """Write a file for each kind and format into the folder, for each data set where there are several; which they are.

    kinds: those of KINDS that are wanted, all by default. say: told in one sentence what is left out, and why.
    Raises InputError for an unknown kind or format, without matplotlib, and where a file cannot be written.
    """
    for wanted, known, what in ((kinds or (), KINDS, "kind of figure"), (formats, FORMATS, "format of figures")):
        for name in wanted:
            if name not in known:
                raise InputError(f"there is no {what} {name!r}; there are {', '.join(known)}")
    files, left_out = list[Path](), list[str]()
    with style.styled():
        gathered = gather(runs)
        for of in gathered:
            behind = f"-{_slug(of)}" if len(gathered) > 1 else ""
            for name, drawn in _figures(of, kinds, left_out):
                for form in formats:
                    files.append(folder / f"{name}{behind}.{form}")
                    _write(files[-1], style.written(drawn, form))
    if left_out:
        say(f"left out: {'; '.join(left_out)}")
    return files


def svg_figures(runs: Sequence[Run]) -> dict[str, str]:
    """Every figure that the runs have data for, by its title, as SVG that can stand in a page.

    Raises InputError without matplotlib.
    """
    found: dict[str, str] = {}
    with style.styled():
        gathered = gather(runs)
        for of in gathered:
            for name, drawn in _figures(of, None, []):
                title = KINDS[name].title + (f" ({of.dataset})" if len(gathered) > 1 else "")
                found[title] = style.inline(style.written(drawn, "svg").decode(), title, f"{name}-{_slug(of)}")
    return found


def _slug(of: Gathered) -> str:
    """The data set's name as part of a file's name or an id."""
    return re.sub(r"[^A-Za-z0-9.+-]+", "_", of.dataset)


def _figures(of: Gathered, kinds: Sequence[str] | None, left_out: list[str]) -> Iterator[tuple[str, "Figure"]]:
    for name, kind in KINDS.items():
        if kinds is None or name in kinds:
            try:
                yield name, (kind.usual if kinds is None else kind.asked or kind.usual)(of)
            except Nothing as reason:
                left_out.append(f"{name} ({reason})")


def _write(path: Path, content: bytes) -> None:
    partial = path.with_name(f"{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as error:
        raise InputError(f"cannot write {path} ({os.strerror(error.errno or 0)}); choose another folder") from error
