"""The loss of accuracy that a user accepts. Imports nothing heavy."""

import re
from argparse import ArgumentTypeError
from typing import NamedTuple


class Tolerance(NamedTuple):
    """A loss that is accepted: a share of the baseline's accuracy, or points, 1 being all items."""

    share: float = 0.0
    points: float = 0.0

    def __str__(self) -> str:
        if self.points:
            return f"{100 * self.points:.3g} points of accuracy"
        return f"{100 * self.share:.3g} % of the accuracy"

    def loss(self, accuracy: float) -> float:
        """The accepted loss for a baseline of this accuracy."""
        return self.share * accuracy + self.points

    def margin(self, here, there):
        """By item, what the margin is the mean of; here and there: arrays, of rate and baseline."""
        return here - (1 - self.share) * there + self.points


def parse(text: str) -> Tolerance:
    """0.01 or 1% of the accuracy, or 0.5points, for argparse."""
    found = re.fullmatch(r"(\d+\.?\d*|\.\d+) ?(%|points?)?", text)
    value = float(found[1]) / (100 if found[2] else 1) if found else 1
    if not 0 <= value < 1:
        raise ArgumentTypeError(f"{text!r} is not a tolerance such as 0.01, 1% or 0.5points")
    return Tolerance(points=value) if (found[2] or "").startswith("p") else Tolerance(value)
