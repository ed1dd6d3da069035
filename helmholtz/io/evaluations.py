"""What a run says of test data at other rates and codecs: evaluation.csv, and the predictions."""

import csv
from pathlib import Path
from typing import NamedTuple

from helmholtz.errors import DataError
from helmholtz.io import predictions
from helmholtz.io.files import write_csv
from helmholtz.io.predictions import Predictions

FILE, FOLDER = "evaluation.csv", "evaluation"
COLUMNS = ["codec", "rate", "items", "accuracy", "codec_version"]


class Tested(NamedTuple):
    """The number of test items, the share of them whose class was named, and the codec's build."""

    items: int
    accuracy: float
    codec_version: str = ""  # a file from before it was kept does not say


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
        if header not in (COLUMNS, COLUMNS[:4]) or any(len(row) != len(header) for row in rows):
            raise ValueError("it has other columns")
        found = {
            (codec, int(rate)): Tested(int(items), float(accuracy), *version)
            for codec, rate, items, accuracy, *version in rows
        }
        if not all(tested.items > 0 and 0 <= tested.accuracy <= 1 for tested in found.values()):
            raise ValueError("it holds an accuracy beyond 0 to 1")
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"{path} is damaged ({error}): remove it, and evaluate again.") from error
    return found


def add(folder: Path, codec: str, rate: int, found: Predictions, version: str = "") -> Tested:
    """Keep the predictions at a rate, and then their row; version: of the codec."""
    predictions.write(path_of(folder, codec, rate), found)
    tested = Tested(len(found.item), float(found.correct.mean()), version)
    rows = read(folder) | {(codec, rate): tested}
    write_csv(folder / FILE, [COLUMNS, *([*key, *row] for key, row in sorted(rows.items()))])
    return tested
