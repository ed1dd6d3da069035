"""Questions of answer.py whose runs are made up: what finished ones leave."""

import json
from argparse import Namespace

import numpy as np

from helmholtz.answer.clock import Clock
from helmholtz.answer.trials import Trial, Trials
from helmholtz.io import predictions

RATES, ITEMS = [90, 50, 10], 4000
BITS = {0: 24_576, 90: 9000, 50: 4000, 10: 2000}


def trials_of(folder, codecs=("jpeg",), rates=RATES):
    """The trials of network quick on the sample, with ten seeds."""
    asked = Namespace(domain="cifar", codec=[*codecs], quality=[*rates], log_dir=folder)
    asked.model, asked.setting = ["quick"], None
    return Trials(asked, ["--source", "sample"], 10)


def finish(trials, rate, seed, right, classes=10, folder=None):
    """Write what a finished run leaves, that classifies these items rightly."""
    folder = folder or trials.runs[Trial("jpeg", rate, seed)][0].folder
    folder.mkdir(parents=True)
    truth = np.arange(len(right)) % classes
    chances = np.full((len(right), classes), 0.5 / (classes - 1))
    chances[np.arange(len(right)), np.where(right, truth, (truth + 1) % classes)] = 0.5
    found = predictions.of(np.arange(len(right)), truth, chances)
    predictions.write(folder / predictions.FILE, found)
    data = {"classes": list("abcdefghij"), "items": 100, "scan_bytes": 100 * BITS[rate] / 8}
    data |= {"file_bytes": 100 * (BITS[rate] / 8 + 600), "raw_bytes": 307_200}
    setting = {"domain": "cifar", "model": "quick", "codec": "jpeg", "rate": rate}
    setting |= {"shape": [32, 32, 3], "flags": {}, "data": data}
    (folder / "setting.json").write_text(json.dumps(setting))
    (folder / "result.json").write_text(json.dumps({"seconds": 30.0}))


def seeds(trials, accuracies, count):
    """Finish so many seeds of every rate; all make their errors on the same items."""
    rng = np.random.default_rng(0)
    hard = rng.random(ITEMS)
    for rate, accuracy in accuracies.items():
        for seed in range(count):
            finish(trials, rate, seed, hard < accuracy + 0.001 * rng.standard_normal())


def clock(budget=600.0):
    made = Clock(budget)
    made.taken = [30.0]
    return made
