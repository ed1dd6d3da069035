"""The runs of one experiment at one rate as a row of summary.csv: means with 95 % intervals."""

import math
from operator import itemgetter

import numpy as np
import pandas as pd

from helmholtz.analysis.statistics import Score, difference, interval, interval_over_items
from helmholtz.schema import LAST, OUTSIDE, SIZES, SUMMARY

TEN_BEST, SHORT = "mean of ten best epochs", "best epoch (short)"
TEST = "test split, last epoch"  # of a run that chooses nothing
PROGRAM = "test split, another program"  # of a classifier that was not trained here
ONCE = {LAST: TEST, OUTSIDE: PROGRAM}  # by the epoch that counts
FEW, STARRED = 15, 20  # epochs below which the best epoch is shown, and below which a star is
STAR = (
    f"fewer than {STARRED} epochs: the ten best are most of them, and their mean lies well below "
    f"the best; below {FEW} epochs the best epoch is shown instead"
)
SAME = [
    "parameters",
    "epochs",
    "lossless_bytes",
    "extent",
    "true_noise_bits",
    "chance",
    "val_items",
]
ACCURACIES = ["accuracy", "test_acc"]  # means over items
ENDS = ("low", "high", "low_items", "high_items")
AVERAGED = [*SIZES, "seconds", "best_val_acc"]
LIMITS = {"accuracy": (0, 1), "test_acc": (0, 1), "convergence_epoch": (1, math.inf)}


def accuracy(row: dict) -> float:
    """As published, the mean of the ten best epochs; of a short run, its best epoch; of a run
    whose last epoch counts, its test accuracy.

    Of a run of ten epochs the ten best are all of them, from the first on. From FEW epochs on at
    least a third of them are left out.
    """
    if judged_once(row):
        return row["test_acc"]
    ten_best = row["mean_of_ten_best"]
    return row["best_val_acc"] if row["epochs"] < FEW or ten_best is None else ten_best


def starred(row: dict) -> bool:
    """Whether the accuracy of a row, of runs.csv or summary.csv, is shown with a star."""
    return not judged_once(row) and row["epochs"] < STARRED


def judged_once(row: dict) -> bool:
    """Whether a row, of runs.csv or summary.csv, is of runs whose test split chose nothing."""
    return row.get("counted_epoch") in ONCE or row.get("accuracy_is") in ONCE.values()


def no_saving(row: dict) -> bool:
    """Whether what was compressed takes more bytes than the files took as they lie there."""
    new, source = row["file_bytes"], row["source_bytes"]
    return bool(row["rate"]) and None not in (new, source) and new > source


def mean_difference(name: str, chosen: list[dict], base: list[dict], factor: float = 1) -> dict:
    """The mean of a score of chosen less factor times that of base: see statistics.difference."""
    alike = same_items(chosen + base)
    return difference(_scores(name, chosen, alike), _scores(name, base, alike), factor)


def _scores(name: str, runs: list[dict], alike: bool) -> list[Score]:
    """A score of SCORES of every run; alike: whether their items may be compared one by one.

    Without predictions of validation items, those of test items tell how much items vary.
    """
    return [
        Score(
            run["seed"],
            SCORES[name](run),
            run["predictions"].correct if alike else None,
            _items(name, run),
        )
        for run in runs
    ]


def _items(name: str, run: dict) -> int | None:
    """How many items a score is a mean of; a whole number of epochs is rounded as of one item."""
    if name == "convergence_epoch":
        return 1
    known = name == "accuracy" or (name == "test_acc" and judged_once(run))
    return run["val_items"] if known else None


def same_items(runs: list[dict]) -> bool:
    """Whether all runs kept their predictions, and of the same items."""
    kept = [run.get("predictions") for run in runs]
    return None not in kept and all(some.same_items(kept[0]) for some in kept[1:])


def summarise(runs: list[dict], base: list[dict]) -> dict:
    """The row of these runs but for the names; base: those to compare with, if any."""
    seeds = [str(run["seed"]) for run in runs if run["seed"] is not None]
    devices = sorted({run["device"] for run in runs if run["device"]})
    to_converge = [_seconds_to_converge(run) for run in runs]
    row = dict.fromkeys(SUMMARY) | {
        "seeds": len(runs),
        "seed_list": " ".join(seeds) or None,
        "devices": "; ".join(devices) or None,
        "accuracy_is": _accuracy_is(runs[0]),
        "converged": sum(run["convergence_epoch"] is not None for run in runs),
        "seconds_to_converge": None if None in to_converge else sum(to_converge) / len(runs),
    }
    row |= {name: runs[0][name] for name in SAME}
    means = pd.DataFrame(runs, columns=AVERAGED, dtype=float).mean()
    row |= {name: None if pd.isna(mean) else float(mean) for name, mean in means.items()}
    for name in SCORES:
        row |= _interval_columns(name, runs)
    return row | _against(runs, base)


def _accuracy_is(run: dict) -> str:
    if judged_once(run):
        return ONCE[run["counted_epoch"]]
    return SHORT if run["epochs"] < FEW else TEN_BEST


def _seconds_to_converge(run: dict) -> float | None:
    if not run["convergence_epoch"] or run["seconds"] is None:
        return None
    return run["convergence_epoch"] * run["seconds"] / run["epochs"]


SCORES = {
    "accuracy": accuracy,
    "test_acc": itemgetter("test_acc"),
    "convergence_epoch": itemgetter("convergence_epoch"),
}


def _interval_columns(name: str, runs: list[dict]) -> dict:
    known = [run for run in runs if SCORES[name](run) is not None]
    if not known:
        return {}
    return mean_columns(name, _scores(name, known, name in ACCURACIES and same_items(known)))


def mean_columns(name: str, scores: list[Score]) -> dict:
    """Mean and intervals of scores, whose ends stay within what the quantity can be."""
    mean, *ends = interval([score.value for score in scores], scores[0].count)
    ends += interval_over_items(scores)
    limited = [None if end is None else float(np.clip(end, *LIMITS[name])) for end in ends]
    return {name: mean} | {f"{name}_{end}": v for end, v in zip(ENDS, limited, strict=True)}


def _against(runs: list[dict], base: list[dict]) -> dict:
    """The differences to the runs to compare with; nothing without them."""
    found = {"difference": mean_difference("accuracy", runs, base)} if base else {}
    if base and None not in [run["test_acc"] for run in runs + base]:
        found["test_difference"] = mean_difference("test_acc", runs, base)
    return {name: told["mean"] for name, told in found.items()} | {
        f"{name}_{end}": told[end] for name, told in found.items() for end in ENDS
    }
