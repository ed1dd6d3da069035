"""How every figure of the report looks, and how it is written: colours, markers, axes, files."""

import math
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

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


def style(number: int, hollow: bool = False) -> dict:
    """Colour and marker of the number-th line; hollow is for what has no interval."""
    colour = COLOURS[number % len(COLOURS)]
    face = {"markerfacecolor": "white"} if hollow else {}
    return {"color": colour, "marker": MARKERS[number % len(MARKERS)], "markersize": 5, **face}


def points(axes, x: list, rows: list[dict], name: str, number: int, label: str) -> None:
    """A line of means with their intervals; a mean of one seed has a hollow marker and none."""
    y = [row[name] for row in rows]
    axes.plot(x, y, color=COLOURS[number % len(COLOURS)], linewidth=1.5, label="_")
    for place, row in zip(x, rows, strict=True):
        low, high = row[f"{name}_low"], row[f"{name}_high"]
        error = None if low is None else [[row[name] - low], [high - row[name]]]
        axes.errorbar(place, row[name], error, capsize=3, **style(number, low is None), label="_")
    axes.plot([], [], **style(number), linewidth=1.5, label=label)


def rate_axis(axes, label: str, rates: list[int]) -> None:
    """A logarithmic axis with a tick at every rate that was run and has room for its number."""
    axes.set_xscale("log")
    axes.set_xlabel(label)
    numbers_only(axes.xaxis, thinned(rates, (max(rates) / min(rates)) ** 0.06))


def thinned(values: list, near: float) -> list:
    """Sorted values, without those less than the factor near above the last one kept."""
    kept = []
    for value in sorted(set(values)):
        if not kept or value > near * kept[-1]:
            kept.append(value)
    return kept


def numbers_only(axis, ticks: list, form: str = "{:g}", **options) -> None:
    """Ticks at these numbers, written out."""
    axis.set_minor_locator(NullLocator())
    axis.set_ticks(ticks, labels=[form.format(tick) for tick in ticks], **options)


def log_numbers(axis) -> None:
    """Ticks of a logarithmic axis at 1, 2, 5, 10, ... or further apart if that is too many, or
    closer together if it is not even two."""
    low, high = axis.get_view_interval()
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    finer = ([step / 10 for step in range(10, 100, every)] for every in (10, 5, 2, 1))
    for steps in ((1, 2, 5), (1, 3), (1,), *finer):
        ticks = [s * 10**d for d in decades for s in steps if low <= s * 10**d <= high]
        if 2 <= len(ticks) <= TICKS:
            break
    numbers_only(axis, ticks, "{:,.0f}", fontsize=9)


def apart(number: int, lines: int, x: list) -> float:
    """A factor that moves the number-th line sideways, so that bars do not hide each other.

    x: all that is shown along a logarithmic axis.
    """
    return (max(x) / min(x)) ** (0.006 * (number - (lines - 1) / 2))


def legend(made: Figure) -> None:
    """The legend below the figure, where it covers nothing."""
    handles, labels = made.axes[0].get_legend_handles_labels()
    if handles:
        columns = 2 if max(map(len, labels)) < 30 else 1
        made.legend(handles, labels, loc="outside lower center", ncols=columns, fontsize=9)


def save(made: Figure, folder: Path, name: str) -> None:
    """Write <name>.svg and <name>.png."""
    for ending in ("svg", "png"):
        with replacing(folder / f"{name}.{ending}") as temporary:
            metadata = {"Date": None} if ending == "svg" else {"Software": None}
            made.savefig(temporary, format=ending, dpi=200, metadata=metadata)


def styled():
    """The context that figures are made and written in."""
    return matplotlib.rc_context(STYLE)
