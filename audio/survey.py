"""A first look at all sounds of a source: which can be used, and how long clips have to be."""

import sys
from itertools import chain
from typing import NamedTuple

from audio.constants import SAMPLE_RATE
from audio.mp3 import count_clipped
from audio.sources import named, read_clip
from helmholtz.data.baditems import BadItems, leave_out
from helmholtz.data.parallel import in_parallel
from helmholtz.data.preparation import Source
from helmholtz.errors import DataError
from helmholtz.text import counted

CHUNK = 16  # files that a process looks at in one go


class Clip(NamedTuple):
    """An item of a source, and the samples at SAMPLE_RATE that every clip of it is brought to."""

    sound: object
    frames: int


class Report(NamedTuple):
    """What was found in reading a file; problem is a sentence, or nothing."""

    frames: int
    channels: int
    clipped: int
    problem: str


def surveyed(source: Source, mono: bool, dur: float | None, skip_bad: bool) -> Source:
    """A source of Clips, which have been read once by the time that they are loaded.

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
    """What differs when clips last so many frames; the silence behind a clip is no noise."""
    changed = {"frames": frames}
    if "true_noise_bits" in facts:
        share = min(1, frames / facts["frames"])
        changed["true_noise_bits"] = share * facts["true_noise_bits"]
    return changed


def _survey(
    classes: list[str], parts: dict, facts: dict, mono: bool, dur: float | None, skip_bad: bool
) -> tuple[dict, dict]:
    """parts without the files that cannot be used, and facts with those about the others."""
    reports = {split: _read_all(sounds, mono, dur) for split, (sounds, _) in parts.items()}
    problems = {
        split: {place: report.problem for place, report in enumerate(found) if report.problem}
        for split, found in reports.items()
    }
    good = {
        sound: report
        for split, (sounds, _) in parts.items()
        for sound, report in zip(sounds, reports[split], strict=True)
        if not report.problem
    }
    if any(problems.values()):
        bad = BadItems(problems)
        if not skip_bad:
            raise bad
        parts, facts = leave_out(classes, parts, facts, bad)
    return parts, facts | _facts(good)


def _facts(good: dict) -> dict:
    """What is stored about the files that can be used."""
    clipped = sum(report.clipped for report in good.values())
    if clipped:
        print(f"{counted(clipped, 'sample')} beyond full scale: clipped.", file=sys.stderr)
    return {
        "frames": max(report.frames for report in good.values()),
        "channels": _common_channels(good),
        "clipped_samples": clipped,
    }


def _read_all(sounds: list, mono: bool, dur: float | None) -> list[Report]:
    return list(chain(*in_parallel(look_at, sounds, CHUNK, "reading", mono, dur)))


def look_at(sounds: list, mono: bool, dur: float | None) -> list[Report]:
    """Read sounds as preparation will; one that cannot be used is no error yet."""
    reports = []
    for sound in sounds:
        try:
            samples = read_clip(sound, mono, dur)
            reports.append(Report(*samples.shape, count_clipped(samples), ""))
        except DataError as error:
            reports.append(Report(0, 0, 0, str(error)))
    return reports


def _common_channels(good: dict) -> int:
    one_of = {report.channels: sound for sound, report in good.items()}
    if len(one_of) > 1:
        raise DataError(
            f"{named(one_of[1])} is mono and {named(one_of[2])} is stereo: "
            "give --mono to mix all down to mono."
        )
    return next(iter(one_of))
