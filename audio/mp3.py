"""MP3 as a pure function from sound to sound and its size in bytes."""

import functools
import importlib.util
import io
import os
import re
import shutil
import subprocess

import numpy as np
import soundfile
import soxr

from audio.constants import LEGAL_BITRATES, RATE
from helmholtz.errors import MachineError

DELAY = 1105  # samples that encoder (576) and decoder (529) add, counted at the MP3's own rate
FULL_SCALE = 32768


def compress(
    samples: np.ndarray, rate: int, bitrate: int, tool: str | None = None
) -> tuple[np.ndarray, int]:
    """Encode sound as MP3 in memory and decode it again, at the same place and length.

    samples: float32 in -1..1, frames, or frames x channels of which there are one or two. What
    lies beyond is clipped, see count_clipped. rate: in Hz. bitrate: in kb/s, one of
    LEGAL_BITRATES, or 0 for no MP3 but the 16-bit samples that an encoder is given otherwise.
    tool: "lame" or "lameenc"; the default is what encoder() finds.
    Returns (samples, file_bytes): float32 of the same shape, and the size of the whole file, of
    which next to nothing is header.
    MP3 removes what the ear does not hear: mostly noise and high frequencies, the more the lower
    the bitrate; LAME also lowers the rate below 64 kb/s.
    """
    if bitrate not in LEGAL_BITRATES:  # lame would take the nearest without a word
        legal = ", ".join(map(str, LEGAL_BITRATES))
        raise ValueError(f"an MP3 of {bitrate} kb/s does not exist, but of {legal}")
    # Not every rate exists in MP3, and not every bitrate at every rate: RATE has them all.
    pcm = to_pcm(soxr.resample(samples, rate, RATE) if rate != RATE else samples)
    if bitrate == 0:
        decoded, file_bytes = pcm.astype(np.float32) / FULL_SCALE, pcm.nbytes
    else:
        file = encode(pcm, bitrate, tool or encoder())
        decoded, file_bytes = decode(file, pcm.shape), len(file)
    if rate != RATE:
        decoded = fit(soxr.resample(decoded, RATE, rate), len(samples))
    return decoded, file_bytes


def to_pcm(samples: np.ndarray) -> np.ndarray:
    """Samples as int16, clipped where they are beyond full scale."""
    return np.rint(np.clip(samples, -1, 1 - 1 / FULL_SCALE) * FULL_SCALE).astype(np.int16)


def count_clipped(samples: np.ndarray) -> int:
    """How many samples are beyond full scale, so that to_pcm clips them."""
    return int(np.count_nonzero(np.abs(samples) > 1))


@functools.cache
def encoder() -> str:
    """The encoder of this machine: "lameenc", the package, or else "lame", the tool.

    Both decode to the same samples, by test; the package starts no process for every clip.
    Raises MachineError when there is neither.
    """
    if importlib.util.find_spec("lameenc"):
        return "lameenc"
    if shutil.which("lame"):
        return "lame"
    raise MachineError(
        "MP3 needs lameenc or lame: `pip install lameenc`, or `apt-get install lame`."
    )


@functools.cache
def codec() -> str:
    """The encoder with the version that it writes into its files, and the decoder."""
    file = encode(np.zeros(RATE, np.int16), 128, encoder())
    version = re.search(rb"LAME([\d.]+)", file)[1].decode()
    return f"{encoder()}, LAME {version}, libsndfile {soundfile.__libsndfile_version__}"


def encode(pcm: np.ndarray, bitrate: int, tool: str) -> bytes:
    """An MP3 file of int16 samples at RATE, frames or frames x channels."""
    channels = pcm.size // len(pcm)
    pcm = np.ascontiguousarray(pcm, "<i2").tobytes()
    return (_lame if tool == "lame" else _lameenc)(pcm, channels, bitrate)


def _lame(pcm: bytes, channels: int, bitrate: int) -> bytes:
    # The library, and so lameenc, gives up joint stereo from 160 kb/s on; the tool does not.
    mode = "m" if channels == 1 else "j" if bitrate < 160 else "s"
    raw = ["-r", "-s", f"{RATE / 1000}", "--bitwidth", "16", "--signed", "--little-endian"]
    command = ["lame", "--silent", *raw, "-m", mode, "-b", str(bitrate), "-", "-"]
    own = os.environ | {"LAMEOPT": ""}  # a user's options would come on top of ours
    done = subprocess.run(command, input=pcm, capture_output=True, close_fds=False, env=own)
    if done.returncode:
        raise MachineError(f"lame failed: {done.stderr.decode(errors='replace').strip()[-200:]}.")
    return done.stdout


def _lameenc(pcm: bytes, channels: int, bitrate: int) -> bytes:
    import lameenc

    lame = lameenc.Encoder()
    lame.set_in_sample_rate(RATE)
    lame.set_channels(channels)
    lame.set_bit_rate(bitrate)
    lame.set_quality(3)  # what the tool does by itself
    lame.silence()
    return bytes(lame.encode(pcm) + lame.flush())


def decode(file: bytes, shape: tuple) -> np.ndarray:
    """The sound of an MP3 file at RATE, float32 of a shape, without the codecs' delay."""
    decoded, rate = soundfile.read(io.BytesIO(file), dtype="float32")
    decoded = soxr.resample(decoded[DELAY:], rate, RATE)
    return fit(decoded.reshape(len(decoded), *shape[1:]), shape[0])


def fit(samples: np.ndarray, frames: int) -> np.ndarray:
    """Samples cropped, or padded with silence, to a number of frames."""
    missing = max(0, frames - len(samples))
    return np.pad(samples[:frames], [(0, missing)] + [(0, 0)] * (samples.ndim - 1))
