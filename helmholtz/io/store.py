"""Arrays and their attributes on disk: HDF5, checked by a digest, published by a rename.

HDF5 leaves room before its own content. There our files hold a SHA-256 of all that follows, which
is verified before HDF5 sees the file, because the library can crash on a damaged one.
"""

import contextlib
import errno
import hashlib
import json
import multiprocessing
import os
import time
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from helmholtz.errors import DataError
from helmholtz.io.files import replacing

HEAD = 512  # bytes of HDF5's user block
MAGIC = b"helmholtz sha256 "
SIGNATURE = b"\x89HDF\r\n\x1a\n"
DEFLATE_LIMIT = 1032  # the highest compression ratio of gzip, which foreign files may use
ABSENT = (errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG)
READ_TIMEOUT = 300  # seconds for reading a foreign file; a gigabyte of gzip takes ten
RACY = 2  # seconds within which a file system may give two versions of a file the same time
known: dict[tuple, str] = {}  # digests that this process has found to be right, see _stamp


@contextlib.contextmanager
def create(path: Path, room: int = 0) -> Iterator[h5py.File]:
    """An HDF5 file to fill; it appears at path, with its digest, when the block ends well.

    room: bytes that the disk must have for it. They are reserved first, since HDF5 can crash, even
    after the error, when the disk fills up while it writes.
    """
    with replacing(path) as temporary:
        try:
            with h5py.File(temporary, "w", userblock_size=HEAD, locking=False) as file:
                if room and hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(file.id.get_vfd_handle(), 0, room)
                yield file
                file.flush()
                size = file.id.get_filesize()
            os.truncate(temporary, size)
        except RuntimeError as error:  # it could not be closed, usually after a failed write
            raise error.__context__ or OSError(errno.EIO, str(error)) from None
        with open(temporary, "rb+") as raw:
            digest = _digest(raw)
            raw.seek(0)
            raw.write((MAGIC + digest.encode() + b"\n").ljust(HEAD))


def set_attributes(file: h5py.File, values: dict) -> None:
    """Store lists, dictionaries, strings and numbers with a file; read returns them."""
    file.attrs["json"] = json.dumps(values, sort_keys=True)


def read(path: Path, mapped: bool = False) -> tuple[dict[str, np.ndarray], dict]:
    """The arrays and attributes of a file; "digest" is one of the attributes.

    A plain HDF5 file is foreign: it has no other attributes. mapped: the arrays of a file of ours
    stay on disk, and are read as they are used. Raises DataError when the file is missing,
    truncated, or one of ours that has changed by as little as one bit.
    """
    digest = _verified(path)
    if not digest:
        probe_in_subprocess(path)
    try:
        with h5py.File(path, "r", locking=False) as file:
            take = _mapped if mapped and digest else _array
            arrays = {name: take(file, item) for name, item in file.items()}
            if digest:
                return arrays, _attributes(file, digest)
    except MemoryError:
        raise
    except Exception as error:  # h5py raises many types on foreign files
        raise DataError(f"{path} cannot be read as HDF5 ({error}).") from error
    with open(path, "rb") as raw:
        return arrays, {"digest": hashlib.file_digest(raw, "sha256").hexdigest()}


def intact(path: Path, wanted: dict, published: bool = False) -> bool:
    """Whether path is an undamaged file of ours whose attributes include those wanted.

    published: just now by another process, so that its digest need not be checked.
    """
    found = attributes(path, published)
    return bool(found) and all(found.get(key) == value for key, value in wanted.items())


def attributes(path: Path, published: bool = False) -> dict:
    """The attributes of a file of ours; none when it is missing, damaged or foreign."""
    try:
        found = digest(path) if published else _verified(path)
    except (DataError, FileNotFoundError):
        return {}
    if not found:
        return {}
    with h5py.File(path, "r", locking=False) as file:
        return _attributes(file, found)


def digest(path: Path) -> str:
    """The digest that a file of ours says it has."""
    with open(path, "rb") as raw:
        return raw.read(HEAD).removeprefix(MAGIC).decode().strip()


def probe_in_subprocess(path: Path) -> None:
    """Read a foreign HDF5 file in another process first; DataError when that process dies.

    The library can crash, or run for ever, on damaged files. What it only refuses is no error
    yet: the caller's own reading says why.
    """
    process = multiprocessing.get_context("spawn").Process(target=_read_all, args=(path,))
    process.start()
    process.join(READ_TIMEOUT)
    process.kill()
    process.join()
    if process.exitcode:
        raise DataError(f"{path} is damaged: reading it crashes the HDF5 library, or does not end.")


def _read_all(path: Path) -> None:
    with contextlib.suppress(Exception), h5py.File(path, "r", locking=False) as file:
        file.visititems(lambda _, item: _array(file, item) if hasattr(item, "shape") else None)


def _verified(path: Path) -> str | None:
    """The digest of an undamaged file of ours, None for a plain HDF5 file; else DataError."""
    try:
        with open(path, "rb") as raw:
            head, stamp = raw.read(HEAD), _stamp(raw)
            if head.startswith(SIGNATURE):
                return None
            digest = known.get(stamp) or _digest(raw)
    except (OSError, ValueError) as error:  # the latter for a name that no file can have
        if getattr(error, "errno", errno.ENOENT) not in ABSENT:
            raise
        raise DataError(f"{path} does not exist.") from None
    if head != (MAGIC + digest.encode() + b"\n").ljust(HEAD):
        raise DataError(f"{path} is damaged: its content does not match its digest.")
    if time.time() - stamp[-1] / 1e9 > RACY:
        known[stamp] = digest
    return digest


def _stamp(raw) -> tuple[int, ...]:
    """What changes when an open file is written to; last the time of that, in nanoseconds."""
    status = os.fstat(raw.fileno())
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _digest(raw) -> str:
    """SHA-256 of what follows the head of an open file."""
    raw.seek(HEAD)
    return hashlib.file_digest(raw, "sha256").hexdigest()


def _attributes(file: h5py.File, digest: str) -> dict:
    return json.loads(file.attrs["json"]) | {"digest": digest}


def _array(file: h5py.File, item) -> np.ndarray:
    """An array of numbers; a small file that claims to hold terabytes is refused."""
    if not isinstance(item, h5py.Dataset) or item.dtype.kind not in "uifb":
        raise ValueError(f"{item.name} is not an array of numbers")
    if item.nbytes > DEFLATE_LIMIT * Path(file.filename).stat().st_size:
        raise ValueError(f"{item.name} claims to be larger than the file can hold")
    return item[()]


def _mapped(file: h5py.File, item) -> np.ndarray:
    """An array where it lies in the file, if it lies there in one piece."""
    offset = item.id.get_offset() if isinstance(item, h5py.Dataset) else None
    if offset is None:
        return _array(file, item)
    return np.memmap(file.filename, item.dtype, "r", offset, item.shape)
