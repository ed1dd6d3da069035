"""JPEG as a pure function from an image to a decoded image and its sizes in bytes."""

import cv2
import numpy as np

CODEC = f"opencv {cv2.__version__} JPEG 4:2:0"
CODEC_444 = f"opencv {cv2.__version__} JPEG 4:4:4"


def compress(
    image: np.ndarray, quality: int, sampling: int = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420
) -> tuple[np.ndarray, int, int]:
    """Encode an image as JPEG in memory and decode it again.

    image: uint8, height x width x 3, RGB. quality: 1 to 100, or 0 for no JPEG. sampling: of the
    colours, as OpenCV numbers it; by default they have half the resolution.
    Returns (image, file_bytes, scan_bytes): the decoded image, the size of the whole file, and
    the size of its entropy-coded scan. The rest of a small file is mostly tables that are the same
    for every image. Without JPEG both sizes are that of the raw image.
    """
    if quality == 0:
        return image, image.nbytes, image.nbytes
    if not 1 <= quality <= 100:  # OpenCV would silently clamp
        raise ValueError(f"JPEG quality is a whole number from 1 to 100, not {quality}")
    settings = (cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling)
    decoded, file = with_opencv(image, ".jpg", *settings)
    return decoded, len(file), scan_size(file)


def compress_444(image: np.ndarray, quality: int) -> tuple[np.ndarray, int, int]:
    """As compress, with colours of full resolution."""
    return compress(image, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444)


def with_opencv(image: np.ndarray, ending: str, *settings: int) -> tuple[np.ndarray, bytes]:
    """The decoded image, and the file that OpenCV writes with these settings."""
    encoded = cv2.imencode(ending, cv2.cvtColor(image, cv2.COLOR_RGB2BGR), settings)[1]
    decoded = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
    return cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), encoded.tobytes()


def scan_size(file: bytes) -> int:
    """Bytes of the entropy-coded scan of a baseline JPEG file (ITU-T T.81, annex B)."""
    # Inside a scan 0xFF is followed by 0x00 or a restart marker, so the last FF DA is the header.
    header = file.rfind(b"\xff\xda")
    header_bytes = 2 + int.from_bytes(file[header + 2 : header + 4])
    return len(file) - header - header_bytes - 2  # 2 for the end-of-image marker
