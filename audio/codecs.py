"""The codecs of sound, in one table. What is heavy is imported when a codec is used.

A function takes samples, a bitrate in kb/s, and the sampling rate in Hz. Sound is encoded at its
own sampling rate, or at the next one that the codec has.
"""

from functools import partial
from importlib import import_module
from importlib.util import find_spec

from audio import constants
from helmholtz.codec import Codec, Extra


def _call(place: str, *arguments):
    """Call a function, or read a constant, of a module of this half."""
    module, name = place.split(".")
    found = getattr(import_module(f"audio.{module}"), name)
    return found(*arguments) if callable(found) else found


def mp3(samples, bitrate: int, sample_rate: int):
    decoded, file_bytes = _call("mp3.compress", samples, bitrate, sample_rate)
    return decoded, file_bytes, file_bytes  # an MP3 has no header but those of its frames


def _mp3_limits(facts: dict) -> tuple[int, int, str]:
    hertz = facts["sample_rate"]
    return 0, _call("mp3.highest", hertz), f"sound of {hertz:,} Hz"


def _opus_limits(facts: dict) -> tuple[int, int, str]:
    channels, (low, high) = facts["channels"], constants.OPUS_PER_CHANNEL
    return low * channels, high * channels, _named(channels)


def _aac_limits(facts: dict) -> tuple[int, int, str]:
    channels, hertz = facts["channels"], facts["sample_rate"]
    highest = constants.AAC_BITS * min(hertz, constants.HIGHEST_RATE) // 1000
    what = f"{_named(channels)} of {hertz:,} Hz"
    return constants.AAC_LOWEST * channels, highest * channels, what


def _named(channels: int) -> str:
    return "mono sound" if channels == 1 else "stereo sound"


PYAV = Extra("PyAV", "sh scripts/setup.sh codecs", lambda: find_spec("av") is not None)

# MP3: LAME's quality 3, the tool's default. Opus: libsndfile's defaults, a variable bitrate and
# the highest complexity. AAC: FFmpeg's own encoder, the only one that PyAV brings.
TABLE = {
    codec.name: codec
    for codec in [
        Codec(
            name="mp3", title="MP3", axis="MP3 bitrate (kb/s)", unit="{} kb/s", prefix="bitrate",
            rates=constants.LEGAL_BITRATES[1:], grid=constants.BITRATES,
            compress=mp3, version=partial(_call, "mp3.codec"), limits=_mp3_limits,
            encode=partial(_call, "mp3.encode_samples"), ending=".mp3",
        ),
        Codec(
            name="opus", title="Opus", axis="Opus bitrate (kb/s)", unit="Opus {} kb/s",
            prefix="opus", rates=range(6, 321), grid=constants.OPUS_BITRATES,
            compress=partial(_call, "opus.compress"), version=partial(_call, "opus.version"),
            encode=partial(_call, "opus.encode_samples"), ending=".opus", limits=_opus_limits,
        ),
        Codec(
            name="aac", title="AAC", axis="AAC bitrate (kb/s)", unit="AAC {} kb/s",
            prefix="aac", rates=range(16, 321), grid=constants.AAC_BITRATES,
            compress=partial(_call, "aac.compress"), version=partial(_call, "aac.VERSION"),
            encode=partial(_call, "aac.encode_samples"), ending=".m4a",
            extra=PYAV, limits=_aac_limits,
        ),
    ]
}  # fmt: skip
