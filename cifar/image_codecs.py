"""WebP, AVIF, JPEG 2000 and JPEG XL as pure functions from an image and a rate.

Each takes an image, uint8, height x width x 3, RGB, and gives (image, file_bytes, payload_bytes):
the decoded image, the size of the file, and that of its coded pixels, without the container. The
legal rates are those of codecs.py: others give files that are lossless, or worse at more bytes.
"""

import io
import re

import cv2
import numpy as np
import PIL
from PIL import Image, features

from cifar.jpeg import opencv_file, opencv_image

Coded = tuple[np.ndarray, int, int]
SPEED = 8  # of AVIF: half the time of 6 for 0.4 dB at 32 pixels
EFFORT = 5  # of JPEG XL: 7, its default, gives the same sizes more slowly
LARGE, RESOLUTIONS = 128, (3, 6)  # of JPEG 2000, below and from so many pixels a side


def webp(image: np.ndarray, quality: int) -> Coded:
    """Lossy WebP; its payload is the chunk "VP8 " (RFC 9649)."""
    file = encode_webp(image, quality)
    size = file.index(b"VP8 ") + 4
    return opencv_image(file), len(file), int.from_bytes(file[size : size + 4], "little")


def encode_webp(image: np.ndarray, quality: int) -> bytes:
    return opencv_file(image, ".webp", cv2.IMWRITE_WEBP_QUALITY, quality)


def webp_version() -> str:
    return f"opencv {cv2.__version__} WebP"


def avif(image: np.ndarray, quality: int) -> Coded:
    """AVIF with colours of half the resolution; its payload is the box "mdat" (ISO 14496-12)."""
    file = encode_avif(image, quality)
    return opencv_image(file), len(file), _box_size(file, b"mdat")


def encode_avif(image: np.ndarray, quality: int) -> bytes:
    settings = (cv2.IMWRITE_AVIF_QUALITY, quality, cv2.IMWRITE_AVIF_SPEED, SPEED)
    return opencv_file(image, ".avif", *settings, cv2.IMWRITE_AVIF_DEPTH, 8)


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


def jp2(image: np.ndarray, decibels: int) -> Coded:
    """JPEG 2000 of a peak signal-to-noise ratio; its payload follows the header (ITU-T T.800).

    Its other way to give a rate, by size, gives flat images at 32 pixels a side.
    """
    file = encode_jp2(image, decibels)
    return np.asarray(Image.open(io.BytesIO(file)).convert("RGB")), len(file), _after_header(file)


def encode_jp2(image: np.ndarray, decibels: int) -> bytes:
    file, side = io.BytesIO(), min(image.shape[:2])
    most = min(RESOLUTIONS[side >= LARGE], side.bit_length())  # each halves the image
    Image.fromarray(image).save(
        file, "JPEG2000", quality_mode="dB", quality_layers=[decibels], irreversible=True,
        no_jp2=True, num_resolutions=most,
    )  # fmt: skip
    return file.getvalue()


def jp2_version() -> str:
    openjpeg, settings = features.version("jpg_2000"), f"{RESOLUTIONS} resolutions"
    return f"pillow {PIL.__version__} JPEG 2000, {settings}, openjpeg {openjpeg}"


def _after_header(file: bytes) -> int:
    """Bytes after the marker FF93, start of data, and before FFD9, the end, of the one tile."""
    place = 2
    while file[place : place + 2] != b"\xff\x93":  # each segment says its length
        place += 2 + int.from_bytes(file[place + 2 : place + 4])
    return len(file) - place - 4


def jxl(image: np.ndarray, quality: int) -> Coded:
    """Lossy JPEG XL, as a codestream without a container: all of it is payload."""
    from imagecodecs import jpegxl_decode

    file = encode_jxl(image, quality)
    return jpegxl_decode(file, numthreads=1), len(file), len(file)


def encode_jxl(image: np.ndarray, quality: int) -> bytes:
    from imagecodecs import jpegxl_encode

    return jpegxl_encode(image, level=quality, effort=EFFORT, usecontainer=False, numthreads=1)


def jxl_version() -> str:
    from imagecodecs import __version__, jpegxl_version

    return f"imagecodecs {__version__} JPEG XL, effort {EFFORT}, {jpegxl_version()}"
