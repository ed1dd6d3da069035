"""Arrays and their attributes on disk: HDF5, checked by a digest, published by a rename."""

import contextlib
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from helmholtz.cli import DataError
from helmholtz.files import replacing

BLOCK = 1 << 24  # bytes read at a time for the digest
DEFLATE_LIMIT = 1032  # times that gzip, which other people's files may use, can shrink zeros


@contextlib.contextmanager
def create(path: Path) -> Iterator[h5py.File]:
    """An HDF5 file to fill; it appears at path, with its digest, when the block ends well."""
    with replacing(path) as temporary, h5py.File(temporary, "w") as file:
        yield file
        file.attrs["digest"] = digest(file)


def read(path: Path) -> tuple[dict[str, np.ndarray], dict]:
    """The arrays and attributes of a file, verified when create made it.

    A file without any attributes is somebody else's and taken as it is. Raises DataError when
    the file is missing, cut, or changed by as little as one bit since create made it.
    """
    with _opened(path) as file:
        found = digest(file)
        if file.attrs.get("digest", found) != found or ("digest" not in file.attrs and file.attrs):
            raise DataError(f"{path} is damaged: its content does not match its digest.")
        return {name: item[()] for name, item in file.items()}, attributes(file)


def intact(path: Path, wanted: dict) -> bool:
    """Whether path is a whole file whose attributes include those wanted."""
    try:
        with _opened(path) as file:
            found = attributes(file)
            same = all(found.get(key) == value for key, value in wanted.items())
            return same and found.get("digest") == digest(file)
    except DataError:
        return False


def attributes(file: h5py.File) -> dict:
    """The attributes as plain Python values; structured ones were stored as JSON."""
    plain = {key: value.item() if hasattr(value, "item") else value for key, value in _sorted(file)}
    return plain | json.loads(plain.pop("json", "{}"))


def set_attributes(file: h5py.File, values: dict) -> None:
    """Store lists, dictionaries, strings and numbers; attributes gives them back."""
    file.attrs["json"] = json.dumps(values, sort_keys=True)


def digest(file: h5py.File) -> str:
    """SHA-256 over names, types, shapes, values and attributes; the layout does not matter."""
    result = hashlib.sha256()
    for key, value in _sorted(file):
        if key != "digest":
            result.update(f"{key}={value}\n".encode())
    for name, item in sorted(file.items()):
        _check_size(file, item)
        result.update(f"{name} {item.dtype} {item.shape}\n".encode())
        rows = max(1, BLOCK // max(1, item.dtype.itemsize * int(np.prod(item.shape[1:]))))
        for start in range(0, item.shape[0] if item.shape else 0, rows):
            result.update(np.ascontiguousarray(item[start : start + rows]).data)
        if not item.shape:
            result.update(item[()].tobytes())
    return result.hexdigest()


def _check_size(file: h5py.File, item: h5py.Dataset) -> None:
    """Refuse a few bytes that claim to be terabytes, and what is not an array of numbers."""
    size = Path(file.filename).stat().st_size
    if not isinstance(item, h5py.Dataset) or item.dtype.kind not in "uifb":
        raise ValueError(f"{item.name} is not an array of numbers")
    if item.nbytes > DEFLATE_LIMIT * size:
        raise ValueError(f"{item.name} claims to be larger than the file can hold")


def _sorted(file: h5py.File) -> list:
    return sorted(file.attrs.items())


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    """The file for reading; whatever HDF5 says of a damaged one becomes a DataError."""
    if not path.is_file():
        raise DataError(f"{path} does not exist.")
    try:
        with h5py.File(path, "r") as file:
            yield file
    except DataError:
        raise
    except Exception as error:  # h5py has no type of its own for what it meets in a damaged file
        raise DataError(f"{path} is damaged or no HDF5 file ({error}).") from error
