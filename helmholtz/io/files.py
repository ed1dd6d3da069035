"""Files that are whole or not there at all."""

import contextlib
import errno
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

SPARE = 1 << 20  # bytes of a file's own structure, and of small files beside it


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary name in path's folder; what was written there becomes path at the end.

    The file's name keeps its ending, which some writers insist on. When the block fails the
    temporary file goes and whatever was at path stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".tmp-{os.getpid()}-{path.name}")
    try:
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold folder for this process alone; the lock ends with the process, however it ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of processes that died; only for who has locked the folder."""
    for path in folder.glob(".tmp-*"):
        path.unlink(missing_ok=True)


def require_space(folder: Path, size: int) -> None:
    """Raise OSError when the disk of folder has no room for size more bytes.

    HDF5 can crash when a disk fills up while it writes, so it is asked before.
    """
    free = shutil.disk_usage(folder).free
    if free < size + SPARE:
        raise OSError(
            errno.ENOSPC, f"{size / 1e6:.0f} MB wanted, {free / 1e6:.0f} MB free", str(folder)
        )


def write_text(path: Path, text: str) -> None:
    """Write a text file, UTF-8, all or nothing."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: dict) -> None:
    """Write a JSON file, all or nothing."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=True) + "\n")
