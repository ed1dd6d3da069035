"""The archive of CIFAR-10, packed or unpacked: pickled batches, read without running code."""

import io
import pickle
import tarfile
from pathlib import Path
from typing import ClassVar

import numpy as np

from cifar.constants import ARCHIVE, BATCHES, LABELS, SIZE
from helmholtz.data.folders import require_file
from helmholtz.errors import DataError
from helmholtz.io.download import matches
from helmholtz.text import shown

UNPACKED = "cifar-10-batches-py"  # the folder in the archive
MAX_BATCH = 1 << 26  # bytes of a file in the archive; the published ones have half of that


def find_batches(path: Path) -> Path | None:
    """The folder with the unpacked archive, path itself or a folder in it; None without one."""
    found = (folder for folder in (path, path / UNPACKED) if (folder / "data_batch_1").is_file())
    return next(found, None)


def check_batches(folder: Path) -> None:
    """Raise DataError unless the unpacked archive is the published one, byte for byte."""
    for name, digest in BATCHES.items():
        path = folder / name
        require_file(path)
        if not matches(path, f"md5:{digest}"):
            raise DataError(
                f"{shown(path)} is not the file of {ARCHIVE['name']}: unpack that anew, "
                "or give it as --source."
            )


def read_archive(path: Path) -> tuple[list[str], dict, dict]:
    """Read cifar-10-python.tar.gz, or the folder unpacked from it; its hash has been checked.

    Returns LABELS; for each split (uint8 images N x 32 x 32 x 3, int64 labels); and no facts.
    Extracts nothing. Raises DataError when it is laid out differently.
    """
    try:
        batches = _unpacked(path) if path.is_dir() else _packed(path)
        training = [batches[name] for name in sorted(batches) if name != "test_batch"]
        return LABELS, {"train": _join(training), "test": _join([batches["test_batch"]])}, {}
    except (DataError, MemoryError):
        raise
    except Exception as error:  # tar, gzip and pickle raise many types
        raise DataError(
            f"{shown(path)} is not laid out as expected, as files {', '.join(BATCHES)}: "
            f"give another copy ({error})."
        ) from error


def _unpacked(folder: Path) -> dict[str, dict]:
    return {name: unpickle((folder / name).read_bytes()) for name in BATCHES}


def _packed(path: Path) -> dict[str, dict]:
    batches = {}
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            name = Path(member.name).name
            if member.isfile() and (name.startswith("data_batch_") or name == "test_batch"):
                if member.size > MAX_BATCH:
                    raise DataError(
                        f"{shown(path / name)} claims to have {member.size} bytes, more than the "
                        "published file: give another copy."
                    )
                batches[name] = unpickle(archive.extractfile(member).read())
    return batches


def _join(batches: list[dict]) -> tuple[np.ndarray, np.ndarray]:
    planes = np.concatenate([batch[b"data"] for batch in batches]).reshape(-1, 3, SIZE, SIZE)
    labels = np.concatenate([batch[b"labels"] for batch in batches])
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), labels.astype(np.int64)


class _ArraysOnly(pickle._Unpickler):
    """Admits NumPy arrays and plain containers only, so that a pickle cannot run code.

    The Python version, since with the C version a few bytes can allocate gigabytes.
    """

    ADMITTED: ClassVar = {
        ("numpy.core.multiarray", "_reconstruct"): np.zeros(0).__reduce__()[0],
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
    }

    def find_class(self, module, name):
        if (module, name) not in self.ADMITTED:
            raise DataError(
                f"A pickle in the archive asks for {module}.{name}: refused. Give another copy."
            )
        return self.ADMITTED[module, name]


# Protocol 2 alone, since with a later one a few bytes can allocate gigabytes here too.
_ArraysOnly.dispatch = {code: read for code, read in _ArraysOnly.dispatch.items() if code < 0x8C}


def unpickle(data: bytes) -> dict:
    """Read a Python 2 pickle of NumPy arrays; anything else in it raises DataError."""
    return _ArraysOnly(io.BytesIO(data), encoding="bytes").load()
