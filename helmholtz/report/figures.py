"""The figures of a comparison: experiments on the same data, trained alike.

Each takes what was computed and gives a figure, or None where there is nothing to show.
"""

from helmholtz.analysis import domains
from helmholtz.analysis.answer import network
from helmholtz.analysis.experiments import Experiment
from helmholtz.report import charts
from helmholtz.report.charts import COLOURS, figure, points

LABELLED = 25  # classes up to which a confusion matrix names them


def against_rate(shown: list[Experiment], name: str, label: str):
    """Accuracy or epochs to converge against rate, a line an experiment; uncompressed is dashed."""
    lines = [[row for row in e.rows.values() if row[name] is not None] for e in shown]
    rates = [row["rate"] for rows in lines for row in rows if row["rate"]]
    if not rates:
        return None
    made, axes = figure()
    for number, (experiment, rows) in enumerate(zip(shown, lines, strict=True)):
        compressed = [row for row in rows if row["rate"]]
        shift = charts.apart(number, len(shown), rates)
        x = [row["rate"] * shift for row in compressed]
        points(axes, x, compressed, name, number, _label(experiment))
        for row in rows:
            if row["rate"] == 0:
                _baseline(axes, row, name, number, len(shown))
    charts.rate_axis(axes, domains.codec(shown[0].key).axis, rates)
    axes.set_ylabel(label)
    axes.set_ylim(bottom=max(0, axes.get_ylim()[0]))
    charts.legend(made)
    return made


def _baseline(axes, row: dict, name: str, number: int, lines: int) -> None:
    colour = COLOURS[number % len(COLOURS)]
    axes.axhline(row[name], color=colour, linestyle="--", linewidth=1.2)
    if row[f"{name}_low"] is not None and lines <= 2:
        axes.axhspan(row[f"{name}_low"], row[f"{name}_high"], color=colour, alpha=0.1, linewidth=0)


def _label(experiment: Experiment) -> str:
    counts = sorted({row["seeds"] for row in experiment.rows.values()})
    span = " to ".join(map(str, dict.fromkeys([counts[0], counts[-1]])))
    return f"{network(experiment.key)} ({span} seed{'s' * (counts[-1] > 1)})"


def accuracy_bits(shown: list[Experiment], size: str, label: str):
    """Accuracy against bits an item, a line an experiment, the rate above the points."""
    known = [row for e in shown for row in e.rows.values() if row[size]]
    if len({row[size] for row in known}) < 2:
        return None
    made, axes = figure()
    for number, experiment in enumerate(shown):
        rows = sorted((r for r in experiment.rows.values() if r[size]), key=lambda row: row[size])
        shift = charts.apart(number, len(shown), [row[size] for row in known])
        x = [8 * row[size] * shift for row in rows]
        points(axes, x, rows, "accuracy", number, _label(experiment))
    axes.set_xscale("log")
    charts.log_numbers(axes.xaxis)
    _name_points(axes, known, size)
    axes.set_xlabel(f"bits per {domains.of(shown[0].key).item} ({label})")
    axes.set_ylabel("accuracy")
    charts.legend(made)
    return made


def _name_points(axes, rows: list[dict], size: str) -> None:
    """The rate above the highest point or bar of every rate; neighbours lean away."""
    tops = {}
    for row in rows:
        top, key = row["accuracy_high"] or row["accuracy"], (row["codec"], row["rate"])
        bits, highest = tops.get(key, (8 * row[size], top))
        tops[key] = bits, max(top, highest)
    low, high = axes.get_xlim()
    near = (high / low) ** 0.035
    places = sorted((bits, top, rate) for (_, rate), (bits, top) in tops.items())
    for i, (bits, top, rate) in enumerate(places):
        crowded_right = i + 1 < len(places) and places[i + 1][0] < near * bits
        crowded_left = i > 0 and bits < near * places[i - 1][0]
        side = "right" if crowded_right or not rate else "left" if crowded_left else "center"
        name = str(rate) if rate else "uncompressed"
        axes.annotate(name, (bits, top), (0, 3), textcoords="offset points", ha=side, fontsize=8)


def accuracy_parameters(shown: list[Experiment]):
    """Accuracy against the parameters of the networks, a line a rate of one codec."""
    known = [row for e in shown for row in e.rows.values() if row["parameters"]]
    rates = {}
    for row in sorted(known, key=lambda row: (row["rate"], row["parameters"])):
        rates.setdefault(row["rate"], []).append(row)
    lines = [rows for rows in rates.values() if len(rows) > 1][: len(COLOURS)]
    if not lines:
        return None
    made, axes = figure()
    for number, rows in enumerate(lines):
        x = [row["parameters"] / 1e6 for row in rows]
        points(axes, x, rows, "accuracy", number, domains.rate_name(rows[0]))
    axes.set_xscale("log")
    ticks = charts.thinned([row["parameters"] / 1e6 for row in known], 1.12)
    charts.numbers_only(axes.xaxis, ticks, "{:.2f}", rotation=40)
    axes.set_xlabel("parameters (millions)")
    axes.set_ylabel("accuracy")
    charts.legend(made)
    return made


def confusion(classes: list[str], counts: list[list[int]]):
    """The confusion matrix of a run: shades are shares of the true class, numbers are items."""
    made, axes = figure(4.8)
    shares = [[value / max(1, sum(row)) for value in row] for row in counts]
    axes.imshow(shares, cmap="cividis", vmin=0, vmax=1)
    axes.grid(visible=False)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    if len(classes) > LABELLED:
        return made
    axes.set_xticks(range(len(classes)), labels=classes, rotation=90, fontsize=8)
    axes.set_yticks(range(len(classes)), labels=classes, fontsize=8)
    for i, row in enumerate(counts):
        for j, count in enumerate(row):
            colour = "black" if shares[i][j] > 0.5 else "white"
            axes.text(j, i, count or "", color=colour, ha="center", va="center", fontsize=7)
    return made
