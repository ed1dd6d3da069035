"""Opus as a pure function from sound to decoded sound and sizes in bytes."""

import functools
import io
import re

import numpy as np
import soundfile

from audio.constants import OPUS_PER_CHANNEL, OPUS_RATE
from audio.samples import fit, resampled, to_pcm


def compress(samples: np.ndarray, bitrate: int, sample_rate: int) -> tuple[np.ndarray, int, int]:
    """Encode sound as Opus in an Ogg file in memory and decode it again.

    samples: float32 in -1..1 at sample_rate, frames, or frames x one or two channels. bitrate: in
    kb/s, OPUS_PER_CHANNEL for each channel. Returns (samples, file_bytes, payload_bytes): float32
    of the same shape, without delay; the payload are the audio packets. Sound is encoded at 48 kHz,
    since few sampling rates are Opus's own. Bytes are variable: bitrate is their mean for music.
    """
    file = encode_samples(samples, bitrate, sample_rate)
    decoded = soundfile.read(io.BytesIO(file), dtype="float32")[0]
    decoded = fit(resampled(decoded, OPUS_RATE, sample_rate), len(samples))
    return decoded.reshape(samples.shape), len(file), sum(packet_sizes(file)[2:])


def encode_samples(samples: np.ndarray, bitrate: int, sample_rate: int) -> bytes:
    """The Ogg file of samples; arguments as for compress."""
    low, high = OPUS_PER_CHANNEL
    channels = samples.size // len(samples)
    if not low * channels <= bitrate <= high * channels:
        raise ValueError(f"Opus has no {bitrate} kb/s for {channels} channels")
    level = 1 - (bitrate / channels - low) / (high - low)  # as libsndfile makes a bitrate of it
    return encode(to_pcm(resampled(samples, sample_rate, OPUS_RATE)), level)


def encode(pcm: np.ndarray, level: float) -> bytes:
    """An Ogg file of int16 samples at OPUS_RATE.

    Every file has a random serial number: compare decoded samples, never bytes.
    """
    file = io.BytesIO()
    soundfile.write(file, pcm, OPUS_RATE, "OPUS", format="OGG", compression_level=level)
    return file.getvalue()


def packet_sizes(file: bytes) -> list[int]:
    """Bytes of every packet of an Ogg file (RFC 3533); of Opus, the first two are headers."""
    sizes, size, place = [], 0, 0
    while place < len(file):
        laces = file[place + 27 : place + 27 + file[place + 26]]
        for lace in laces:
            size += lace
            if lace < 255:  # the packet ends here
                sizes.append(size)
                size = 0
        place += 27 + len(laces) + sum(laces)
    return sizes


@functools.cache
def version() -> str:
    """The encoder as it names itself in its files, and what drives it."""
    file = encode(np.zeros(OPUS_RATE, np.int16), 0.5)
    encoder = re.search(rb"libopus [\w.-]+", file)
    name = encoder[0].decode() if encoder else "libopus"
    return f"{name}, libsndfile {soundfile.__libsndfile_version__}"
