"""The time that an answer may take, and how long its runs take."""

import re
import time
from argparse import ArgumentTypeError
from collections.abc import Callable

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
RESERVE = 5.0  # seconds of a large budget that are kept for the end
EVALUATION = 2.0  # seconds after the last epoch of a run
RECENT = 4  # runs of which the slowest says what the next may take


class OutOfTime(Exception):
    """The budget is used up while a run trains."""


def duration(text: str) -> float:
    """Seconds of a duration such as 90s, 30m, 2h or 1h30m, for argparse."""
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhd])", text.lower())
    seconds = sum(float(number) * UNITS[unit] for number, unit in parts)
    if "".join(map("".join, parts)) != text.lower() or not seconds:
        raise ArgumentTypeError(f"{text!r} is not a duration such as 90s, 30m or 2h")
    return seconds


def spoken(seconds: float) -> str:
    """A duration in words: "50 s", "12 minutes", "3.5 hours"."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"


class Clock:
    """A budget in seconds, and what is left of it.

    What a run may take is what the slowest of the last runs took, or before the first has ended,
    what its epochs so far suggest.
    """

    def __init__(self, budget: float, now: Callable = time.monotonic):
        self.now, self.began, self.budget = now, now(), budget
        self.reserve = min(RESERVE, 0.04 * budget)
        self.taken, self.seen, self.guess = [], [], None
        self.turns = 1.0  # of runs, one after the other, that a trial takes on average

    def go_on(self, used: float, taken: list[float]) -> None:
        """Some seconds were used before, and the last runs took so long."""
        self.began -= used
        self.taken += taken

    @property
    def used(self) -> float:
        return self.now() - self.began

    @property
    def left(self) -> float:
        return self.budget - self.reserve - self.used

    @property
    def expected(self) -> float | None:
        """Seconds that the next run may take; None where nothing is known of it."""
        return 1.05 * max(self.taken[-RECENT:]) if self.taken else self.guess

    @property
    def trial(self) -> float | None:
        """Seconds that a rate and a seed take on average."""
        return self.expected and self.expected * self.turns

    def fits(self, turns: int) -> bool:
        """Whether so many runs, one after the other, may start."""
        return self.left > (self.expected or 0) * turns

    def start(self) -> None:
        """Runs start now."""
        self.started, self.seen = self.now(), []

    def end(self, turns: int) -> None:
        """The runs that started have ended: so many, one after the other."""
        self.taken.append((self.now() - self.started) / turns)

    def watch(self, epoch: int, epochs: int) -> None:
        """Note how many epochs of how many, 0 where that is unknown, a run has. The first one is
        slower than the others."""
        if epoch and (not self.seen or epoch > self.seen[-1][0]):
            self.seen.append((epoch, self.now()))
        if epochs and len(self.seen) > 1 and not self.taken:
            (first, then), (last, now) = self.seen[0], self.seen[-1]
            an_epoch = (now - then) / (last - first)
            self.guess = now - self.started + (epochs - last) * an_epoch + EVALUATION

    def check(self) -> None:
        """Raise OutOfTime when the budget is used, or when it is too small for the first run."""
        hopeless = (
            not self.taken and self.guess and self.guess > self.left + self.now() - self.started
        )
        if self.left < 0 or hopeless:
            raise OutOfTime
