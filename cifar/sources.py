"""Where images come from: CIFAR-10, the embedded sample, or a folder of class folders."""

import hashlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from cifar import cifar10, sample
from cifar.constants import ARCHIVE, SIZE
from helmholtz.data import datadir, folders, listing
from helmholtz.data.preparation import Source
from helmholtz.errors import DataError, UsageError
from helmholtz.io.download import check, fetch

DATA = Path(__file__).parent / "data"
MAX_PIXELS = 1 << 26  # 64 megapixels; what claims to be larger is not decoded
Image.init()
FORMATS = [kind for kind in Image.OPEN if kind != "EPS"]  # which Ghostscript would execute
IMAGES = listing.Kind(
    endings={end for end, kind in Image.EXTENSION.items() if kind in FORMATS},
    examples=".jpg or .png",
    foreign={".heic", ".heif", ".dng", ".cr2", ".nef", ".arw"} - Image.EXTENSION.keys(),
    target="PNG or JPEG",
)


def data_root(data_dir: Path | None = None) -> Path:
    """Where prepared images and downloads lie; data_dir is that of --data_dir."""
    return datadir.data_root("cifar", DATA, data_dir)


def open_source(source: str, size: int = SIZE, data_dir: Path | None = None) -> Source:
    """The source of a --source flag: "cifar10", "sample", or a path.

    A path is that of the archive of CIFAR-10, of the folder unpacked from it, or of a folder of
    images. size: width and height in pixels that a folder's images are brought to. data_dir: as
    for data_root. Raises DataError when the source does not exist or cannot be used, UsageError
    for another size of what has its own.
    """
    path = Path(source)
    if source == "sample":
        code = Path(__file__).with_name("sample.py").read_bytes()  # other code, other images
        opened = Source("sample", hashlib.sha256(code).hexdigest(), _load_sample)
    elif source == "cifar10":
        archive = data_root(data_dir) / "cifar10" / cifar10.NAME
        opened = Source("cifar10", ARCHIVE["hash"], lambda: _load_cifar10(archive))
    elif batches := cifar10.find_batches(path):
        cifar10.check_batches(batches)
        opened = Source("cifar10", ARCHIVE["hash"], lambda: cifar10.read_batches(batches))
    elif path.is_dir():
        return _open_folder(path, size)
    else:
        folders.require_source(path, ("cifar10", "sample"))
        cifar10.check_archive(path)
        opened = Source("cifar10", ARCHIVE["hash"], lambda: cifar10.read_archive(path))
    if size != SIZE:
        raise UsageError(
            f"--size is for a folder of images: those of {opened.name} have {SIZE} pixels a side."
        )
    return opened


def _load_sample() -> tuple[list[str], dict, dict]:
    made = {split: sample.make(split) for split in sample.ITEMS}
    parts = {split: (images, labels) for split, (images, labels, _) in made.items()}
    return sample.CLASSES, parts, {"true_noise_bits": made["train"][2]}


def _load_cifar10(archive: Path) -> tuple[list[str], dict, dict]:
    fetch(ARCHIVE, archive)
    check(archive, ARCHIVE["hash"])
    return cifar10.read_archive(archive)


def _open_folder(path: Path, size: int) -> Source:
    tree = folders.read_tree(path, IMAGES)
    name = folders.folder_name(path) + (f"-{size}px" if size != SIZE else "")
    return Source(name, tree.fingerprint, tree.load)


def read_image(path: Path, size: int) -> np.ndarray:
    """Read an image file as a viewer shows it, brought to size x size pixels.

    Returns uint8 RGB. The first frame counts, EXIF rotation is applied, what is transparent
    shows white, and an image that is not square is cropped around its middle.
    Raises DataError when the file cannot be read.
    """
    folders.require_file(path)
    try:
        with Image.open(path, formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise DataError(
                    f"{folders.shown(path)} is larger than {MAX_PIXELS >> 20} megapixels: "
                    "make it smaller, or remove it."
                )
            ImageOps.exif_transpose(image, in_place=True)
            rgb = _to_rgb(image)
    except DataError:
        raise
    except UnidentifiedImageError as error:
        raise DataError(f"{folders.shown(path)} is not an image: remove it.") from error
    except Exception as error:  # Pillow has no type for all that its many readers can meet
        raise DataError(
            f"{folders.shown(path)} is damaged: repair or remove it ({error})."
        ) from error
    if rgb.size != (size, size):
        rgb = ImageOps.fit(rgb, (size, size), Image.Resampling.LANCZOS)
    return np.asarray(rgb)


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits of grey; Pillow would clip in place of scaling
        image = Image.fromarray((np.asarray(image).clip(0, 65535) // 257).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image.getchannel("A"))
        return white
    return image.convert("RGB")
