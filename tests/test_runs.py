"""The published statistics, and what may be resumed or overwritten."""

import numpy as np
import pytest

from helmholtz import runs
from helmholtz.cli import UsageError


def plain_statistics(accuracies):
    """Word for word from the paper's description, with numpy."""
    a = np.array(accuracies)
    top = np.sort(a)[::-1][:10].mean()
    for i in range(len(a) - 9):
        if a[i : i + 10].mean() > 0.99 * a.max():
            return top, i + 1
    return top, None


@pytest.mark.parametrize("seed", range(20))
def test_statistics_equal_a_plain_recomputation(seed):
    rng = np.random.default_rng(seed)
    epochs = int(rng.integers(10, 120))
    rising = 0.8 - 0.6 * np.exp(-np.arange(epochs) / 15) + rng.normal(0, 0.01, epochs)
    found = runs.statistics(rising.tolist())
    mean, convergence = plain_statistics(rising)
    assert found["mean_of_ten_best"] == pytest.approx(mean)
    assert found["convergence_epoch"] == convergence
    assert found["best_val_acc"] == rising.max()
    assert rising[found["best_epoch"] - 1] == rising.max()


def test_fewer_than_ten_epochs_are_not_guessed_at():
    found = runs.statistics([0.1, 0.3, 0.2])
    assert found["mean_of_ten_best"] is found["convergence_epoch"] is None
    assert (found["best_val_acc"], found["best_epoch"]) == (0.3, 2)


SETTING = {"flags": {"seed": 0, "num_epoch": 5}, "data": {"digest": "a"}, "versions": {"keras": 3}}


def test_a_finished_run_is_overwritten_only_when_told(tmp_path):
    (tmp_path / "result.json").write_text("{}")
    with pytest.raises(UsageError, match="--overwrite"):
        runs.claim(tmp_path, SETTING, resume=False, overwrite=False)
    (tmp_path / "mine.txt").write_text("kept")
    (tmp_path / "confusion.csv").write_text("of the run before")
    runs.claim(tmp_path, SETTING, resume=False, overwrite=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine.txt", "setting.json"]


def test_an_interrupted_run_is_resumed_only_when_told_and_only_the_same(tmp_path):
    runs.claim(tmp_path, SETTING, resume=False, overwrite=False)
    (tmp_path / "checkpoint_0001.h5").touch()
    with pytest.raises(UsageError, match="--resume"):
        runs.claim(tmp_path, SETTING, resume=False, overwrite=False)
    longer = SETTING | {"flags": {"seed": 0, "num_epoch": 9}}
    runs.claim(tmp_path, longer, resume=True, overwrite=False)
    (tmp_path / "checkpoint_10000.h5").touch()
    with pytest.raises(UsageError, match="10000 epochs already"):
        runs.claim(tmp_path, longer, resume=True, overwrite=False)
    other = SETTING | {"data": {"digest": "b"}, "flags": {"seed": 1}}
    with pytest.raises(UsageError, match=r"seed \(was 0, is 1\); digest \(was a, is b\)"):
        runs.claim(tmp_path, other, resume=True, overwrite=False)
