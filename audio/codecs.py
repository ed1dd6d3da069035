"""The codecs of sound, in one table. What is heavy is imported when a codec is used.

A function takes samples, a bitrate in kb/s, and the sampling rate in Hz. Sound is encoded at its
own sampling rate, or at the next one that the codec has.
"""

from importlib.util import find_spec

from audio import constants
from helmholtz.codec import Codec, Extra
from helmholtz.lazy import function


def mp3(samples, bitrate: int, sample_rate: int):
    decoded, file_bytes = function("audio.mp3.compress")(samples, bitrate, sample_rate)
    return decoded, file_bytes, file_bytes  # an MP3 has no header but those of its frames


def _mp3_limits(facts: dict) -> tuple[int, int, str]:
    hertz = facts.get("sample_rate", constants.SAMPLE_RATE)
    return 0, function("audio.mp3.highest")(hertz), f"sound of {hertz:,} Hz"


def _opus_limits(facts: dict) -> tuple[int, int, str]:
    channels, (low, high) = facts.get("channels", 1), constants.OPUS_PER_CHANNEL
    return low * channels, high * channels, _named(channels)


def _aac_limits(facts: dict) -> tuple[int, int, str]:
    channels, hertz = facts.get("channels", 1), facts.get("sample_rate", constants.SAMPLE_RATE)
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
            compress=mp3, version=function("audio.mp3.codec"), limits=_mp3_limits,
            encode=function("audio.mp3.encode_samples"), ending=".mp3",
        ),
        Codec(
            name="opus", title="Opus", axis="Opus bitrate (kb/s)", unit="Opus {} kb/s",
            prefix="opus", rates=range(6, 321), grid=constants.OPUS_BITRATES,
            compress=function("audio.opus.compress"), version=function("audio.opus.version"),
            encode=function("audio.opus.encode_samples"), ending=".opus", limits=_opus_limits,
        ),
        Codec(
            name="aac", title="AAC", axis="AAC bitrate (kb/s)", unit="AAC {} kb/s",
            prefix="aac", rates=range(16, 321), grid=constants.AAC_BITRATES,
            compress=function("audio.aac.compress"), version=function("audio.aac.version"),
            encode=function("audio.aac.encode_samples"), ending=".m4a",
            extra=PYAV, limits=_aac_limits,
        ),
    ]
}  # fmt: skip
