"""What a run says of test data at other rates and codecs: evaluation.csv, and the predictions."""

import csv
from pathlib import Path
from typing import NamedTuple

from helmholtz.errors import DataError
from helmholtz.io import predictions
from helmholtz.io.files import write_text
from helmholtz.io.predictions import Predictions

FILE, FOLDER = "evaluation.csv", "evaluation"
COLUMNS = ["codec", "rate", "items", "accuracy"]


class Tested(NamedTuple):
    """The number of test items, and the share of them whose class was named."""

    items: int
    accuracy: float


def path_of(folder: Path, codec: str, rate: int) -> Path:
    """The predictions of the run in a folder at a rate."""
    return folder / FOLDER / f"{codec}_{rate}.csv"


def read(folder: Path) -> dict[tuple[str, int], Tested]:
    """What the run in a folder was tested on, by codec and rate; DataError when it is damaged."""
    path = folder / FILE
    if not path.exists():
        return {}
    try:
        header, *rows = csv.reader(path.read_text(encoding="utf-8").splitlines())
        if header != COLUMNS:
            raise ValueError("it has other columns")
        found = {
            (codec, int(rate)): Tested(int(items), float(accuracy))
            for codec, rate, items, accuracy in rows
        }
        if not all(tested.items > 0 and 0 <= tested.accuracy <= 1 for tested in found.values()):
            raise ValueError("it holds an accuracy beyond 0 to 1")
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"{path} is damaged ({error}): remove it, and evaluate again.") from error
    return found


def add(folder: Path, codec: str, rate: int, found: Predictions) -> Tested:
    """Keep the predictions at a rate, and then their row."""
    predictions.write(path_of(folder, codec, rate), found)
    tested = Tested(len(found.item), float(found.correct.mean()))
    rows = read(folder) | {(codec, rate): tested}
    lines = [[*key, *row] for key, row in sorted(rows.items())]
    write_text(folder / FILE, "".join(",".join(map(str, x)) + "\n" for x in [COLUMNS, *lines]))
    return tested
