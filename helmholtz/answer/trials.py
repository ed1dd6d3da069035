"""The runs that an answer may train, and what the finished ones have shown."""

import re
from argparse import Namespace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from helmholtz import domain
from helmholtz.audit.rates import above
from helmholtz.errors import UsageError
from helmholtz.io import predictions, runs
from helmholtz.sweep import conduct, plan
from helmholtz.sweep.plan import Run

ANOTHER = "give another --log_dir"


class Trial(NamedTuple):
    """A rate and a seed; rate 0, of the published codec, is the uncompressed baseline."""

    codec: str
    rate: int
    seed: int

    @property
    def cell(self) -> tuple[str, int]:
        """Codec and rate."""
        return self.codec, self.rate


class Trials:
    """All trials of a question. A trial is one run, or a run for each fold of the items.

    asked: flags as a sweep has them: domain, codec, rates or None, model or setting, log_dir.
    rest: flags for train.py. folds: none, or the folds that are tested in turn. fingerprint: of the
    source as it is now, once it is known.
    """

    fingerprint: str | None = None

    def __init__(self, asked: Namespace, rest: list[str], seeds: int, folds: tuple[int, ...] = ()):
        self.half = domain.get(asked.domain)
        self.runs: dict[Trial, list[Run]] = {}
        self.found, self.truths, self.data, self.folds = {}, {}, {}, max(1, len(folds))
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
        conduct.check_conflicts({run: plan.outlook(run) for run in every}, ANOTHER)

    def leave_out_above(self, codec: str | None, rate: int | None) -> None:
        """Leave out rates above the one that the files went through: they restore nothing."""
        for trial in list(self.runs):
            if above(trial.codec, codec, rate, [trial.rate]):
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
        """Read what has been finished since the last time.

        Raises UsageError for a run of files that have changed, or of another build of the codec.
        """
        for trial in self.runs.keys() - self.found.keys():
            folders = [run.folder for run in self.runs[trial]]
            if all((folder / "result.json").exists() for folder in folders):
                for folder in folders:
                    self._check_data(trial, folder)
                said = [predictions.read(folder / predictions.FILE) for folder in folders]
                self.found[trial] = np.concatenate([some.correct for some in said])
                self.truths[trial] = np.concatenate([some.truth for some in said])

    def _check_data(self, trial: Trial, folder: Path) -> None:
        data = runs.read_setting(folder, self.half)["data"]
        self.data.setdefault((trial.codec, trial.rate), data)
        if self.fingerprint and data.get("fingerprint") != self.fingerprint:
            raise UsageError(f"{folder} was trained on other files than those of now: {ANOTHER}.")
        build = self.half.codecs[trial.codec].version()
        if trial.rate and data.get("codec", build) != build:
            made = f"The data of {folder} were made by {data['codec']}"
            raise UsageError(f"{made}, and {build} is there now: {ANOTHER}.")

    @property
    def truth(self) -> np.ndarray:
        """The classes of the test items, int array, once the baseline has a finished run."""
        return next(truth for trial, truth in self.truths.items() if not trial.rate)

    def comparable(self, codec: str, rate: int) -> bool:
        """Whether the runs of a rate tested what the baseline did: a codec may lack items that it
        cannot compress, which --skip_bad leaves out."""
        some = [truth for trial, truth in self.truths.items() if trial.cell == (codec, rate)]
        return all(np.array_equal(truth, self.truth) for truth in some)

    def correct(self, codec: str, rate: int) -> dict[int, np.ndarray]:
        """By seed, which test items the finished runs classify rightly, bool arrays."""
        return {t.seed: c for t, c in self.found.items() if t.cell == (codec, rate)}

    def bits(self, codec: str, rate: int) -> float | None:
        """Mean payload bits of an item, once a run has told them."""
        return self._mean(codec, rate, "scan_bytes", 8)

    def file_bytes(self, codec: str, rate: int) -> float | None:
        """Mean bytes of an item's file, once a run has told them."""
        return self._mean(codec, rate, "file_bytes", 1)

    def _mean(self, codec: str, rate: int, name: str, times: int) -> float | None:
        data = self.data.get((codec, rate), {})
        return times * data[name] / data["items"] if name in data else None
