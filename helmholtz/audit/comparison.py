"""Warnings about the files of a folder: traces of codecs, and classes that differ."""

import math
from collections import Counter

import numpy as np

from helmholtz.audit.files import UNKNOWN
from helmholtz.audit.look import Look, among
from helmholtz.text import counted, printable

ALIKE = 0.04  # cut-offs that differ by less are the same
OFTEN = 1 / 3  # share of a class's sounds that must be cut off alike: single ones may be
DIFFERENT = 0.25  # share of a class by which its files must differ from the others'
SHOWN = 3  # names of classes in a sentence


def warnings(groups: dict[str, list[Look]]) -> list[str]:
    """Sentences on what the files of the classes show."""
    groups = {name: [f for f in some if f.file != UNKNOWN] for name, some in groups.items()}
    groups = {name: some for name, some in groups.items() if some}
    every = [found for some in groups.values() for found in some]
    return [*_traced(every), *_cut_off(groups), *_different(groups)]


def _traced(every: list[Look]) -> list[str]:
    images = [found for found in every if found.trace is not None and not found.sound]
    count = Counter(found.trace for found in images if found.trace)
    if not count:
        return []
    number, (most, _) = count.total(), count.most_common(1)[0]
    verb = "shows" if number == 1 else "show"
    return [
        f"{number:,} of {counted(len(images), 'lossless image')} examined {verb} the 8x8 grid of "
        f"JPEG, most often of quality {most}: what JPEG took away then is still missing."
    ]


def _cut_off(groups: dict[str, list[Look]]) -> list[str]:
    """Classes whose sounds end alike below half their sample rate."""
    cut = {}
    for name, some in groups.items():
        found = np.array([f.trace for f in some if f.sound and f.trace is not None])
        for hertz in found[found > 0]:
            number = int((abs(found / hertz - 1) < ALIKE).sum())
            if number >= max(3, OFTEN * len(found)):
                cut[name] = max(cut.get(name, (0, 0)), (number, int(hertz)))
    if not cut:
        return []
    hertz = sorted(hertz for _, hertz in cut.values())
    span = dict.fromkeys(f"{value / 1000:.1f}" for value in (hertz[0], hertz[-1]))
    alike = {name: [name in cut] * len(some) for name, some in groups.items()}
    return [
        f"The sounds of {_listed(sorted(cut), len(groups))} are cut off at "
        f"{' to '.join(span)} kHz, as lossy codecs and lower sample rates cut them.",
        *_uneven("sound that is cut off", alike),
    ]


def _different(groups: dict[str, list[Look]]) -> list[str]:
    """What is much more frequent in one class than in the others: a network learns it."""
    kinds = {(not found.codec, found.kind) for some in groups.values() for found in some}
    for _, kind in sorted(kinds):  # the lossy ones first
        of_kind = {n: [f.kind == kind for f in among(kind, some)] for n, some in groups.items()}
        if told := _uneven(kind, of_kind):
            return told
    return []


def _uneven(kind: str, of_kind: dict[str, list[bool]]) -> list[str]:
    """A sentence if a class's share of a kind differs from that of all by more than chance.

    of_kind: for every class, whether each of its files is of the kind.
    """
    of_kind = {name: found for name, found in of_kind.items() if found}
    every = [found for some in of_kind.values() for found in some]
    mean = sum(every) / max(1, len(every))
    shares = {name: sum(found) / len(found) for name, found in of_kind.items()}
    deviations = 3 + math.log10(max(1, len(shares)))
    chance = {n: deviations * math.sqrt(mean * (1 - mean) / len(f)) for n, f in of_kind.items()}
    if not any(abs(shares[name] - mean) > max(DIFFERENT, chance[name]) for name in shares):
        return []
    low, high = (pick(shares, key=shares.get) for pick in (min, max))
    return [
        f"Classes differ: {kind} makes up {shares[high]:.0%} of {printable(high)} and "
        f"{shares[low]:.0%} of {printable(low)}. A network can learn the codec instead of the "
        "class: compress all in the same way."
    ]


def _listed(names: list[str], total: int) -> str:
    """Names of classes in a sentence."""
    if len(names) == total > 1:
        return f"all {total:,} classes"
    more = len(names) - SHOWN
    return ", ".join(map(printable, names[:SHOWN])) + (f" and {more:,} more" if more > 0 else "")
