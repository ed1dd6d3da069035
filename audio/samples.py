"""Samples of sound: of another number, sampling rate or type."""

from collections.abc import Iterable

import numpy as np
import soxr

FULL_SCALE = 32768


def to_pcm(samples: np.ndarray) -> np.ndarray:
    """Samples as int16, clipped at full scale."""
    return np.rint(np.clip(samples, -1, 1 - 1 / FULL_SCALE) * FULL_SCALE).astype(np.int16)


def count_clipped(samples: np.ndarray) -> int:
    """How many samples to_pcm clips."""
    return int(np.count_nonzero(np.abs(samples) > 1))


def fit(samples: np.ndarray, frames: int) -> np.ndarray:
    """Samples cropped, or padded with silence, to a number of frames."""
    missing = max(0, frames - len(samples))
    return np.pad(samples[:frames], [(0, missing)] + [(0, 0)] * (samples.ndim - 1))


def resampled(samples: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """float32 samples brought from one sampling rate to another, both in Hz, without delay."""
    return samples if rate == wanted else soxr.resample(samples, rate, wanted)


def rate_above(sample_rate: int, rates: Iterable[int]) -> int:
    """The lowest of some sampling rates that keeps all of a sound, or else the highest."""
    return min((rate for rate in rates if rate >= sample_rate), default=max(rates))
