"""Which items train, choose the best epoch and test."""

import numpy as np
import pytest

from helmholtz.data.folds import FOLDS, folded
from helmholtz.data.loading import Data
from helmholtz.data.preparation import Source
from helmholtz.data.splits import judged_once, select
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


def test_a_share_is_rounded_and_a_single_item_is_enough_to_train_on():
    assert {name: len(values) for name, values in selected(0.5, 5).items()}["val"] == 2
    assert len(selected(0.25, 2)["train"]) == 1


def test_where_nothing_is_chosen_the_items_held_out_for_it_are_tested():
    parts = {"train": np.arange(3), "val": np.arange(3, 5)}
    found = judged_once(parts)
    assert (len(found["val"]), found["test"].tolist()) == (0, [3, 4])
    assert judged_once(parts | {"test": np.arange(1)}).keys() == {"train", "val", "test"}


def of_folds(fold):
    """Twelve cats and seven dogs, of which the source itself tests the last of each."""
    splits = {"train": ([*range(11), *range(20, 26)], np.repeat([0, 1], [11, 6]))}
    splits["test"] = ([11, 26], np.array([0, 1]))
    source = Source("pets", "1", lambda: (["cat", "dog"], splits, {"found": "x"}))
    return folded(source, fold)


def test_every_item_is_tested_in_one_fold_which_has_a_fifth_of_each_class():
    tested = []
    for fold in range(1, FOLDS + 1):
        source = of_folds(fold)
        classes, parts, facts = source.load()
        assert (source.name, classes, facts) == (f"pets-fold{fold}", ["cat", "dog"], {"found": "x"})
        for items, labels in parts.values():
            assert [int(item >= 20) for item in items] == labels.tolist()
        train, test = (parts[split][0] for split in ("train", "test"))
        assert sorted(train + test) == [*range(12), *range(20, 27)]
        assert [sum(item < 20 for item in test), sum(item >= 20 for item in test)] in (
            [3, 2], [2, 2], [2, 1],
        )  # fmt: skip
        tested += test
    assert FOLDS == 5
    assert sorted(tested) == [*range(12), *range(20, 27)]
    assert len(of_folds(1).load()[1]["test"][0]) == 5  # those that do not divide come first


def test_without_a_fold_a_source_is_as_it_was():
    assert (of_folds(None).name, of_folds(None).load()[1]["test"][0]) == ("pets", [11, 26])
