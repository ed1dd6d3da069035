"""The codecs of images, in one table. What is heavy is imported when a codec is used."""

from functools import partial
from importlib import import_module
from importlib.util import find_spec

from cifar import constants
from helmholtz.codec import Codec, Extra


def _call(place: str, *arguments):
    """Call a function, or read a constant, of a module of this half."""
    module, name = place.split(".")
    found = getattr(import_module(f"cifar.{module}"), name)
    return found(*arguments) if callable(found) else found


def _codec(name: str, title: str, rates, functions: list[str], ending: str, **others) -> Codec:
    """A codec whose rate is a quality; functions: the places of compress, encode and version."""
    facts = {"axis": f"{title} quality", "unit": f"{title} quality {{}}", "prefix": name}
    facts |= {"grid": constants.GRIDS[name], "ending": ending, **others}
    compress, encode, version = (partial(_call, place) for place in functions)
    own = {"compress": compress, "encode": encode, "version": version}
    return Codec(name, title, rates=rates, **own, **facts)


def _places(name: str) -> list[str]:
    return [f"image_codecs.{each}" for each in (name, f"encode_{name}", f"{name}_version")]


UPGRADE = "pip install --upgrade opencv-python-headless"
AVIF = Extra("OpenCV with AVIF", UPGRADE, partial(_call, "image_codecs.has_avif"))
PILLOW = "pip install --upgrade pillow"
JP2 = Extra("Pillow with JPEG 2000", PILLOW, partial(_call, "image_codecs.has_jp2"))
INSTALL = "sh scripts/setup.sh codecs"
JXL = Extra("imagecodecs", INSTALL, lambda: find_spec("imagecodecs") is not None)

# WebP above 100, AVIF at 100 and JPEG XL at 100 are lossless, or nearly; JPEG XL below 11 gives
# more bytes at less quality; JPEG 2000 below 20 dB gives flat images, and above 50 dB no more.
TABLE = {
    codec.name: codec
    for codec in [
        _codec("jpeg", "JPEG", range(1, 101), ["jpeg.compress", "jpeg.encode", "jpeg.CODEC"],
               ".jpg", unit="quality {}", prefix="quality"),
        _codec("jpeg444", "JPEG 4:4:4", range(1, 101),
               ["jpeg.compress_444", "jpeg.encode_444", "jpeg.CODEC_444"], ".jpg"),
        _codec("webp", "WebP", range(1, 101), _places("webp"), ".webp"),
        _codec("avif", "AVIF", range(1, 100), _places("avif"), ".avif", extra=AVIF),
        _codec("jp2", "JPEG 2000", range(20, 51), _places("jp2"), ".j2k",
               axis="JPEG 2000 PSNR (dB)", unit="JPEG 2000 of {} dB", extra=JP2),
        _codec("jxl", "JPEG XL", range(11, 100), _places("jxl"), ".jxl", extra=JXL),
    ]
}  # fmt: skip
