"""The figures of learning: accuracy epoch by epoch, run by run and over seeds."""

from statistics import fmean, mode

from matplotlib import colormaps

from helmholtz.report import charts
from helmholtz.report.charts import COLOURS, figure
from helmholtz.report.logbook import Run
from helmholtz.report.summary import height

CURVES = 6  # runs in one figure of learning curves


def curves(chosen: list[Run]):
    """Accuracy of every epoch: validation solid, training dashed, a colour a run."""
    chosen = [run for run in chosen if run.history.get("val_acc")][:CURVES]
    if not chosen:
        return None
    made, axes = figure(4.2)
    for number, run in enumerate(chosen):
        epochs = range(1, len(run.history["val_acc"]) + 1)
        marked = {"marker": "o", "markersize": 3} if len(epochs) < 10 else {}
        colour = COLOURS[number % len(COLOURS)]
        axes.plot(epochs, run.history["val_acc"], color=colour, label=_run(run.row), **marked)
        axes.plot(epochs, run.history["acc"], color=colour, linestyle="--", linewidth=1, alpha=0.8)
    axes.plot([], [], color="#666666", label="validation")
    axes.plot([], [], color="#666666", linestyle="--", linewidth=1, label="training")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel("epoch")
    axes.set_ylabel("accuracy")
    charts.legend(made)
    return made


def mean_curves(finished: list[Run]):
    """Validation accuracy of every epoch, the mean over seeds and their range: a line a rate of the
    network with the most runs, dark for low rates, black for none; None without two seeds."""
    model = mode(run.row["model"] for run in finished) if finished else None
    groups = {}
    for run in finished:
        if run.row["model"] == model and run.history.get("val_acc"):
            groups.setdefault(run.row["rate"], []).append(run.history["val_acc"])
    if max(map(len, groups.values()), default=0) < 2:
        return None
    made, axes = figure(4.2)
    rates = sorted(groups, key=height)
    for number, rate in enumerate(rates):
        colour = colormaps["viridis"](number / len(rates)) if rate else "black"
        label = charts.rate_name(finished[0].row["domain"], rate)
        _mean_curve(axes, groups[rate], colour, f"{label} ({len(groups[rate])})")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel(f"epoch of {model}")
    axes.set_ylabel("validation accuracy")
    charts.legend(made)
    return made


def _mean_curve(axes, histories: list[list[float]], colour, label: str) -> None:
    epochs = list(zip(*histories, strict=False))
    x = range(1, len(epochs) + 1)
    axes.plot(x, list(map(fmean, epochs)), color=colour, label=label)
    axes.fill_between(
        x, list(map(min, epochs)), list(map(max, epochs)), color=colour, alpha=0.1, linewidth=0
    )


def _run(row: dict) -> str:
    state = "" if row["state"].startswith("finished") else f" ({row['state']})"
    seed = "" if row["seed"] is None else f", seed {row['seed']}"
    rate = "unknown rate" if row["rate"] is None else charts.named_rate(row)
    return f"{row['model']}, {rate}{seed}{state}"
