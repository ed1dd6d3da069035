"""MP3 as a pure function from sound to decoded sound and file size in bytes."""

import functools
import importlib.util
import io
import os
import re
import shutil
import subprocess

import numpy as np
import soundfile

from audio.constants import LEGAL_BITRATES, MP3_HIGHEST, SAMPLE_RATE
from audio.samples import FULL_SCALE, fit, rate_above, resampled, to_pcm
from helmholtz.errors import MachineError

DELAY = 1105  # samples of encoder (576) and decoder (529), at the MP3's own sample rate


def compress(
    samples: np.ndarray, bitrate: int, sample_rate: int = SAMPLE_RATE, tool: str | None = None
) -> tuple[np.ndarray, int]:
    """Encode sound as MP3 in memory and decode it again, without delay and of the same length.

    samples: float32 in -1..1 at sample_rate, frames, or frames x one or two channels. Values
    beyond are clipped, see count_clipped. bitrate: in kb/s, one of LEGAL_BITRATES up to highest();
    0 gives the 16-bit samples without MP3. tool: "lame" or "lameenc"; the default is what
    encoder() finds.
    Returns (samples, file_bytes): float32 of the same shape, and the size of the whole file, which
    holds nothing but frames.
    MP3 removes what the ear does not hear: mostly noise and high frequencies, the more the lower
    the bitrate; LAME also lowers the sample rate below 64 kb/s.
    """
    # lame would silently take the nearest
    if bitrate not in LEGAL_BITRATES or bitrate > highest(sample_rate):
        legal = ", ".join(str(rate) for rate in LEGAL_BITRATES if rate <= highest(sample_rate))
        raise ValueError(f"MP3 has no bitrate of {bitrate} kb/s here: give one of {legal}")
    if bitrate == 0:
        pcm = to_pcm(samples)
        return pcm.astype(np.float32) / FULL_SCALE, pcm.nbytes
    file = encode_samples(samples, bitrate, sample_rate, tool)
    return decode(file, samples.shape, sample_rate), len(file)


def encode_samples(samples: np.ndarray, bitrate: int, sample_rate: int, tool: str | None = None):
    """The MP3 file of samples; arguments as for compress, but bitrate is not 0."""
    own = rate_above(sample_rate, MP3_HIGHEST)
    return encode(to_pcm(resampled(samples, sample_rate, own)), bitrate, tool or encoder(), own)


def highest(sample_rate: int) -> int:
    """The highest bitrate in kb/s of sound of this sampling rate."""
    return MP3_HIGHEST[rate_above(sample_rate, MP3_HIGHEST)]


@functools.cache
def encoder() -> str:
    """The encoder of this machine: "lameenc", the package, or else "lame", the tool.

    Both give the same samples; the package starts no process for every clip. Raises MachineError
    when there is neither.
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
    """The encoder, with the version that it writes into its files, and the decoder."""
    file = encode(np.zeros(SAMPLE_RATE, np.int16), 128, encoder())
    version = re.search(rb"LAME([\d.]+)", file)[1].decode()
    return f"{encoder()}, LAME {version}, libsndfile {soundfile.__libsndfile_version__}"


def encode(pcm: np.ndarray, bitrate: int, tool: str, sample_rate: int = SAMPLE_RATE) -> bytes:
    """An MP3 file of int16 samples at one of MP3's sampling rates, frames or frames x channels."""
    channels = pcm.size // len(pcm)
    pcm = np.ascontiguousarray(pcm, "<i2").tobytes()
    return (_lame if tool == "lame" else _lameenc)(pcm, channels, bitrate, sample_rate)


def _lame(pcm: bytes, channels: int, bitrate: int, sample_rate: int) -> bytes:
    # From 160 kb/s on the library, and so lameenc, uses plain stereo; the tool does not.
    mode = "m" if channels == 1 else "j" if bitrate < 160 else "s"
    raw = ["-r", "-s", f"{sample_rate / 1000}", "--bitwidth", "16", "--signed", "--little-endian"]
    command = ["lame", "--silent", *raw, "-m", mode, "-b", str(bitrate), "-", "-"]
    own = os.environ | {"LAMEOPT": ""}  # a user's options would be added to ours
    done = subprocess.run(command, input=pcm, capture_output=True, close_fds=False, env=own)
    if done.returncode:
        raise MachineError(f"lame failed: {done.stderr.decode(errors='replace').strip()[-200:]}.")
    return done.stdout


def _lameenc(pcm: bytes, channels: int, bitrate: int, sample_rate: int) -> bytes:
    import lameenc

    lame = lameenc.Encoder()
    lame.set_in_sample_rate(sample_rate)
    lame.set_channels(channels)
    lame.set_bit_rate(bitrate)
    lame.set_quality(3)  # the tool's default
    lame.silence()
    return bytes(lame.encode(pcm) + lame.flush())


def decode(file: bytes, shape: tuple, sample_rate: int = SAMPLE_RATE) -> np.ndarray:
    """The sound of an MP3 file: float32 of this shape, at sample_rate, without codec delay."""
    decoded, own = soundfile.read(io.BytesIO(file), dtype="float32")
    decoded = resampled(decoded[DELAY:], own, sample_rate)
    return fit(decoded.reshape(len(decoded), *shape[1:]), shape[0])
