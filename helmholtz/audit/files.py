"""What a file is, told by its own bytes: its kind, its codec, and the rate of that codec."""

import os
import stat
from pathlib import Path
from typing import NamedTuple

from helmholtz.audit import jpeg_tables

HEAD = 4096  # bytes that tell the kind
ENOUGH = 1 << 20  # bytes at either end of a film or a sound that describe it
ISO = {b"avif": "AVIF", b"avis": "AVIF", b"heic": "HEIC", b"heix": "HEIC", b"hevc": "HEIC"}
WEBP = (b"VP8 ", b"VP8L", b"ANMF")  # chunks with pixels; those of an animation count as lossy
IMAGES = {b"\x89PNG": "PNG", b"GIF8": "GIF", b"BM": "BMP", b"II*\0": "TIFF", b"MM\0*": "TIFF"}
SOUNDS = (b"fLaC", b"FORM", b"OggS", b"RIFF", b"RF64")
# Layer 3 bitrates in kb/s by the index in a frame's header: of MPEG-1, and of MPEG-2 and 2.5.
MPEG_1 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0]
MPEG_2 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0]
HERTZ = [44_100, 48_000, 32_000]  # of MPEG-1 by the index; half of it of MPEG-2, a quarter of 2.5


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
        if not stat.S_ISREG(os.stat(path).st_mode):
            return UNKNOWN  # such as a pipe, from which nothing may ever come
        with open(path, "rb") as file:
            head = file.read(HEAD)
        found = _identify(path, head)
        return _image(path, "") if found == UNKNOWN else found
    except Exception:  # readers raise many types, and a damaged file is no error here
        return UNKNOWN


def _identify(path: Path, head: bytes) -> File:
    start = head.find(b"\xff\x4f\xff\x51")  # of a JPEG 2000 codestream
    if head.startswith(b"\xff\xd8\xff"):
        return _jpeg(path)
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return _either(path, "WebP", "webp", lossless=_webp_chunk(path) == b"VP8L")
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


def _webp_chunk(path: Path) -> bytes:
    """The name of the chunk that holds the pixels, behind a profile, say, of any length."""
    with open(path, "rb") as file:
        file.seek(12)
        while len(chunk := file.read(8)) == 8 and chunk[:4] not in WEBP:
            size = int.from_bytes(chunk[4:], "little")
            file.seek(size + size % 2, os.SEEK_CUR)
    return chunk[:4]


def _either(path: Path, name: str, codec: str, lossless: bool) -> File:
    return _image(path, f"lossless {name}") if lossless else _image(path, f"lossy {name}", codec)


def _image(path: Path, kind: str, codec: str = "") -> File:
    """An image with its size, where Pillow can read it here; kind: "" where Pillow is to tell."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            kind = kind or str(image.format)
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
    """An MP3 by its first frame with sound; a tag before it tells whether the bitrate varies."""
    _, size, mean = _read_header(path)
    if b"Xing" in frame[:64] or b"VBRI" in frame[:64]:
        return File("MP3 of variable bitrate", "mp3", mean, size)
    rate, length = _mp3_frame(frame)
    if b"Info" in frame[:64]:  # a tag, in a frame of a rate in which it fits
        rate, _ = _mp3_frame(frame[length:])
    return File(f"MP3 of {rate} kb/s", "mp3", rate, size)


def _mp3_frame(frame: bytes) -> tuple[int, int]:
    """Of a frame of layer 3 its rate in kb/s, and its length in bytes."""
    version, index = frame[1] >> 3 & 3, frame[2] >> 2 & 3  # 3 is MPEG-1, 2 MPEG-2, 0 MPEG-2.5
    hertz = HERTZ[index] // {3: 1, 2: 2, 0: 4}[version]
    rate = (MPEG_1 if version == 3 else MPEG_2)[frame[2] >> 4]
    return rate, (144_000 if version == 3 else 72_000) * rate // hertz + (frame[2] >> 1 & 1)
