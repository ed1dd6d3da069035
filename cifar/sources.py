"""Where images come from: CIFAR-10, the embedded sample, or a folder of class folders."""

import hashlib
import io
import pickle
import tarfile
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from cifar import sample
from cifar.settings import ARCHIVE, LABELS, SIZE
from helmholtz import folders
from helmholtz.cli import DataError, UsageError
from helmholtz.download import check, fetch
from helmholtz.preparation import Source

DATA = Path(__file__).parent / "data"
MAX_PIXELS = 1 << 26  # 64 megapixels; what claims to be larger is not decoded
MAX_BATCH = 1 << 26  # bytes of a file in the archive; the published ones have half of that
Image.init()
FORMATS = [kind for kind in Image.OPEN if kind != "EPS"]  # which Ghostscript would execute


def open_source(source: str, size: int = SIZE) -> Source:
    """The source of a --source flag: "cifar10", "sample", an archive of CIFAR-10, or a folder.

    size: width and height in pixels that a folder's images are brought to.
    Raises DataError when the source does not exist or cannot be used, UsageError for another size
    of what has its own.
    """
    path = Path(source)
    if size != SIZE and not path.is_dir():
        raise UsageError(f"--size is for a folder of images: those of {source} have {SIZE} pixels.")
    if source == "sample":
        code = Path(__file__).with_name("sample.py").read_bytes()  # other code, other images
        return Source("sample", hashlib.sha256(code).hexdigest(), _load_sample)
    if source == "cifar10":
        archive = DATA / "cifar10" / Path(ARCHIVE["urls"][0]).name
        return Source("cifar10", ARCHIVE["hash"], lambda: _load_cifar10(archive))
    if path.is_dir():
        return _open_folder(path, size)
    if path.is_file():
        check(path, ARCHIVE["hash"])
        return Source("cifar10", ARCHIVE["hash"], lambda: read_archive(path))
    raise DataError(f"The source {source} does not exist: give cifar10, sample or a path.")


def _load_sample() -> tuple[list[str], dict, dict]:
    made = {split: sample.make(split) for split in sample.ITEMS}
    parts = {split: (images, labels) for split, (images, labels, _) in made.items()}
    return sample.CLASSES, parts, {"true_noise_bits": made["train"][2]}


def _load_cifar10(archive: Path) -> tuple[list[str], dict, dict]:
    fetch(ARCHIVE, archive)
    return read_archive(archive)


def read_archive(path: Path) -> tuple[list[str], dict, dict]:
    """Read cifar-10-python.tar.gz as it is, extracting nothing.

    Returns LABELS; for each split (uint8 images N x 32 x 32 x 3, int64 labels); and no more.
    Raises DataError when the file is not the published one, byte for byte.
    """
    check(path, ARCHIVE["hash"])
    try:
        batches = _read_batches(path)
        training = [batches[name] for name in sorted(batches) if name != "test_batch"]
        return LABELS, {"train": _join(training), "test": _join([batches["test_batch"]])}, {}
    except DataError:
        raise
    except Exception as error:  # tar, gzip and pickle have no type for all that they can meet
        raise DataError(f"{path} is not laid out as expected ({error}).") from error


def _read_batches(path: Path) -> dict[str, dict]:
    batches = {}
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            name = Path(member.name).name
            if member.isfile() and (name.startswith("data_batch_") or name == "test_batch"):
                if member.size > MAX_BATCH:
                    raise DataError(f"{name} in {path} claims to have {member.size} bytes.")
                batches[name] = unpickle(archive.extractfile(member).read())
    return batches


def _join(batches: list[dict]) -> tuple[np.ndarray, np.ndarray]:
    planes = np.concatenate([batch[b"data"] for batch in batches]).reshape(-1, 3, SIZE, SIZE)
    labels = np.concatenate([batch[b"labels"] for batch in batches])
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), labels.astype(np.int64)


class _ArraysOnly(pickle._Unpickler):
    """Admits NumPy arrays and plain containers, so that no pickle can run anything.

    In Python rather than in C, where a few bytes can ask for gigabytes.
    """

    ADMITTED: ClassVar = {
        ("numpy.core.multiarray", "_reconstruct"): np.zeros(0).__reduce__()[0],
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
    }

    def find_class(self, module, name):
        if (module, name) not in self.ADMITTED:
            raise DataError(f"A pickle in the archive asks for {module}.{name}: refused.")
        return self.ADMITTED[module, name]


def unpickle(data: bytes) -> dict:
    """Read a Python 2 pickle of NumPy arrays; anything else in it raises DataError."""
    return _ArraysOnly(io.BytesIO(data), encoding="bytes").load()


def _open_folder(path: Path, size: int) -> Source:
    endings = {end for end, kind in Image.EXTENSION.items() if kind in FORMATS}
    classes, parts = folders.read_tree(path, endings)
    paths = [p for items, _ in parts.values() for p in items]
    name = folders.folder_name(path) + (f"-{size}px" if size != SIZE else "")
    return Source(name, folders.fingerprint(path, paths), lambda: (classes, parts, {}))


def read_image(path: Path, size: int) -> np.ndarray:
    """Read an image file as a viewer shows it, brought to size x size pixels.

    Returns uint8 RGB. The first frame counts, EXIF rotation is applied, what is transparent
    shows white, and an image that is not square is cropped around its middle.
    Raises DataError when the file cannot be read.
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise DataError(f"{folders.shown(path)} is larger than {MAX_PIXELS >> 20} Mpixels.")
            ImageOps.exif_transpose(image, in_place=True)
            rgb = _to_rgb(image)
    except DataError:
        raise
    except Exception as error:  # Pillow has no type for all that its many readers can meet
        kind = "no image" if isinstance(error, UnidentifiedImageError) else "damaged"
        raise DataError(
            f"{folders.shown(path)} is {kind}: repair or remove it ({error})."
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
