"""The codecs of one network side by side: by the bits that their payloads take, not by their rates.

A codec's curve is accuracy over the logarithm of the mean payload of an item, made to rise
(isotonic regression) and drawn straight between its rates. How many bits fewer another codec takes
at equal accuracy is the mean distance of the two curves over the accuracies that both reach:
  G. Bjontegaard, Calculation of average PSNR differences between RD-curves, ITU-T VCEG-M33 (2001),
with accuracy in place of PSNR. Its interval is a jackknife over the seeds that all rates of both
codecs have, with Student's t, on the logarithms. Uncompressed runs are no part of a curve.
"""

import math

import numpy as np
from scipy import optimize, stats

from helmholtz.analysis import domains
from helmholtz.analysis.experiments import NETWORK, Experiment
from helmholtz.analysis.statistics import CONFIDENCE
from helmholtz.analysis.summary import accuracy, no_saving
from helmholtz.analysis.wording import percent


def by_network(pairs: list[tuple]) -> list[list[tuple]]:
    """Pairs of an Experiment and its answer, those of a network together."""
    groups = {}
    for pair in pairs:
        groups.setdefault(tuple(pair[0].key[name] for name in NETWORK), []).append(pair)
    return list(groups.values())


def compare(pairs: list[tuple], tolerance: float) -> list[dict]:
    """For every network with several codecs the choice among them, in a sentence, and "codecs":
    how many bits each takes against the published one, see fewer_bits; None without it."""
    found = []
    for own in by_network(pairs):
        learned = [(e, answer) for e, answer in own if answer["answered"]]
        if len(learned) > 1:
            key = learned[0][0].key
            told = {name: key[name] for name in ("domain", "source", "model")}
            told |= {"sentence": _choice(learned, tolerance), "codecs": _against(learned)}
            found.append(told)
    return found


def _against(pairs: list[tuple]) -> list[dict]:
    """What fewer_bits says of every codec but the published one."""
    published = domains.of(pairs[0][0].key).published
    bases = [e for e, _ in pairs if domains.codec(e.key) is published]
    others = [e for e, _ in pairs if domains.codec(e.key) is not published]
    return [
        {"codec": e.key["codec"], "title": domains.codec(e.key).title, "published": published.title}
        | {"fewer": fewer_bits(e.runs, bases[0].runs) if bases else None}
        for e in others
    ]


def fewer_bits(runs: dict[int, list[dict]], others: dict[int, list[dict]]) -> dict | None:
    """How the payload bits of runs differ from those of others at equal accuracy, as a share.

    runs, others: by rate, as of an Experiment. "mean" -0.3 is 30 % fewer; "low" and "high" are its
    95 % interval, None below two seeds that all rates share; "from" and "to" are the accuracies
    that it holds for. None where the curves have none in common.
    """
    found = _distance(runs, others)
    if found is None:
        return None
    mean, *span = found
    compressed = [some for own in (runs, others) for rate, some in own.items() if rate]
    seeds = set.intersection(*({run["seed"] for run in some} for some in compressed))
    without = [_distance(runs, others, seed) for seed in seeds]
    low = high = None
    if len(seeds) > 1 and None not in without:
        error = math.sqrt((len(seeds) - 1) * np.var([value for value, *_ in without]))
        reach = error * stats.t.ppf((1 + CONFIDENCE) / 2, len(seeds) - 1)
        low, high = math.expm1(mean - reach), math.expm1(mean + reach)
    ends = dict(zip(("from", "to"), span, strict=True))
    return {"mean": math.expm1(mean), "low": low, "high": high, "seeds": len(seeds)} | ends


def _distance(runs: dict, others: dict, left_out=None) -> tuple | None:
    """The mean difference of log bits, and the accuracies that both curves span."""
    (bits, reached), (other_bits, others_reached) = (_curve(r, left_out) for r in (runs, others))
    if not len(reached) or not len(others_reached):
        return None
    low = max(reached[0], others_reached[0])
    high = min(reached[-1], others_reached[-1])
    if not low < high:
        return None
    at = np.unique(np.clip([*reached, *others_reached], low, high))
    gap = np.interp(at, reached, bits) - np.interp(at, others_reached, other_bits)
    return float(np.trapezoid(gap, at)) / (high - low), float(low), float(high)


def _curve(runs: dict[int, list[dict]], left_out) -> tuple[np.ndarray, np.ndarray]:
    """The least log bits by which each accuracy is reached, and these accuracies, rising."""
    points = []
    for rate, some in runs.items():
        kept = [run for run in some if left_out is None or run["seed"] != left_out]
        if rate and kept and all(run["scan_bytes"] for run in kept):
            bits = np.mean([8 * run["scan_bytes"] for run in kept])
            points.append((math.log(bits), np.mean([accuracy(run) for run in kept])))
    if not points:
        return np.empty(0), np.empty(0)
    bits, accuracies = np.array(sorted(points)).T
    reached, first = np.unique(optimize.isotonic_regression(accuracies).x, return_index=True)
    return bits[first], reached


def _choice(pairs: list[tuple], tolerance: float) -> str:
    """The codec and rate of the fewest payload bits whose loss is ruled out."""
    if not all(answer["uncompressed"] for _, answer in pairs):
        flag = f"--{domains.of(pairs[0][0].key).flag} 0"
        return f"No choice among codecs: it needs runs to compare them all with, of `{flag}`."
    surest = {domains.codec(e.key).title: _surest(e, answer) for e, answer in pairs}
    sure = sorted(filter(None, surest.values()), key=lambda row: row["scan_bytes"])
    ruled = f"a loss of more than {percent(tolerance)} of the accuracy is ruled out at 95 %"
    if not sure:
        return f"No codec yet: at no rate that saves bytes {ruled}; more seeds may help."
    others = [f"{_named(row)} ({bits_of(row)})" for row in sure[1:]]
    others += [f"no rate of {title}" for title, row in surest.items() if not row]
    told = f"Choose {_named(sure[0])}: of all rates at which {ruled} it takes the fewest payload "
    return f"{told}bits, {bits_of(sure[0])}. Of the others: {', '.join(others)}."


def _surest(experiment: Experiment, answer: dict) -> dict | None:
    """The row of the lowest rate whose loss is ruled out, if that saves anything."""
    row = experiment.rows.get(answer["sure_rate"])
    saves = row and row is not experiment.base and row["scan_bytes"] and not no_saving(row)
    return row if saves else None


def _named(row: dict) -> str:
    """Codec and rate: the published codec's rates do not name it."""
    title, rate = domains.codec(row).title, domains.rate_name(row)
    return rate if title in rate else f"{title} {rate}"


def bits_of(row: dict) -> str:
    """The payload of a row of summary.csv, in words: 1.52 per pixel."""
    bits, of = 8 * row["scan_bytes"], domains.of(row)
    if row["extent"]:
        return f"{bits / row['extent']:,.3g} per {of.measure}"
    return f"{bits:,.0f} per {of.item}"
