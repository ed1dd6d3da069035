"""Where sound comes from: IDMT's guitar effects, the embedded sample, or a folder of classes."""

import hashlib
import io
import math
import os
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

from audio import idmt
from audio.constants import ARCHIVE, LABELS, SAMPLE_RATE
from audio.samples import resampled
from helmholtz.data import folders, listing
from helmholtz.data.preparation import Source
from helmholtz.errors import DataError
from helmholtz.io import datadir
from helmholtz.io.download import fetch
from helmholtz.text import counted, shown

ENDIAN = {b"RIFF": "little", b"FORM": "big"}  # of WAV and of AIFF
PIPED = 0x7FFF0000  # bytes from which a header's size says nothing
SLACK = 64  # bytes that a header's size may be wrong by
SOUNDS = listing.Kind(
    endings={".wav", ".flac", ".ogg", ".aif", ".aiff", ".mp3", ".opus"},
    examples=".wav or .mp3",
    foreign={".m4a", ".aac", ".mp4", ".wma"},
    target="WAV or FLAC",
)
SAMPLE_RATES = (4_000, 384_000)  # Hz, of files that are accepted
SHORTEST = 0.01  # seconds, about a hop between two spectra
MAX_SAMPLES = 1 << 25  # of a file, over all channels; a longer one is not decoded
LOUDEST = 2.0**31  # of a sample; some files hold whole numbers as floats
MARGIN = 0.05  # seconds read beyond --dur, since resampling looks ahead
EIGHT_BITS = {"PCM_S8", "PCM_U8", "ULAW", "ALAW"}  # soundfile's names; others count as 16 bits
PUBLISHED = {"sample_rate": SAMPLE_RATE}  # what is known of the published data, and of the sample


class Recording(NamedTuple):
    """A sound as it was read.

    samples: float32, frames x channels, at sample_rate in Hz. raw_bytes: of its samples as they
    are in the file, 16 bits at most. source_bytes: of the file as it lies there. resampled:
    whether the file has another sampling rate.
    """

    samples: np.ndarray
    sample_rate: int
    raw_bytes: int
    source_bytes: int
    resampled: bool = False


def open_source(source: str, data_dir: Path | None = None) -> Source:
    """The source of a --source flag: "idmt", "sample", or a path.

    A path leads to the archive of IDMT, to the folder unpacked from it, or to a folder of sounds.
    The items are what read_clip takes. data_dir: that of --data_dir. Raises DataError when the
    source does not exist or cannot be used.
    """
    path = Path(source)
    if source == "sample":
        code = Path(__file__).with_name("sample.py").read_bytes()  # other code, other sounds
        return Source("sample", hashlib.sha256(code).hexdigest(), _load_sample)
    if source == "idmt":
        archive = datadir.data_root("audio", data_dir) / "idmt" / ARCHIVE["name"]
        return Source("idmt", ARCHIVE["hash"], lambda: _load_idmt(archive), archive)
    if path.is_dir():
        return _open_folder(path)
    folders.require_archive(path, ARCHIVE, ("idmt", "sample"))
    copies = datadir.data_root("audio", data_dir) / "idmt"
    return Source("idmt", ARCHIVE["hash"], lambda: read_archive(path, copies))


def _load_sample() -> tuple[list[str], dict, dict]:
    from audio import sample

    parts = {split: sample.make(split) for split in sample.ITEMS}
    facts = {"frames": sample.SAMPLES, "channels": 1, "seconds": sample.SAMPLES / SAMPLE_RATE}
    return sample.CLASSES, parts, PUBLISHED | facts | {"true_noise_bits": sample.noise_bits()}


def _load_idmt(archive: Path) -> tuple[list[str], dict, dict]:
    print(ARCHIVE["licence"], file=sys.stderr)
    fetch(ARCHIVE, archive)
    return read_archive(archive, archive.parent)


def read_archive(path: Path, copies: Path) -> tuple[list[str], dict, dict]:
    """LABELS; for each split (files, labels) from the published archive; and its facts."""
    return LABELS, folders.split(idmt.read_archive(path, copies)), PUBLISHED


def _open_folder(path: Path) -> Source:
    tree = read_folder(path)
    return Source(folders.folder_name(path), tree.fingerprint, tree.load)


def read_folder(path: Path) -> folders.Tree:
    """What a folder holds: the classes of the unpacked archive of IDMT, or of a user."""
    if idmt.is_unpacked(path):
        return folders.Tree(path, LABELS, folders.split(idmt.read_folder(path)), {}, [])
    return folders.read_tree(path, SOUNDS)


