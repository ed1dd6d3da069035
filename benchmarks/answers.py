"""How often the answer is wrong, and what it saves: made-up data sets whose truth is known.

python benchmarks/answers.py [--sets 2000] [--seed 0]

Every data set has a network's accuracy without compression, a loss that grows as the bits of its
rates fall, and variances over seeds and items as real runs have them. helmholtz/answer decides
which runs to train until nothing can be decided any more. A rate is settled when it is called safe
or harmful. Printed: the share of data sets in which a rate was called wrongly, the share of rates
that were settled, and for every tenth data set the runs used over those of a full grid with equal
seeds that settles as many.
"""

import argparse
from collections import Counter

import numpy as np
from measure import header, headline, row
from scipy.special import expit

from helmholtz.answer import choose, decide
from helmholtz.answer.tolerance import Tolerance

RATES = 9
TOLERANCE = Tolerance(0.01)
KINDS = {  # items; spreads, on the scale of logits, of items, of items anew at a rate, and of seeds
    "CIFAR-10, quick: 10,000 test items": (10_000, 2.6, 0.9, 0.03),
    "1,000 test items": (1000, 2.6, 0.9, 0.03),
    "250 test items, seeds that differ": (250, 2.0, 0.9, 0.12),
}
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(60)


class World:
    """A made-up data set: run(rate, seed) gives which test items a run classifies rightly."""

    def __init__(self, rng, items: int, spread: float, anew: float, seeds: float):
        self.rng, self.anew, self.seeds = rng, anew, seeds
        self.items = spread * rng.standard_normal(items)
        self.at_rate = anew * rng.standard_normal((RATES + 1, items))
        start, middle = rng.uniform(1.0, 5.5), rng.uniform(-2, RATES + 4)
        steep = rng.uniform(0.5, 2)
        bits = np.arange(RATES, 0, -1)
        loss = 6 * expit(-steep * (bits - middle)) * rng.uniform(0.1, 1)
        self.level = start - np.concatenate([[0.0], loss - 6 * expit(-steep * 50)])
        total = np.sqrt(spread**2 + anew**2 + seeds**2)
        self.truth = np.array([self._mean(level, total) for level in self.level])

    @staticmethod
    def _mean(level: float, spread: float) -> float:
        return float((WEIGHTS * expit(level + spread * NODES)).sum() / WEIGHTS.sum())

    def run(self, rate: int, seed: int) -> np.ndarray:
        level = self.level[rate] + self.seeds * self.rng.standard_normal()
        return self.rng.random(len(self.items)) < expit(level + self.items + self.at_rate[rate])

    def wrong(self, said: dict) -> bool:
        margins = TOLERANCE.margin(self.truth[1:], self.truth[0])
        called = {decide.SAFE: margins < 0, decide.HARMFUL: margins >= 0}
        return any(word in called and called[word][rate - 1] for rate, word in said.items())


def ask(world: World) -> tuple[dict, int]:
    """What is said in the end, and the runs that it took."""
    order, rates, base = list(range(1, RATES + 1)), {}, {}
    while True:
        found = decide.margins(rates, base, TOLERANCE)
        wanted = choose.choose(rates, base, found, order)
        if not wanted:
            return decide.decide(found, order), len(base) + sum(map(len, rates.values()))
        rate, seed = wanted[0]
        (rates.setdefault(rate, {}) if rate else base)[seed] = world.run(rate, seed)


def settled(said: dict) -> int:
    return sum(word != decide.OPEN for word in said.values())


def grid(world: World, enough: int) -> int:
    """The runs of a full grid with equal seeds that settles so many rates, or all SEEDS of it."""
    order, rates, base = list(range(1, RATES + 1)), {rate: {} for rate in range(1, RATES + 1)}, {}
    for seed in range(decide.SEEDS):
        for rate, seeds in [(0, base), *rates.items()]:
            seeds[seed] = world.run(rate, seed)
        said = decide.decide(decide.margins(rates, base, TOLERANCE), order)
        if settled(said) >= enough:
            break
    return (seed + 1) * (RATES + 1)


def measure(name: str, sets: int, seed: int) -> None:
    counts, runs, full = Counter(), [], []
    for number in range(sets):
        world = World(np.random.default_rng([seed, number]), *KINDS[name])
        said, used = ask(world)
        counts["wrong"] += world.wrong(said)
        counts["settled"] += settled(said)
        runs.append(used)
        if number % 10 == 0:
            full.append((used, grid(world, settled(said))))
    used, most = np.mean(full, axis=0)
    row(name, sets, f"{counts['wrong'] / sets:.1%}", f"{counts['settled'] / sets / RATES:.0%}",
        f"{np.mean(runs):.1f}", f"{most:.1f}", f"{used / most:.2f}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--sets", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    headline("Decisions on made-up data sets")
    header(
        "data",
        "data sets",
        "with a wrong decision",
        "rates settled",
        "runs",
        "runs of a full grid",
        "ratio",
    )
    for name in KINDS:
        measure(name, args.sets, args.seed)


if __name__ == "__main__":
    main()
