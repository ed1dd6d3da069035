"""The runs that an answer may train, and what the finished ones have shown."""

import re
from argparse import Namespace
from typing import NamedTuple

import numpy as np

from helmholtz import domain
from helmholtz.io import predictions, runs
from helmholtz.sweep import conduct, plan
from helmholtz.sweep.plan import Run


class Trial(NamedTuple):
    """A rate and a seed; rate 0, of the published codec, is the uncompressed baseline."""

    codec: str
    rate: int
    seed: int


class Trials:
    """All trials of a question. A trial is one run, or a run for each fold of the items.

    asked: flags as a sweep has them: domain, codec, rates or None, model or setting, log_dir.
    rest: flags for train.py. folds: none, or the folds that are tested in turn.
    """

    def __init__(self, asked: Namespace, rest: list[str], seeds: int, folds: tuple[int, ...] = ()):
        self.half = domain.get(asked.domain)
        self.runs: dict[Trial, list[Run]] = {}
        self.found, self.data, self.folds = {}, {}, max(1, len(folds))
        for more in [["--fold", str(fold)] for fold in folds] or [[]]:
            for rates in ([0], getattr(asked, self.half.flag)):
                wanted = {"seed": map(str, range(seeds)), self.half.flag: rates}
                for run in plan.plan(Namespace(**vars(asked) | wanted), rest + more):
                    trial = Trial(run.codec.name, run.rate, run.args.seed)
                    some = self.runs.setdefault(trial, [])
                    some += [run] * (run.folder not in [one.folder for one in some])

    def check(self) -> None:
        """Raise UsageError when a run is there that was made with other flags."""
        every = [run for some in self.runs.values() for run in some]
        conduct.check_conflicts({run: plan.outlook(run) for run in every})

    def leave_out_above(self, codec: str | None, rate: int | None) -> None:
        """Leave out rates above the one that the files went through: they restore nothing."""
        for trial in list(self.runs):
            if codec and rate and trial.codec.startswith(codec) and trial.rate > rate:
                del self.runs[trial]

    @property
    def baseline(self) -> Run:
        """The first run without compression."""
        return self.runs[self.base(0)][0]

    @property
    def source(self) -> str:
        """The name of the data, of all folds together."""
        if self.folds == 1:
            return self.baseline.source
        return re.sub(r"(-[0-9a-f]{8}(-\d+px)?(-full)?)-fold1", r"\1", self.baseline.source)

    def base(self, seed: int) -> Trial:
        return Trial(self.half.published.name, 0, seed)

    def orders(self) -> dict[str, list[int]]:
        """For every codec its rates, from the most bits to the fewest."""
        found = {}
        for trial in self.runs:
            if trial.rate and trial.rate not in found.setdefault(trial.codec, []):
                found[trial.codec].append(trial.rate)
        return {codec: sorted(rates, reverse=True) for codec, rates in found.items()}

    def read(self) -> None:
        """Read what has been finished since the last time."""
        for trial in self.runs.keys() - self.found.keys():
            folders = [run.folder for run in self.runs[trial]]
            if all((folder / "result.json").exists() for folder in folders):
                said = [predictions.read(folder / predictions.FILE) for folder in folders]
                self.found[trial] = np.concatenate([some.correct for some in said])
                data = runs.read_setting(folders[0], self.half)["data"]
                self.data.setdefault((trial.codec, trial.rate), data)
                if not trial.rate:
                    self.truth = np.concatenate([some.truth for some in said])

    def correct(self, codec: str, rate: int) -> dict[int, np.ndarray]:
        """By seed, which test items the finished runs classify rightly, bool arrays."""
        return {t.seed: c for t, c in self.found.items() if t[:2] == (codec, rate)}

    def bits(self, codec: str, rate: int) -> float | None:
        """Mean payload bits of an item, once a run has told them."""
        data = self.data.get((codec, rate), {})
        return 8 * data["scan_bytes"] / data["items"] if "scan_bytes" in data else None
