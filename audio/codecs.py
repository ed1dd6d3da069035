"""The codecs of sound, in one table. What is heavy is imported when a codec is used."""

from audio import constants
from helmholtz.domain import Codec


def mp3(samples, bitrate: int):
    from audio.mp3 import compress

    decoded, file_bytes = compress(samples, bitrate)
    return decoded, file_bytes, file_bytes  # an MP3 has next to no header


def _mp3_version() -> str:
    from audio.mp3 import codec

    return codec()


TABLE = {
    codec.name: codec
    for codec in [
        Codec(
            name="mp3", title="MP3", axis="MP3 bitrate (kb/s)", unit="{} kb/s", prefix="bitrate",
            rates=constants.LEGAL_BITRATES[1:], grid=constants.BITRATES,
            compress=mp3, version=_mp3_version,
        ),
    ]
}  # fmt: skip
