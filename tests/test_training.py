"""Which items train, choose the best epoch and test."""

import numpy as np
import pytest

from helmholtz.data.preparation import Data
from helmholtz.data.splits import select


def parts(val, limit=None):
    """The sizes of the parts of 100 training and 50 test items."""
    splits = {s: (np.zeros((n, 1)), np.zeros(n, int)) for s, n in (("train", 100), ("test", 50))}
    made = select(Data(splits, ["a"], {}), val, limit)[2]
    return {name: len(indices) for name, indices in made.items()}


@pytest.mark.parametrize(
    ("val", "limit", "wanted"),
    [
        (0, None, {"train": 100, "val": 50}),
        (0.2, None, {"train": 80, "val": 20, "test": 50}),
        (0.2, 40, {"train": 32, "val": 8, "test": 40}),
        (0.001, None, {"train": 99, "val": 1, "test": 50}),  # never silently the test split
    ],
)
def test_a_share_of_the_training_items_validates_and_the_test_items_are_left_alone(
    val, limit, wanted
):
    assert parts(val, limit) == wanted
