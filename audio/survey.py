"""A first pass over all sounds of a source: which can be used, and how long clips must be."""

import sys
from itertools import chain
from typing import NamedTuple

from audio.constants import SAMPLE_RATE
from audio.mp3 import count_clipped
from audio.sources import named, read_clip
from helmholtz.data.baditems import BadItems, leave_out
from helmholtz.data.preparation import Source
from helmholtz.errors import DataError
from helmholtz.parallel import in_parallel
from helmholtz.text import counted

CHUNK = 16  # files that a process reads at a time


class Clip(NamedTuple):
    """An item of a source, and the number of samples at SAMPLE_RATE of every clip."""

    sound: object
    frames: int


class Report(NamedTuple):
    """What reading a sound has found; problem: a sentence when it cannot be used."""

    sound: object
    frames: int = 0
    channels: int = 0
    clipped: int = 0
    problem: str = ""


def surveyed(source: Source, mono: bool, dur: float | None, skip_bad: bool) -> Source:
    """The source with Clips as its items; loading it reads every sound once.

    mono, dur: as for read_clip. Loading raises BadItems for all files that cannot be used, unless
    skip_bad leaves them out, and DataError when mono and stereo are mixed.
    """

    def load() -> tuple[list[str], dict, dict]:
        classes, parts, facts = source.load()
        if "frames" not in facts:
            parts, facts = _survey(classes, parts, facts, mono, dur, skip_bad)
        if dur is not None:
            facts = facts | _cut(facts, round(dur * SAMPLE_RATE))
        clips = {
            split: ([Clip(sound, facts["frames"]) for sound in sounds], labels)
            for split, (sounds, labels) in parts.items()
        }
        return classes, clips, facts

    return source._replace(load=load)


def _cut(facts: dict, frames: int) -> dict:
    """The facts that change when clips have so many frames; padding holds no noise."""
    changed = {"frames": frames}
    if "true_noise_bits" in facts:
        share = min(1, frames / facts["frames"])
        changed["true_noise_bits"] = share * facts["true_noise_bits"]
    return changed


def _survey(
    classes: list[str], parts: dict, facts: dict, mono: bool, dur: float | None, skip_bad: bool
) -> tuple[dict, dict]:
    """The parts without the files that cannot be used, and the facts with those of the others."""
    reports = {
        split: list(chain(*in_parallel(look_at, sounds, CHUNK, "reading", mono, dur)))
        for split, (sounds, _) in parts.items()
    }
    problems = {
        split: {place: report.problem for place, report in enumerate(found) if report.problem}
        for split, found in reports.items()
    }
    if any(problems.values()):
        bad = BadItems(problems)
        if not skip_bad:
            raise bad
        parts, facts = leave_out(classes, parts, facts, bad)
    return parts, facts | _facts([r for r in chain(*reports.values()) if not r.problem])


def _facts(good: list[Report]) -> dict:
    """What is stored about the files that can be used."""
    clipped = sum(report.clipped for report in good)
    if clipped:
        print(f"{counted(clipped, 'sample')} beyond full scale: clipped.", file=sys.stderr)
    return {
        "frames": max(report.frames for report in good),
        "channels": _common_channels(good),
        "clipped_samples": clipped,
    }


def look_at(sounds: list, mono: bool, dur: float | None) -> list[Report]:
    """Read sounds as preparation will; one that cannot be used is no error yet."""
    reports = []
    for sound in sounds:
        try:
            samples = read_clip(sound, mono, dur)
            reports.append(Report(sound, *samples.shape, count_clipped(samples)))
        except DataError as error:
            reports.append(Report(sound, problem=str(error)))
    return reports


def _common_channels(good: list[Report]) -> int:
    """The number of channels of all sounds; DataError when it differs."""
    one_of = {report.channels: report.sound for report in good}
    if len(one_of) > 1:
        raise DataError(
            f"{named(one_of[1])} is mono and {named(one_of[2])} is stereo: "
            "give --mono to mix all down to mono."
        )
    return next(iter(one_of))
