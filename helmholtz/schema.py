"""What the files of a run and the tables of a report hold: names, kinds and ranges, each said once.

Whoever writes, reads or tests such a file takes its columns from here. Imports nothing heavy.
"""

import math
from typing import NamedTuple


class Field(NamedTuple):
    """A column or key: kind is str, int, float or dict (JSON); numbers lie from low to high."""

    kind: type
    low: float = 0
    high: float = 1 << 60


TEXT, OBJECT, REAL = Field(str), Field(dict), Field(float, -math.inf, math.inf)
SHARE, AMOUNT = Field(float, 0, 1), Field(float)
SECONDS, COUNT, EPOCH = Field(float, 0, 1 << 40), Field(int, 1, 1 << 40), Field(int, 1, 1 << 20)
WHOLE = Field(int, 0, 1 << 53)

HISTORY = ["epoch", "acc", "loss", "val_acc", "val_loss", "lr", "seconds"]  # of history.csv
CURVES = HISTORY[1:5]
HISTORY_2018 = ["", *CURVES]  # as pandas wrote it for the 2018 code

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
OPTIONAL = {"mean_of_ten_best", "convergence_epoch", "test_acc"}  # may be null there
RESULT_TEXTS = ["validated_on", "counted_epoch", "device", "precision"]
BEST, LAST = "best", "last"  # epoch that counts; a run that does not say has the best one
SIZES = ["raw_bytes", "file_bytes", "scan_bytes"]  # of the data set there, of an item in a table
NAMES = ["domain", "source", "model", "codec", "rate", "seed"]  # what result.json calls its run
SETTING = {  # where a column of runs.csv stands in setting.json
    **{name: (name,) for name in ("domain", "model", "codec", "rate", "commit")},
    **{"source": ("data", "source"), "data": ("data", "fingerprint")},
    **{"codec_version": ("data", "codec"), "true_noise_bits": ("data", "true_noise_bits")},
    **{"seed": ("flags", "seed"), "precision": ("flags", "precision")},
    "backend": ("versions", "backend"),
}

RUNS = {  # runs.csv, a row a run; codec is a name, as jpeg, codec_version the build
    **dict.fromkeys(["folder", "state", "note", "domain", "source", "model"], TEXT),
    **dict.fromkeys(["rate", "seed"], WHOLE),
    **RESULT,
    **dict.fromkeys(RESULT_TEXTS, TEXT),
    **dict.fromkeys([*SIZES, "lossless_bytes"], AMOUNT),
    **{"classes": WHOLE, "chance": SHARE, "true_noise_bits": AMOUNT},
    **dict.fromkeys(["data", "codec", "codec_version", "backend", "commit"], TEXT),
    "flags": OBJECT,
}
EPOCHS = {"folder": TEXT, "epoch": EPOCH} | dict.fromkeys(CURVES, REAL)  # curves.csv


def _with_interval(name: str, field: Field) -> dict[str, Field]:
    return {f"{name}{end}": field for end in ("", "_low", "_high")}


SUMMARY = {  # summary.csv, a row an experiment and rate
    **dict.fromkeys(["domain", "source", "data", "protocol", "model", "codec"], TEXT),
    **{"rate": WHOLE, "seeds": COUNT, "seed_list": TEXT, "not_counted": WHOLE},
    **{"parameters": COUNT, "epochs": EPOCH, "accuracy_is": TEXT},
    **_with_interval("accuracy", SHARE),
    "best_val_acc": SHARE,
    **_with_interval("test_acc", SHARE),
    "baseline_rate": WHOLE,
    **_with_interval("difference", REAL),
    **_with_interval("test_difference", REAL),
    **_with_interval("convergence_epoch", Field(float, 1)),
    "converged": WHOLE,
    **dict.fromkeys([*SIZES, "lossless_bytes", "true_noise_bits"], AMOUNT),
    **{"seconds": SECONDS, "seconds_to_converge": SECONDS, "devices": TEXT},
    **{"chance": SHARE, "val_items": COUNT},
}
