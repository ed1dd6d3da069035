"""curves.csv: every epoch of every run, a row each."""

import math
from itertools import count
from pathlib import Path

from helmholtz.report import csvrows
from helmholtz.report.runfiles import CURVES

COLUMNS = ["folder", "epoch", *CURVES]


def rows(runs: list) -> list[dict]:
    """The rows of the runs (logbook.Run) that have a history."""
    return [
        {"folder": run.row["folder"], "epoch": epoch} | dict(zip(CURVES, values, strict=True))
        for run in runs
        if set(CURVES) <= set(run.history)
        for epoch, *values in zip(count(1), *(run.history[c] for c in CURVES))
    ]


def read(path: Path) -> dict[str, dict]:
    """The histories, by the folder of their run; DataError when the file holds something else."""
    found = {}
    for row in csvrows.read(path, COLUMNS):
        history = found.setdefault(row["folder"], {name: [] for name in CURVES})
        for name in CURVES:
            history[name].append(math.nan if row[name] is None else row[name])
    return found
