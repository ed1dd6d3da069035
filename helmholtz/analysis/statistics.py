"""95 % intervals of accuracies and of their differences: over seeds, and over seeds and items.

docs/statistics.md has the formulas with their sources; benchmarks/coverage.py tries them. Arrays
may have further axes in front: values are (..., seeds), samples (..., seeds, items).
"""

from typing import NamedTuple

import numpy as np
from scipy import stats

CONFIDENCE = 0.95
# Items that are added before the variance over items is computed, and the weight of each: without
# them networks that never err would have an interval of width 0. These are Agresti and Coull's.
TWO_EACH = (np.array([0.0, 0.0, 1.0, 1.0]), 1.0)


def four_cells(factor: float = 1) -> tuple[np.ndarray, float]:
    """Half an item in each cell of right and wrong, here and there: Agresti and Min's."""
    return np.array([1 - factor, 1.0, -factor, 0.0]), 0.5


class Score(NamedTuple):
    """A number of one run, such as its accuracy.

    correct: whether it classified each item rightly, bool, or None where that is not known.
    items: how many items the value is a mean of; None: as many as there are in correct.
    """

    seed: int | None
    value: float
    correct: np.ndarray | None = None
    items: int | None = None

    @property
    def count(self) -> int | None:
        """How many items the value is a mean of, where that is known."""
        return self.items or (None if self.correct is None else len(self.correct))


class Estimate(NamedTuple):
    """A centre, and variances of it, each with its freedom: the widest interval counts."""

    centre: np.ndarray
    variances: np.ndarray  # (count, ...)
    freedoms: np.ndarray

    def ends(self, confidence: float = CONFIDENCE) -> tuple:
        """The ends of the interval."""
        quantiles = stats.t.ppf((1 + confidence) / 2, self.freedoms)
        half = (quantiles * np.sqrt(self.variances)).max(axis=0)
        return self.centre - half, self.centre + half

    def p_value(self):
        """The p-value of the hypothesis that the truth is 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.abs(self.centre) / np.sqrt(self.variances)
        return (2 * stats.t.sf(np.nan_to_num(t), self.freedoms)).max(axis=0)


def over_seeds(values: np.ndarray, items: int | None = None) -> Estimate:
    """Student's t over two seeds or more: what other seeds would give on the same items.

    A mean over items goes in steps of 1 / items, so its variance is taken to be no less than that
    of rounding to a step, 1 / (12 items^2): seeds that happen to agree do not make it certain.
    """
    values = np.asarray(values, float)
    seeds = values.shape[-1]
    least = 1 / (12 * items**2) if items else 0
    variance = np.maximum(values.var(axis=-1, ddof=1), least) / seeds
    return _estimate(values.mean(axis=-1), [(variance, seeds - 1)])


def over_seeds_and_items(
    values: np.ndarray, sample: np.ndarray, added=TWO_EACH, items: int | None = None
) -> Estimate:
    """What other seeds would give on other items of the same kind; with one seed, other items.

    values: a number a seed, the mean of so many items. sample: what each seed made of each item.
    """
    values, sample = np.asarray(values, float), np.asarray(sample, float)
    seeds, rest = None, 0.0
    if values.shape[-1] > 1:
        seeds = over_seeds(values, items or sample.shape[-1])
        rest = _interaction(sample) / values.shape[-1]
    return _crossed(values.mean(axis=-1), seeds, sample.mean(axis=-2), rest, added, items)


def _interaction(sample: np.ndarray):
    """MS_rest: the mean square of what neither the seed nor the item explains."""
    seeds, items = (sample - sample.mean(axis=axis, keepdims=True) for axis in (-1, -2))
    residual = seeds + items - sample + sample.mean(axis=(-2, -1), keepdims=True)
    count = (sample.shape[-2] - 1) * max(1, sample.shape[-1] - 1)
    return (residual**2).sum(axis=(-2, -1)) / count


def _crossed(mean, seeds: Estimate | None, by_item, rest, added, items: int | None) -> Estimate:
    """The crossed random-effects analysis. seeds: over_seeds' estimate of the mean, if any.

    by_item: the mean over seeds for each item. rest: the variance of such a mean that is due to the
    seeds. The interval is never narrower than that over seeds alone.
    """
    cells, weight = added
    extra, count = weight * len(cells), by_item.shape[-1]
    judged, counted = count + extra, (items or count) + extra
    total = by_item.sum(axis=-1) + weight * cells.sum()
    squares = (by_item**2).sum(axis=-1) + weight * (cells**2).sum()
    item = (squares - total**2 / judged) / judged / counted
    rest = rest * count / judged / counted
    centre = (mean * (counted - extra) + weight * cells.sum()) / counted
    if seeds is None:
        return _estimate(centre, [(item, np.inf)])
    seed, freedom = seeds.variances[0], seeds.freedoms[0]
    variance = seed + np.maximum(item - rest, 0)
    parts = (seed**2 + rest**2 / (judged - 1)) / freedom + item**2 / (judged - 1)
    both = np.maximum(variance**2 / parts, freedom)
    return _estimate(centre, [(variance, both), (seed, freedom)])


def _estimate(centre, pairs: list[tuple]) -> Estimate:
    variances, freedoms = (
        np.array(np.broadcast_arrays(*some)) for some in zip(*pairs, strict=True)
    )
    return Estimate(centre, variances, freedoms)


def holm(p_values) -> np.ndarray:
    """p-values corrected for their number by Holm's step-down method."""
    p_values = np.asarray(p_values, float)
    order = np.argsort(p_values, kind="stable")
    steps = np.maximum.accumulate(p_values[order] * np.arange(len(order), 0, -1))
    corrected = np.empty_like(steps)
    corrected[order] = np.minimum(steps, 1)
    return corrected


