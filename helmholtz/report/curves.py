"""Learning curves: which runs' are drawn, and the figures, run by run and over seeds."""

import fnmatch
import math
from collections import Counter
from statistics import fmean, mode

from matplotlib import colormaps

from helmholtz.analysis import domains
from helmholtz.analysis.answer import network
from helmholtz.analysis.experiments import rate_order
from helmholtz.analysis.logs import COUNTED, Run
from helmholtz.analysis.wording import plural
from helmholtz.errors import UsageError
from helmholtz.report import charts
from helmholtz.report.charts import figure

MOST = 6  # runs in one figure


def check_patterns(runs: list[Run], patterns: list[str]) -> None:
    """Raise UsageError where a pattern of --curves names no run that has learning curves."""
    for pattern in patterns:
        if not any(_named(run, [pattern]) for run in runs if run.history.get("acc")):
            raise UsageError(
                f"--curves {pattern!r} matches no run with learning curves: "
                "it is compared with the names in runs.csv, where * is any text."
            )


def _named(run: Run, patterns: list[str]) -> bool:
    return any(fnmatch.fnmatch(run.row["folder"], pattern) for pattern in patterns)


def select(runs: list[Run], patterns: list[str]) -> tuple[list[Run], str]:
    """The runs whose curves are drawn, and a sentence about those that are not.

    The runs are those that the patterns name, or else the first of every network and rate, those
    of one network before those of the next, of which fewer rates were run.
    """
    known = [run for run in runs if run.history.get("acc")]
    if patterns:
        chosen = [run for run in known if _named(run, patterns)]
    else:
        first = {}
        for run in known:
            first.setdefault((network(run.row), run.row["rate"]), run)
        rates = Counter(name for name, _ in first)
        chosen = [first[key] for key in sorted(first, key=lambda key: -rates[key[0]])]
    chosen = chosen[:MOST]
    if len(chosen) == len(known):
        return chosen, ""
    return chosen, (
        f"{len(chosen)} of {plural(len(known), 'run')}, at most {MOST}: --curves PATTERN chooses "
        "others by their names in the list of all runs, where * is any text."
    )


def of_runs(chosen: list[Run]):
    """Accuracy of every epoch: validation solid, training dashed, a colour a run."""
    if not chosen:
        return None
    made, axes = figure(4.2)
    for number, run in enumerate(chosen):
        epochs, validated = range(1, len(run.history["acc"]) + 1), run.history.get("val_acc")
        marked = {"marker": "o", "markersize": 3} if len(epochs) < 10 else {}
        colour = charts.colour(number)
        shown = validated or [math.nan for _ in epochs]  # a run that is judged once has none
        axes.plot(epochs, shown, color=colour, label=_run(run.row), **marked)
        axes.plot(epochs, run.history["acc"], color=colour, linestyle="--", linewidth=1, alpha=0.8)
    axes.plot([], [], color="#666666", label="validation")
    axes.plot([], [], color="#666666", linestyle="--", linewidth=1, label="training")
    axes.xaxis.get_major_locator().set_params(integer=True)
    return charts.finish(made, "epoch", "accuracy")


def _run(row: dict) -> str:
    state = "" if row["state"] in COUNTED else f" ({row['state']})"
    seed = "" if row["seed"] is None else f", seed {row['seed']}"
    rate = "unknown rate" if row["rate"] is None else domains.rate_name(row)
    return f"{network(row)}, {rate}{seed}{state}"


def over_seeds(counted: list[Run]):
    """Validation accuracy of every epoch, the mean over seeds and their range: a line a rate of the
    network with the most runs, dark for low rates, black for none; None without two seeds."""
    most = mode(network(run.row) for run in counted) if counted else None
    groups, names = {}, {}
    for run in counted:
        if network(run.row) == most and run.history.get("val_acc"):
            groups.setdefault(run.row["rate"], []).append(run.history["val_acc"])
            names[run.row["rate"]] = domains.rate_name(run.row)
    if max(map(len, groups.values()), default=0) < 2:
        return None
    made, axes = figure(4.2)
    for number, rate in enumerate(sorted(groups, key=rate_order)):
        colour = colormaps["viridis"](number / len(groups)) if rate else "black"
        _mean_curve(axes, groups[rate], colour, f"{names[rate]} ({len(groups[rate])})")
    axes.xaxis.get_major_locator().set_params(integer=True)
    return charts.finish(made, f"epoch of {most}", "validation accuracy")


def _mean_curve(axes, histories: list[list[float]], colour, label: str) -> None:
    epochs = list(zip(*histories, strict=False))
    x, ends = range(1, len(epochs) + 1), ([f(e) for e in epochs] for f in (min, max))
    axes.plot(x, list(map(fmean, epochs)), color=colour, label=label)
    axes.fill_between(x, *ends, color=colour, alpha=0.1, linewidth=0)
