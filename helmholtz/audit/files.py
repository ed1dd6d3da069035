"""What a file is, told by its own bytes: its kind, its codec, and the rate of that codec."""

import os
from pathlib import Path
from typing import NamedTuple

from helmholtz.audit import jpeg_tables

HEAD = 4096  # bytes that tell the kind
ENOUGH = 1 << 20  # bytes at either end of a film or a sound that describe it
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
    start = head.find(b"\xff\x4f\xff\x51")  # of a JPEG 2000 codestream
    if head.startswith(b"\xff\xd8\xff"):
        return _jpeg(path)
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return _either(path, "WebP", "webp", lossless=b"VP8L" in head and b"VP8 " not in head)
    if start == 0 or (start > 0 and head[4:6] == b"jP"):
        style = head.find(b"\xff\x52", start)  # its last byte is the wavelet, 1 is reversible
        return _either(path, "JPEG 2000", "jp2", lossless=head[style + 13] == 1)
    if head[4:8] == b"ftyp":
        return _boxes(path, head)
    if head.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL ")):
        return File("JPEG XL", "jxl")
    for signature, kind in IMAGES.items():
        if head.startswith(signature):
            return _image(path, kind)
    return _sound(path) if head.startswith(SOUNDS) else _mpeg(path, head)


def _jpeg(path: Path) -> File:
    from PIL import Image

    with Image.open(path, formats=["JPEG", "MPO"]) as image:
        layers, tables, size = image.layer, image.quantization, image.size
    numbers = dict.fromkeys(layer[3] for layer in layers)
    quality, exact = jpeg_tables.quality_of([tables[number] for number in numbers])
    sampling = jpeg_tables.subsampling([(across, down) for _, across, down, _ in layers])
    named = f"of quality {quality}" if exact else f"near quality {round(quality, -1)} (own tables)"
    return File(f"JPEG {named}, {sampling}", "jpeg", quality, size)


def _either(path: Path, name: str, codec: str, lossless: bool) -> File:
    return _image(path, f"lossless {name}") if lossless else _image(path, f"lossy {name}", codec)


def _image(path: Path, kind: str, codec: str = "") -> File:
    """An image with its size, where Pillow can read it here."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            inside = str(image.info.get("compression")).removeprefix("tiff_")
            if kind == "TIFF" and inside in ("jpeg", "webp"):
                kind, codec = f"TIFF of {inside}", inside
            return File(kind, codec, size=image.size)
    except UnidentifiedImageError:
        return File(kind, codec) if codec else UNKNOWN


def _boxes(path: Path, head: bytes) -> File:
    """A file of ISO boxes: an image, or sound as AAC or ALAC."""
    for i in range(8, min(64, int.from_bytes(head[:4])), 4):
        if kind := ISO.get(head[i : i + 4]):
            return _image(path, kind, kind.lower())
    with open(path, "rb") as file:  # the description is at the beginning or at the end
        content = file.read(ENOUGH)
        file.seek(max(0, path.stat().st_size - ENOUGH))
        content += file.read()
    if b"mp4a" in content:
        return File("AAC", "aac")
    return File("ALAC") if b"alac" in content else UNKNOWN


def _sound(path: Path) -> File:
    """A sound that libsndfile reads, and that is no MP3."""
    info, size, mean = _read_header(path)
    if info.subtype in ("OPUS", "VORBIS"):
        return File(info.subtype.capitalize(), info.subtype.lower(), mean, size)
    if info.subtype.startswith(("PCM", "FLOAT", "DOUBLE")):
        return File(info.format.removesuffix("EX"), size=size)
    return File(f"{info.format} of {info.subtype}", info.subtype.lower(), size=size)


def _read_header(path: Path) -> tuple:
    """What soundfile says of a sound; (seconds, sample rate); and its mean kb/s."""
    import soundfile

    info = soundfile.info(os.fsencode(path))
    mean = round(path.stat().st_size * 8 / 1000 / max(info.duration, 0.01))
    return info, (info.duration, info.samplerate), mean


def _mpeg(path: Path, head: bytes) -> File:
    """An MP3 or a stream of AAC, with or without an ID3 tag before it."""
    if head.startswith(b"ID3"):
        length = sum((byte & 127) << 7 * (3 - i) for i, byte in enumerate(head[6:10]))
        with open(path, "rb") as file:
            file.seek(10 + length)
            head = file.read(HEAD)
    frame = head.lstrip(b"\0")
    if len(frame) < 4 or frame[0] != 255 or frame[1] < 224:
        return UNKNOWN
    return _mp3(path, frame) if frame[1] & 6 else File("AAC", "aac")


def _mp3(path: Path, frame: bytes) -> File:
    """An MP3 by its first frame; its tag tells whether the bitrate varies."""
    _, size, mean = _read_header(path)
    if b"Xing" in frame[:64] or b"VBRI" in frame[:64]:
        return File("MP3 of variable bitrate", "mp3", mean, size)
    rate = (MPEG_1 if frame[1] & 8 else MPEG_2)[frame[2] >> 4]
    return File(f"MP3 of {rate} kb/s", "mp3", rate, size)
