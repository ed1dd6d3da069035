"""Trained on what, tested on what: the matrix of an experiment, and its three curves."""

import math
from collections.abc import Iterator
from typing import NamedTuple

from matplotlib.patches import Rectangle

from helmholtz.analysis import domains
from helmholtz.analysis.answer import network
from helmholtz.analysis.transfer import is_own
from helmholtz.analysis.wording import intervals_are
from helmholtz.report import charts

CAPTION = (
    "Test accuracy in percent: rows were trained, columns are tested at a rate. Outlined is the "
    "rate of the training. Shades are the same in all such figures of this page."
)
CURVES = (
    "Trained uncompressed and tested at a rate, the other way round, and trained as tested; the "
    "dashed line is uncompressed throughout."
)


class Grid(NamedTuple):
    """A matrix as a table: names of the columns, and for each row its name and its cells."""

    title: str
    sentence: str
    columns: list[str]
    rows: list[tuple[str, list[dict | None]]]


def grid(answer: dict) -> Grid:
    """The matrix in an answer that has one; see analysis.transfer. A cell may be None."""
    found = {(row["rate"], _column(row)): row for row in answer["matrix"]}
    names = {_column(row): _tested(row) for row in answer["matrix"]}
    columns = sorted(names)
    rows = [
        (_plain(rate), [found.get((rate, column)) for column in columns])
        for rate in dict.fromkeys(row["rate"] for row in answer["matrix"])
    ]
    title = network(answer)
    return Grid(title, answer["transfer"], [names[column] for column in columns], rows)


def _column(row: dict) -> tuple:
    """What sorts columns: uncompressed, its own codec from the highest rate on, then others."""
    rate, codec = row["tested_rate"], row["tested_codec"]
    return rate > 0, codec != row["codec"], codec, -rate


def _plain(rate: int) -> str:
    return str(rate) if rate else "none"


def _tested(row: dict) -> str:
    """The name of a column: the rate alone where it is of the codec of the training."""
    rate, codec = row["tested_rate"], row["tested_codec"]
    if not rate or codec == row["codec"]:
        return _plain(rate)
    return f"{domains.codec(row | {'codec': codec}).title} {rate}"


def limits(answers: list[dict]) -> tuple[float, float]:
    """The lowest and the highest accuracy of all matrices; (0, 1) without any."""
    values = [row["accuracy"] for answer in answers for row in answer["matrix"]]
    return (min(values), max(values)) if values else (0, 1)


def figures(answer: dict, scale: tuple[float, float]) -> Iterator[tuple]:
    """(name, figure or None, caption) of a matrix, and of what it says as curves."""
    yield "matrix", _matrix(grid(answer), answer, scale), CAPTION
    caption = f"{CURVES} {intervals_are(answer['matrix'])}"
    yield "transfer", _curves(answer), caption


def _matrix(shown: Grid, answer: dict, scale: tuple[float, float]):
    turned = max(map(len, shown.columns)) > 5
    made, axes = charts.figure(1.2 + 0.36 * len(shown.rows) + 0.8 * turned)
    values = [[c["accuracy"] if c else math.nan for c in cells] for _, cells in shown.rows]
    axes.imshow(values, cmap="cividis", vmin=scale[0], vmax=scale[1], aspect="auto")
    axes.grid(visible=False)
    axes.set_xticks(range(len(shown.columns)), labels=shown.columns, rotation=90 * turned)
    axes.set_yticks(range(len(shown.rows)), labels=[name for name, _ in shown.rows])
    axes.set(xlabel=f"tested at {domains.codec(answer).axis}", ylabel="trained at")
    for y, (_, cells) in enumerate(shown.rows):
        for x, cell in enumerate(cells):
            if cell:
                _write_cell(axes, x, y, cell, cell["accuracy"] > sum(scale) / 2)
    return made


def _write_cell(axes, x: int, y: int, cell: dict, bright: bool) -> None:
    colour = "black" if bright else "white"
    text = f"{100 * cell['accuracy']:.1f}"
    axes.text(x, y, text, color=colour, ha="center", va="center", fontsize=8)
    if is_own(cell):
        axes.add_patch(Rectangle((x - 0.46, y - 0.46), 0.92, 0.92, fill=False, color=colour))


def _curves(answer: dict):
    """Accuracy against rate: clean to q, q to clean and q to q; None without a compressed rate."""
    rows = [row for row in answer["matrix"] if row["tested_codec"] == answer["codec"]]
    rows += [row for row in answer["matrix"] if not row["tested_rate"] and row not in rows]
    lines = {
        "trained uncompressed": [r for r in rows if r["rate"] == 0 < r["tested_rate"]],
        "tested uncompressed": [r for r in rows if r["tested_rate"] == 0 < r["rate"]],
        "trained as tested": [r for r in rows if is_own(r) and r["rate"]],
    }
    rates = [max(row["rate"], row["tested_rate"]) for line in lines.values() for row in line]
    if len(set(rates)) < 2:
        return None
    made, axes = charts.figure()
    for number, (label, line) in enumerate(lines.items()):
        line.sort(key=lambda row: max(row["rate"], row["tested_rate"]))
        shift = (max(rates) / min(rates)) ** (0.008 * (number - 1))  # or bars hide each other
        x = [shift * max(row["rate"], row["tested_rate"]) for row in line]
        charts.points(axes, x, line, "accuracy", number, label)
    for row in rows:
        if row["rate"] == row["tested_rate"] == 0:
            axes.axhline(row["accuracy"], linestyle="--", linewidth=1.2, color="#666666")
    charts.log_axis(axes, charts.thinned(rates, (max(rates) / min(rates)) ** 0.06))
    return charts.finish(made, domains.codec(answer).axis, "test accuracy")
