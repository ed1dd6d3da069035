"""The figures of a report. Each takes what was read or computed and gives a figure, or None where
there is nothing to show. A scene is what shares a figure: networks on the same data, trained alike.
"""

from helmholtz.report import charts
from helmholtz.report.charts import COLOURS, figure, points

LABELLED = 25  # classes up to which a confusion matrix names them


def by_model(scene: list[dict]) -> dict[str, list[dict]]:
    """The rows of summary of every network, lowest rate first."""
    found = {}
    for row in scene:
        found.setdefault(row["model"], []).append(row)
    return found


def against_rate(scene: list[dict], name: str, label: str):
    """Accuracy or epochs to converge against rate, a line a network; uncompressed is dashed."""
    rates = sorted({row["rate"] for row in scene if row["rate"] and row[name] is not None})
    if not rates:
        return None
    made, axes = figure()
    models = by_model(scene)
    for number, (model, rows) in enumerate(models.items()):
        shown = [row for row in rows if row["rate"] and row[name] is not None]
        shift = charts.apart(number, len(models), rates)
        points(
            axes, [row["rate"] * shift for row in shown], shown, name, number, _seeds(model, rows)
        )
        for row in rows:
            if row["rate"] == 0 and row[name] is not None:
                _baseline(axes, row, name, number, len(models))
    charts.rate_axis(axes, scene[0]["domain"], rates)
    axes.set_ylabel(label)
    axes.set_ylim(bottom=max(0, axes.get_ylim()[0]))  # an interval of two seeds may go below
    charts.legend(made)
    return made


def _baseline(axes, row: dict, name: str, number: int, models: int) -> None:
    colour = COLOURS[number % len(COLOURS)]
    axes.axhline(row[name], color=colour, linestyle="--", linewidth=1.2)
    if row[f"{name}_low"] is not None and models <= 2:
        axes.axhspan(row[f"{name}_low"], row[f"{name}_high"], color=colour, alpha=0.1, linewidth=0)


def _seeds(model: str, rows: list[dict]) -> str:
    counts = sorted({row["seeds"] for row in rows})
    span = " to ".join(map(str, dict.fromkeys([counts[0], counts[-1]])))
    return f"{model} ({span} seed{'s' * (counts[-1] > 1)})"


def accuracy_bits(scene: list[dict], size: str, label: str):
    """Accuracy against bits an item, a line a network, the rate above the points."""
    known = [row for row in scene if row[size]]
    if len({row[size] for row in known}) < 2:
        return None
    made, axes = figure()
    models = by_model(known)
    for number, (model, rows) in enumerate(models.items()):
        rows = sorted(rows, key=lambda row: row[size])
        shift = charts.apart(number, len(models), [row[size] for row in known])
        x = [8 * row[size] * shift for row in rows]
        points(axes, x, rows, "accuracy", number, _seeds(model, rows))
    axes.set_xscale("log")
    charts.log_numbers(axes.xaxis)
    _name_points(axes, known, size)
    axes.set_xlabel(f"bits an item ({label})")
    axes.set_ylabel("accuracy")
    charts.legend(made)
    return made


def _name_points(axes, rows: list[dict], size: str) -> None:
    """The rate above the highest point or bar of every rate; neighbours lean away."""
    tops = {}
    for row in rows:
        top = row["accuracy_high"] or row["accuracy"]
        bits, highest = tops.get(row["rate"], (8 * row[size], top))
        tops[row["rate"]] = bits, max(top, highest)
    low, high = axes.get_xlim()
    near = (high / low) ** 0.035
    places = sorted((bits, top, rate) for rate, (bits, top) in tops.items())
    for i, (bits, top, rate) in enumerate(places):
        crowded_right = i + 1 < len(places) and places[i + 1][0] < near * bits
        crowded_left = i > 0 and bits < near * places[i - 1][0]
        side = "right" if crowded_right or not rate else "left" if crowded_left else "center"
        name = str(rate) if rate else "uncompressed"
        axes.annotate(name, (bits, top), (0, 3), textcoords="offset points", ha=side, fontsize=8)


def accuracy_parameters(scene: list[dict]):
    """Accuracy against the parameters of the networks, a line a rate."""
    known = [row for row in scene if row["parameters"]]
    rates = {}
    for row in known:
        rates.setdefault(row["rate"], []).append(row)
    shared = [rate for rate in sorted(rates) if len(rates[rate]) > 1][: len(COLOURS)]
    if not shared:
        return None
    made, axes = figure()
    for number, rate in enumerate(shared):
        rows = sorted(rates[rate], key=lambda row: row["parameters"])
        x = [row["parameters"] for row in rows]
        points(axes, x, rows, "accuracy", number, charts.named_rate(rows[0]))
    axes.set_xscale("log")
    ticks = sorted({row["parameters"] for row in known})
    kept = [t for i, t in enumerate(ticks) if i == 0 or t > 1.12 * ticks[i - 1]]
    charts.numbers_only(axes.xaxis, kept)
    axes.set_xticks(kept, labels=[f"{tick / 1e6:.2f}" for tick in kept], rotation=40)
    axes.set_xlabel("parameters (millions)")
    axes.set_ylabel("accuracy")
    charts.legend(made)
    return made


def confusion(classes: list[str], counts: list[list[int]]):
    """The confusion matrix of a run: shades are shares of the true class, numbers are items."""
    if not counts:
        return None
    size = len(classes)
    made, axes = figure(4.8)
    shares = [[value / max(1, sum(row)) for value in row] for row in counts]
    axes.imshow(shares, cmap="cividis", vmin=0, vmax=1)
    axes.grid(visible=False)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    if size <= LABELLED:
        axes.set_xticks(range(size), labels=classes, rotation=90, fontsize=8)
        axes.set_yticks(range(size), labels=classes, fontsize=8)
        for i in range(size):
            for j in range(size):
                colour = "black" if shares[i][j] > 0.5 else "white"
                axes.text(
                    j, i, counts[i][j] or "", color=colour, ha="center", va="center", fontsize=7
                )
    return made
