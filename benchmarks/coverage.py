"""How often the 95 % intervals of helmholtz.analysis.statistics hold the truth, by simulation.

python benchmarks/coverage.py               writes benchmarks/coverage.csv; minutes
python benchmarks/coverage.py --fit RUN...  variances of real runs, of one rate and several seeds;
                                            with --other RUN... of another rate, correlation too

An item is classified rightly with a probability of its own, drawn from a beta distribution; a seed
makes all items easier or harder on the logit scale. At a second rate the network is 2 % worse, and
items and seeds are nearly the same as at the first. Over seeds the truth is the mean over all seeds
on the items drawn; over seeds and items it is that over all items too.
"""

import argparse
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import special, stats

from helmholtz.analysis.statistics import four_cells, over_seeds, over_seeds_and_items
from helmholtz.io import predictions

SEEDS, ITEMS, ACCURACIES = (2, 3, 5, 10), (100, 1000, 10_000), (0.5, 0.8, 0.9, 0.99)
# a + b of the beta distribution of items, as --fit finds it for two seeds of network quick on
# CIFAR-10, of accuracy 0.890. The seeds' standard deviation is that at an accuracy of 0.5: the
# smaller is more than what --fit finds there, the larger that of the short runs of results/images.
CONCENTRATION = 0.61
SEED_SD = (0.002, 0.015)
# Correlations between two rates. For items --fit finds 0.91 between uncompressed (three seeds) and
# quality 75 (two) of results/lossless, 0.87 with quality 50 in its place, and 0.82 with 25. That of
# seeds is assumed: two or three do not tell it.
ALIKE_ITEMS, ALIKE_SEEDS = 0.9, 0.5
LOSS = 0.02  # share of the accuracy that the second rate loses
DATA_SETS, FEWER = 2000, 1000  # data sets of a setting, and of one of 10,000 items
CELLS = 1_000_000  # in memory at a time


@cache
def population(accuracy: float, seed_sd: float) -> tuple[np.ndarray, float]:
    """The logits of 4,000 typical items, sorted, and the standard deviation of a seed's shift."""
    ranks = (np.arange(4000) + 0.5) / 4000
    beta = stats.beta(CONCENTRATION * accuracy, CONCENTRATION * (1 - accuracy))
    logits = special.logit(np.clip(beta.ppf(ranks), 1e-9, 1 - 1e-9))
    slope = np.mean(special.expit(logits + 0.01) - special.expit(logits - 0.01)) / 0.02
    return logits, 4 * accuracy * (1 - accuracy) * seed_sd / slope


def over_all_seeds(logits: np.ndarray, shift: float) -> np.ndarray:
    """The probability of every item, averaged over seeds, by Gauss and Hermite's rule."""
    points, weights = np.polynomial.hermite_e.hermegauss(21)
    shifted = special.expit(logits[:, None] + shift * points)
    return shifted @ (weights / weights.sum())


def draw(rng, count: int, seeds: int, items: int, accuracies, seed_sd: float):
    """For each accuracy: sample (count, seeds, items), truth over seeds (count,), and over both."""
    common_items = rng.standard_normal((count, items))
    common_seeds = rng.standard_normal((count, seeds))
    for accuracy in accuracies:
        logits, shift = population(accuracy, seed_sd)
        index = ranks(mixed(rng, common_items, ALIKE_ITEMS), len(logits))
        seed = shift * mixed(rng, common_seeds, ALIKE_SEEDS)
        right = special.expit(logits[index][:, None, :] + seed[:, :, None])
        expected = over_all_seeds(logits, shift)
        sample = rng.random((count, seeds, items), np.float32) < right
        yield sample.astype(float), expected[index].mean(axis=1), expected.mean()


def ranks(place: np.ndarray, count: int) -> np.ndarray:
    """Standard normal variables as indices of so many sorted values."""
    return (special.ndtr(place) * count).astype(int).clip(max=count - 1)


def mixed(rng, common: np.ndarray, alike: float) -> np.ndarray:
    """Normal variables that correlate with those given."""
    return np.sqrt(alike) * common + np.sqrt(1 - alike) * rng.standard_normal(common.shape)


