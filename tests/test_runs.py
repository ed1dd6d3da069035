"""The published statistics of a run."""

import numpy as np
import pytest

from helmholtz.io import runs


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
