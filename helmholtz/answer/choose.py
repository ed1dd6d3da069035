"""Which run to train next: the one that most probably decides something."""

import math
from typing import NamedTuple

from helmholtz.answer.decide import OPEN, SEEDS, Margin, decide

FEWEST = 3  # seeds whose variance is known well enough to give up a rate because of it
ITEMS = 2.5  # standard errors over items alone that a decision takes at the least


class Next(NamedTuple):
    """A run to train; rate 0 is the baseline."""

    rate: int
    seed: int


def choose(
    rates: dict, base: dict, found: dict[int, Margin], order: list[int], seeds=range(SEEDS)
) -> list[Next]:
    """The runs that may come next, the best first; none when nothing can be decided any more.

    rates and base: finished seeds, as for decide.margins. order: all rates, from the most bits to
    the fewest. Rates are tried by bisection, with a seed each: what was tried counts as safe
    or harmful as its mean says. Then seeds go to the open rate that is nearest to a
    decision, and the baseline has those that any rate has. seeds: those that there may be.
    """
    if tried := _bisected(found, order):
        return _seed(tried[0], rates, base, seeds)
    said = decide(found, order)
    still = [rate for rate in order if rate in found and said[rate] == OPEN]
    ranked = sorted(still, key=lambda rate: needed(found[rate]) - found[rate].seeds)
    worth = [rate for rate in ranked if needed(found[rate]) <= SEEDS]
    worth = worth or _beside(still, order, said)
    return [run for rate in worth for run in _seed(rate, rates, base, seeds)]


def _beside(still: list[int], order: list[int], said: dict) -> list[int]:
    """Where the tried ones stay open: the middle of the rates between them and the decided ones,
    above and below."""
    if not still:
        return []
    first, last = order.index(still[0]), order.index(still[-1])
    sides = ([r for r in some if said[r] == OPEN] for some in (order[:first], order[last + 1 :]))
    return [side[len(side) // 2] for side in sides if side]


def _seed(rate: int, rates: dict, base: dict, seeds) -> list[Next]:
    """The first seed that a rate and the baseline do not both have, the baseline's run first."""
    own = rates.get(rate, {})
    left = [seed for seed in seeds if seed not in own or seed not in base]
    return [Next(rate if seed in base else 0, seed) for seed in left[:1]]


def _bisected(found: dict[int, Margin], order: list[int]) -> list[int]:
    """The rate in the middle between the lowest that seems safe and the next that seems harmful."""
    tried = [place for place, rate in enumerate(order) if rate in found]
    high = next((place for place in tried if found[order[place]].mean < 0), len(order))
    low = max((place for place in tried if place < high), default=-1)
    return [order[(low + high) // 2]] if high - low > 1 else []


def needed(margin: Margin) -> float:
    """Seeds at which a rate may well be decided, from its mean and the variances seen.

    Taken is a mean that is a standard error further from 0, since that may be so. Infinite where
    even then no number of seeds is enough on these items; with fewer than FEWEST seeds only where
    the variance over items alone says so.
    """
    if math.isinf(margin.by_seed):  # nothing is known of it yet
        return margin.seeds + 1
    now = margin.by_seed / margin.seeds + margin.by_items
    distance = abs(margin.mean) + math.sqrt(now)
    if margin.seeds < FEWEST and distance > ITEMS * math.sqrt(margin.by_items):
        return margin.seeds + 1
    enough = now * (distance / margin.half) ** 2 - margin.by_items
    if enough <= 0:
        return math.inf
    return max(margin.seeds + 1, math.ceil(margin.by_seed / enough))
