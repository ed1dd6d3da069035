"""What the files of a folder went through: counted and summed up."""

import math
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from helmholtz.audit import comparison
from helmholtz.audit.files import UNKNOWN
from helmholtz.audit.look import IMAGES, SOUNDS, Look, among, look
from helmholtz.parallel import in_parallel
from helmholtz.text import counted

CHUNK = 100  # files that a process looks at in turn
EXAMINED = 1000  # files that are decoded to look for traces, evenly spread over the folder
SHOWN = 3  # kinds in a sentence


class Findings(NamedTuple):
    """kinds: counts by class. prior: the lossy codecs that the files went through, in words.

    codec, rate: the one that all went through, and its highest rate, or "" and 0. sizes: of the
    items, in words. warnings: sentences.
    """

    files: int
    bytes: int
    sizes: str
    prior: str
    codec: str
    rate: int
    warnings: list[str]
    kinds: dict[str, dict[str, int]]

    def stored(self) -> dict:
        """What is stored with prepared data: all but the classes, which may be many."""
        found = self._asdict() | {"warnings": " ".join(self.warnings)}
        return {name: value for name, value in found.items() if name != "kinds"}


def audit(paths: list[Path], classes: list[str]) -> Findings:
    """What files went through; classes: of every file its class, for comparison."""
    step = math.ceil(len(paths) / EXAMINED) or 1
    asked = [(path, i % step == 0) for i, path in enumerate(paths)]
    small = len(asked) <= CHUNK  # not worth a process
    looked = [look(asked)] if small else in_parallel(look, asked, CHUNK, "looking at files")
    groups: dict[str, list[Look]] = {}
    for name, found in zip(classes, (found for some in looked for found in some), strict=True):
        groups.setdefault(name, []).append(found)
    every = [found for some in groups.values() for found in some]
    known = [found for found in every if found.file != UNKNOWN]
    codec, rate = _common(known)
    return Findings(
        files=len(every),
        bytes=sum(found.bytes for found in every),
        sizes=_sizes([found.file.size for found in every if found.file.size]),
        prior=_prior(known),
        codec=codec,
        rate=rate,
        warnings=comparison.warnings(groups),
        kinds={name: dict(Counter(f.kind for f in some)) for name, some in groups.items()},
    )


def _common(every: list[Look]) -> tuple[str, int]:
    """The codec that all files went through, and the highest rate if all have one."""
    examined = IMAGES + SOUNDS  # the kinds that may have traces; few files of them are decoded
    known = [
        found
        for found in every
        if found.codec or found.trace is not None or found.file.kind not in examined
    ]
    rates = [found.file.rate or found.trace or 0 for found in known]
    codecs = {found.codec for found in known}
    if len(codecs) != 1 or "" in codecs:
        return "", 0
    return codecs.pop(), max(rates) if all(rates) else 0


def _prior(every: list[Look]) -> str:
    """The lossy kinds in words, the most frequent first."""
    count = Counter(found.kind for found in every if found.codec)
    texts = []
    for kind, number in count.most_common(SHOWN):
        total = len(among(kind, every))
        part = f" ({number:,} of {total:,} files)" if number < total else ""
        texts.append(kind + _rates(kind, every) + part)
    more = len(count) - SHOWN
    return "; ".join(texts) + (f"; and {counted(more, 'other kind')}" if more > 0 else "")


def _rates(kind: str, every: list[Look]) -> str:
    """The range of bitrates of a kind that does not name its rate."""
    rates = {found.file.rate for found in every if found.kind == kind} - {0}
    if not rates or "quality" in kind or "kb/s" in kind:
        return ""
    return f", {' to '.join(map(str, dict.fromkeys([min(rates), max(rates)])))} kb/s"


def _sizes(sizes: list[tuple]) -> str:
    sizes = [size for size in sizes if type(size[0]) is type(sizes[0][0])]
    if not sizes:
        return ""
    low, high = min(sizes, key=math.prod), max(sizes, key=math.prod)
    if all(isinstance(size[0], int) for size in sizes):
        span = [f"{width} x {height}" for width, height in dict.fromkeys([low, high])]
        return " to ".join(span) + " pixels"
    seconds, rates = ([size[i] for size in sizes] for i in (0, 1))
    span = dict.fromkeys(f"{value:.2f}" for value in (min(seconds), max(seconds)))
    hertz = dict.fromkeys(f"{value:,}" for value in (min(rates), max(rates)))
    return f"{' to '.join(span)} s at {' to '.join(hertz)} Hz"
