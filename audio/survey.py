"""A first pass over all sounds of a source: which can be used, and how long clips must be."""

import contextlib
import os
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from soundfile import SoundFileError, info

from audio.constants import SAMPLE_RATE
from audio.samples import count_clipped
from audio.sources import PUBLISHED, SAMPLE_RATES, named, read_clip, read_folder
from helmholtz.data import folders
from helmholtz.data.baditems import BadItems, leave_out
from helmholtz.data.preparation import Source
from helmholtz.errors import DataError
from helmholtz.parallel import in_parallel
from helmholtz.text import counted

CHUNK = 16  # files that a process reads at a time


class Clip(NamedTuple):
    """An item of a source; the number of samples, and the sampling rate in Hz, of every clip."""

    sound: object
    frames: int
    sample_rate: int = SAMPLE_RATE


class Report(NamedTuple):
    """What reading a sound has found; problem: a sentence when it cannot be used."""

    sound: object
    frames: int = 0
    channels: int = 0
    resampled: bool = False
    clipped: int = 0
    problem: str = ""


def surveyed(source: Source, mono: bool, dur: float | None, skip_bad: bool) -> Source:
    """The source with Clips as its items; loading it reads every sound once.

    mono, dur: as for read_clip. Loading raises BadItems for all files that cannot be used, unless
    skip_bad leaves them out, and DataError when mono and stereo are mixed.
    """

    def load() -> tuple[list[str], dict, dict]:
        classes, parts, facts = source.load()
        sample_rate = facts.get("sample_rate") or common_rate(parts)
        facts = facts | {"sample_rate": sample_rate}
        if "frames" not in facts:
            parts, facts = _survey(classes, parts, facts, mono, dur, skip_bad)
        if dur is not None:
            facts = facts | _cut(facts, round(dur * sample_rate))
        clips = {
            split: ([Clip(sound, facts["frames"], sample_rate) for sound in sounds], labels)
            for split, (sounds, labels) in parts.items()
        }
        return classes, clips, facts

    return source._replace(load=load)


def look(source: str, mono: bool) -> dict:
    """The sampling rate and the channels of a source's data; of a folder from its headers."""
    if source in ("idmt", "sample") or not Path(source).is_dir():
        return PUBLISHED | {"channels": 1}
    parts = read_folder(Path(source)).parts
    stereo = not mono and any(h.channels == 2 for h in _headers(parts))
    return {"sample_rate": common_rate(parts), "channels": 1 + stereo}


def common_rate(parts: dict) -> int:
    """The commonest sampling rate in Hz of the files in a source's parts, of two the higher.

    Others are to be resampled to it. SAMPLE_RATE where no file can be read.
    """
    counts = Counter(header.samplerate for header in _headers(parts))
    return max(counts, key=lambda rate: (counts[rate], rate), default=SAMPLE_RATE)


def _headers(parts: dict) -> Iterator:
    """What soundfile says of every file, without those that cannot be used."""
    low, high = SAMPLE_RATES
    for path in chain(*(paths for paths, _ in parts.values())):
        with contextlib.suppress(DataError, SoundFileError):
            folders.require_file(path)
            header = info(os.fsencode(path))
            if low <= header.samplerate <= high:
                yield header


def _cut(facts: dict, frames: int) -> dict:
    """The facts that change when clips have so many frames; padding holds no noise."""
    changed = {"frames": frames, "seconds": min(facts["seconds"], frames / facts["sample_rate"])}
    if "true_noise_bits" in facts:
        share = min(1, frames / facts["frames"])
        changed["true_noise_bits"] = share * facts["true_noise_bits"]
    return changed


def _survey(
    classes: list[str], parts: dict, facts: dict, mono: bool, dur: float | None, skip_bad: bool
) -> tuple[dict, dict]:
    """The parts without the files that cannot be used, and the facts with those of the others."""
    form = mono, dur, facts["sample_rate"]
    reports = {
        split: list(chain(*in_parallel(look_at, sounds, CHUNK, "reading", *form)))
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
    good = [r for r in chain(*reports.values()) if not r.problem]
    return parts, facts | _facts(good, facts["sample_rate"])


def _facts(good: list[Report], sample_rate: int) -> dict:
    """What is stored about the files that can be used."""
    clipped = sum(report.clipped for report in good)
    if others := sum(report.resampled for report in good):
        said = f"{counted(others, 'file')} of {len(good):,} resampled to {sample_rate:,} Hz"
        print(f"{said}, the sampling rate of most.", file=sys.stderr)
    if clipped:
        print(f"{counted(clipped, 'sample')} beyond full scale: clipped.", file=sys.stderr)
    return {
        "frames": max(report.frames for report in good),
        "seconds": sum(report.frames for report in good) / len(good) / sample_rate,  # mean
        "channels": _common_channels(good),
        "resampled_files": others,
        "clipped_samples": clipped,
    }


def look_at(sounds: list, mono: bool, dur: float | None, sample_rate: int) -> list[Report]:
    """Read sounds as preparation will; one that cannot be used is no error yet."""
    reports = []
    for sound in sounds:
        try:
            clip = read_clip(sound, mono, dur, sample_rate)
            found = clip.resampled, count_clipped(clip.samples)
            reports.append(Report(sound, *clip.samples.shape, *found))
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
