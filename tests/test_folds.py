"""Five folds, in which every item is tested once, and when answer.py asks for them."""

import shutil

import h5py
import numpy as np
import pytest

from cifar import prepare
from helmholtz.answer import session
from helmholtz.data.folds import fold_of
from helmholtz.data.loading import Data


def test_every_item_is_tested_in_one_of_the_folds(command, photos, tmp_path):
    counts, labels = [], []
    for fold in range(1, 6):
        flags = ["--source", photos, "--data_dir", tmp_path, "--quality", "0", "--fold", fold]
        assert command(prepare.main, *flags)[0] == 0
    for path in sorted(tmp_path.glob("cifar/*/quality_0/test.h5")):
        with h5py.File(path, "r") as file:
            counts.append(len(file["label"]))
            labels += [image.tobytes() for image in file["data"]]
    assert counts == [16] * 5
    assert len(set(labels)) == 80


def test_folds_of_fewer_files_than_folds_are_refused(command, photos, tmp_path):
    for path in [
        path for name in ("dark", "bright") for path in sorted((photos / name).iterdir())[:4]
    ]:
        (tmp_path / "few" / path.parent.name).mkdir(parents=True, exist_ok=True)
        (tmp_path / "few" / path.parent.name / path.name).symlink_to(path)
    flags = ["--source", tmp_path / "few", "--data_dir", tmp_path, "--quality", "0", "--fold", 5]
    code, error = command(prepare.main, *flags)
    assert (code, "only 4 items: --fold needs 5 or more of each" in error) == (3, True)


@pytest.mark.parametrize(
    ("name", "fold"),
    [
        ("esc50-fold1-1a2b3c4d-fold3", 3),
        ("esc50-fold1-1a2b3c4d", None),
        ("photos-1a2b3c4d-16px-full-fold2", 2),
        ("sounds-1a2b3c4d-fold4-mono-dur2", 4),
        ("sample-fold5", 5),
        ("cifar10", None),
    ],
)
def test_the_fold_of_a_source_is_told_by_its_name(name, fold):
    assert fold_of(name, ("cifar10", "idmt", "sample")) == fold


def data(*test, train=(100, 100)):
    """Prepared data with so many test items of every class, and train items."""
    labels = (np.repeat([0, 1], count) for count in (train, test))
    return Data(
        {split: (None, some) for split, some in zip(("train", "test"), labels, strict=True)},
        ["a", "b"],
        {},
    )


def test_folds_are_for_folders_with_few_test_items_and_no_split_of_their_own(photos, tmp_path):
    for split in ("train", "test"):
        shutil.copytree(photos, tmp_path / split)
    few, many = data(8, 60), data(session.FEW, 60)
    assert session._folds(str(photos), few, None) == (
        (1, 2, 3, 4, 5),
        "A class has only 8 test items: every item is tested once, in 5 folds with a run each.",
    )
    assert session._folds(str(photos), many, None) == ((), "")
    wide = "the intervals will be wide."
    for source, made, limit in (
        (tmp_path, few, None),
        ("sample", few, None),
        (photos, few, 100),
        (photos, many, 60),
        (photos, data(1, 60, train=(3, 240)), None),  # fewer of a class than folds
    ):
        folds, said = session._folds(str(source), made, limit)
        assert (folds, said.endswith(wide)) == ((), True)
