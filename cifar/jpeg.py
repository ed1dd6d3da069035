"""JPEG as a pure function from an image to a decoded image and its sizes in bytes."""

import cv2
import numpy as np

from helmholtz.errors import DataError

SAMPLINGS = {
    "4:2:0": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,  # colours of half the resolution
    "4:4:4": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
}


def version(sampling: str) -> str:
    return f"opencv {cv2.__version__} JPEG {sampling}"


def compress(
    image: np.ndarray, quality: int, sampling: str = "4:2:0"
) -> tuple[np.ndarray, int, int]:
    """Encode an image as JPEG in memory and decode it again.

    image: uint8, height x width x 3, RGB. quality: 1 to 100, or 0 for no JPEG. sampling: of the
    colours, one of SAMPLINGS.
    Returns (image, file_bytes, scan_bytes): the decoded image, the size of the whole file, and
    the size of its entropy-coded scan. The rest of a small file is mostly tables that are the same
    for every image. Without JPEG both sizes are that of the raw image.
    """
    if quality == 0:
        return image, image.nbytes, image.nbytes
    file = encode(image, quality, sampling)
    return opencv_image(file), len(file), scan_size(file)


def encode(image: np.ndarray, quality: int, sampling: str = "4:2:0") -> bytes:
    """The JPEG file of an image; as for compress, but quality is not 0."""
    if not 1 <= quality <= 100:  # OpenCV would silently clamp
        raise ValueError(f"JPEG quality is a whole number from 1 to 100, not {quality}")
    settings = (cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR)
    return opencv_file(image, ".jpg", *settings, SAMPLINGS[sampling])


def opencv_file(image: np.ndarray, ending: str, *settings: int) -> bytes:
    """The file that OpenCV writes of an RGB image; DataError where it cannot."""
    done, file = cv2.imencode(ending, cv2.cvtColor(image, cv2.COLOR_RGB2BGR), settings)
    if not done:  # such as more than 16,383 pixels a side as WebP
        height, width = image.shape[:2]
        raise DataError(
            f"OpenCV cannot write {width:,} x {height:,} pixels as {ending}: make the image "
            "smaller, or give another --codec."
        )
    return file.tobytes()


def opencv_image(file: bytes) -> np.ndarray:
    """The RGB image that OpenCV reads from a file in memory."""
    decoded = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR)
    return cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB)


def scan_size(file: bytes) -> int:
    """Bytes of the entropy-coded scan of a baseline JPEG file (ITU-T T.81, annex B)."""
    # Inside a scan 0xFF is followed by 0x00 or a restart marker, so the last FF DA is the header.
    header = file.rfind(b"\xff\xda")
    header_bytes = 2 + int.from_bytes(file[header + 2 : header + 4])
    return len(file) - header - header_bytes - 2  # 2 for the end-of-image marker
