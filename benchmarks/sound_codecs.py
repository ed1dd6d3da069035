"""Every codec of sound at its grid: bytes, signal-to-noise ratio, and time as a ratio to MP3.

python benchmarks/sound_codecs.py FOLDER [--clips 100] [--runs 3]

The first clips of every class of a folder of sounds, mono, 2 s at most. Bytes are means a clip; the
SNR is the median over clips. Time is that of encoding and decoding on one core, the least of the
runs, as a ratio to MP3 at 128 kb/s, which is measured again beside every row.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from measure import header, headline, row

from audio.codecs import TABLE
from audio.sources import open_source, read_clip
from audio.survey import common_rate

REFERENCE = "mp3", 128


def read(folder: Path, count: int) -> tuple[list[np.ndarray], int]:
    """Clips, samples x 1, as many of each class as of the others; and their sampling rate in Hz."""
    _, parts, _ = open_source(str(folder)).load()
    paths, labels = parts["train"]
    rate, order = common_rate(parts), np.argsort(labels, kind="stable")
    chosen = order[np.linspace(0, len(order) - 1, count).astype(int)]
    return [read_clip(paths[i], True, 2, rate).samples for i in chosen], rate


def taken(name: str, bitrate: int, clips: list, sample_rate: int) -> tuple[float, list]:
    """Processor seconds of encoding and decoding all clips, and what came of each."""
    started = time.process_time()
    found = [TABLE[name].compress(clip, bitrate, sample_rate) for clip in clips]
    return time.process_time() - started, found


def snr(decoded: np.ndarray, clip: np.ndarray) -> float:
    """Signal-to-noise ratio in dB."""
    error = np.square(clip - decoded, dtype=float).sum()
    return 10 * np.log10(np.square(clip, dtype=float).sum() / error)


def measured(name: str, bitrate: int, clips: list, sample_rate: int, runs: int) -> tuple:
    """A row of the table."""
    ratios = []
    for _ in range(runs):
        reference, _ = taken(*REFERENCE, clips, sample_rate)
        seconds, found = taken(name, bitrate, clips, sample_rate)
        ratios.append(seconds / reference)
    sizes = np.mean([sizes for _, *sizes in found], axis=0)
    noise = np.median([snr(d, clip) for (d, *_), clip in zip(found, clips, strict=True)])
    return name, bitrate, *(f"{size:,.0f}" for size in sizes), float(noise), float(min(ratios))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clips", type=int, default=100)
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    clips, sample_rate = read(args.folder, args.clips)
    raw = 2 * np.mean([clip.size for clip in clips])
    headline(f"{len(clips)} clips of {sample_rate:,} Hz, {raw:,.0f} raw bytes each", "soundfile")
    header("codec", "kb/s", "file bytes", "payload bytes", "SNR, dB", "time, of MP3 128")
    for name, codec in TABLE.items():
        codec.available()
        for bitrate in codec.fitting(codec.grid, {"sample_rate": sample_rate, "channels": 1}):
            row(*measured(name, bitrate, clips, sample_rate, args.runs))


if __name__ == "__main__":
    main()
