"""Five folds, in which every item is tested once, and when answer.py asks for them."""

import shutil

import h5py
import numpy as np

from cifar import prepare
from helmholtz.answer import session
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


def test_folds_are_for_folders_with_few_test_items_and_no_split_of_their_own(photos, tmp_path):
    for split in ("train", "test"):
        shutil.copytree(photos, tmp_path / split)
    assert session._folds(str(photos), 8, None) == (
        (1, 2, 3, 4, 5),
        "A class has only 8 test items: every item is tested once, in 5 folds with a run each.",
    )
    assert session._folds(str(photos), session.FEW, None) == ((), "")
    for source in (str(tmp_path), "sample"):
        assert session._folds(source, 1, None)[0] == ()
    assert session._folds(str(photos), 8, 100)[1].endswith("the intervals will be wide.")


def test_the_fewest_test_items_are_those_of_the_limit():
    labels = np.array([0] * 60 + [1] * 30)
    data = Data({"test": (None, labels)}, ["a", "b"], {})
    assert session._fewest(data, None) == 30
    assert session._fewest(data, 90) == 30
    assert 0 < session._fewest(data, 20) < 11
    assert session._fewest(data, 1) == 0
