"""The codecs of sound, in one table. What is heavy is imported when a codec is used.

A function takes samples, a bitrate in kb/s, and the sampling rate in Hz. Sound is encoded at its
own sampling rate, or at the next one that the codec has.
"""

from audio import constants
from helmholtz.domain import Codec


def mp3(samples, bitrate: int, sample_rate: int):
    from audio.mp3 import compress

    decoded, file_bytes = compress(samples, bitrate, sample_rate)
    return decoded, file_bytes, file_bytes  # an MP3 has no header but those of its frames


def _mp3_version() -> str:
    from audio.mp3 import codec

    return codec()


def _mp3_limits(facts: dict) -> tuple[int, int, str]:
    from audio.mp3 import highest

    return 0, highest(facts["sample_rate"]), f"sound of {facts['sample_rate']:,} Hz"


def opus(samples, bitrate: int, sample_rate: int):
    from audio.opus import compress

    return compress(samples, bitrate, sample_rate)


def _opus_version() -> str:
    from audio.opus import version

    return version()


def _opus_limits(facts: dict) -> tuple[int, int, str]:
    low, high = constants.OPUS_PER_CHANNEL
    channels = facts["channels"]
    return low * channels, high * channels, _channels(channels)


def aac(samples, bitrate: int, sample_rate: int):
    from audio.aac import compress

    return compress(samples, bitrate, sample_rate)


def _aac_version() -> str:
    from audio.aac import VERSION

    return VERSION


def _aac_limits(facts: dict) -> tuple[int, int, str]:
    channels, sample_rate = facts["channels"], min(facts["sample_rate"], 48000)
    low, bits = constants.AAC_LOWEST, constants.AAC_BITS
    what = f"{_channels(channels)} of {facts['sample_rate']:,} Hz"
    return low * channels, channels * bits * sample_rate // 1000, what


def _channels(channels: int) -> str:
    return "mono sound" if channels == 1 else "stereo sound"


TABLE = {
    codec.name: codec
    for codec in [
        Codec(
            name="mp3", title="MP3", axis="MP3 bitrate (kb/s)", unit="{} kb/s", prefix="bitrate",
            rates=constants.LEGAL_BITRATES[1:], grid=constants.BITRATES,
            compress=mp3, version=_mp3_version, limits=_mp3_limits,
        ),
        # The complexity is libopus's highest, and the bitrate varies: libsndfile's defaults.
        Codec(
            name="opus", title="Opus", axis="Opus bitrate (kb/s)", unit="Opus {} kb/s",
            prefix="opus", rates=range(6, 513), grid=constants.OPUS_BITRATES,
            compress=opus, version=_opus_version, limits=_opus_limits,
        ),
        # FFmpeg's own encoder, since no other one comes with PyAV.
        Codec(
            name="aac", title="AAC", axis="AAC bitrate (kb/s)", unit="AAC {} kb/s",
            prefix="aac", rates=range(16, 513), grid=constants.AAC_BITRATES,
            compress=aac, version=_aac_version, limits=_aac_limits,
        ),
    ]
}  # fmt: skip
