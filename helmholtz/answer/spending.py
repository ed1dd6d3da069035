"""Group-sequential levels: how small a p-value has to be at each of several looks at growing data.

K. K. G. Lan, D. L. DeMets, Discrete sequential boundaries for clinical trials, Biometrika 70
(1983), with their spending function of Pocock's kind; computed by the recursive integration of
P. Armitage, C. K. McPherson, B. C. Rowe, J. R. Statist. Soc. A 132 (1969).
"""

import functools
import math
from itertools import pairwise

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm

STEP = 0.01  # between the points of an integral, in standard deviations
EDGE = 8.0  # standard deviations beyond which nothing is integrated


@functools.cache
def levels(looks: int, alpha: float) -> tuple[float, ...]:
    """The nominal one-sided level of each look; at the last all data are in.

    A hypothesis that is true is rejected at any of the looks with a probability of alpha. Where
    looks are more alike than independent increments make them, it is less.
    """
    shares = [n / looks for n in range(1, looks + 1)]
    spent = [alpha * math.log(1 + (math.e - 1) * share) for share in shares]
    grid = np.arange(-EDGE, EDGE + STEP / 2, STEP)
    bound = norm.isf(spent[0])
    found, below = [spent[0]], np.where(grid < bound, norm.pdf(grid), 0.0)
    for (before, share), more in zip(pairwise(shares), np.diff(spent), strict=True):
        grown = _grown(grid, below, before / share)
        bound = brentq(lambda z, g=grown, m=more: _tail(grid, g, z) - m, 0.0, EDGE)
        found.append(float(norm.sf(bound)))
        below = np.where(grid < bound, grown, 0.0)
    return tuple(found)


def _grown(grid: np.ndarray, density: np.ndarray, share: float) -> np.ndarray:
    """The density of the statistic at the next look; share: of its data that were there before."""
    centre, spread = math.sqrt(share) * grid, math.sqrt(1 - share)
    kernel = norm.pdf((grid[:, None] - centre) / spread) / spread
    return kernel @ density * STEP


def _tail(grid: np.ndarray, density: np.ndarray, bound: float) -> float:
    """The probability beyond a bound."""
    points = np.linspace(bound, EDGE, 400)
    return float(np.trapezoid(np.interp(points, grid, density), points))
