"""How every figure of the report looks, and how it is written: colours, markers, axes, files."""

import math
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from helmholtz.analysis.wording import ends
from helmholtz.io.files import replacing

# Okabe and Ito's palette, told apart by every kind of colour vision, without its light yellow.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
MARKERS = ["o", "s", "^", "D", "v", "P", "X"]
TICKS = 6  # numbers that fit below an axis
WIDTH = 5.0  # inches: on a phone a point of it is a pixel
STYLE = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "legend.frameon": False,
    "text.parse_math": False,  # a class may be called $x$
    "svg.hashsalt": "helmholtz",  # the same figure, the same file
    "figure.dpi": 100,
}


def figure(height: float = 3.6):
    """An empty figure and its axes."""
    made = Figure(figsize=(WIDTH, height), layout="constrained")
    return made, made.add_subplot()


def colour(number: int) -> str:
    """The colour of the number-th line."""
    return COLOURS[number % len(COLOURS)]


def points(axes, x: list, rows: list[dict], name: str, number: int, label: str) -> None:
    """A line of means with their intervals; a mean of one seed has a hollow marker."""
    style = {"color": colour(number), "marker": MARKERS[number % len(MARKERS)], "markersize": 5}
    axes.plot(x, [row[name] for row in rows], linewidth=1.5, **style, label=label)
    for place, row in zip(x, rows, strict=True):
        low, high = ends(row, f"{name}_")
        if low is not None:
            error = [[max(0, row[name] - low)], [max(0, high - row[name])]]
            axes.errorbar(place, row[name], error, capsize=3, **style)
        if row[f"{name}_low"] is None:
            axes.plot(place, row[name], **style, markerfacecolor="white")


def log_axis(axes, ticks: list, form: str = "{:g}", **options) -> None:
    """Make x logarithmic, with these numbers written out and no others."""
    axes.set_xscale("log")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(ticks, labels=[form.format(tick) for tick in ticks], **options)


def thinned(values: list, near: float) -> list:
    """Sorted values, without those less than the factor near above the last one kept."""
    kept = []
    for value in sorted(set(values)):
        if not kept or value > near * kept[-1]:
            kept.append(value)
    return kept


def round_numbers(axes) -> list:
    """Numbers for x, to be logarithmic: 1, 2, 5, 10, ... or further apart if that is too many, or
    closer together if it is not even two."""
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    finer = ([step / 10 for step in range(10, 100, every)] for every in (10, 5, 2, 1))
    for steps in ((1, 2, 5), (1, 3), (1,), *finer):
        ticks = [s * 10**d for d in decades for s in steps if low <= s * 10**d <= high]
        if 2 <= len(ticks) <= TICKS:
            break
    return ticks


def finish(made: Figure, below: str, beside: str) -> Figure:
    """Name the axes, and put the legend below the figure, where it covers nothing."""
    made.axes[0].set(xlabel=below, ylabel=beside)
    handles, labels = made.axes[0].get_legend_handles_labels()
    columns = 2 if max(map(len, labels)) < 30 else 1
    made.legend(handles, labels, loc="outside lower center", ncols=columns, fontsize=9)
    return made


def save(made: Figure, folder: Path, name: str) -> None:
    """Write <name>.svg and <name>.png."""
    for ending in ("svg", "png"):
        with replacing(folder / f"{name}.{ending}") as temporary:
            metadata = {"Date": None} if ending == "svg" else {"Software": None}
            made.savefig(temporary, format=ending, dpi=200, metadata=metadata)


def styled():
    """The context that figures are made and written in."""
    return matplotlib.rc_context(STYLE)
