"""Items that are stored as their compressed files, and decoded when they are asked for."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from helmholtz import machine
from helmholtz.data.items import ask_for
from helmholtz.errors import DataError
from helmholtz.text import shown

FILES, OFFSETS = "files", "offsets"  # arrays: all files in a row; where each begins, and the end
PART = 1 << 21  # bytes of items that are worth a thread of their own


class Files(NamedTuple):
    """Compressed files of some items: uint8, one after another, and the int64 size of each."""

    content: np.ndarray
    sizes: np.ndarray

    @staticmethod
    def write(parts: list["Files"], file) -> None:
        """Write all files of some parts, in their order, as arrays of an HDF5 file."""
        contents, sizes = zip(*parts, strict=True)
        ends = np.cumsum(np.concatenate(sizes))
        file[OFFSETS] = np.concatenate([[0], ends])
        room, start = file.create_dataset(FILES, int(ends[-1]), np.uint8), 0
        for content in contents:
            room[start : start + len(content)] = content
            start += len(content)


def pack(items: list) -> np.ndarray | Files:
    """Items of one shape as one array; those that are bytes, which are files, as Files."""
    if isinstance(items[0], bytes):
        content = np.frombuffer(b"".join(items), np.uint8)
        return Files(content, np.array([len(item) for item in items], np.int64))
    return np.stack(items)


class Compressed:
    """Items of one shape and dtype, as an array that is not made; rows are decoded when read.

    arrays: FILES and OFFSETS of the file at path, memory-mapped. decode: from the bytes of a file
    to an item; it is called in several threads. Raises DataError, when made or when read, where
    what lies there are no such files.
    """

    def __init__(self, path: Path, arrays: dict[str, np.ndarray], decode: Callable):
        self.path, self.decode = path, decode
        self.files, self.offsets = arrays[FILES], arrays[OFFSETS]
        if not _fit(self.files, self.offsets):
            raise DataError(f"{shown(path)} is damaged: prepare the data anew.")
        first = self._decoded(0)
        self.shape, self.dtype = (len(self), *first.shape), first.dtype
        self.nbytes = len(self) * first.nbytes

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, positions) -> np.ndarray:
        """The items at these positions, a slice or integers, as an array of their own."""
        rows = range(len(self))[positions] if isinstance(positions, slice) else positions
        found = np.empty((len(rows), *self.shape[1:]), self.dtype)
        threads = max(1, min(machine.cores(), found.nbytes // PART))
        if threads == 1:
            self._fill(found, rows)
            return found
        parts = [slice(i, None, threads) for i in range(threads)]
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda part: self._fill(found[part], rows[part]), parts))
        return found

    def ask_for(self, rows: np.ndarray) -> None:
        """Have the system read the pages of items that are needed soon, and do not wait."""
        ask_for(self.files, self.offsets[rows], self.offsets[rows + 1])

    def _fill(self, found: np.ndarray, rows) -> None:
        for place, row in enumerate(rows):
            item = self._decoded(int(row))
            if item.shape != self.shape[1:]:
                raise self._bad(int(row))
            found[place] = item

    def _decoded(self, row: int) -> np.ndarray:
        start, end = self.offsets[row : row + 2].tolist()
        try:
            return self.decode(self.files[start:end].tobytes())
        except MemoryError:
            raise
        except Exception as error:  # the decoders' types
            raise self._bad(row) from error

    def _bad(self, row: int) -> DataError:
        name = shown(self.path)
        return DataError(f"{name}: item {row} cannot be decoded: prepare the data anew.")


def _fit(files: np.ndarray, offsets: np.ndarray) -> bool:
    """Whether offsets cut a row of files into pieces from its beginning to its end."""
    kinds = [(array.dtype, array.ndim) for array in (files, offsets)]
    if kinds != [(np.uint8, 1), (np.int64, 1)] or len(offsets) < 2:
        return False
    whole = (offsets[0], offsets[-1]) == (0, len(files))
    return whole and not (np.diff(offsets) < 0).any()
