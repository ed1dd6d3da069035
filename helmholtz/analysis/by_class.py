"""Which classes lose first: differences of recall by class and rate, corrected for their number."""

import numpy as np

from helmholtz.analysis.experiments import Experiment
from helmholtz.analysis.statistics import CONFIDENCE, Score, compare, holm
from helmholtz.analysis.summary import same_items

LOST, GAINED, NEITHER = "loss", "gain", "not shown"


def by_class(experiment: Experiment) -> dict:
    """ "by_class", the rows of by_class.csv, and "losses": of each class that loses, the row of the
    highest rate at which it does, the highest first.

    Both are empty where a run did not keep its predictions. The p-values are Holm's over all
    classes and rates of the experiment, and so many intervals hold together at 95 % (Bonferroni).
    A loss or gain has a corrected p-value below 0.05, and two seeds or more: with one, intervals
    are over items alone.
    """
    runs = [run for some in experiment.runs.values() for run in some]
    rates = [rate for rate in experiment.runs if rate != experiment.base["rate"]]
    if not rates or not same_items(runs):
        return {"by_class": [], "losses": []}
    truth, names = runs[0]["predictions"].truth, runs[0]["class_names"]
    cases = [(rate, label) for rate in rates for label in np.unique(truth).tolist()]
    compared = [_compare(experiment, rate, truth == label) for rate, label in cases]
    corrected = holm([both.p_value() for *_, both in compared])
    rows = []
    for (rate, label), p_holm, (recall, items, mean, both) in zip(
        cases, corrected.tolist(), compared, strict=True
    ):
        low, high = both.ends(1 - (1 - CONFIDENCE) / len(cases))
        row = {"rate": rate, "class": names[label] if label < len(names) else str(label)}
        row |= {
            "items": items,
            "seeds": min(len(experiment.runs[r]) for r in (rate, runs[0]["rate"])),
        }
        row |= {"recall": recall, "difference": mean}
        row |= {"difference_low": float(low), "difference_high": float(high)}
        row |= {"p": float(both.p_value()), "p_holm": p_holm}
        rows.append(experiment.key | row | {"verdict": _verdict(row)})
    return {"by_class": rows, "losses": _first_losses(rows)}


def _compare(experiment: Experiment, rate: int, chosen: np.ndarray) -> tuple:
    """Recall, items, and the difference of recall with its estimate, of the items chosen."""
    here, there = (_scores(experiment.runs[r], chosen) for r in (rate, experiment.base["rate"]))
    mean, _, both, _ = compare(here, there)
    return float(np.mean([score.value for score in here])), int(chosen.sum()), mean, both


def _scores(runs: list[dict], chosen: np.ndarray) -> list[Score]:
    correct = [run["predictions"].correct[chosen] for run in runs]
    return [
        Score(run["seed"], float(some.mean()), some)
        for run, some in zip(runs, correct, strict=True)
    ]


def _verdict(row: dict) -> str:
    if row["seeds"] == 1 or row["p_holm"] >= 1 - CONFIDENCE:
        return NEITHER
    return LOST if row["difference"] < 0 else GAINED


def _first_losses(rows: list[dict]) -> list[dict]:
    """Rows come highest rate first; within a rate the largest loss is first."""
    first = {}
    for row in rows:
        if row["verdict"] == LOST:
            first.setdefault(row["class"], row)
    order = {rate: i for i, rate in enumerate(dict.fromkeys(row["rate"] for row in rows))}
    return sorted(first.values(), key=lambda row: (order[row["rate"]], row["difference"]))
