"""The Helmholtz measure: how many of the bits that a sensor delivers are noise to a classifier.

Helmholtz's free energy, F = U - T S, is what of the internal energy U can do work. Friedland et
al. read it as: of the U bits that a sensor delivers, F are content that a classifier works with,
and the rest, T S = U - F, is noise. Perceptual compression tells the two apart: F is the size at
the lowest rate that does not hurt the classifier.
  G. Friedland, R. Jia, J. Wang, B. Li, N. Mundhenk, On the Impact of Perceptual Compression on Deep
  Learning, IEEE MIPR 2020, doi:10.1109/MIPR49039.2020.00052; first as arXiv:1807.10569 (2018).

The measure can miss the truth both ways. A codec also removes what is redundant and a network may
not need all that is content, which the measure takes for noise; and F counts as content the noise
that the codec has to carry at that rate, and all that lies between it and the next rate tried.
"""

import math
from itertools import takewhile

from helmholtz.report.summary import EXPERIMENT, accuracy_difference, counted, height

YES, PROBABLY, UNSURE, NO, ALONE = (
    "within",
    "probably within",
    "perhaps beyond",
    "beyond",
    "no interval",
)
LEARNED = 3  # standard errors above chance from which a network counts as having learned
KINDS = ("file", "scan")


def experiments(rows: list[dict], summary: list[dict]) -> list[tuple[list[dict], dict]]:
    """For every experiment its rows of summary, highest rate first, and the runs of each rate."""
    runs = counted(rows)
    found = {}
    for row in summary:
        found.setdefault(tuple(row[key] for key in EXPERIMENT), []).append(row)
    return [
        (
            sorted(group, key=lambda row: -height(row["rate"])),
            {row["rate"]: runs[*key, row["rate"]] for row in group},
        )
        for key, group in found.items()
    ]


def judge(row: dict, runs: dict, base: dict, tolerance: float) -> dict:
    """Whether the accuracy at a rate is within the tolerance, judged over seeds.

    margin: accuracy less (1 - tolerance) x the baseline's, which is to be at least 0.
    """
    own, others = runs[row["rate"]], runs[base["rate"]]
    margin = accuracy_difference(own, others, 1 - tolerance)
    if row is base:
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
        "passes": row is base or margin["mean"] >= 0,
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
    passing, unrefuted = _until(judged, lambda v: v["passes"]), _until(judged, _possible)
    chosen = {"rate": passing[-1]["rate"], "sure_rate": None, "possible_rate": None}
    if any(verdict["verdict"] != ALONE for verdict in judged[1:]):
        sure = [verdict["rate"] for verdict in unrefuted if verdict["verdict"] == YES][-1]
        chosen["rate"] = min(chosen["rate"], sure, key=height)
        chosen |= {"sure_rate": sure, "possible_rate": unrefuted[-1]["rate"]}
    return chosen


def _until(judged: list[dict], holds) -> list[dict]:
    """The rates from the baseline down to the last before the first that does not hold."""
    return list(takewhile(holds, judged))


def _possible(verdict: dict) -> bool:
    return verdict["passes"] or verdict["verdict"] == UNSURE


def measure(group: list[dict], runs: dict, tolerance: float) -> dict:
    """The Helmholtz measure of one experiment.

    group: its rows of summary, highest rate first; the first is the baseline, uncompressed where
    there is such a run. runs: the runs of each rate.
    Bits are those of an item. U: raw. For "file" (the whole file) and "scan" (without its headers):
    F at the chosen rate, "noise", U - F, and "noise_low" and "noise_high", the noise at the rate
    that surely passes and at the one that may pass yet. "irredundant": the lossless size less F,
    where the lossless size is known; it does not take redundancy for noise.
    """
    base = group[0]
    judged = [judge(row, runs, base, tolerance) for row in group]
    rates = choose(judged)
    passing = [verdict["rate"] for verdict in judged if verdict["passes"]]
    rows = {row["rate"]: row for row in group}
    return {
        **{key: base[key] for key in EXPERIMENT},
        "tolerance": tolerance,
        "baseline_rate": base["rate"],
        "uncompressed": base["rate"] == 0,
        "learned": learned(base),
        **rates,
        "lowest_passing": min(passing, key=height),
        "U": _bits(base["raw_bytes"]),
        **{kind: _noise(kind, rows, rates) for kind in KINDS},
        "true_noise_bits": base["true_noise_bits"],
        "rates": judged,
    }


def learned(row: dict) -> bool | None:
    """Whether the accuracy is above that of guessing; None where chance is not known."""
    if row["chance"] is None or row["val_items"] is None:
        return None
    error = math.sqrt(row["chance"] * (1 - row["chance"]) / row["val_items"])
    return row["accuracy"] > row["chance"] + LEARNED * error


def _bits(size: float | None) -> float | None:
    return None if size is None else 8 * size


def _noise(kind: str, rows: dict, rates: dict) -> dict:
    def left(name: str) -> float | None:
        rate = rates[name]
        return None if rate is None else _bits(rows[rate][f"{kind}_bytes"])

    raw, lossless = (_bits(rows[rates["rate"]][f"{n}_bytes"]) for n in ("raw", "lossless"))
    found = {"F": left("rate"), "noise": _less(raw, left("rate"))}
    found |= {"noise_low": _less(raw, left("sure_rate"))}
    found |= {"noise_high": _less(raw, left("possible_rate"))}
    found["irredundant"] = _less(lossless, found["F"])
    return found


def _less(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b
