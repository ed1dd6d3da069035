"""What a file is, told by its own bytes: its kind, its codec, and the rate of that codec."""

from pathlib import Path
from typing import NamedTuple

from helmholtz.audit import jpeg_tables

HEAD = 4096  # bytes that tell the kind
ISO = {b"avif": "AVIF", b"avis": "AVIF", b"heic": "HEIC", b"heix": "HEIC", b"hevc": "HEIC"}
IMAGES = {b"\x89PNG": "PNG", b"GIF8": "GIF", b"BM": "BMP", b"II*\0": "TIFF", b"MM\0*": "TIFF"}
SOUNDS = (b"fLaC", b"FORM", b"OggS", b"RIFF", b"RF64")
# Layer 3 bitrates in kb/s by the index in a frame's header: of MPEG-1, and of MPEG-2 and 2.5.
MPEG_1 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0]
MPEG_2 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0]


class File(NamedTuple):
    """A file. kind: in words. codec: a lossy one, named as --codec is where that has it.

    rate: the codec's quality or kb/s, 0 where the file does not say. size: (width, height) in
    pixels, or (seconds, sample rate in Hz), where that is known.
    """

    kind: str
    codec: str = ""
    rate: int = 0
    size: tuple = ()


UNKNOWN = File("not recognised")


def identify(path: Path) -> File:
    """What a file is; UNKNOWN where it cannot be read."""
    try:
        with open(path, "rb") as file:
            head = file.read(HEAD)
        return _identify(path, head)
    except Exception:  # readers raise many types, and a damaged file is no error here
        return UNKNOWN


def _identify(path: Path, head: bytes) -> File:
    brand = head[8:12]
    if head.startswith(b"\xff\xd8\xff"):
        return _jpeg(path)
    if head.startswith(b"RIFF") and brand == b"WEBP":
        lossless = b"VP8L" in head[12:] and b"VP8 " not in head[12:]
        kind = "lossless WebP" if lossless else "lossy WebP"
        return File(kind, "" if lossless else "webp", size=_image_size(path))
    if head[4:8] == b"ftyp":
        return _iso(path, head, brand)
    if head.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL ")):
        return File("JPEG XL", "jxl")
    if (start := head.find(b"\xff\x4f\xff\x51")) >= 0 and (start == 0 or head[4:6] == b"jP"):
        return _jpeg_2000(path, head)
    for signature, kind in IMAGES.items():
        if head.startswith(signature):
            return _image(path, kind)
    if head.startswith(SOUNDS):
        return _sound(path, head)
    return _mpeg(path, head)


def _jpeg(path: Path) -> File:
    from PIL import Image

    with Image.open(path, formats=["JPEG", "MPO"]) as image:
        tables = [image.quantization[number] for number in dict.fromkeys(c[3] for c in image.layer)]
        sampling = jpeg_tables.subsampling([(c[1], c[2]) for c in image.layer])
        size = image.size
    quality, exact = jpeg_tables.quality_of(tables)
    named = f"of quality {quality}" if exact else f"near quality {round(quality, -1)} (own tables)"
    return File(f"JPEG {named}, {sampling}", "jpeg", quality, size)


def _image(path: Path, kind: str) -> File:
    from PIL import Image

    with Image.open(path) as image:
        inside = image.info.get("compression")
        if kind == "TIFF" and inside in ("jpeg", "tiff_jpeg", "webp"):
            return File(f"TIFF of {inside.removeprefix('tiff_')}", inside[-4:], size=image.size)
        return File(kind, size=image.size)


def _image_size(path: Path) -> tuple:
    """The size of an image in pixels, where Pillow can read it here."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            return image.size
    except UnidentifiedImageError:
        return ()


def _iso(path: Path, head: bytes, brand: bytes) -> File:
    """A file of ISO boxes: an image, or sound as AAC or ALAC."""
    brands = [head[i : i + 4] for i in range(8, min(64, int.from_bytes(head[:4])), 4)]
    for known in [brand, *brands]:
        if known in ISO:
            return File(ISO[known], ISO[known].lower(), size=_image_size(path))
    content = path.read_bytes()
    if b"mp4a" in content:
        return File("AAC", "aac")
    return File("ALAC") if b"alac" in content else UNKNOWN


def _jpeg_2000(path: Path, head: bytes) -> File:
    marker = head.find(b"\xff\x52")  # the coding style; its last byte is the wavelet, 1 reversible
    lossless = marker >= 0 and head[marker + 13] == 1
    kind = "lossless JPEG 2000" if lossless else "lossy JPEG 2000"
    return File(kind, "" if lossless else "jp2", size=_image_size(path))


def _sound(path: Path, head: bytes) -> File:
    """A sound that libsndfile reads, and that is no MP3."""
    import soundfile

    if head.startswith(b"RIFF") and head[8:12] != b"WAVE":
        return UNKNOWN
    info = soundfile.info(path)
    size, subtype = (info.duration, info.samplerate), info.subtype
    if subtype in ("OPUS", "VORBIS"):
        rate = round(path.stat().st_size * 8 / 1000 / max(info.duration, 0.01))
        return File(subtype.capitalize(), subtype.lower(), rate, size)
    if subtype.startswith(("PCM", "FLOAT", "DOUBLE")) or info.format == "FLAC":
        return File(info.format.removesuffix("EX"), size=size)
    return File(f"{info.format} of {subtype}", subtype.lower(), size=size)


def _mpeg(path: Path, head: bytes) -> File:
    """An MP3 or a stream of AAC, with or without an ID3 tag before it."""
    if head.startswith(b"ID3"):
        length = sum((byte & 127) << 7 * (3 - i) for i, byte in enumerate(head[6:10]))
        with open(path, "rb") as file:
            file.seek(10 + length)
            head = file.read(HEAD)
    start = next((i for i in range(len(head) - 3) if _is_sync(head, i)), None)
    if start is None or (start and head[:2] != b"\0\0"):
        return UNKNOWN
    if not head[start + 1] & 6:
        return File("AAC", "aac")
    return _mp3(path, head[start:])


def _is_sync(head: bytes, i: int) -> bool:
    return head[i] == 255 and head[i + 1] >= 224 and head[i + 2] < 240 and head[i + 2] & 12 != 12


def _mp3(path: Path, frame: bytes) -> File:
    """An MP3 by its first frame; its tag tells whether the bitrate varies."""
    import soundfile

    info = soundfile.info(path)
    size = (info.duration, info.samplerate)
    if b"Xing" in frame[:64] or b"VBRI" in frame[:64]:
        rate = round(path.stat().st_size * 8 / 1000 / max(info.duration, 0.01))
        return File("MP3 of variable bitrate", "mp3", rate, size)
    rate = (MPEG_1 if frame[1] & 8 else MPEG_2)[frame[2] >> 4]
    return File(f"MP3 of {rate} kb/s", "mp3", rate, size)
