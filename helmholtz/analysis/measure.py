"""The Helmholtz measure: how many of the bits that a sensor delivers are noise to a classifier.

Helmholtz's free energy, F = U - T S, is what of the internal energy U can do work. Friedland et
al. read it as: of the U bits that a sensor delivers, F are content that a classifier works with,
and the rest, T S = U - F, is noise. Perceptual compression tells the two apart: F is the size at
the lowest rate that does not hurt the classifier.
  G. Friedland, R. Jia, J. Wang, B. Li, N. Mundhenk, On the Impact of Perceptual Compression on Deep
  Learning, IEEE MIPR 2020, doi:10.1109/MIPR49039.2020.00052; first as arXiv:1807.10569 (2018).

The measure can err in both directions. A codec also removes what is redundant, and a network may
not need all the content: both count as noise. F counts as content the noise that the codec still
carries at that rate, and all that lies between that rate and the next one tried.
"""

import math
from itertools import takewhile
from statistics import NormalDist

from helmholtz.analysis.experiments import Experiment, rate_order
from helmholtz.analysis.summary import judged_once, mean_difference
from helmholtz.analysis.wording import ends

# Verdicts on a rate: whether its accuracy is within the tolerance of the baseline's.
YES, PROBABLY, ALONE = "within", "probably within", "no interval"
NO, UNSURE = "beyond", "perhaps beyond"
RISK = 0.001  # at which a guesser may pass for a network that has learned
SKILL = 0.1  # of the way from guessing to no error that a network has to have come


def judge(row: dict, experiment: Experiment, tolerance: float) -> dict:
    """Whether the accuracy at the rate of a row is within the tolerance.

    Judged over seeds and items where it is known which items were classified rightly, else over
    seeds; one seed says nothing of others, and has no verdict.

    "margin": the accuracy less (1 - tolerance) times the baseline's, which is to be at least 0.
    """
    own, others = experiment.runs[row["rate"]], experiment.runs[row["baseline_rate"]]
    margin = mean_difference("accuracy", own, others, 1 - tolerance)
    is_base = row is experiment.base
    return {
        **{name: row[name] for name in ("rate", "seeds", "accuracy")},
        "passes": is_base or margin["mean"] >= 0,
        "verdict": YES if is_base else verdict(margin),
        "margin": margin,
        "difference": mean_difference("accuracy", own, others),
    }


def verdict(margin: dict) -> str:
    """What the mean and the interval of a margin say."""
    if margin["low"] is None:
        return ALONE
    low, high = ends(margin)
    if margin["mean"] >= 0:
        return YES if low >= 0 else PROBABLY
    return NO if high < 0 else UNSURE


def choose(judged: list[dict]) -> dict:
    """The rates that an experiment speaks for; judged: highest rate first, the baseline first.

    "rate", to choose: the lowest that passes together with every higher one, so that a lucky
    rate below one that fails is not taken; or a still lower one whose pass is sure, where the
    higher ones that fail are in doubt. "sure_rate": the lowest whose pass is sure;
    "possible_rate": the lowest that may pass yet. Both need intervals, and neither lies below a
    rate that surely fails. "lowest_passing": the lowest that passes, whatever the others do.
    """
    passing = [verdict["rate"] for verdict in judged if verdict["passes"]]
    unrefuted = list(takewhile(lambda v: v["passes"] or v["verdict"] == UNSURE, judged))
    chosen = {"rate": list(takewhile(lambda v: v["passes"], judged))[-1]["rate"]}
    chosen |= {"sure_rate": None, "possible_rate": None}
    chosen |= {"lowest_passing": passing[-1]}
    if any(verdict["verdict"] != ALONE for verdict in judged[1:]):
        sure = [verdict["rate"] for verdict in unrefuted if verdict["verdict"] == YES][-1]
        chosen["rate"] = min(chosen["rate"], sure, key=rate_order)
        chosen |= {"sure_rate": sure, "possible_rate": unrefuted[-1]["rate"]}
    return chosen


def measure(experiment: Experiment, tolerance: float) -> dict:
    """The Helmholtz measure of one experiment.

    Bits are those of an item. U: raw. For "file" (the whole file) and "scan" (without its headers):
    F at the chosen rate, "noise", U - F, and "noise_low" and "noise_high", the noise at the rate
    that surely passes and at the one that may pass yet. "irredundant": the lossless size less F,
    where the lossless size is known; it does not take redundancy for noise.
    """
    base, rows = experiment.base, experiment.rows
    judged = [judge(row, experiment, tolerance) for row in rows.values()]
    rates = choose(judged)
    found = {"tolerance": tolerance, "baseline_rate": base["rate"]}
    found |= {"uncompressed": base["rate"] == 0, "learned": learned(base, base["accuracy"])}
    found |= {"U": _bits(base["raw_bytes"]), "true_noise_bits": base["true_noise_bits"]}
    found |= {kind: _noise(kind, rows, rates) for kind in ("file", "scan")}
    return {**experiment.key, **found, **rates, "rates": judged}


def learned(row: dict, accuracy: float) -> bool | None:
    """Whether an accuracy shows that the network learned; None where chance is not known.

    row: with chance, val_items and epochs. The accuracy has to exceed guessing_bound(row), and to
    have come a tenth of the way from chance to 1, or to twice chance, whichever is less (of ten
    classes 0.19): a network that dies, or hardly begins, is above chance for a few epochs and says
    nothing of compression.
    """
    if row["chance"] is None or row["val_items"] is None:
        return None
    chance = row["chance"]
    return accuracy > max(guessing_bound(row), min(2 * chance, chance + SKILL * (1 - chance)))


def guessing_bound(row: dict) -> float:
    """The accuracy that a guesser exceeds in its best epoch at no more than RISK.

    A guesser's accuracy is chance on average, but the best of n epochs is the luckiest: one of them
    exceeds a bound with at most n times the probability that a given one does (Bonferroni). Where
    the last epoch counts there is one.
    """
    tries = 1 if judged_once(row) else row["epochs"]
    error = math.sqrt(row["chance"] * (1 - row["chance"]) / row["val_items"])
    return row["chance"] + NormalDist().inv_cdf(1 - RISK / tries) * error


def _bits(size: float | None) -> float | None:
    return None if size is None else 8 * size


def _noise(kind: str, rows: dict, rates: dict) -> dict:
    def left(name: str) -> float | None:
        rate = rates[name]
        return None if rate is None else _bits(rows[rate][f"{kind}_bytes"])

    raw, lossless = (_bits(rows[rates["rate"]][f"{n}_bytes"]) for n in ("raw", "lossless"))
    return {
        "F": left("rate"),
        "noise": _less(raw, left("rate")),
        "noise_low": _less(raw, left("sure_rate")),
        "noise_high": _less(raw, left("possible_rate")),
        "irredundant": _less(lossless, left("rate")),
    }


def _less(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b
