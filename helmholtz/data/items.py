"""The items of a run, in its order, wherever they lie: read when they are asked for."""

import math
import mmap
from collections.abc import Iterator

import numpy as np


class Items:
    """Rows of several arrays, as one array that is never made.

    arrays: of items of one shape and dtype, usually memory-mapped, or what is read like an array:
    compressed.Compressed, or Items themselves. rows: for every position in this order the row that
    is there, counted through all arrays.
    """

    def __init__(self, arrays: list, rows: np.ndarray):
        self.arrays, self.rows = arrays, rows
        self.starts = np.cumsum([0, *map(len, arrays)])
        self.shape = len(rows), *arrays[0].shape[1:]
        self.dtype = np.result_type(*(array.dtype for array in arrays))
        self.nbytes = math.prod(self.shape) * self.dtype.itemsize

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, positions) -> np.ndarray:
        """The items at these positions, a slice or integers, as an array of their own."""
        rows = self.rows[positions]
        found = np.empty((len(rows), *self.shape[1:]), self.dtype)
        for array, here, own in self._parts(rows):
            found[here] = array[own]
        return found

    def at(self, positions) -> "Items":
        """The items at these positions, still unread."""
        return Items(self.arrays, self.rows[positions])

    def each(self, function) -> "Items":
        """With every array as a function of arrays makes it."""
        return Items([function(array) for array in self.arrays], self.rows)

    def ask_for(self, positions) -> None:
        """Have the system read the pages of items that are needed soon, and do not wait."""
        for array, _, own in self._parts(self.rows[positions]):
            if hasattr(array, "ask_for"):
                array.ask_for(own)
            elif (mapped := _mapping(array)) is not None:
                size = mapped.strides[0]
                ask_for(mapped, own * size, (own + 1) * size)

    def _parts(self, rows: np.ndarray) -> Iterator[tuple]:
        """(array, which of the rows are in it, their rows there) for every array that has any."""
        of = np.searchsorted(self.starts, rows, side="right") - 1
        for i in np.unique(of):
            here = of == i
            yield self.arrays[i], here, rows[here] - self.starts[i]


def _mapping(array: np.ndarray) -> np.memmap | None:
    """The memory map that an array is, or a view of, item for item."""
    while array is not None and not isinstance(array, np.memmap):
        array = getattr(array, "base", None)
    return array


def ask_for(mapped: np.memmap, starts: np.ndarray, ends: np.ndarray) -> None:
    """Have the system read the pages of a memory map from these bytes up to those."""
    first = mapped.offset % mmap.ALLOCATIONGRANULARITY
    for start, end in zip((first + starts).tolist(), (first + ends).tolist(), strict=True):
        page = start - start % mmap.PAGESIZE
        mapped._mmap.madvise(mmap.MADV_WILLNEED, page, end - page)
