"""What is known so far, and what to train next: the decisions of every codec, taken together."""

from typing import NamedTuple

import numpy as np

from helmholtz.analysis import measure
from helmholtz.answer import choose, decide
from helmholtz.answer.decide import OPEN, SAFE, Margin
from helmholtz.answer.tolerance import Tolerance
from helmholtz.answer.trials import Trial, Trials
from helmholtz.schema import LAST

BASE_SEEDS = 3  # of the baseline, which help every decision
FAILED, UNLIKE = "training failed", "the codec cannot compress all of the test items"


class Verdict(NamedTuple):
    """A rate: what is said of it, and its margin where it was tried."""

    codec: str
    rate: int
    said: str
    margin: Margin | None

    @property
    def cell(self) -> tuple[str, int]:
        """Codec and rate."""
        return self.codec, self.rate


class Inquiry:
    """Everything that follows from the finished trials; look() brings it up to date."""

    def __init__(self, trials: Trials, tolerance: Tolerance):
        self.trials, self.tolerance, self.orders = trials, tolerance, trials.orders()
        self.without: dict[tuple[str, int], str] = {}  # rates that are left out, and why
        self.look()

    def look(self) -> None:
        """Read the finished runs, and judge every rate again."""
        self.trials.read()
        base = self.base = self.trials.correct(*self.trials.base(0).cell)
        self.accuracy = float(np.mean(list(base.values()))) if base else None
        every = [(codec, rate) for codec, order in self.orders.items() for rate in order]
        if base:
            unlike = [rate for rate in every if not self.trials.comparable(*rate)]
            self.without |= dict.fromkeys(unlike, UNLIKE)
        rates = {rate: self.trials.correct(*rate) for rate in every if rate not in self.without}
        error = decide.ERROR / max(1, len(self.orders))
        margins = decide.margins(rates, base, self.tolerance, error)
        self.found, self.verdicts = {}, []
        for codec, order in self.orders.items():
            found = {rate: margins[codec, rate] for rate in order if (codec, rate) in margins}
            said, self.found[codec] = decide.decide(found, order), found
            self.verdicts += [Verdict(codec, rate, said[rate], found.get(rate)) for rate in order]

    def learned(self) -> bool:
        """Whether the baseline is better than naming the largest class every time, as the report
        has it."""
        if not self.base:
            return True
        truth = self.trials.truth
        row = {"chance": np.bincount(truth).max() / len(truth), "val_items": len(truth)}
        return bool(measure.learned(row | {"counted_epoch": LAST}, self.accuracy))

    @property
    def stuck(self) -> bool:
        """Whether a run of the baseline has failed, so that only the seeds that it has are left."""
        return self.trials.base(0).cell in self.without

    def wanted(self) -> list[Trial]:
        """Trials that may change a decision, the best first; none when all is decided."""
        if not self.learned():
            return []
        baseline = [self.trials.base(s) for s in range(BASE_SEEDS) if s not in self.base]
        if not self.base:
            return baseline
        queues = [self._of_codec(codec) for codec in sorted(self.orders, key=self._spent)]
        longest = max(map(len, queues), default=0)
        ranked = [queue[i] for i in range(longest) for queue in queues if i < len(queue)]
        if ranked:  # to fill an idle place beside the first
            ranked += baseline
        known = (trial for trial in dict.fromkeys(ranked) if trial not in self.trials.found)
        return [trial for trial in known if trial.cell not in self.without]

    def _of_codec(self, codec: str) -> list[Trial]:
        order = [rate for rate in self.orders[codec] if (codec, rate) not in self.without]
        rates = {rate: self.trials.correct(codec, rate) for rate in order}
        found = {rate: m for rate, m in self.found[codec].items() if rate in order}
        seeds = sorted(self.base) if self.stuck else range(decide.SEEDS)
        some = choose.choose(rates, self.base, found, order, seeds) if order else []
        return [Trial(codec, *run) if run.rate else self.trials.base(run.seed) for run in some]

    def _spent(self, codec: str) -> int:
        """Trials of a codec so far."""
        return sum(len(self.trials.correct(codec, rate)) for rate in self.orders[codec])

    def difference(self, verdict: Verdict) -> tuple[float, float, float]:
        """Of a tried rate's accuracy to the baseline's, a share of the items, and the ends of an
        interval that holds however often it was looked at, infinite while it is not known. Known
        ends are within what a difference can be."""
        margin, loss = verdict.margin, self.tolerance.loss(self.accuracy)
        mean, low, high = margin.mean - loss, margin.low - loss, margin.high - loss
        if np.isinf(low):
            return mean, low, high
        return mean, max(low, -self.accuracy), min(high, 1 - self.accuracy)

    def chosen(self) -> Verdict | None:
        """The safe rate with the smallest files over all codecs."""
        safe = [v for v in self.verdicts if v.said == SAFE and v.margin]
        size = self.trials.file_bytes
        return min(safe, key=lambda v: size(v.codec, v.rate) or np.inf, default=None)

    def answered(self) -> bool:
        """Whether there is a rate to choose, or none can be."""
        return bool(self.chosen()) or OPEN not in {v.said for v in self.verdicts}

    def still_needed(self) -> int | None:
        """Trials that would probably settle the open rates that were tried; None: too few yet."""
        seeds = [
            (choose.needed(v.margin), v.margin.seeds)
            for v in self.verdicts
            if v.said == OPEN and v.margin and v.margin.half < np.inf
        ]
        hopeful = [(most, now) for most, now in seeds if most <= decide.SEEDS]
        if not hopeful:
            return None
        base = max(0, max(most for most, _ in hopeful) - len(self.base))
        return int(base + sum(most - now for most, now in hopeful))
