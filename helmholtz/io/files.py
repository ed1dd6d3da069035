"""Files that are written completely or not at all, and locks on folders."""

import contextlib
import csv
import errno
import fcntl
import io
import json
import os
import secrets
import shutil
import sys
import time
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

from helmholtz.errors import DataError, MachineError
from helmholtz.text import shown

LOCK = ".lock"  # a hidden file in a folder that one process holds
HIDDEN = ("thumbs.db", "desktop.ini", "__macosx")  # left by operating systems, as .DS_Store is
WAIT = 1  # seconds for a lock, before somebody is told that another has it
LOOK = 0.2  # seconds between two looks at a lock that others hold
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
SPARE = 1 << 20  # bytes for a file's structure and for small files


class NoLocks(MachineError, OSError):
    """Locks are not available; an OSError like other folders that cannot be written to."""


def visible(folder: Path) -> list[Path]:
    """The sorted files and folders in a folder, without the hidden ones."""
    try:
        paths = sorted(folder.iterdir())
    except PermissionError:
        raise DataError(f"{shown(folder)} cannot be read: change its permissions.") from None
    return [p for p in paths if p.name[0] != "." and p.name.lower() not in HIDDEN]


def files_below(folder: Path, linked: int = 0) -> Iterator[Path]:
    """The files in a folder and its subfolders, without the hidden ones.

    linked: levels of subfolders that may be links, as those of classes may; below them no link is
    followed, so that there is no end without one.
    """
    for path in visible(folder):
        if not path.is_dir():
            yield path
        elif linked or not path.is_symlink():
            yield from files_below(path, max(0, linked - 1))


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path to write to; when the block ends well, it is renamed to path.

    The temporary name keeps path's ending, which some writers insist on. When the block fails, the
    temporary file is removed and path stays as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # The same process number may work on another machine, or in another container.
    temporary = path.with_name(f".tmp-{os.getpid()}-{secrets.token_hex(4)}-{path.name}")
    try:
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock folder for this process, after whoever has it; the lock ends with the process, however
    it ends."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = acquire(folder / LOCK, WAIT)
    if lock is None:
        _say_waiting(folder)
        lock = acquire(folder / LOCK, -1)
    try:
        yield
    finally:
        lock.release()


def _say_waiting(folder: Path) -> None:
    print(f"Waiting for another process that works in {shown(folder)}.", file=sys.stderr)


def acquire(path: Path, seconds: float):
    """Lock a file for this process; None when another has it for so many seconds, -1: any time.

    Raises NoLocks on a file system without locks, where two processes would mix their files.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    try:
        # filelock warns where there is no flock, and then takes a lock that outlives its process.
        with _telling_of_no_locks(path.parent), warnings.catch_warnings(action="error"):
            lock.acquire(timeout=seconds)
    except Timeout:
        return None
    return lock


@contextlib.contextmanager
def _telling_of_no_locks(folder: Path) -> Iterator[None]:
    """Raise NoLocks in place of what says that the file system of a folder has none."""
    try:
        yield
    except (OSError, NotImplementedError, UserWarning) as error:
        if getattr(error, "errno", errno.ENOLCK) not in NO_LOCKS:
            raise
        raise NoLocks(
            f"The file system of {shown(folder)} has no locks: give a folder on another one."
        ) from error


@contextlib.contextmanager
def together(folder: Path, purpose: str) -> Iterator[None]:
    """Hold folder with all processes of the same purpose, after those of another have ended."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / LOCK, "a+", encoding="utf-8") as file:
        said = time.monotonic() + WAIT
        while not _joins(file, folder, purpose):
            if time.monotonic() > said:
                _say_waiting(folder)
                said = float("inf")
            time.sleep(LOOK)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)  # forked processes that still end hold it, too


def _joins(file, folder: Path, purpose: str) -> bool:
    """Whether a folder, by the file that all lock, is held for this purpose, by this process too.

    The first process writes the purpose into the file.
    """
    with _telling_of_no_locks(folder):
        fcntl.flock(file, fcntl.LOCK_SH)
    file.seek(0)
    if file.read() == purpose:
        return True
    fcntl.flock(
        file, fcntl.LOCK_UN
    )  # NFS keeps it where the next line fails, a local disk does not
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        file.truncate(0)
        file.write(purpose)
        file.flush()
        return _joins(file, folder, purpose)
    return False


@contextlib.contextmanager
def claimed(folder: Path, name: str, wait: bool = True) -> Iterator[bool]:
    """Claim a file of a folder that many processes work in; whether this one has it.

    wait: until it has. The claim ends with the process, however it ends.
    """
    path = folder / f".{name}{LOCK}"
    lock = acquire(path, -1 if wait else 0)
    if lock is None:
        yield False
        return
    try:
        yield True
    finally:
        path.unlink(missing_ok=True)  # while it is held: after that it may be another's
        lock.release()


def remove_leftovers(folder: Path, name: str = "") -> None:
    """Remove the temporary files of dead processes, all or those on their way to a name.

    The caller must hold the lock.
    """
    for path in folder.glob(f".tmp-*{name and f'-{name}'}"):
        path.unlink(missing_ok=True)


def require_space(folder: Path, size: int) -> None:
    """Raise OSError when the disk of folder has no room for size more bytes.

    Checked first, since HDF5 can crash when the disk fills up while it writes.
    """
    free = shutil.disk_usage(folder).free
    if free < size + SPARE:
        raise OSError(
            errno.ENOSPC, f"{size / 1e6:.0f} MB wanted, {free / 1e6:.0f} MB free", str(folder)
        )


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8, completely or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_csv(path: Path, rows: Iterable[Iterable]) -> None:
    """Write a CSV file, completely or not at all."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_text(path, text.getvalue())


def write_json(path: Path, value: dict) -> None:
    """Write a JSON file, completely or not at all."""
    write_text(path, json.dumps(value, indent=2) + "\n")
