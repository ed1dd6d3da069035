"""Mel spectrograms in decibels as published: librosa's values in a third of the time."""

import functools
import math
from collections.abc import Iterator

import numpy as np
from scipy import fft, sparse

from audio.constants import N_FFT, SAMPLE_RATE
from audio.samples import fit, resampled
from helmholtz.errors import UsageError

BLOCK = 32  # frames that fit the processor's cache
FLOOR = 1e-5  # the least value of a band, as in librosa's amplitude_to_db
RANGE = 80.0  # decibels kept below the loudest, as there


def extract(
    samples: np.ndarray,
    frames: int,
    mels: int,
    resample: int | None,
    phase: bool,
    sample_rate: int = SAMPLE_RATE,
) -> np.ndarray:
    """The spectrograms of a clip, channels as layers.

    samples: float32 at sample_rate, samples x channels. frames: samples to crop the clip to, or to
    pad it to with silence. resample: the sample rate of the spectrogram in Hz; then its windows
    have N_FFT samples, as published. None keeps the samples as they are, see window.
    Returns float16, mels x frames x channels; with phase each channel is followed by its phase.
    """
    samples = resampled(fit(samples, frames), sample_rate, resample or sample_rate)
    size = N_FFT if resample else window(sample_rate)
    bank = filter_bank(resample or sample_rate, mels, size)
    if phase and mels > bank.shape[1]:
        few = f"Sound of {sample_rate:,} Hz has too few frequencies for --phase with {mels} bands"
        raise UsageError(f"{few}: give --mels {bank.shape[1]} or fewer.")
    layers = []
    for channel in samples.T:
        powers, cosines = [], []
        for spectrum in stft(channel, size):
            powers.append(bank @ (spectrum.real**2 + spectrum.imag**2).T)
            if phase:
                cosines.append(cosine(spectrum[:, :mels]).T)
        layers.append(decibels(np.hstack(powers)))
        if phase:
            layers.append(np.hstack(cosines))
    return np.stack(layers, axis=-1).astype(np.float16)


def window(sample_rate: int) -> int:
    """The samples of a window: a power of two, as close to 46 ms as N_FFT at SAMPLE_RATE."""
    return 2 ** round(math.log2(N_FFT * sample_rate / SAMPLE_RATE))


def stft(samples: np.ndarray, size: int = N_FFT) -> Iterator[np.ndarray]:
    """Short-time Fourier transform: complex64, frames x (size / 2 + 1) bins, BLOCK at a time.

    Hann windows of size samples, a quarter of a window apart; beyond the ends is silence.
    """
    padded = np.pad(np.ascontiguousarray(samples, np.float32), size // 2)
    windows = np.lib.stride_tricks.sliding_window_view(padded, size)[:: size // 4]
    hann = np.hanning(size + 1)[:-1].astype(np.float32)  # periodic
    for start in range(0, len(windows), BLOCK):
        yield fft.rfft(windows[start : start + BLOCK] * hann, axis=1)


@functools.cache
def filter_bank(sample_rate: int, mels: int, size: int = N_FFT) -> sparse.csr_array:
    """Half-overlapping triangles of equal area, evenly spaced in mel: mels x bins, float32."""
    bins = fft.rfftfreq(size, 1 / sample_rate)
    corners = _mel_to_hz(np.linspace(0, _hz_to_mel(sample_rate / 2), mels + 2))
    below, above = np.diff(corners)[:-1, None], np.diff(corners)[1:, None]
    up = (bins - corners[:-2, None]) / below
    down = (corners[2:, None] - bins) / above
    weights = np.maximum(0, np.minimum(up, down)) * 2 / (below + above)
    return sparse.csr_array(weights.astype(np.float32))


# Slaney's mel scale: up to 1 kHz 3 mel are 200 Hz, above it 27 mel are a factor of 6.4
# (M. Slaney, Auditory Toolbox, Interval Research, TR 1998-010).
_KNEE, _STEP = 15, np.log(6.4) / 27


def _hz_to_mel(hz: float) -> float:
    return 3 * hz / 200 if hz < 1000 else _KNEE + np.log(hz / 1000) / _STEP


def _mel_to_hz(mel: np.ndarray) -> np.ndarray:
    return np.where(mel < _KNEE, 200 * mel / 3, 1000 * np.exp(_STEP * (mel - _KNEE)))


def decibels(power: np.ndarray) -> np.ndarray:
    """20 log10 of the power, as published, although 20 is the factor for amplitudes."""
    db = 20 * np.log10(np.maximum(FLOOR, power))
    return np.maximum(db, db.max() - RANGE)


def cosine(spectrum: np.ndarray) -> np.ndarray:
    """Cosine of the phase; 1 for silence.

    As published: the phase was complex and lost its imaginary part when it was stored. It is that
    of the spectrum's lowest bins, as many as there are mel bands.
    """
    size = np.abs(spectrum)
    return np.where(size > 0, spectrum.real / np.where(size > 0, size, 1), 1)


def tile(spectrograms: np.ndarray) -> np.ndarray:
    """Mono spectrograms, N x mels x frames x 1, as three equal channels, without a copy.

    Raises UsageError when they have more than one channel.
    """
    if spectrograms.shape[3] != 1:
        raise UsageError("--tile is for mono spectrograms: give --mono, and no --phase.")
    return np.broadcast_to(spectrograms, (*spectrograms.shape[:3], 3))
