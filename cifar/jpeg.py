"""JPEG as a pure function from an image to a decoded image and its sizes in bytes."""

import cv2
import numpy as np

CODEC = f"opencv {cv2.__version__} JPEG 4:2:0"


def compress(image: np.ndarray, quality: int) -> tuple[np.ndarray, int, int]:
    """Encode an image as JPEG in memory and decode it again.

    image: uint8, height x width x 3, RGB. quality: 1 to 100, or 0 for no JPEG.
    Returns (image, file_bytes, scan_bytes): the decoded image, the size of the whole file, and
    the size of its entropy-coded scan. The rest of a small file is mostly tables that are the same
    for every image. Without JPEG both sizes are that of the raw image.
    """
    if quality == 0:
        return image, image.nbytes, image.nbytes
    if not 1 <= quality <= 100:  # OpenCV would silently clamp
        raise ValueError(f"JPEG quality is a whole number from 1 to 100, not {quality}")
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    encoded = cv2.imencode(".jpg", bgr, (cv2.IMWRITE_JPEG_QUALITY, quality))[1]
    decoded = cv2.cvtColor(cv2.imdecode(encoded, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    return decoded, encoded.size, scan_size(encoded.tobytes())


def scan_size(file: bytes) -> int:
    """Bytes of the entropy-coded scan of a baseline JPEG file (ITU-T T.81, annex B)."""
    # Inside a scan 0xFF is followed by 0x00 or a restart marker, so the last FF DA is the header.
    header = file.rfind(b"\xff\xda")
    header_bytes = 2 + int.from_bytes(file[header + 2 : header + 4])
    return len(file) - header - header_bytes - 2  # 2 for the end-of-image marker
