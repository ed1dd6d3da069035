"""95 % intervals of means and of differences of means, from values over seeds."""

import math

from scipy.special import stdtrit

CONFIDENCE = 0.95


def interval(values: list[float]) -> tuple[float, float | None, float | None]:
    """Mean, and the 95 % interval of the mean: Student's t, for n values that are independent
    and normal: mean -+ t(0.975, n - 1) s / sqrt(n). A single value has none."""
    n = len(values)
    mean = math.fsum(values) / n
    if n < 2:
        return mean, None, None
    variance = math.fsum((value - mean) ** 2 for value in values) / (n - 1)
    return mean, *around(mean, math.sqrt(variance / n), n - 1)


def around(mean: float, error: float, freedom: float) -> tuple[float, float]:
    """The ends of the interval around a mean with this standard error."""
    half = stdtrit(freedom, (1 + CONFIDENCE) / 2) * error
    return float(mean - half), float(mean + half)


def difference(here: list[tuple], there: list[tuple]) -> dict:
    """Mean of here less there, with "low" and "high", the ends of its 95 % interval (None for a
    single seed), whether it is "paired", and of how many "seeds" (where they differ, the fewer).
    Both are lists of (seed, value).

    The same seed starts from the same weights and sees the items in the same order. So where one
    has no seed that the other lacks, the differences are paired over those that both have; else
    the interval is Welch's (Biometrika 34, 1947).
    """
    mine, other = dict(here), dict(there)
    shared = [seed for seed in mine if seed in other and seed is not None]
    paired = len(shared) == min(len(mine), len(other))
    if paired:
        found = interval([mine[seed] - other[seed] for seed in shared])
    else:
        found = _welch([value for _, value in here], [value for _, value in there])
    told = {"paired": paired, "seeds": min(len(mine), len(other))}
    return dict(zip(("mean", "low", "high"), found, strict=True)) | told


def _welch(here: list[float], there: list[float]) -> tuple:
    mean = math.fsum(here) / len(here) - math.fsum(there) / len(there)
    if min(len(here), len(there)) < 2:
        return mean, None, None
    errors = [_squared_error(values) for values in (here, there)]
    if not sum(errors):
        return mean, mean, mean
    weights = (e**2 / (len(v) - 1) for e, v in zip(errors, (here, there), strict=True))
    return mean, *around(mean, math.sqrt(sum(errors)), sum(errors) ** 2 / sum(weights))


def _squared_error(values: list[float]) -> float:
    mean = math.fsum(values) / len(values)
    return math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1) / len(values)
