"""What runs said of every test item, as one table beside runs.csv, so that a report of the tables
alone has the intervals over items, the classes and the matrix too.

A row a test item: domain, source, data, item (its index in the test split), truth and class (the
name of the truth). Then a column a run and what it was tested on, the classes named there:
"<folder>|" at its own rate, "<folder>|jpeg_50" by evaluate.py.
"""

import gzip
import io
from pathlib import Path

import numpy as np
import pandas as pd

from helmholtz.errors import DataError
from helmholtz.io.files import replacing
from helmholtz.io.predictions import Predictions

FILE = "predictions.csv.gz"
DATA = ["domain", "source", "data"]
ITEM = [*DATA, "item", "truth", "class"]
MAX_BYTES = 1 << 30  # unpacked
REFUSALS = (OSError, EOFError, ValueError, TypeError, KeyError, OverflowError)


def write(path: Path, rows: list[dict], tested: dict[str, dict[tuple, Predictions]]) -> None:
    """Write what finished runs said. rows: of runs.csv; tested: what analysis.transfer reads.

    A run whose test items have other classes than those of the first run of its data is left out.
    """
    groups = {}
    for row in rows:
        for column, said in _columns(row, tested.get(row["folder"], {})):
            items = pd.MultiIndex.from_arrays([said.item, said.truth], names=["item", "truth"])
            own = groups.setdefault(tuple(row[name] for name in DATA), (row, items, {}))
            if own[1].equals(items):
                own[2][column] = said.predicted.astype(np.uint16)
    tables = [_table(key, *group) for key, group in groups.items()]
    table = pd.concat(tables) if tables else pd.DataFrame(columns=ITEM)
    text = table.to_csv(index=False, lineterminator="\n")
    with replacing(path) as temporary:  # without a time, for the same bytes every time
        temporary.write_bytes(gzip.compress(text.encode(), mtime=0))


def _columns(row: dict, tested: dict[tuple, Predictions]):
    """(name of the column, Predictions) for all that a run was tested on."""
    if row.get("predictions"):
        yield f"{row['folder']}|", row["predictions"]
    for (codec, rate), said in tested.items():
        yield f"{row['folder']}|{codec}_{rate}", said


def _table(key: tuple, row: dict, items: pd.MultiIndex, columns: dict) -> pd.DataFrame:
    truth = items.get_level_values("truth")
    names = dict(enumerate(row.get("class_names") or []))
    told = dict(zip(DATA, key, strict=True)) | {"item": items.get_level_values("item")}
    told |= {"truth": truth, "class": [names.get(i, str(i)) for i in truth]}
    return pd.DataFrame(told | columns).astype(dict.fromkeys(columns, "UInt16"))


def add(rows: list[dict], path: Path) -> None:
    """Add to rows of runs.csv what write was given: "predictions", "class_names", and as "tested"
    by codec and rate what the run was tested on. Probabilities are NaN.

    Raises DataError when the file is damaged or something else.
    """
    by_folder = {row["folder"]: row for row in rows}
    try:
        with gzip.open(path) as file:
            text = file.read(MAX_BYTES + 1)
        if len(text) > MAX_BYTES:
            raise ValueError("it is too large")
        texts = dict.fromkeys([*DATA, "class"], str)
        only_empty = {"keep_default_na": False, "na_values": [""]}  # a class may be called None
        table = pd.read_csv(io.BytesIO(text), dtype=texts, **only_empty)
        for _, group in table.groupby(DATA, dropna=False, sort=False):
            for column in group.columns[len(ITEM) :]:
                folder, _, at = column.rpartition("|")
                if folder in by_folder and group[column].notna().all():
                    by_folder[folder]["class_names"] = _class_names(group)
                    _place(by_folder[folder], at, _predictions(group, column))
    except REFUSALS as error:
        raise DataError(f"{path} is not a table that a report wrote ({error}).") from error


def _place(row: dict, at: str, said: Predictions) -> None:
    if not at:
        row["predictions"] = said
        return
    codec, _, rate = at.rpartition("_")
    row.setdefault("tested", {})[codec, int(rate)] = said


def _class_names(group: pd.DataFrame) -> list[str]:
    """The names of all classes up to the last that has a test item."""
    found = dict(zip(group["truth"], group["class"], strict=True))
    return [found.get(i, str(i)) for i in range(max(found) + 1)]


def _predictions(group: pd.DataFrame, column: str) -> Predictions:
    item, truth, predicted = (group[name].to_numpy(np.int64) for name in ("item", "truth", column))
    if min(truth.min(), predicted.min()) < 0:
        raise ValueError("there is no class below 0")
    return Predictions(item, truth, predicted, np.full(len(item), np.nan))
