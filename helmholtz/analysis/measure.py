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

from helmholtz.analysis.experiments import Experiment, rate_order
from helmholtz.analysis.summary import accuracy_difference

# Verdicts on a rate: whether its accuracy is within the tolerance of the baseline's.
YES, PROBABLY, UNSURE, NO, ALONE = (
    "within",
    "probably within",
    "perhaps beyond",
    "beyond",
    "no interval",
)
ERRORS = 3  # standard errors beyond the luck of the epochs that show a network to have learned
SKILL = 0.1  # of the way from guessing to no error that it has to have come
KINDS = ("file", "scan")


def judge(row: dict, experiment: Experiment, tolerance: float) -> dict:
    """Whether the accuracy at the rate of a row is within the tolerance, judged over seeds.

    "margin": the accuracy less (1 - tolerance) times the baseline's, which is to be at least 0.
    """
    own, others = experiment.runs[row["rate"]], experiment.runs[row["baseline_rate"]]
    margin = accuracy_difference(own, others, 1 - tolerance)
    if row is experiment.base:
        verdict = YES
    elif margin["low"] is None:
        verdict = ALONE
    elif margin["mean"] >= 0:
        verdict = YES if margin["low"] >= 0 else PROBABLY
    else:
        verdict = NO if margin["high"] < 0 else UNSURE
    return {
        "rate": row["rate"],
        "seeds": row["seeds"],
        "accuracy": row["accuracy"],
        "passes": row is experiment.base or margin["mean"] >= 0,
        "verdict": verdict,
        "margin": margin,
        "difference": accuracy_difference(own, others),
    }


def choose(judged: list[dict]) -> dict:
    """The rates that an experiment speaks for; judged: highest rate first, the baseline first.

    "rate", to choose: the lowest that passes together with every higher one, so that a lucky
    rate below one that fails is not taken; or a still lower one whose pass is sure, where the
    higher ones that fail are in doubt. "sure_rate": the lowest whose pass is sure;
    "possible_rate": the lowest that may pass yet. Both need intervals, and neither lies below a
    rate that surely fails.
    """
    passing = list(takewhile(lambda v: v["passes"], judged))
    unrefuted = list(takewhile(lambda v: v["passes"] or v["verdict"] == UNSURE, judged))
    chosen = {"rate": passing[-1]["rate"], "sure_rate": None, "possible_rate": None}
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
    base = experiment.base
    judged = [judge(row, experiment, tolerance) for row in experiment.rows.values()]
    rates = choose(judged)
    passing = [verdict["rate"] for verdict in judged if verdict["passes"]]
    return {
        **experiment.key,
        "tolerance": tolerance,
        "baseline_rate": base["rate"],
        "uncompressed": base["rate"] == 0,
        "learned": learned(base, base["accuracy"]),
        **rates,
        "lowest_passing": min(passing, key=rate_order),
        "U": _bits(base["raw_bytes"]),
        **{kind: _noise(kind, experiment.rows, rates) for kind in KINDS},
        "true_noise_bits": base["true_noise_bits"],
        "rates": judged,
    }


def learned(row: dict, accuracy: float) -> bool | None:
    """Whether an accuracy shows that the network learned; None where chance is not known.

    row: with chance, val_items and epochs. A guesser's accuracy is chance on average, but the best
    of many epochs is the luckiest: the expected maximum of n normal values lies below sqrt(2 ln n)
    standard deviations above the mean. So the accuracy has to exceed luck(row), and by more than
    luck: a network that dies, or hardly begins, stays near chance for most of its epochs and says
    nothing of compression. It has to have come a tenth of the way from chance to 1, or to twice
    chance, whichever is less (0.19 and 0.20 of ten classes).
    """
    if row["chance"] is None or row["val_items"] is None:
        return None
    chance = row["chance"]
    return accuracy > max(luck(row), min(2 * chance, chance + SKILL * (1 - chance)))


def luck(row: dict) -> float:
    """The accuracy that a guesser may reach in the best of its epochs."""
    error = math.sqrt(row["chance"] * (1 - row["chance"]) / row["val_items"])
    return row["chance"] + (ERRORS + math.sqrt(2 * math.log(row["epochs"]))) * error


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
