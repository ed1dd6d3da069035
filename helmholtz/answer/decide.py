"""Whether a rate is safe, harmful or open, judged again and again while seeds come in.

A rate is safe when a loss of more than the tolerance is ruled out, and harmful when one is shown.
The margin of a rate is its accuracy less (1 - tolerance) times the baseline's, paired by seed and
by item; its variance is that of a mean over seeds and items (docs/statistics.md), in which the
variance between seeds is pooled over rates, as two or three seeds alone say little about it.

Each rate is looked at when it has 1, 2, ... SEEDS seeds, at the levels of spending.levels. Rates
are taken in the order of their bits, safe ones from the top and harmful ones from the bottom, each
until the first that is not: a fixed sequence, which needs no correction for the number of rates
(W. Maurer, L. A. Hothorn, W. Lehmacher, 1995). It assumes that the loss never shrinks when the bits
do.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import stats

from helmholtz.answer.spending import levels
from helmholtz.answer.tolerance import Tolerance

SEEDS = 10  # of a rate at its last look
PAIRS = 2  # degrees of freedom of the variance between seeds without which nothing is decided
ERROR = 0.05  # probability of one wrong decision or more: half for safe, half for harmful
SAFE, HARMFUL, OPEN = "safe", "harmful", "open"


class Margin(NamedTuple):
    """What is known of a rate's margin, a share of the test items.

    low and high: of what the intervals of all looks have in common, so that it agrees with what is
    decided, and of the mean; where they have nothing in common, of the last look. half: of that.
    safe and harmful: the one-sided p-value of a margin above 0 and of one below, each over its
    look's level, and the smallest of all looks: at most 1 when that is decided. by_seed: the
    variance of a single seed. by_items: that of the mean that no number of seeds removes.
    """

    seeds: int
    mean: float
    low: float
    high: float
    half: float
    safe: float
    harmful: float
    by_seed: float
    by_items: float


def margins(
    rates: dict, base: dict, tolerance: Tolerance, error: float = ERROR
) -> dict[int, Margin]:
    """The margin of every rate that shares a seed with the baseline.

    rates: by rate, of one codec or several, for every seed whether each test item was classified
    rightly, bool arrays of one length. base: such seeds of the uncompressed baseline. error: the
    probability of a wrong decision on any rate of a codec.
    """
    samples = {}
    for rate, seeds in rates.items():
        shared = sorted(seeds.keys() & base.keys())[:SEEDS]
        if shared:
            samples[rate] = np.stack([tolerance.margin(seeds[s], base[s]) for s in shared])
    pooled, cells = _pooled(samples), tolerance.margin(*np.indices((2, 2)).reshape(2, 4))
    allowed = levels(SEEDS, error / 2)
    return {rate: _margin(sample, pooled, cells, allowed) for rate, sample in samples.items()}


def _pooled(samples: dict) -> tuple[float, float]:
    """The variance between seeds of a rate's margin, over all rates, and its freedom.

    All rates share the baseline's seeds, so that together they are worth about half of what they
    would be if each had its own.
    """
    means = [sample.mean(axis=1) for sample in samples.values()]
    freedoms = [len(some) - 1 for some in means]
    if sum(freedoms) < PAIRS:
        return math.inf, 1.0
    squares = sum(((some - some.mean()) ** 2).sum() for some in means)
    items = len(next(iter(samples.values()))[0])
    variance = max(squares / sum(freedoms), 1 / (12 * items**2))
    return variance, max(max(freedoms), sum(freedoms) / 2)


def _margin(sample: np.ndarray, pooled: tuple, cells: np.ndarray, allowed: tuple) -> Margin:
    """sample: seeds x items; cells: the values it may have; allowed: the level of each look."""
    safe, harmful, low, high = np.inf, np.inf, -np.inf, np.inf
    for seeds in range(1, len(sample) + 1):
        mean, by_items, freedom = _estimate(sample[:seeds], pooled, cells)
        level, error = allowed[seeds - 1], np.sqrt(pooled[0] / seeds + by_items)
        tail = float(stats.t.sf(mean / error, freedom))
        safe, harmful = min(safe, tail / level), min(harmful, (1 - tail) / level)
        half = float(stats.t.isf(level, freedom) * error)
        low, high = max(low, mean - half), min(high, mean + half)
    if low > high:  # nothing in common
        low, high = mean - half, mean + half
    ends = min(low, mean), max(high, mean)
    return Margin(seeds, mean, *ends, half, safe, harmful, pooled[0], by_items)


def _estimate(sample: np.ndarray, pooled: tuple, cells: np.ndarray) -> tuple[float, float, float]:
    """The mean over seeds and items, the part of its variance that items alone cause, and
    Satterthwaite's freedom of the whole.

    Half an item in each cell of right and wrong, here and there, is added before the variance over
    items is computed (Agresti and Min): networks that never err are not certain.
    """
    (seeds, items), (variance, freedom) = sample.shape, pooled
    mean, by_item = float(sample.mean()), sample.mean(axis=0)
    squares = ((by_item - mean) ** 2).sum() + 0.5 * ((cells - mean) ** 2).sum()
    over_items = squares / (items + 1) / (items + 2)
    residual = sample - by_item - sample.mean(axis=1, keepdims=True) + mean
    rest = (residual**2).sum() / max(seeds - 1, 1) / items / (items * seeds)
    by_items = max(over_items - rest, 0.0)
    if variance == math.inf:
        return mean, by_items, 1.0
    parts = (variance / seeds) ** 2 / freedom + over_items**2 / (items + 1)
    return mean, by_items, max(freedom, float((variance / seeds + by_items) ** 2 / parts))


def decide(found: dict[int, Margin], order: list[int]) -> dict[int, str]:
    """SAFE, HARMFUL or OPEN for every rate of order, which goes from the most bits to the fewest.

    Rates that were not tried have what the tried ones around them imply.
    """
    safe = _decided(found, order, lambda margin: margin.safe <= 1)
    harmful = _decided(found, order[::-1], lambda margin: margin.harmful <= 1)
    return dict.fromkeys(order, OPEN) | dict.fromkeys(safe, SAFE) | dict.fromkeys(harmful, HARMFUL)


def _decided(found: dict[int, Margin], order: list[int], decided: Callable) -> list[int]:
    """The rates up to the last tried one before the first tried one that is not decided."""
    end = 0
    for place, rate in enumerate(order):
        if rate in found:
            if not decided(found[rate]):
                break
            end = place + 1
    return order[:end]
