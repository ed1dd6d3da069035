"""The columns of a run's files and of a report's tables: names, kinds and ranges, each stated once.

Code that writes, reads or tests such a file takes its columns from here. Imports nothing heavy.
"""

import math
from typing import NamedTuple


class Field(NamedTuple):
    """A column or key: kind is str, int, float or dict (JSON); numbers are from low to high."""

    kind: type
    low: float = 0
    high: float = 1 << 60


TEXT, OBJECT, REAL = Field(str), Field(dict), Field(float, -math.inf, math.inf)
SHARE, AMOUNT = Field(float, 0, 1), Field(float)
SECONDS, COUNT, EPOCH = Field(float, 0, 1 << 40), Field(int, 1, 1 << 40), Field(int, 1, 1 << 20)
WHOLE = Field(int, 0, 1 << 53)

HISTORY = ["epoch", "acc", "loss", "val_acc", "val_loss", "lr", "seconds"]  # of history.csv
CURVES = HISTORY[1:5]
HISTORY_2018 = ["", *CURVES]  # of history.csv as the 2018 code wrote it, with pandas

RESULT = {  # the numbers of result.json
    "parameters": COUNT,
    "epochs": EPOCH,
    "train_items": COUNT,
    "val_items": COUNT,
    "best_val_acc": SHARE,
    "best_epoch": EPOCH,
    "mean_of_ten_best": SHARE,
    "convergence_epoch": EPOCH,
    "test_acc": SHARE,
    "seconds": SECONDS,
    "items_per_second": SECONDS,
}
OPTIONAL = {"mean_of_ten_best", "convergence_epoch", "test_acc"}  # may be null in result.json
RESULT_TEXTS = ["validated_on", "counted_epoch", "device", "precision"]
BEST, LAST = "best", "last"  # epoch that counts; a run that does not say has the best one
OUTSIDE = "none, another program"  # in its place, of a classifier that was not trained here
# Of all items in result.json, of one in a table. raw and source: as the files lie there.
SIZES = ["raw_bytes", "file_bytes", "scan_bytes", "source_bytes"]
NAMES = ["domain", "source", "model", "codec", "rate", "seed"]  # that identify a run in result.json
SETTING = {  # the keys in setting.json of columns of runs.csv
    **{name: (name,) for name in ("domain", "model", "codec", "rate", "commit")},
    **{"source": ("data", "source"), "data": ("data", "fingerprint")},
    **{"codec_version": ("data", "codec"), "true_noise_bits": ("data", "true_noise_bits")},
    **{"seed": ("flags", "seed"), "precision": ("flags", "precision")},
    "backend": ("versions", "backend"),
    **{"found": ("data", "found"), "prior": ("data", "audit", "prior")},
    **{f"prior_{name}": ("data", "audit", name) for name in ("codec", "rate", "warnings")},
}

RUNS = {  # runs.csv, a row per run; codec is a name such as jpeg, codec_version its build
    **dict.fromkeys(["folder", "state", "note", "domain", "source", "model"], TEXT),
    **dict.fromkeys(["rate", "seed"], WHOLE),
    **RESULT,
    **dict.fromkeys(RESULT_TEXTS, TEXT),
    **dict.fromkeys([*SIZES, "lossless_bytes", "extent"], AMOUNT),
    **{"classes": WHOLE, "chance": SHARE, "true_noise_bits": AMOUNT},
    **dict.fromkeys(["data", "codec", "codec_version", "backend", "commit"], TEXT),
    **dict.fromkeys(["found", "prior", "prior_codec", "prior_warnings"], TEXT),
    "prior_rate": WHOLE,
    "flags": OBJECT,
}
EPOCHS = {"folder": TEXT, "epoch": EPOCH} | dict.fromkeys(CURVES, REAL)  # curves.csv


def _with_interval(name: str, field: Field) -> dict[str, Field]:
    return {f"{name}{end}": field for end in ("", "_low", "_high")}


def _with_intervals(name: str, field: Field) -> dict[str, Field]:
    """Over seeds, and over seeds and items, or with one seed over items alone."""
    ends = [f"{name}_low_items", f"{name}_high_items"]
    return _with_interval(name, field) | dict.fromkeys(ends, field)


SUMMARY = {  # summary.csv, a row per experiment and rate
    **dict.fromkeys(["domain", "source", "data", "protocol", "model", "codec"], TEXT),
    **{"rate": WHOLE, "seeds": COUNT, "seed_list": TEXT, "not_counted": WHOLE},
    **{"parameters": COUNT, "epochs": EPOCH, "accuracy_is": TEXT},
    **_with_intervals("accuracy", SHARE),
    "best_val_acc": SHARE,
    **_with_intervals("test_acc", SHARE),
    "baseline_rate": WHOLE,
    **_with_intervals("difference", REAL),
    **_with_intervals("test_difference", REAL),
    **_with_interval("convergence_epoch", Field(float, 1)),
    "converged": WHOLE,
    **dict.fromkeys([*SIZES, "lossless_bytes", "extent", "true_noise_bits"], AMOUNT),
    **{"seconds": SECONDS, "seconds_to_converge": SECONDS, "devices": TEXT},
    **{"chance": SHARE, "val_items": COUNT},
}
MATRIX = {  # matrix.csv, a row per experiment, rate trained at, and codec and rate tested at
    **dict.fromkeys(["domain", "source", "data", "protocol", "model", "codec"], TEXT),
    **{"rate": WHOLE, "tested_codec": TEXT, "tested_rate": WHOLE, "seeds": COUNT, "items": COUNT},
    **_with_intervals("accuracy", SHARE),
    **_with_intervals("difference", REAL),  # to the same runs at their own rate
    "verdict": TEXT,
}
BY_CLASS = {  # by_class.csv, a row per experiment, rate and class
    **dict.fromkeys(["domain", "source", "data", "protocol", "model", "codec"], TEXT),
    **{"rate": WHOLE, "class": TEXT, "items": COUNT, "seeds": COUNT, "recall": SHARE},
    **_with_interval("difference", REAL),  # of recall, to the baseline's; all hold together
    **{"p": SHARE, "p_holm": SHARE, "verdict": TEXT},
}
