"""The codecs of images, in one table. What is heavy is imported when a codec is used."""

from functools import partial
from importlib.util import find_spec

from cifar import constants
from helmholtz.codec import Codec, Extra, through_file
from helmholtz.lazy import function


def _codec(name: str, title: str, rates, ending: str, **others) -> Codec:
    """A codec of image_codecs.py, if others do not say otherwise, whose rate is a quality."""
    parts = ("encode", "decode", "payload")
    facts = {part: function(f"cifar.image_codecs.{part}_{name}") for part in parts}
    facts["compress"] = partial(through_file, **facts)
    facts["version"] = function(f"cifar.image_codecs.{name}_version")
    facts |= {"axis": f"{title} quality", "unit": f"{title} quality {{}}", "prefix": name}
    facts |= {"grid": constants.GRIDS[name], "ending": ending}
    return Codec(name, title, rates=rates, **facts | others)


def _jpeg(sampling: str) -> dict:
    names = ("compress", "encode", "version")
    made = {key: partial(function(f"cifar.jpeg.{key}"), sampling=sampling) for key in names}
    decode, payload = function("cifar.jpeg.opencv_image"), function("cifar.jpeg.scan_size")
    return made | {"decode": decode, "payload": payload}


UPGRADE = "pip install --upgrade opencv-python-headless"
AVIF = Extra("OpenCV with AVIF", UPGRADE, partial(function("cv2.haveImageWriter"), ".avif"))
PILLOW = "pip install --upgrade pillow"
JP2 = Extra("Pillow with JPEG 2000", PILLOW, partial(function("PIL.features.check"), "jpg_2000"))
INSTALL = "sh scripts/setup.sh codecs"
JXL = Extra("imagecodecs", INSTALL, lambda: find_spec("imagecodecs") is not None)

# WebP above 100, AVIF at 100 and JPEG XL at 100 are lossless, or nearly; JPEG XL below 11 gives
# more bytes at less quality; JPEG 2000 below 20 dB gives flat images, and above 50 dB no more.
TABLE = {
    codec.name: codec
    for codec in [
        _codec("jpeg", "JPEG", range(1, 101), ".jpg", unit="quality {}", prefix="quality",
               **_jpeg("4:2:0")),
        _codec("jpeg444", "JPEG 4:4:4", range(1, 101), ".jpg", **_jpeg("4:4:4")),
        _codec("webp", "WebP", range(1, 101), ".webp"),
        _codec("avif", "AVIF", range(1, 100), ".avif", extra=AVIF),
        _codec("jp2", "JPEG 2000", range(20, 51), ".j2k",
               axis="JPEG 2000 PSNR (dB)", unit="JPEG 2000 of {} dB", extra=JP2),
        _codec("jxl", "JPEG XL", range(11, 100), ".jxl", extra=JXL),
    ]
}  # fmt: skip
