"""A look at single files: what they are, and the traces of codecs in what lossless ones hold."""

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

from helmholtz.audit.files import File, identify

IMAGES = ("PNG", "BMP", "TIFF", "lossless WebP", "lossless JPEG 2000")
SOUNDS = ("WAV", "FLAC", "AIFF")
WAS = " that was"  # in a kind that only decoding tells
MAX_PIXELS = 1 << 26  # a larger image is not decoded


class Look(NamedTuple):
    """A file as found. trace: the quality of the JPEG that it was, or its cut-off in Hz, or 0;
    None if it was not decoded."""

    file: File
    bytes: int
    trace: int | None

    @property
    def sound(self) -> bool:
        return self.file.kind in SOUNDS

    @property
    def kind(self) -> str:
        if self.trace and not self.sound:
            return f"{self.file.kind}{WAS} JPEG near quality {5 * round(self.trace / 5)}"
        return self.file.kind

    @property
    def codec(self) -> str:
        return "jpeg" if self.trace and not self.sound else self.file.codec


def among(kind: str, looks: list[Look]) -> list[Look]:
    """The files that could be found to be of a kind."""
    return [found for found in looks if found.trace is not None] if WAS in kind else looks


def look(asked: list[tuple[Path, bool]]) -> list[Look]:
    """Look at files; those that are to be examined, and are stored without loss, are decoded."""
    found = []
    for path, examine in asked:
        file = identify(path)
        trace = _trace(path, file) if examine and file.kind in IMAGES + SOUNDS else None
        found.append(Look(file, path.stat().st_size if path.exists() else 0, trace))
    return found


def _trace(path: Path, file: File) -> int | None:
    from helmholtz.audit import traces

    try:
        if file.kind in IMAGES:
            return traces.jpeg_quality(_pixels(path, file))
        import soundfile

        frames = math.ceil(traces.SECONDS * file.size[1])
        samples, sample_rate = soundfile.read(path, frames, dtype="float32", always_2d=True)
        return traces.cutoff(samples, sample_rate)
    except Exception:  # what cannot be decoded is the preparation's to report
        return None


def _pixels(path: Path, file: File) -> np.ndarray:
    from PIL import Image

    if math.prod(file.size) > MAX_PIXELS:
        raise ValueError("too large")
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))
