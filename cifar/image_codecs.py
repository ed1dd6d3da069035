"""WebP, AVIF, JPEG 2000 and JPEG XL as pure functions from an image and a rate.

Each takes an image, uint8, height x width x 3, RGB, and gives (image, file_bytes, payload_bytes):
the decoded image, the size of the file, and that of its coded pixels, without the container. The
legal rates are those of codecs.py: others give files that are lossless, or worse at more bytes. Its
parts are functions too: encode_ an image, decode_ a file, and the payload_ of one.
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
    return decode_webp(file), len(file), payload_webp(file)


def encode_webp(image: np.ndarray, quality: int) -> bytes:
    return opencv_file(image, ".webp", cv2.IMWRITE_WEBP_QUALITY, quality)


def decode_webp(file: bytes) -> np.ndarray:
    return opencv_image(file)


def payload_webp(file: bytes) -> int:
    size = file.index(b"VP8 ") + 4
    return int.from_bytes(file[size : size + 4], "little")


def webp_version() -> str:
    return f"opencv {cv2.__version__} WebP"


def avif(image: np.ndarray, quality: int) -> Coded:
    """AVIF with colours of half the resolution; its payload is the box "mdat" (ISO 14496-12)."""
    file = encode_avif(image, quality)
    return decode_avif(file), len(file), payload_avif(file)


def encode_avif(image: np.ndarray, quality: int) -> bytes:
    settings = (cv2.IMWRITE_AVIF_QUALITY, quality, cv2.IMWRITE_AVIF_SPEED, SPEED)
    return opencv_file(image, ".avif", *settings, cv2.IMWRITE_AVIF_DEPTH, 8)


def decode_avif(file: bytes) -> np.ndarray:
    return opencv_image(file)


def payload_avif(file: bytes) -> int:
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


def jp2(image: np.ndarray, decibels: int) -> Coded:
    """JPEG 2000 of a peak signal-to-noise ratio; its payload follows the header (ITU-T T.800).

    Its other way to give a rate, by size, gives flat images at 32 pixels a side.
    """
    file = encode_jp2(image, decibels)
    return decode_jp2(file), len(file), payload_jp2(file)


def encode_jp2(image: np.ndarray, decibels: int) -> bytes:
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


def jxl(image: np.ndarray, quality: int) -> Coded:
    """Lossy JPEG XL, as a codestream without a container: all of it is payload."""
    file = encode_jxl(image, quality)
    return decode_jxl(file), len(file), payload_jxl(file)


def encode_jxl(image: np.ndarray, quality: int) -> bytes:
    from imagecodecs import jpegxl_encode

    return jpegxl_encode(image, level=quality, effort=EFFORT, usecontainer=False, numthreads=1)


def decode_jxl(file: bytes) -> np.ndarray:
    from imagecodecs import jpegxl_decode

    return jpegxl_decode(file, numthreads=1)


payload_jxl = len


def jxl_version() -> str:
    from imagecodecs import __version__, jpegxl_version

    return f"imagecodecs {__version__} JPEG XL, effort {EFFORT}, {jpegxl_version()}"
