"""95 % intervals of means and of differences of means, from values over seeds."""

import warnings

import numpy as np
from scipy import stats

CONFIDENCE = 0.95


def interval(values: list[float]) -> tuple[float, float | None, float | None]:
    """The mean and the ends of its interval by Student's t; a single value has no interval."""
    mean = float(np.mean(values))
    return mean, *(_ends(stats.ttest_1samp, values, 0) if len(values) > 1 else (None, None))


def difference(here: list[tuple], there: list[tuple]) -> dict:
    """The mean of here less there, and the ends "low" and "high" of its interval.

    here, there: pairs (seed, value). The same seed starts from the same weights and sees the items
    in the same order, so where one has no seed that the other lacks, the differences are "paired"
    over those that both have; else the interval is Welch's. "seeds" is the smaller number of them.
    """
    mine, other = dict(here), dict(there)
    shared = [seed for seed in mine if seed in other and seed is not None]
    paired = len(shared) == min(len(here), len(there))
    if paired:
        mean, low, high = interval([mine[seed] - other[seed] for seed in shared])
    else:
        first, second = ([value for _, value in pairs] for pairs in (here, there))
        mean, low, high = _welch(first, second)
    seeds = min(len(here), len(there))
    return {"mean": mean, "low": low, "high": high, "paired": paired, "seeds": seeds}


def _welch(here: list[float], there: list[float]) -> tuple:
    mean = float(np.mean(here) - np.mean(there))
    if min(len(here), len(there)) < 2:
        return mean, None, None
    low, high = _ends(stats.ttest_ind, here, there, equal_var=False)
    return (mean, low, high) if low == low else (mean, mean, mean)  # NaN where nothing varies


def _ends(test, *values, **options) -> tuple[float, float]:
    """The ends of the interval that a test of scipy gives, also of values that do not vary."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        found = test(*values, **options).confidence_interval(CONFIDENCE)
    return float(found.low), float(found.high)
