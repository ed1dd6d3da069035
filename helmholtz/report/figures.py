"""The figures of a comparison: experiments on the same data, trained alike.

Each takes what was computed and gives a figure, or None where there is nothing to show.
"""

from collections.abc import Callable

from helmholtz.analysis import domains
from helmholtz.analysis.answer import network
from helmholtz.analysis.by_class import NEITHER
from helmholtz.analysis.experiments import Experiment
from helmholtz.analysis.wording import ends
from helmholtz.report import charts
from helmholtz.report.charts import figure, points

NAMED = 2  # codecs up to which points are named by their rates
LONGEST = 40  # characters of a class's name beside a figure
LABELLED = 25  # classes up to which a confusion matrix names them


def against_rate(shown: list[Experiment], name: str, label: str):
    """Accuracy or epochs to converge against rate, a line an experiment; uncompressed is dashed."""
    made, axes = figure()
    rates = _lines(axes, shown, lambda row: row["rate"], name)
    if not rates:
        return None
    for number, experiment in enumerate(shown):
        if 0 in experiment.rows and experiment.rows[0][name] is not None:
            _baseline(axes, experiment.rows[0], name, number, len(shown))
    near = (max(rates) / min(rates)) ** 0.06
    charts.log_axis(axes, charts.thinned(rates, near))
    axes.set_ylim(bottom=max(0, axes.get_ylim()[0]))
    return charts.finish(made, domains.codec(shown[0].key).axis, label)


def _lines(axes, shown: list[Experiment], x: Callable, name: str) -> list:
    """A line an experiment, of its rows that have both x and name; gives all x.

    On a logarithmic axis each is moved sideways, so that bars do not hide each other.
    """
    lines = [[r for r in e.rows.values() if x(r) and r[name] is not None] for e in shown]
    spread = [x(row) for rows in lines for row in rows]
    for number, (experiment, rows) in enumerate(zip(shown, lines, strict=True)):
        if rows:
            shift = (max(spread) / min(spread)) ** (0.006 * (number - (len(shown) - 1) / 2))
            rows.sort(key=x)
            places = [x(row) * shift for row in rows]
            points(axes, places, rows, name, number, _label(experiment, shown))
    return spread


def _label(experiment: Experiment, shown: list[Experiment]) -> str:
    """Network and seeds; and the codec, unless all have the published one."""
    name = network(experiment.key)
    if len({other.key["codec"] for other in shown}) > 1:
        name = "{model}, {codec}".format(**experiment.key)
    counts = sorted({row["seeds"] for row in experiment.rows.values()})
    span = " to ".join(map(str, dict.fromkeys([counts[0], counts[-1]])))
    return f"{name} ({span} seed{'s' * (counts[-1] > 1)})"


def _baseline(axes, row: dict, name: str, number: int, lines: int) -> None:
    style = {"color": charts.colour(number)}
    axes.axhline(row[name], linestyle="--", linewidth=1.2, **style)
    low, high = ends(row, f"{name}_")
    if low is not None and lines <= 2:
        axes.axhspan(low, high, alpha=0.1, linewidth=0, **style)


def accuracy_bits(shown: list[Experiment], size: str, label: str):
    """Accuracy against bits a pixel or a second, a line an experiment, or bits an item where an
    older table does not tell how large that is; the rate above the points."""
    made, axes = figure()
    rows = [row for e in shown for row in e.rows.values() if row[size]]
    known, half = all(row["extent"] for row in rows), domains.of(shown[0].key)

    def bits(row: dict) -> float:
        return 8 * (row[size] or 0) / (row["extent"] if known else 1)

    if len(set(_lines(axes, shown, bits, "accuracy"))) < 2:
        return None
    charts.log_axis(axes, charts.round_numbers(axes), "{:,.10g}", fontsize=9)
    if len({e.key["codec"] for e in shown}) <= NAMED:
        _name_points(axes, rows, bits)
    return charts.finish(
        made, f"bits per {half.measure if known else half.item} ({label})", "accuracy"
    )


def _name_points(axes, rows: list[dict], x: Callable) -> None:
    """The rate above the highest point or bar of every rate; neighbours lean away."""
    tops = {}
    for row in rows:
        top = ends(row, "accuracy_")[1] or row["accuracy"]
        key = (row["codec"] if row["rate"] else None, row["rate"])
        bits, highest = tops.get(key, (x(row), top))
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
    lines = [rows for rows in rates.values() if len(rows) > 1][: len(charts.COLOURS)]
    if not lines:
        return None
    made, axes = figure()
    for number, rows in enumerate(lines):
        x = [row["parameters"] / 1e6 for row in rows]
        points(axes, x, rows, "accuracy", number, domains.rate_name(rows[0]))
    ticks = charts.thinned([row["parameters"] / 1e6 for row in known], 1.12)
    charts.log_axis(axes, ticks, "{:.2f}", rotation=40)
    return charts.finish(made, "parameters (millions)", "accuracy")


def by_class(rows: list[dict]):
    """Differences of recall, a line a class and a column a rate; rows: of by_class.csv."""
    cells = {(row["class"], row["rate"]): row for row in rows}
    rates = list(dict.fromkeys(row["rate"] for row in rows))
    worst = {name: cells[name, rates[-1]]["difference"] for name, _ in cells}
    names = sorted(worst, key=worst.get)[:LABELLED]
    made, axes = figure(1.2 + 0.28 * len(names))
    values = [[100 * cells[name, rate]["difference"] for rate in rates] for name in names]
    most = max(1.0, *(abs(value) for line in values for value in line))
    axes.imshow(values, cmap="RdBu", vmin=-2 * most, vmax=2 * most, aspect="auto")
    axes.grid(visible=False)
    axes.set_xticks(
        range(len(rates)), labels=[domains.rate_name(cells[names[0], r]) for r in rates]
    )
    axes.tick_params(axis="x", labelrotation=40)
    axes.set_yticks(range(len(names)), labels=_short(names))
    for i, name in enumerate(names):
        for j, rate in enumerate(rates):
            shade = "#888888" if cells[name, rate]["verdict"] == NEITHER else "black"
            axes.text(
                j, i, f"{values[i][j]:+.1f}", color=shade, ha="center", va="center", fontsize=8
            )
    return made


def confusion(classes: list[str], counts: list[list[int]]):
    """The confusion matrix of a run: shades are shares of the true class, numbers are items."""
    made, axes = figure(4.8)
    shares = [[value / max(1, sum(row)) for value in row] for row in counts]
    axes.imshow(shares, cmap="cividis", vmin=0, vmax=1)
    axes.grid(visible=False)
    axes.set(xlabel="predicted class", ylabel="true class")
    if len(classes) > LABELLED:
        return made
    axes.set_xticks(range(len(classes)), labels=_short(classes), rotation=90, fontsize=8)
    axes.set_yticks(range(len(classes)), labels=_short(classes), fontsize=8)
    for i, row in enumerate(counts):
        for j, count in enumerate(row):
            shade = "black" if shares[i][j] > 0.5 else "white"
            axes.text(j, i, count or "", color=shade, ha="center", va="center", fontsize=7)
    return made


def _short(names: list[str]) -> list[str]:
    """Names that leave room for the figure beside them."""
    return [name if len(name) <= LONGEST else f"{name[: LONGEST - 3]}..." for name in names]
