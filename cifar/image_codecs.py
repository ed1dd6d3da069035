"""WebP, AVIF, JPEG 2000 and JPEG XL as pure functions: encode_ an image at a rate, decode_ a file,
and the payload_ of one, the bytes of its coded pixels without the container.

Images are uint8, height x width x 3, RGB. The legal rates are those of codecs.py: others give files
that are lossless, or worse at more bytes.
"""

import io
import re

import cv2
import numpy as np
import PIL
from PIL import Image, features

from cifar.jpeg import opencv_file, opencv_image

SPEED = 8  # of AVIF: half the time of 6 for 0.4 dB at 32 pixels
EFFORT = 5  # of JPEG XL: 7, its default, gives the same sizes more slowly
LARGE, RESOLUTIONS = 128, (3, 6)  # of JPEG 2000, below and from so many pixels a side


def encode_webp(image: np.ndarray, quality: int) -> bytes:
    return opencv_file(image, ".webp", cv2.IMWRITE_WEBP_QUALITY, quality)


def decode_webp(file: bytes) -> np.ndarray:
    return opencv_image(file)


def payload_webp(file: bytes) -> int:
    """The chunk "VP8 " of lossy WebP (RFC 9649)."""
    size = file.index(b"VP8 ") + 4
    return int.from_bytes(file[size : size + 4], "little")


def webp_version() -> str:
    return f"opencv {cv2.__version__} WebP"


def encode_avif(image: np.ndarray, quality: int) -> bytes:
    """With colours of half the resolution."""
    settings = (cv2.IMWRITE_AVIF_QUALITY, quality, cv2.IMWRITE_AVIF_SPEED, SPEED)
    return opencv_file(image, ".avif", *settings, cv2.IMWRITE_AVIF_DEPTH, 8)


def decode_avif(file: bytes) -> np.ndarray:
    return opencv_image(file)


def payload_avif(file: bytes) -> int:
    """The box "mdat" (ISO 14496-12)."""
    return _box_size(file, b"mdat")


def avif_version() -> str:
    built = re.search(r"^ +AVIF: .*\(ver (.+)\)", cv2.getBuildInformation(), re.MULTILINE)
    library = built[1] if built else "of unknown version"
    return f"opencv {cv2.__version__} AVIF 4:2:0, speed {SPEED}, libavif {library}"


def _box_size(file: bytes, name: bytes) -> int:
    place = 0
    while file[place + 4 : place + 8] != name:
        if place >= len(file):
            raise ValueError(f"there is no box {name!r}")
        place += int.from_bytes(file[place : place + 4])
    return (int.from_bytes(file[place : place + 4]) or len(file) - place) - 8


def encode_jp2(image: np.ndarray, decibels: int) -> bytes:
    """JPEG 2000 (ITU-T T.800) of a peak signal-to-noise ratio.

    Its other way to give a rate, by size, gives flat images at 32 pixels a side.
    """
    file, side = io.BytesIO(), min(image.shape[:2])
    most = min(RESOLUTIONS[side >= LARGE], side.bit_length())  # each halves the image
    Image.fromarray(image).save(
        file, "JPEG2000", quality_mode="dB", quality_layers=[decibels], irreversible=True,
        no_jp2=True, num_resolutions=most,
    )  # fmt: skip
    return file.getvalue()


def decode_jp2(file: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(file), formats=["JPEG2000"]).convert("RGB"))


def payload_jp2(file: bytes) -> int:
    """Bytes after the marker FF93, start of data, and before FFD9, the end, of the one tile."""
    place = 2
    while file[place : place + 2] != b"\xff\x93":  # each segment says its length
        place += 2 + int.from_bytes(file[place + 2 : place + 4])
    return len(file) - place - 4


def jp2_version() -> str:
    openjpeg, settings = features.version("jpg_2000"), f"{RESOLUTIONS} resolutions"
    return f"pillow {PIL.__version__} JPEG 2000, {settings}, openjpeg {openjpeg}"


def encode_jxl(image: np.ndarray, quality: int) -> bytes:
    from imagecodecs import jpegxl_encode

    return jpegxl_encode(image, level=quality, effort=EFFORT, usecontainer=False, numthreads=1)


def decode_jxl(file: bytes) -> np.ndarray:
    from imagecodecs import jpegxl_decode

    return jpegxl_decode(file, numthreads=1)


payload_jxl = len  # a codestream without a container


def jxl_version() -> str:
    from imagecodecs import __version__, jpegxl_version

    return f"imagecodecs {__version__} JPEG XL, effort {EFFORT}, {jpegxl_version()}"
