"""The embedded data set: plucked strings through twelve effects, on a noisy recording.

Notes of a random string (Karplus and Strong, 1983) go through an effect of random setting; the
recording adds white noise of a known level, so that the bits of noise in a clip are known: see
noise_bits. Pitches heard in training are not heard in the test. A clip is made when it is read.
"""

from typing import NamedTuple

import numpy as np
from scipy import fft, signal

from audio.constants import SAMPLE_RATE
from audio.samples import FULL_SCALE

SEED = 2018
ITEMS = {"train": 480, "test": 120}
SAMPLES = 2 * SAMPLE_RATE
PITCHES = range(40, 77)  # MIDI numbers, E2 to E5, as on a guitar
TEST_PITCHES = PITCHES[2::4]
NOISE = 32.0  # standard deviation of the recording's noise, in steps of 16 bits: -60 dB


class Note(NamedTuple):
    """All that a clip is made from."""

    effect: str
    pitch: int  # MIDI number
    seed: int


def make(split: str, items: int | None = None) -> tuple[list[Note], np.ndarray]:
    """The notes, to be played by record, and the labels, int64, of a split: "train" or "test"."""
    rng = np.random.default_rng([SEED, list(ITEMS).index(split)])
    items = items or ITEMS[split]
    labels = np.arange(items) % len(CLASSES)
    pitches = [p for p in PITCHES if (p in TEST_PITCHES) == (split == "test")]
    seeds = rng.integers(1 << 62, size=items)
    notes = [
        Note(CLASSES[k], int(rng.choice(pitches)), int(seed))
        for k, seed in zip(labels, seeds, strict=True)
    ]
    return notes, labels


def play(effect: str, pitch: int, rng: np.random.Generator) -> np.ndarray:
    """A note through an effect, without noise: float64, SAMPLES, its peak 0.7 to 0.9."""
    sound = EFFECTS[effect](pluck(pitch, rng), rng)
    return sound * rng.uniform(0.7, 0.9) / np.abs(sound).max()


def record(note: Note) -> np.ndarray:
    """What the recording of a note holds: float32 in -1..1, SAMPLES x 1, whole 16-bit steps."""
    rng = np.random.default_rng(note.seed)
    clean = play(note.effect, note.pitch, rng) * FULL_SCALE
    noisy = clean + NOISE * rng.standard_normal(SAMPLES)
    return (np.rint(noisy) / FULL_SCALE).astype(np.float32)[:, None]


def noise_bits() -> float:
    """Entropy, in bits, of a recording given the clean sound: what is noise in it.

    It is the same for every sound, as nothing clips and NOISE is many steps: that of a normal
    distribution.
    """
    return SAMPLES * float(np.log2(NOISE * np.sqrt(2 * np.pi * np.e)))


def pluck(pitch: int, rng: np.random.Generator) -> np.ndarray:
    """A plucked string: a burst of noise that goes round and is smoothed at every turn."""
    period = round(SAMPLE_RATE / (440 * 2 ** ((pitch - 69) / 12)))
    smooth = rng.uniform(0.02, 0.05) * period / 400
    loss = 0.001 ** (period / SAMPLE_RATE / rng.uniform(5, 8))  # 60 dB in 5 to 8 s
    string = np.zeros(SAMPLES + period + 1)
    burst = rng.uniform(-1, 1, period)
    string[1 : period + 1] = burst - np.roll(burst, round(rng.uniform(0.1, 0.3) * period))
    for start in range(period + 1, SAMPLES + 1, period):
        before = string[start - period - 1 : start]
        string[start : start + period] = loss * (before[1:] + smooth * (before[:-1] - before[1:]))
    return string[1 : SAMPLES + 1] / np.abs(string).max()


def _slow(rng: np.random.Generator, low: float, high: float) -> np.ndarray:
    """A modulation between 0 and 1, from the pluck on, of a frequency from low to high, in Hz."""
    hz = rng.uniform(low, high)
    return 0.5 - 0.5 * np.cos(2 * np.pi * hz * np.arange(SAMPLES) / SAMPLE_RATE)


def _delay(dry: np.ndarray, seconds) -> np.ndarray:
    """The sound later by a time that may change from sample to sample."""
    places = np.arange(SAMPLES)
    return np.interp(places - SAMPLE_RATE * seconds, places, dry, left=0)


def _chorus(dry, rng):
    voices = [_delay(dry, rng.uniform(0.015, 0.03) + 0.006 * _slow(rng, 1.5, 3)) for _ in range(3)]
    return dry + sum(voices)


def _distortion(dry, rng):
    return np.clip(rng.uniform(60, 120) * dry, -1, 1)


def _eq(dry, rng):
    """The lows go and a band of the middle comes forward."""
    centre = rng.uniform(2000, 4000)
    hz = fft.rfftfreq(SAMPLES, 1 / SAMPLE_RATE)
    gain = np.exp(-(np.log2(np.maximum(hz, 1) / centre) ** 2))
    return fft.irfft(fft.rfft(dry) * gain, SAMPLES)


def _feedback_delay(dry, rng):
    seconds, feedback = rng.uniform(0.3, 0.38), rng.uniform(0.6, 0.8)
    return sum(feedback**i * _delay(dry, i * seconds) for i in range(8))


def _flanger(dry, rng):
    return dry + 0.95 * _delay(dry, 0.0005 + 0.005 * _slow(rng, 0.4, 0.7))


def _no_fx(dry, rng):
    return dry


def _overdrive(dry, rng):
    return np.tanh(rng.uniform(6, 12) * dry + 0.4) - np.tanh(0.4)


def _phaser(dry, rng, block=512):
    """Notches that wander: the sound plus the same sound through six moving all-pass filters."""
    wet, state = np.empty(SAMPLES), np.zeros(6)
    corner = 300 * 15 ** _slow(rng, 0.7, 1.1)[::block]
    for i, hz in enumerate(corner):
        turn = np.tan(np.pi * hz / SAMPLE_RATE)
        pole = (turn - 1) / (turn + 1)
        stages = np.poly(np.full(6, -pole))
        part = slice(i * block, (i + 1) * block)
        wet[part], state = signal.lfilter(stages[::-1], stages, dry[part], zi=state)
    return dry + wet


def _reverb(dry, rng):
    """A hall: an echo of noise that falls by 60 dB in 1.5 to 3 s."""
    fall = 0.001 ** (np.arange(SAMPLES) / SAMPLE_RATE / rng.uniform(1.5, 3))
    wet = signal.fftconvolve(dry, rng.standard_normal(SAMPLES) * fall)[:SAMPLES]
    return 0.3 * dry / np.abs(dry).max() + wet / np.abs(wet).max()


def _slapback_delay(dry, rng):
    return dry + rng.uniform(0.8, 1) * _delay(dry, rng.uniform(0.1, 0.14))


def _tremolo(dry, rng):
    return dry * (1 - rng.uniform(0.8, 1) * _slow(rng, 4.5, 6))


def _vibrato(dry, rng):
    return _delay(dry, 0.004 * _slow(rng, 4.5, 6))


EFFECTS = {
    "Chorus": _chorus,
    "Distortion": _distortion,
    "EQ": _eq,
    "FeedbackDelay": _feedback_delay,
    "Flanger": _flanger,
    "NoFX": _no_fx,
    "Overdrive": _overdrive,
    "Phaser": _phaser,
    "Reverb": _reverb,
    "SlapbackDelay": _slapback_delay,
    "Tremolo": _tremolo,
    "Vibrato": _vibrato,
}
CLASSES = list(EFFECTS)
