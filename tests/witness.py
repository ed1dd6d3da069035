"""Who trained which epoch: a network that notes every epoch in a file, and what the notes say.

A sweep on a cluster keeps of a lost attempt only what had come back. The notes also have the rest.
"""

import time
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

VARIABLE = "HELMHOLTZ_TEST_WITNESS"  # the file, in the environment of whoever trains
NETWORK = f"""
import os
import sys
import time

import keras

from helmholtz.training import progress

report = progress.Progress.report


def note(self, row):
    value = lambda flag: sys.argv[sys.argv.index(flag) + 1]
    words = [time.time(), os.getpid(), value("--quality"), value("--seed"), row["epoch"]]
    with open(os.environ["{VARIABLE}"], "a") as file:
        print(*words, file=file)
    report(self, row)


progress.Progress.report = note


def build(shape, classes):
    layers = [keras.Input(shape), keras.layers.AveragePooling2D(4), keras.layers.Flatten()]
    return keras.Sequential([*layers, keras.layers.Dense(classes, activation="softmax")])
"""


class Attempt(NamedTuple):
    """What one process trained of a run: epochs first to last; seconds since 1970."""

    first: int
    last: int
    began: float  # when the first of them ended
    ended: float


def attempts(notes: Path) -> dict[tuple[str, str], list[Attempt]]:
    """The attempts at every run, by quality and seed, in order."""
    lines = defaultdict(list)
    for line in notes.read_text().splitlines():
        when, process, quality, seed, epoch = line.split()
        lines[quality, seed, process].append((float(when), int(epoch)))
    found = defaultdict(list)
    for (quality, seed, _), noted in lines.items():
        times, epochs = zip(*noted, strict=True)
        assert list(epochs) == list(range(epochs[0], epochs[-1] + 1)), epochs
        found[quality, seed].append(Attempt(epochs[0], epochs[-1], times[0], times[-1]))
    return {run: sorted(one, key=lambda attempt: attempt.began) for run, one in found.items()}


class Kept:
    """The newest checkpoint of every run that a folder of logs has had, and since when."""

    def __init__(self, logs: Path):
        self.logs, self.seen = logs, defaultdict(list)

    def look(self) -> None:
        for path in self.logs.glob("cifar/*/*/quality_*/seed_*/checkpoint_*.h5"):
            run = path.parent.parent.name.split("_")[1], path.parent.name.split("_")[1]
            epoch = int(path.stem.split("_")[1])
            if epoch > max((old for _, old in self.seen[run]), default=0):
                self.seen[run].append((time.time(), epoch))

    def before(self, run: tuple[str, str], when: float) -> int:
        return max((epoch for seen, epoch in self.seen[run] if seen < when), default=0)


def judge(notes: Path, kept: Kept, epochs: int) -> dict[str, int]:
    """Counts of attempts and epochs; AssertionError when one was trained again without need.

    That is, when an attempt began before the checkpoint that was there, or while an earlier one
    was still at work.
    """
    found, counts = attempts(notes), defaultdict(int)
    for run, tried in found.items():
        assert (tried[0].first, tried[-1].last) == (1, epochs), (run, tried)
        counts["runs"] += 1
        counts["attempts"] += len(tried)
        counts["epochs"] += sum(one.last - one.first + 1 for one in tried)
        for old, new in pairwise(tried):
            there = kept.before(run, new.began)
            assert there < new.first <= old.last + 1, f"{run}: {tried}, {there} was there"
            counts["orphans"] += old.ended > new.began
    counts["again"] = counts["epochs"] - epochs * counts["runs"]
    return dict(counts)