def coverage(seeds: int, items: int, accuracy: float, seed_sd: float, count=DATA_SETS) -> dict:
    """How often each interval holds the truth, and the mean width of those over both."""
    rng = np.random.default_rng([seeds, items, int(1e4 * accuracy), int(1e4 * seed_sd)])
    batch, found = max(1, CELLS // (seeds * items)), []
    for done in range(0, count, batch):
        some = min(batch, count - done)
        accuracies = (accuracy, accuracy * (1 - LOSS))
        drawn = list(draw(rng, some, seeds, items, accuracies, seed_sd))
        (first, *truths), (second, *others) = drawn
        change = [here - there for here, there in zip(truths, others, strict=True)]
        found.append(judged(first, *truths) | judged(first - second, *change, True))
    return {name: np.concatenate([some[name] for some in found]).mean() for name in found[0]}


def judged(sample: np.ndarray, here, everywhere, is_difference=False) -> dict:
    """By name whether each interval holds the truth, and how wide it is."""
    name = "difference" if is_difference else "accuracy"
    values, added = sample.mean(axis=-1), [four_cells()] if is_difference else []
    both = over_seeds_and_items(values, sample, *added).ends()
    return {
        f"{name}_seeds": holds(over_seeds(values, sample.shape[-1]).ends(), here),
        f"{name}_both": holds(both, everywhere),
        f"{name}_width": both[1] - both[0],
    }


def holds(ends: tuple, truth) -> np.ndarray:
    return (ends[0] <= truth) & (truth <= ends[1])


def fit(folders: list[Path], others: list[Path]) -> None:
    """Print what runs of one rate say of CONCENTRATION and SEED_SD, by the method of moments.

    others: runs of another rate and the same seeds and items, for ALIKE_ITEMS.
    """
    sample = correct(folders)
    mean = sample.mean()
    alike = covariance(sample, sample) / (mean * (1 - mean))  # of two seeds on the same item
    rest = mean * (1 - mean) * (1 - alike) / sample.shape[1]
    seed = max(0.0, sample.mean(axis=1).var(ddof=1) - rest) ** 0.5 / (4 * mean * (1 - mean))
    print(f"accuracy {mean:.4f}, concentration {1 / alike - 1:.3f}, seeds' deviation {seed:.4f}")
    if others:
        print(f"items alike {correlation(sample, correct(others)):.3f}")


def correct(folders: list[Path]) -> np.ndarray:
    """Whether each run, in the order of seeds, classified each item rightly."""
    return np.stack([predictions.read(f / predictions.FILE).correct for f in folders]).astype(float)


def covariance(sample: np.ndarray, other: np.ndarray) -> float:
    """Between the probabilities of an item at two rates, or at one, from pairs of unlike seeds."""
    joint = np.cov(np.concatenate([sample, other]), bias=True)[: len(sample), len(sample) :]
    return joint[~np.eye(*joint.shape, dtype=bool)].mean()


def correlation(sample: np.ndarray, other: np.ndarray) -> float:
    """What mixed is to be given for items, so that their probabilities correlate as measured."""
    own = covariance(sample, sample) * covariance(other, other)
    wanted = covariance(sample, other) / own**0.5
    typical = [special.expit(population(some.mean(), 0)[0]) for some in (sample, other)]
    steps, common = np.linspace(0.5, 1, 26), np.random.default_rng(0).standard_normal(200_000)
    found = []
    for step in steps:
        rng = np.random.default_rng(1)
        pair = [own[ranks(mixed(rng, common, step), len(own))] for own in typical]
        found.append(np.corrcoef(*pair)[0, 1])
    return float(np.interp(wanted, found, steps))


def main(argv=None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    runs = {"nargs": "+", "type": Path, "metavar": "RUN", "default": []}
    parser.add_argument("--fit", **runs, help="print variances of runs")
    parser.add_argument("--other", **runs, help="print correlation with these, of another rate")
    args = parser.parse_args(argv)
    if args.fit:
        return fit(args.fit, args.other)
    rows = []
    for seed_sd, items, accuracy, seeds in product(SEED_SD, ITEMS, ACCURACIES, SEEDS):
        names = {"seeds": seeds, "items": items, "accuracy": accuracy, "seed_sd": seed_sd}
        count = FEWER if items == ITEMS[-1] else DATA_SETS
        rows.append(names | coverage(**names, count=count))
        print(rows[-1], flush=True)
    table = pd.DataFrame(rows).round(4)
    table.to_csv(Path(__file__).with_suffix(".csv"), index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