def interval(values: list[float], items: int | None = None) -> tuple:
    """The mean and the ends of its interval over seeds; a single value has no interval."""
    ends = over_seeds(values, items).ends() if len(values) > 1 else (None, None)
    return float(np.mean(values)), *_floats(ends)


def interval_over_items(scores: list[Score]) -> tuple:
    """The ends of the interval of a mean over seeds and items; None where items are not known."""
    if scores[0].correct is None:
        return None, None
    sample = np.stack([score.correct for score in scores])
    values = [score.value for score in scores]
    return _floats(over_seeds_and_items(values, sample, items=scores[0].items).ends())


def difference(here: list, there: list, factor: float = 1) -> dict:
    """The mean of here less factor times there, and the ends of its two intervals.

    here, there: a Score, or (seed, value), for each run. "low" and "high" are over seeds, and None
    where there is one; "low_items" and "high_items" are over seeds and items, or with one seed
    over items alone, and None where it is not known which items were classified rightly. "seeds"
    is the smaller number of runs, "paired" as compare says.
    """
    here, there = ([Score(*some) for some in scores] for scores in (here, there))
    mean, seeds, both, paired = compare(here, there, factor)
    low, high = _floats(seeds.ends()) if seeds else (None, None)
    found = {"mean": mean, "low": low, "high": high}
    low, high = _floats(both.ends()) if both else (None, None)
    found |= {"low_items": low, "high_items": high}
    return found | {"paired": paired, "seeds": min(len(here), len(there))}


def compare(here: list[Score], there: list[Score], factor: float = 1) -> tuple:
    """(mean, estimate over seeds or None, estimate over seeds and items or None, whether paired).

    The same seed starts from the same weights and sees the items in the same order, so where one
    has no seed that the other lacks, the differences are paired over those that both have; else
    their variances add up, as Welch's do. Items are the same for all, and always paired.
    """
    mine, other = ({score.seed: score for score in scores} for scores in (here, there))
    shared = [seed for seed in mine if seed in other and seed is not None]
    paired = len(shared) == min(len(here), len(there))
    if paired:
        here, there = [mine[seed] for seed in shared], [other[seed] for seed in shared]
    first = np.array([score.value for score in here])
    second = factor * np.array([score.value for score in there])
    values = [first - second] if paired else [first, second]
    mean = float(first.mean() - second.mean())
    seeds = _summed(mean, values, here[0].count) if min(map(len, values)) > 1 else None
    if here[0].correct is None or there[0].correct is None:
        return mean, seeds, None, paired
    first = np.stack([score.correct for score in here]).astype(float)
    second = factor * np.stack([score.correct for score in there])
    samples = [first - second] if paired else [first, second]
    rest = sum(_interaction(sample) / len(sample) for sample in samples) if seeds else 0.0
    by_item = first.mean(axis=0) - second.mean(axis=0)
    both = _crossed(mean, seeds, by_item, rest, four_cells(factor), here[0].items)
    return mean, seeds, both, paired


def _summed(mean: float, values: list[np.ndarray], items: int | None) -> Estimate:
    """Over seeds: the variances of independent means add up, with Welch's freedom."""
    parts = [over_seeds(some, items) for some in values]
    variances = np.array([part.variances[0] for part in parts])
    freedoms = np.array([part.freedoms[0] for part in parts])
    total = variances.sum()
    freedom = total**2 / (variances**2 / freedoms).sum() if total else freedoms.min()
    return _estimate(mean, [(total, freedom)])


def _floats(ends: tuple) -> tuple:
    return tuple(None if end is None else float(end) for end in ends)
