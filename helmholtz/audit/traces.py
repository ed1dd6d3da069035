"""Traces that lossy codecs leave in files that were decoded and stored without loss."""

import numpy as np

from helmholtz.audit.jpeg_tables import LUMA, table

CROP = 256  # pixels a side that are looked at
SURE, REGULAR = 5.5, 0.5  # see jpeg_quality; 60,000 images of CIFAR-10 that were no JPEG reach 4
ENOUGH = 500  # coefficients, for speed
WINDOW = 1024  # samples of a spectrum
SECONDS = 3  # that are looked at
DROP = 30  # dB, of a spectrum that is cut off
GAP, WIDTH = 150, 500  # Hz left out around a cut-off, and compared on either side of it
# Shares of half the sample rate: below, sounds may end by themselves; above, resampling filters.
LOWEST, HIGHEST = 0.3, 0.93

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_DCT = np.cos(np.pi / 8 * np.outer(np.arange(8), np.arange(8) + 0.5)) / 2
_DCT[0] /= np.sqrt(2)
_STEPS = np.stack([table(LUMA, quality) for quality in range(1, 101)])[:, 1:].astype(np.float32)


def jpeg_quality(image: np.ndarray) -> int:
    """The quality of the JPEG that an image was, or 0 if it shows no 8x8 grid of one.

    image: uint8, height x width x 3, RGB, with the JPEG's upper left corner. In a decoded JPEG the
    DCT coefficients c of its blocks lie at multiples of their steps s, so that the mean of
    cos(2 pi c / s) is near 1; it is 0 in others (after Fan and de Queiroz 2003).
    """
    top, left = (max(0, (n - CROP) // 16 * 8) for n in image.shape[:2])
    luma = image[top : top + CROP, left : left + CROP] @ _LUMA
    height, width = (n // 8 for n in luma.shape)
    blocks = luma[: height * 8, : width * 8].reshape(height, 8, width, 8).swapaxes(1, 2)
    cells = (_DCT @ blocks @ _DCT.T).reshape(-1, 64)[:, 1:]  # the mean of flat areas is regular
    frequencies, values = _distinct(np.abs(cells))
    if not len(values):
        return 0
    steps = _STEPS[:, frequencies]
    used = (steps >= 3) & (values >= steps / 2)  # finer steps vanish in rounding
    count = used.sum(axis=1)
    total = np.where(used, np.cos(2 * np.pi * values / steps), 0).sum(axis=1)
    score = np.where(count >= 12, total / np.sqrt(np.maximum(count, 1) / 2), 0)
    best = int(score.argmax())
    return best + 1 if score[best] > SURE and total[best] > REGULAR * count[best] else 0


def _distinct(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The frequencies and sizes of coefficients; drawings repeat few, which would count often."""
    blocks, frequencies = np.nonzero(cells >= 1.5)
    keys = np.unique(
        frequencies * 1_000_000 + np.rint(cells[blocks, frequencies] * 100).astype(int)
    )
    keys = keys[:: 1 + len(keys) // ENOUGH]
    return keys // 1_000_000, (keys % 1_000_000 / 100).astype(np.float32)


def cutoff(samples: np.ndarray, sample_rate: int) -> int:
    """The frequency in Hz above which the spectrum of a sound is cut off, or 0.

    samples: float, frames x channels. Lossy codecs leave out what is above; so does a lower
    sample rate, which a single file cannot tell apart.
    """
    samples = samples[: SECONDS * sample_rate].mean(axis=1)
    window = WINDOW if len(samples) >= 4 * WINDOW else WINDOW // 4
    if len(samples) < window or not np.isfinite(samples).all():
        return 0
    frames = np.lib.stride_tricks.sliding_window_view(samples, window)[:: window // 2]
    power = (np.abs(np.fft.rfft(frames * np.hanning(window))) ** 2).mean(axis=0)
    level = 10 * np.log10(power + 1e-12)
    hertz = sample_rate / window
    gap, width = max(1, int(GAP / hertz)), max(2, int(WIDTH / hertz))
    mean = np.convolve(level, np.full(width, 1 / width), "valid")  # [i]: of i to i + width
    centre = np.arange(max(int(LOWEST * len(level)), gap + width), len(level) - gap - width)
    if not len(centre):
        return 0
    below, above = mean[centre - gap - width], mean[centre + gap]
    loudest_above = np.maximum.accumulate(level[::-1])[::-1][centre + gap]
    drop = np.where(loudest_above < (below + above) / 2, below - above, 0)
    place = centre[drop.argmax()]
    return round(place * hertz) if drop.max() >= DROP and place < HIGHEST * len(level) else 0
