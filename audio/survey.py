"""A first look at all sounds of a source: which can be used, and how long clips have to be."""

import sys
from typing import NamedTuple

import numpy as np

from audio.mp3 import count_clipped
from audio.settings import RATE
from audio.sources import named, read_clip
from helmholtz.cli import DataError
from helmholtz.preparation import Source, in_parallel, progress

CHUNK = 16  # files that a process looks at in one go
LISTED = 100  # skipped files that the prepared data names


class Clip(NamedTuple):
    """An item of a source, and the samples at RATE that every clip of it is brought to."""

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

    mono, dur: as for read_clip. Loading raises DataError for the first file that cannot be used,
    or prints all of them when skip_bad says so, and when mono and stereo are mixed.
    """

    def load() -> tuple[list[str], dict, dict]:
        classes, parts, facts = source.load()
        if "frames" not in facts:
            parts, found = _survey(classes, parts, mono, dur, skip_bad)
            facts = facts | found
        if dur is not None:
            facts = facts | _cut(facts, round(dur * RATE))
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
    classes: list[str], parts: dict, mono: bool, dur: float | None, skip_bad: bool
) -> tuple:
    """parts without the files that cannot be used, and facts about those that can."""
    sounds = [sound for items, _ in parts.values() for sound in items]
    reports = _read_all(sounds, mono, dur, skip_bad)
    problems = [report.problem for report in reports.values() if report.problem]
    good = {sound: report for sound, report in reports.items() if not report.problem}
    parts = {split: _usable(split, classes, *part, good) for split, part in parts.items()}
    facts = {
        "frames": max(report.frames for report in good.values()),
        "channels": _common_channels(good),
        "clipped_samples": sum(report.clipped for report in good.values()),
        "skipped": len(problems),
        "skipped_files": [problem[:300] for problem in problems[:LISTED]],
    }
    if problems:
        print(f"Skipped {len(problems)} files:", *problems, sep="\n", file=sys.stderr)
    if facts["clipped_samples"]:
        print(f"{facts['clipped_samples']} samples beyond full scale: clipped.", file=sys.stderr)
    return parts, facts


def _read_all(sounds: list, mono: bool, dur: float | None, skip_bad: bool) -> dict:
    reports = []
    with progress(len(sounds), "reading") as bar:
        for found in in_parallel(look_at, sounds, CHUNK, mono, dur):
            reports += found
            bar.update(len(found))
            problem = next((report.problem for report in found if report.problem), None)
            if problem and not skip_bad:
                raise DataError(f"{problem} Or leave out what cannot be used: --skip_bad.")
    return dict(zip(sounds, reports, strict=True))


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


def _usable(split: str, classes: list[str], sounds: list, labels: np.ndarray, good: dict) -> tuple:
    kept = np.array([sound in good for sound in sounds])
    for label, name in enumerate(classes):
        if not kept[labels == label].any():
            raise DataError(
                f"No file of the class {name} that fell to the {split} split can be used: "
                "repair some, or add more."
            )
    return [sound for sound in sounds if sound in good], labels[kept]


def _common_channels(good: dict) -> int:
    one_of = {report.channels: sound for sound, report in good.items()}
    if len(one_of) > 1:
        raise DataError(
            f"{named(one_of[1])} is mono and {named(one_of[2])} is stereo: "
            "give --mono to mix all down."
        )
    return next(iter(one_of))
