"""Where images come from: CIFAR-10, the embedded sample, or a folder of class folders."""

import contextlib
import hashlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from cifar import cifar10, sample
from cifar.constants import ARCHIVE, SIZE
from helmholtz.data import folders, listing
from helmholtz.data.preparation import Source
from helmholtz.errors import DataError, UsageError
from helmholtz.io import datadir
from helmholtz.io.download import fetch
from helmholtz.text import shown

MAX_PIXELS = 1 << 26  # 64 megapixels; a larger image is not decoded
Image.init()
with contextlib.suppress(ImportError):
    import pillow_heif

    pillow_heif.register_heif_opener()
DEEP = ("PNG", "PPM")  # formats whose 16 bits Pillow may read as 32
FORMATS = [kind for kind in Image.OPEN if kind != "EPS"]  # a program, run by Ghostscript
IMAGES = listing.Kind(
    endings={end for end, kind in Image.EXTENSION.items() if kind in FORMATS},
    examples=".jpg or .png",
    foreign={".heic", ".heif", ".dng", ".cr2", ".nef", ".arw"} - Image.EXTENSION.keys(),
    target="PNG or JPEG",
    advice=dict.fromkeys([".heic", ".heif"], "`pip install pillow-heif`, or convert them first"),
)


def open_source(
    source: str, size: int = SIZE, data_dir: Path | None = None, full_size: bool = False
) -> Source:
    """The source of a --source flag: "cifar10", "sample", or a path.

    A path leads to the archive of CIFAR-10, to the folder unpacked from it, or to a folder of
    images. size: width and height in pixels to bring a folder's images to. data_dir: that of
    --data_dir. full_size: whether they are brought to it after compression. Raises DataError when
    the source does not exist or cannot be used, UsageError when another source is to have another
    size.
    """
    path = Path(source)
    if source == "sample":
        code = Path(__file__).with_name("sample.py").read_bytes()  # other code, other images
        opened = Source("sample", hashlib.sha256(code).hexdigest(), _load_sample)
    elif source == "cifar10":
        archive = datadir.data_root("cifar", data_dir) / "cifar10" / ARCHIVE["name"]
        opened = Source("cifar10", ARCHIVE["hash"], lambda: _load_cifar10(archive), archive)
    elif batches := cifar10.find_batches(path):
        cifar10.check_batches(batches)
        opened = Source("cifar10", ARCHIVE["hash"], lambda: cifar10.read_archive(batches))
    elif path.is_dir():
        return _open_folder(path, size, full_size)
    else:
        folders.require_archive(path, ARCHIVE, ("cifar10", "sample"))
        opened = Source("cifar10", ARCHIVE["hash"], lambda: cifar10.read_archive(path))
    if size != SIZE or full_size:
        raise UsageError(
            f"{'--full_size' if full_size else '--size'} is for a folder of images: those of "
            f"{opened.name} have {SIZE} pixels a side; leave it out."
        )
    return opened


def is_folder(source: str) -> bool:
    """Whether a --source is a folder of images, and not the unpacked archive of CIFAR-10."""
    path = Path(source)
    return path.is_dir() and not cifar10.find_batches(path)


def _load_sample() -> tuple[list[str], dict, dict]:
    made = {split: sample.make(split) for split in sample.ITEMS}
    parts = {split: (images, labels) for split, (images, labels, _) in made.items()}
    return sample.CLASSES, parts, {"true_noise_bits": made["train"][2]}


def _load_cifar10(archive: Path) -> tuple[list[str], dict, dict]:
    fetch(ARCHIVE, archive)
    return cifar10.read_archive(archive)


def _open_folder(path: Path, size: int, full_size: bool) -> Source:
    tree = folders.read_tree(path, IMAGES)
    name = folders.folder_name(path) + (f"-{size}px" if size != SIZE else "")
    return Source(name + ("-full" if full_size else ""), tree.fingerprint, tree.load)


def read_image(path: Path, size: int) -> np.ndarray:
    """An image file as open_image gives it, cropped around the centre to size x size pixels."""
    return fit(open_image(path)[0], size)


def fit(image: Image.Image, size: int | None) -> np.ndarray:
    """An RGB image, as uint8, cropped around the centre and brought to size x size pixels, if
    there is a size."""
    if size and image.size != (size, size):
        image = ImageOps.fit(image, (size, size), Image.Resampling.LANCZOS)
    return np.asarray(image)


def open_image(path: Path) -> tuple[Image.Image, int]:
    """Read an image file as a viewer shows it, and the bytes of its pixels as they are in the file.

    The image is RGB: the first frame, with EXIF rotation applied, on white where it is
    transparent. Raises DataError when the file cannot be read.
    """
    folders.require_file(path)
    try:
        with Image.open(path, formats=FORMATS) as image:
            raw_bytes = image.width * image.height * len(image.getbands())
            if image.mode == "F" or (image.mode == "I" and image.format not in DEEP):
                raise DataError(
                    f"{shown(path)} holds floating-point or 32-bit numbers: convert it to 8 or 16 "
                    "bits, or leave it out."
                )
            if image.width * image.height > MAX_PIXELS:
                raise DataError(
                    f"{shown(path)} is larger than {MAX_PIXELS >> 20} megapixels: "
                    "make it smaller, or leave it out."
                )
            ImageOps.exif_transpose(image, in_place=True)
            return _to_rgb(image), raw_bytes
    except (DataError, MemoryError):
        raise
    except UnidentifiedImageError as error:
        raise DataError(
            f"{shown(path)} cannot be read as an image: convert it to {IMAGES.target}, "
            "or leave it out."
        ) from error
    except Exception as error:  # Pillow's readers raise many types
        raise DataError(
            f"{shown(path)} is damaged: repair it, or leave it out ({error})."
        ) from error


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits of grey, which Pillow would clip, not scale
        image = Image.fromarray((np.asarray(image).clip(0, 65535) // 257).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image.getchannel("A"))
        return white
    return image.convert("RGB")
