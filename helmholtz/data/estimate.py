"""What a preparation will take, told before it begins: items, bytes, room on the disk, and time."""

import time
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from helmholtz import machine
from helmholtz.data.kinds import BYTES, free_bytes
from helmholtz.errors import DataError
from helmholtz.parallel import in_parallel
from helmholtz.text import counted, megabytes

PROBED = 6  # items


class Estimate(NamedTuple):
    """Of a preparation at several rates: its items, the bytes that they take as pixels, the
    bytes of their compressed files by rate, and the seconds on all cores, but for what starting
    and writing take."""

    items: int
    bytes: int
    compressed: dict[int, float]
    seconds: float

    def takes(self, kind: str) -> int:
        """Bytes of the disk that they take, stored as a kind; uncompressed they are pixels."""
        if kind != BYTES:
            return self.bytes
        pixels = self.bytes // len(self.compressed)
        return sum(round(size) if rate else pixels for rate, size in self.compressed.items())


def estimate(parts: dict, rates: list[int], compress) -> Estimate | None:
    """Compress a few items, spread over both splits, to see what all will take.

    parts, compress: as preparation.Job has them. None when none of the few can be used.
    """
    probed = [
        items[place : place + 1]
        for items, _ in parts.values()
        for place in np.linspace(0, len(items) - 1, PROBED // len(parts), dtype=int)
    ]
    made = in_parallel(partial(_timed, compress), probed, 1, "a few items", rates)
    if not (made := [one for one in made if one]):
        return None
    prepared, compressed, seconds = zip(*made, strict=True)
    items = sum(len(labels) for _, labels in parts.values())
    sizes = {rate: items * float(np.mean([one[rate] for one in compressed])) for rate in rates}
    return Estimate(
        items, items * prepared[0], sizes, items * float(np.median(seconds)) / machine.cores()
    )


def _timed(compress, chunk: list, rates: list[int]) -> tuple | None:
    """Bytes of one item at all rates, of its compressed file by rate, and seconds for it.

    None for an item that cannot be used, which is told with all others when the work begins.
    """
    try:
        compress(chunk[0], rates)  # a first call is slower
        started = time.perf_counter()
        made = {rate: items[0] for rate, items in compress(chunk[0], rates).items()}
    except DataError:
        return None
    seconds = time.perf_counter() - started
    prepared = sum(item.data.nbytes for item in made.values())
    return prepared, {rate: item.file_bytes for rate, item in made.items()}, seconds


def tell(found: Estimate, folders: dict[int, Path], kind: str) -> None:
    """Print what a preparation will take, and what the disk has."""
    free = free_bytes(next(iter(folders.values())))
    rates = [f"{folders[r].name} {megabytes(size)}" for r, size in found.compressed.items()]
    minutes, seconds = divmod(round(found.seconds), 60)
    time_ = f"{minutes} min {seconds:02} s" if minutes else f"{max(1, seconds)} s"
    print(
        f"{counted(found.items, 'item')} at {counted(len(folders), 'rate')}: "
        f"{megabytes(found.takes(kind))} of disk, {megabytes(free)} are free; about {time_} on "
        f"{counted(machine.cores(), 'free core')}. As compressed files: {', '.join(rates)}.",
        flush=True,
    )
