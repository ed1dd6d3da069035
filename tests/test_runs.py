"""The published statistics of a run."""

import numpy as np
import pytest
from report_runs import plain_statistics

from helmholtz.io import runs


@pytest.mark.parametrize(("speed", "noise"), [(15, 0.01), (5, 0.0015)])
@pytest.mark.parametrize("seed", range(20))
def test_statistics_equal_a_plain_recomputation(seed, speed, noise):
    """Curves that hardly converge, and such that do."""
    rng = np.random.default_rng(seed)
    epochs = int(rng.integers(10, 120))
    rising = 0.8 - 0.6 * np.exp(-np.arange(epochs) / speed) + rng.normal(0, noise, epochs)
    found = runs.statistics(rising.tolist())
    mean, convergence = plain_statistics(rising)
    assert found["mean_of_ten_best"] == pytest.approx(mean)
    assert found["convergence_epoch"] == convergence
    assert found["best_val_acc"] == rising.max()
    assert rising[found["best_epoch"] - 1] == rising.max()


def flat(before, epochs, at=0.8):
    """A curve that starts low for some epochs and then stays."""
    return [0.1] * before + [at] * epochs


@pytest.mark.parametrize(
    ("curve", "convergence"),
    [
        (flat(0, 10), 1),  # the only window
        (flat(5, 10), 6),  # the last window counts
        (flat(5, 9), None),  # it would need a tenth epoch
        (flat(5, 30), 6),
        # Nine epochs at 0.8 and one at 0.73 have a mean of 0.793, above 0.99 x 0.8 = 0.792,
        ([0.1] * 4 + [0.73] + [0.8] * 9, 5),
        # and with one at 0.71 a mean of 0.791, below it: the next window is the first.
        ([0.1] * 4 + [0.71] + [0.8] * 10, 6),
        ([1.0, 0.1, *[0.99] * 10], None),  # equals 0.99 of the best and does not exceed it
        # The best epoch counts wherever it is: 0.9 at the end leaves only what exceeds 0.891.
        ([*flat(5, 20), 0.9], None),
        ([0.9, *[0.895] * 12], 1),
        ([0.1, 0.9, *[0.8] * 30], None),
        # What comes after the window does not matter.
        ([*flat(3, 10), *[0.1] * 20], 4),
    ],
)
def test_convergence_is_the_first_epoch_whose_ten_exceed_99_percent_of_the_best(curve, convergence):
    assert runs.statistics(curve)["convergence_epoch"] == convergence


def test_the_mean_of_the_ten_best_is_of_epochs_anywhere():
    curve = [0.9, 0.1, *[0.5] * 4, 0.8, 0.2, 0.3, *[0.6] * 6, 0.7]
    best = [0.9, 0.8, 0.7, *[0.6] * 6, 0.5]
    found = runs.statistics(curve)
    assert found["mean_of_ten_best"] == pytest.approx(sum(best) / 10)
    assert runs.statistics(curve[:10])["mean_of_ten_best"] == pytest.approx(sum(curve[:10]) / 10)
    assert runs.statistics(curve[:9])["mean_of_ten_best"] is None
    assert (found["best_val_acc"], found["best_epoch"]) == (0.9, 1)


def test_of_equal_epochs_the_first_is_the_best():
    assert runs.statistics([0.1, 0.7, 0.3, 0.7])["best_epoch"] == 2


def test_fewer_than_ten_epochs_have_neither():
    found = runs.statistics([0.1, 0.3, 0.2])
    assert found["mean_of_ten_best"] is found["convergence_epoch"] is None
    assert (found["best_val_acc"], found["best_epoch"]) == (0.3, 2)
