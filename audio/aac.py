"""AAC-LC as a pure function from sound to decoded sound and sizes in bytes."""

import io

import av
import numpy as np

from audio.constants import MP3_HIGHEST
from audio.samples import FULL_SCALE, fit, rate_above, resampled, to_pcm

RATES = list(MP3_HIGHEST)  # Hz; AAC has those of MP3 and higher ones


def version() -> str:
    library = ".".join(map(str, av.library_versions["libavcodec"]))
    return f"PyAV {av.__version__}, libavcodec {library}"


def compress(samples: np.ndarray, bitrate: int, sample_rate: int) -> tuple[np.ndarray, int, int]:
    """Encode sound as AAC in an MP4 file in memory and decode it again.

    samples: float32 in -1..1 at sample_rate, frames, or frames x one or two channels. bitrate: in
    kb/s. Returns (samples, file_bytes, payload_bytes): float32 of the same shape, without delay;
    the payload are the AAC frames.
    """
    own = rate_above(sample_rate, RATES)
    file, payload_bytes = encode(_pcm(samples, sample_rate, own), bitrate, own)
    decoded = fit(resampled(decode(file), own, sample_rate), len(samples))
    return decoded.reshape(samples.shape), len(file), payload_bytes


def encode_samples(samples: np.ndarray, bitrate: int, sample_rate: int) -> bytes:
    """The MP4 file of samples; arguments as for compress."""
    own = rate_above(sample_rate, RATES)
    return encode(_pcm(samples, sample_rate, own), bitrate, own)[0]


def _pcm(samples: np.ndarray, sample_rate: int, wanted: int) -> np.ndarray:
    pcm = to_pcm(resampled(samples, sample_rate, wanted))
    return pcm.reshape(-1, samples.size // len(samples))


def encode(pcm: np.ndarray, bitrate: int, sample_rate: int) -> tuple[bytes, int]:
    """An MP4 file of int16 samples, frames x channels, and the bytes of its AAC frames."""
    file, payload_bytes = io.BytesIO(), 0
    layout = "mono" if pcm.shape[1] == 1 else "stereo"
    floats = np.ascontiguousarray(pcm.T, np.float32) / FULL_SCALE
    frame = av.AudioFrame.from_ndarray(floats, "fltp", layout)
    frame.sample_rate, frame.pts = sample_rate, 0
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=sample_rate, layout=layout)
        stream.bit_rate = 1000 * bitrate
        for part in (frame, None):  # None gives the tail
            for packet in stream.encode(part):
                payload_bytes += packet.size
                container.mux(packet)
    return file.getvalue(), payload_bytes


def decode(file: bytes) -> np.ndarray:
    """The sound of an MP4 file, float32, frames x channels, at its own sampling rate."""
    with av.open(io.BytesIO(file)) as container:
        return np.concatenate([part.to_ndarray() for part in container.decode(audio=0)], axis=1).T
