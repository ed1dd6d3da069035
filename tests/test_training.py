"""Which items train, choose the best epoch and test."""

import numpy as np
import pytest

from helmholtz.data.loading import Data
from helmholtz.data.splits import select
from helmholtz.errors import DataError

TRAIN, TEST = np.arange(100), np.arange(1000, 1050)  # items by their value


def selected(val, limit=None, count=100):
    """For each part the values of its items, which tell where they came from, and their labels."""
    splits = {"train": (TRAIN[:count, None], TRAIN[:count] % 7), "test": (TEST[:, None], TEST % 7)}
    items, labels, parts = select(Data(splits, list("abcdefg"), {}), val, limit)
    items = items[:]
    np.testing.assert_array_equal(labels, items[:, 0] % 7)  # a label goes with its item
    assert {indices.dtype.name for indices in parts.values()} == {"int32"}
    return {name: items[indices, 0].tolist() for name, indices in parts.items()}


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
    assert {name: len(values) for name, values in selected(val, limit).items()} == wanted


def test_held_out_items_are_of_the_training_split_and_no_item_has_two_parts():
    parts = selected(0.25)
    assert sorted(parts["train"] + parts["val"]) == TRAIN.tolist()
    assert sorted(parts["test"]) == TEST.tolist()


def test_without_a_share_the_test_split_validates():
    parts = selected(0)
    assert sorted(parts["train"]) == TRAIN.tolist()
    assert sorted(parts["val"]) == TEST.tolist()


def test_the_order_is_shuffled_by_the_published_seed():
    order = np.random.default_rng(2337).permutation(100).tolist()
    assert order[:6] == [10, 36, 55, 12, 22, 18]
    parts = selected(0.25)
    assert parts["val"] == order[:25]
    assert parts["train"] == order[25:]
    assert parts["test"] == [1000 + i for i in np.random.default_rng(2337).permutation(50)]


def test_a_limit_keeps_the_first_of_the_same_order():
    order = np.random.default_rng(2337).permutation(100).tolist()
    limited, whole = selected(0, 30), selected(0)
    assert limited["train"] == order[:30] == whole["train"][:30]
    assert limited["val"] == whole["val"][:30]
    assert selected(0, 30, count=20)["train"] == selected(0, count=20)["train"]


def test_every_call_selects_the_same():
    assert selected(0.25, 60) == selected(0.25, 60)


def test_no_item_left_to_train_on_is_told():
    with pytest.raises(DataError, match="--val"):
        selected(0.9, 1)
