"""The archive of IDMT-SMT-Audio-Effects: a zip of zips; two of them hold the twelve classes."""

import contextlib
import errno
import functools
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from audio.constants import CLASS_FOLDERS, LABELS
from helmholtz.errors import DataError
from helmholtz.io.files import locked, replacing, require_space
from helmholtz.text import shown

LAYOUT = "Gitarre monophon/Samples/Chorus/*.wav"
MAX_SOUND = 1 << 26  # bytes of a file in the archive; the published ones have 176 kB


@contextlib.contextmanager
def _reading(name: str) -> Iterator[None]:
    """Turn what zipfile raises about a damaged zip, which has many types, into a DataError."""
    try:
        yield
    except (DataError, MemoryError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # a seek to before the start
            raise
        raise DataError(
            f"{name} cannot be read here ({error}): repair it, or unpack the archive and the zips "
            "in it by hand, and give the folder as --source."
        ) from error


class Member(NamedTuple):
    """A file within a zip."""

    archive: Path
    name: str

    def read(self) -> bytes:
        """Its content; raises DataError when the zip is damaged."""
        with _reading(str(self)):
            if (size := _opened(self.archive).getinfo(self.name).file_size) > MAX_SOUND:
                raise DataError(
                    f"{self} claims to have {size} bytes, more than the published file: "
                    "give another copy."
                )
            return _opened(self.archive).read(self.name)

    def __str__(self) -> str:
        return shown(self.archive / self.name)


@functools.lru_cache(maxsize=2)
def _opened(path: Path) -> zipfile.ZipFile:
    """Kept open, since reading the directory is slow; by workers only, which share no file."""
    return zipfile.ZipFile(path)


def read_archive(path: Path, copies: Path) -> dict[str, list[Member]]:
    """The sorted files of every class of LABELS, from the published archive.

    path: the archive, whose hash has been checked. copies: a folder for its two nested zips with
    these classes. Raises DataError when it is damaged, or laid out differently.
    """
    found = {label: [] for label in LABELS}
    with _reading(shown(path)):
        for part in [path, *_copy_nested(path, copies)]:
            with zipfile.ZipFile(part) as opened:
                for name in opened.namelist():
                    if label := class_of(f"{part.stem}/{name}"):
                        found[label].append(Member(part, name))
    return _complete(found, path)


def _copy_nested(path: Path, copies: Path) -> list[Path]:
    """Copy the nested zips of CLASS_FOLDERS to a folder, unless they are there."""
    parts = []
    with locked(copies), zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            name = PurePosixPath(info.filename)
            if name.suffix.lower() != ".zip" or name.stem not in CLASS_FOLDERS:
                continue
            part = copies / name.name
            if not part.is_file() or part.stat().st_size != info.file_size:
                require_space(copies, info.file_size)
                with replacing(part) as temporary, open(temporary, "wb") as file:
                    shutil.copyfileobj(archive.open(info), file, 1 << 20)
            parts.append(part)
    return parts


def is_unpacked(folder: Path) -> bool:
    """Whether a folder holds the unpacked archive, at most two folders down."""
    first = next(iter(CLASS_FOLDERS))
    return any(next(folder.glob(f"{above}{first}/Samples"), None) for above in ("", "*/", "*/*/"))


def read_folder(folder: Path) -> dict[str, list[Path]]:
    """The sorted files of every class of LABELS, from the unpacked archive."""
    found = {label: [] for label in LABELS}
    for path in folder.rglob("Samples/*/*"):
        if label := class_of(path.relative_to(folder).as_posix()):
            found[label].append(path)
    return _complete(found, folder)


def class_of(name: str) -> str | None:
    """The class that a path within the archive belongs to, if any."""
    *above, samples, label, file = ["", "", "", *PurePosixPath(name).parts]
    wanted = CLASS_FOLDERS.get(above[-1], [])
    fits = samples == "Samples" and label in wanted and file.lower().endswith(".wav")
    return label if fits and file[0] != "." else None


def _complete(found: dict, path: Path) -> dict:
    missing = [label for label, files in found.items() if not files]
    if missing:
        there = ", ".join(f"{label} {len(files)}" for label, files in found.items() if files)
        raise DataError(
            f"{shown(path)} is not laid out as expected, {LAYOUT}: it has no files of "
            f"{', '.join(missing)}; it has {there or 'none at all'}. Give another copy."
        )
    return {label: sorted(files) for label, files in found.items()}
