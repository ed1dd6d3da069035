"""The codecs of images, in one table. What is heavy is imported when a codec is used."""

from cifar import constants
from helmholtz.domain import Codec


def jpeg(image, quality: int):
    from cifar.jpeg import compress

    return compress(image, quality)


def _jpeg_version() -> str:
    from cifar.jpeg import CODEC

    return CODEC


TABLE = {
    codec.name: codec
    for codec in [
        Codec(
            name="jpeg", title="JPEG", axis="JPEG quality", unit="quality {}", prefix="quality",
            rates=range(1, 101), grid=constants.QUALITIES, compress=jpeg, version=_jpeg_version,
        ),
    ]
}  # fmt: skip
