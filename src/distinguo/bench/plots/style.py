"""How figures look, and how they are written: for print, for grey printers and for eyes that see fewer colours.

Everything happens within `styled`, which gives matplotlib's settings back as they were; pyplot is never used. The same
figure has the same bytes each time.
"""

import importlib
import io
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from distinguo.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, PALE = "#222222", "#8a8a8a"
# Okabe and Ito's colours without yellow, which paper swallows; dark and light ones alternate for grey printers.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
HATCHES = ("", "////", "", "....", "", "xxxx", "")
LINES = len(COLOURS)  # lines or kinds of bars that one picture tells apart
WIDTH = 6.5  # inches: the text of a page in one column
RESOLUTION = 200  # dots an inch, of PNG
_PANELS, _COLUMNS = 12, 4

_RC: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.labelsize": 8.5,
    "axes.titlesize": 8.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.7,
    "axes.axisbelow": True,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "grid.color": "#e3e3e3",
    "grid.linewidth": 0.6,
    "hatch.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "legend.handlelength": 2.6,
    "lines.linewidth": 1.4,
    "lines.markersize": 4.5,
    "errorbar.capsize": 2,
    "svg.hashsalt": "distinguo",
    "svg.fonttype": "path",
}


class Nothing(Exception):
    """There is nothing to draw, or too much for one figure; the message says which in a few words."""


class Look(NamedTuple):
    """What tells a series from the others, in colour and without."""

    colour: str
    marker: str = "o"
    hatch: str = ""
    face: str = ""  # a marker's inside


def look(index: int) -> Look:
    """Of the series with this number; from LINES on markers are hollow."""
    place = index % LINES
    return Look(COLOURS[place], MARKERS[place], HATCHES[place], COLOURS[place] if index < LINES else "white")


@contextmanager
def styled() -> Iterator[None]:
    """Figures are made and written within. Raises InputError where matplotlib is not installed."""
    try:
        matplotlib = importlib.import_module("matplotlib")
    except ImportError as error:
        raise InputError("plots need matplotlib: pip install 'distinguo[bench]'") from error
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_RC)
        yield


def figure(height: float, *, width: float = WIDTH) -> "Figure":
    """An empty figure of this size in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def note(drawn: "Figure", text: str) -> None:
    """A line below everything: what was measured, and what the bars and bands are."""
    text = "\n".join(textwrap.wrap(text, int(17 * drawn.get_figwidth())))
    drawn.supxlabel(text, x=0.005, ha="left", fontsize=7, color="#555555")


def percent(axes: "Axes", what: str, highest: float, *, along: str = "y") -> None:
    """An axis of shares from 0 to a little above the highest, in percent."""
    top = max(0.05, highest * 1.06) if highest < 0.95 else 1.03
    (axes.set_ylim if along == "y" else axes.set_xlim)(0, top)
    axis = axes.yaxis if along == "y" else axes.xaxis
    axis.set_major_formatter(lambda share, _: f"{100 * share:g}")
    (axes.set_ylabel if along == "y" else axes.set_xlabel)(f"{what} (%)")
    axes.grid(True, axis="y" if along == "y" else "x")


def panels(names: Mapping[str, str]) -> "tuple[Figure, dict[str, Axes]]":
    """A figure with a panel for each name, by its key. Raises Nothing where they are too many."""
    if len(names) > _PANELS:
        raise Nothing(f"{len(names)} models are more than {_PANELS} panels")
    columns = min(_COLUMNS, len(names))
    rows = -(-len(names) // columns)
    drawn = figure(0.9 + (1.7 if columns == _COLUMNS else 2.2) * rows)
    every = drawn.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat
    found = dict(zip(names, every, strict=False))
    for place, axes in enumerate(every):
        axes.set_visible(place < len(names))
        axes.tick_params(labelsize=7, labelbottom=place + columns >= len(names))
    for key, axes in found.items():
        axes.set_title(names[key], fontsize=7.5)
    return drawn, found


def outer(drawn: "Figure", every: "Sequence[Axes]", along: str, what: str, highest: float) -> None:
    """Axes of shares up to the highest; what they show, once for a figure of several panels."""
    for axes in every:
        percent(axes, what, highest)
    if len(every) == 1:
        every[0].set_xlabel(along)
        return
    for axes in every:
        axes.set_ylabel("")
    drawn.supylabel(f"{what} (%)", fontsize=8.5)
    columns = min(_COLUMNS, len(every))
    for axes in every[-columns:]:
        axes.set_xlabel(along, fontsize=7.5)


def legend(drawn: "Figure", handles: Sequence[Any], labels: Sequence[str], *, beside: bool = False) -> None:
    """Above the panels, in as few rows as fit; or beside the only panel."""
    if beside:
        drawn.legend(handles, labels, loc="outside right upper", handlelength=2.2, labelspacing=0.7)
        return
    columns = next(n for n in range(len(labels), 0, -1) if n == 1 or _length(labels, n) < 15 * drawn.get_figwidth())
    drawn.legend(handles, labels, loc="outside upper center", ncols=columns, columnspacing=1.4)


def _length(labels: Sequence[str], columns: int) -> int:
    """How long the rows of a legend are in characters; columns are filled one after another."""
    rows = -(-len(labels) // columns)
    return sum(8 + max(map(len, labels[first : first + rows])) for first in range(0, len(labels), rows))


def written(drawn: "Figure", form: str) -> bytes:
    """The figure as a file: svg or png."""
    file = io.BytesIO()
    metadata = {"Date": None, "Creator": None} if form == "svg" else {"Software": None}
    drawn.savefig(file, format=form, dpi=RESOLUTION, metadata=metadata)
    return file.getvalue()


def inline(svg: str, title: str, prefix: str) -> str:
    """An SVG to stand in a page beside others: without its head, with a title, its ids its own by a prefix."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{prefix}-", body)
    head, _, rest = body.partition(">")
    told = title.replace("&", "&amp;").replace("<", "&lt;")
    return f'{head} role="img"><title>{told}</title>{rest}'
