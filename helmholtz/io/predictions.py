"""What a run said of every test item: one small CSV file, written and read here alone."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from helmholtz.errors import DataError
from helmholtz.io.files import write_csv

FILE = "predictions.csv"
COLUMNS = {"names": ("item", "truth", "predicted", "probability"), "formats": ["i8"] * 3 + ["f8"]}
MAX_BYTES = 256 << 20  # a file that claims to be larger is not read


class Predictions(NamedTuple):
    """Arrays of one length, in the order of item, which is the index in the test split.

    truth and predicted are indices of classes, int64; probability is that of the truth, float64.
    """

    item: np.ndarray
    truth: np.ndarray
    predicted: np.ndarray
    probability: np.ndarray

    @property
    def correct(self) -> np.ndarray:
        """Whether the predicted class is the true one, bool."""
        return self.truth == self.predicted

    def same_items(self, other: "Predictions") -> bool:
        """Whether both are of the same test items."""
        return np.array_equal(self.item, other.item) and np.array_equal(self.truth, other.truth)


def of(item: np.ndarray, truth: np.ndarray, probabilities: np.ndarray) -> Predictions:
    """Predictions from probabilities, items x classes, sorted by item."""
    order = np.argsort(item)
    item, truth, probabilities = item[order], truth[order], probabilities[order]
    of_truth = np.take_along_axis(probabilities, truth[:, None], axis=1)[:, 0]
    return Predictions(item, truth, probabilities.argmax(axis=1), of_truth)


def write(path: Path, predictions: Predictions) -> None:
    """Write a row for every item."""
    rows = zip(*predictions[:3], map("{:.6g}".format, predictions.probability), strict=True)
    write_csv(path, [Predictions._fields, *rows])


def read(path: Path) -> Predictions:
    """Read what write wrote; DataError when the file is missing, damaged or of something else."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError("it is too large")
        header, *lines = path.read_text(encoding="utf-8").splitlines()
        if header != ",".join(Predictions._fields):
            raise ValueError("it has other columns")
        if not lines:
            raise ValueError("it is empty")
        table = np.loadtxt(lines, COLUMNS, delimiter=",", comments=None, ndmin=1)
        found = Predictions(*(np.ascontiguousarray(table[name]) for name in table.dtype.names))
        _check(found)
    except (OSError, ValueError, TypeError, OverflowError) as error:
        raise DataError(f"{path} is missing or damaged ({error}).") from error
    return found


def _check(found: Predictions) -> None:
    """Raise ValueError for numbers that no run wrote."""
    if not (np.diff(found.item) > 0).all() or min(map(np.min, found[:3])) < 0:
        raise ValueError("its items are not in order")
    if not ((found.probability >= 0) & (found.probability <= 1.000001)).all():
        raise ValueError("its probabilities are not from 0 to 1")
