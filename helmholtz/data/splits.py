"""Which items train, which choose the best epoch, and which test."""

import numpy as np

from helmholtz.data.folders import SPLIT_SEED
from helmholtz.data.items import Items
from helmholtz.data.loading import Data
from helmholtz.data.shards import SPLITS
from helmholtz.errors import DataError


def judged_once(parts: dict) -> dict:
    """The parts of a run in which nothing is chosen: without held-out items none validate."""
    return parts if "test" in parts else parts | {"val": parts["val"][:0], "test": parts["val"]}


def chosen_of(data: Data, split: str, limit: int | None) -> np.ndarray:
    """The indices in a split of the items that a run takes, in the order in which it takes them."""
    return np.random.default_rng(SPLIT_SEED).permutation(len(data.splits[split][1]))[:limit]


def select(data: Data, val: float, limit: int | None) -> tuple[Items, np.ndarray, dict]:
    """The items of a run, their labels, and the parts they fall into.

    val: the share of the training split held out for validation; with 0 the test split is used
    for validation, as in the paper, and there is no test. limit: the most items of each split.
    The choice depends only on the data, so that runs of all rates and seeds see the same items.
    Returns (items, labels, parts): all items, unread, and the int32 indices among them of "train",
    "val" and, unless val is 0, "test". Raises DataError when none is left to train on.
    """
    chosen = {split: chosen_of(data, split, limit) for split in data.splits}
    (train, train_labels), (test, test_labels) = (data.splits[split] for split in SPLITS)
    rows = np.concatenate([chosen["train"], len(train) + chosen["test"]])
    items, labels = Items([train, test], rows), np.concatenate([train_labels, test_labels])[rows]
    count = len(chosen["train"])
    held_out = max(1, round(val * count)) if val else 0
    indices = np.arange(len(items), dtype=np.int32)
    parts = {"train": indices[held_out:count], "val": indices[count:]}
    if held_out:
        parts |= {"val": indices[:held_out], "test": indices[count:]}
    if len(parts["train"]) == 0:
        raise DataError("No item is left to train on: lower --val or raise --limit.")
    return items, labels, parts