def read_clip(sound, mono: bool, dur: float | None, sample_rate: int = SAMPLE_RATE) -> Recording:
    """A sound in the form that is compressed, at this sampling rate.

    sound: an item of a source. mono: mix two channels down to one. dur: seconds to cut the sound
    to; bytes are those of the part that is kept. Raises DataError as read_sound does.
    """
    if isinstance(sound, Path | idmt.Member):
        found = read_sound(sound, dur)
    else:
        from audio import sample

        samples = sample.record(sound)
        found = Recording(samples, SAMPLE_RATE, *[2 * samples.size] * 2)
    samples, own, raw_bytes, source_bytes, _ = mixed(found) if mono else found
    if dur is not None:
        kept = min(1, round(dur * own) / len(samples))
        raw_bytes, source_bytes = round(kept * raw_bytes), round(kept * source_bytes)
    samples = resampled(samples, own, sample_rate)
    samples = samples if dur is None else samples[: round(dur * sample_rate)]
    return Recording(samples, sample_rate, raw_bytes, source_bytes, own != sample_rate)


def mixed(sound: Recording) -> Recording:
    """Two channels as one."""
    samples, channels = sound.samples.mean(axis=1, keepdims=True), sound.samples.shape[1]
    return sound._replace(samples=samples, raw_bytes=sound.raw_bytes // channels)


def read_sound(sound: Path | idmt.Member, dur: float | None = None) -> Recording:
    """Read a sound file, or a little more than its first dur seconds.

    Bytes are those of the part that was read. Raises DataError when the file cannot be read, or
    holds nothing that a network could learn from.
    """
    name = named(sound)
    if isinstance(sound, Path):
        folders.require_file(sound)
        content = os.fsencode(sound)  # as bytes, for names that are not UTF-8
        size = sound.stat().st_size
    else:
        content = io.BytesIO(sound.read())
        size = content.getbuffer().nbytes
    if isinstance(sound, Path) and _cut_short(sound, size):
        raise DataError(f"{name} is damaged, it ends early: copy it again, or leave it out.")
    try:
        with soundfile.SoundFile(content) as file:
            frames = _frames_to_read(file, name, dur)
            samples = file.read(frames, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, TypeError) as error:  # TypeError: it is called .raw
        reason = getattr(error, "error_string", str(error)).rstrip(".")
        why = "" if reason.startswith("File does not exist") else f" ({reason})"  # it exists
        raise DataError(
            f"{name} is damaged or not a sound: convert it to {SOUNDS.target}, "
            f"or leave it out{why}."
        ) from error
    if len(samples) < SHORTEST * file.samplerate:
        raise DataError(f"{name} is too short, {counted(len(samples), 'sample')}: leave it out.")
    if not (np.abs(samples) <= LOUDEST).all():  # NaN is not
        raise DataError(
            f"{name} holds samples that are NaN or infinite: repair it, or leave it out."
        )
    raw_bytes = samples.size * (1 if file.subtype in EIGHT_BITS else 2)
    part = min(1, len(samples) / max(1, file.frames))
    return Recording(samples, file.samplerate, raw_bytes, round(part * size))


def _cut_short(path: Path, size: int) -> bool:
    """Whether a WAV or AIFF is much shorter than its header says, which libsndfile reads over.

    Programs that write to a pipe leave the largest number, or none, in the header.
    """
    with open(path, "rb") as file:
        kind, told = file.read(4), file.read(4)
    if kind not in ENDIAN or len(told) < 4:
        return False
    whole = 8 + int.from_bytes(told, ENDIAN[kind])
    return whole < PIPED and size < whole - max(SLACK, whole // 100)


def _frames_to_read(file: soundfile.SoundFile, name: str, dur: float | None) -> int:
    """How many frames to read of an open file; DataError when its header rules it out."""
    low, high = SAMPLE_RATES
    if file.channels > 2:
        raise DataError(f"{name} has {file.channels} channels: mix it down to two or one.")
    if not low <= file.samplerate <= high:
        raise DataError(
            f"{name} has a sample rate of {file.samplerate} Hz: resample it to {low} to {high} Hz."
        )
    frames = file.frames
    if dur is not None:
        frames = min(frames, math.ceil((dur + MARGIN) * file.samplerate))
    if frames * file.channels > MAX_SAMPLES:
        raise DataError(f"{name} is too long, {counted(frames, 'sample')}: cut it, or give --dur.")
    return frames


def named(sound: Path | idmt.Member) -> str:
    """A file's name for a sentence."""
    return shown(sound) if isinstance(sound, Path) else str(sound)
