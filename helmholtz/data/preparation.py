"""Turn a source into prepared data: one pass over its items, on all cores, for several rates."""

import itertools
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from helmholtz.data.baditems import BadItems, leave_out
from helmholtz.data.estimate import estimate, tell
from helmholtz.data.found import describe
from helmholtz.errors import DataError
from helmholtz.io import datadir, store
from helmholtz.io.files import locked, remove_leftovers, require_space
from helmholtz.parallel import in_parallel
from helmholtz.schema import SIZES
from helmholtz.text import counted

SPLITS = ("train", "test")
TOTALS = [*SIZES, "enlarged"]


class Source(NamedTuple):
    """Where items come from. Cheap to make: load does the work when something must be made.

    fingerprint changes with the data. load gives the class names; for "train" and "test" a pair
    (items, labels), where items is a list or an array, whatever the domain compresses slices of;
    and further facts to store with the data. archive: what load downloads where it is missing.
    """

    name: str
    fingerprint: str
    load: Callable[[], tuple[list[str], dict, dict]]
    archive: Path | None = None


class Prepared(NamedTuple):
    """One item at one rate: the array to train on, and the item's sizes in bytes.

    raw_bytes: of the pixels or samples that its file holds. source_bytes: of that file. enlarged:
    whether the file has fewer pixels than data.
    """

    data: np.ndarray
    raw_bytes: int
    file_bytes: int
    scan_bytes: int
    source_bytes: int
    enlarged: bool = False


def prepare(
    source: Source,
    folders: dict[int, Path],
    settings: dict,
    compress: Callable[[object, list[int]], dict[int, list[Prepared]]],
    chunk: int,
    skip_bad: bool = False,
) -> list[Path]:
    """Make <folder>/train.h5 and test.h5 for every rate of folders that lacks them.

    compress(items, rates), which runs in other processes, gives for every rate the prepared
    items. Undamaged data of the same source with the same settings is left alone. Returns the
    folders that were made. Raises BadItems for all items that cannot be used, unless skip_bad
    leaves them out, and MachineError when a folder cannot be written to.
    """
    wanted = {"source": source.name, "fingerprint": source.fingerprint, **settings}
    with ExitStack() as locks:
        try:
            for rate in sorted(folders):
                locks.enter_context(locked(folders[rate]))
                remove_leftovers(folders[rate])
        except OSError as error:
            if _missing(folders, wanted):
                datadir.explain(error)
                raise
        missing = _missing(folders, wanted)
        if missing:
            _make(source, missing, wanted, compress, chunk, skip_bad)
    return list(missing.values())


def plan(source: Source, folders: dict[int, Path], settings: dict, compress) -> None:
    """Print what prepare would do; nothing is downloaded, and nothing prepared."""
    wanted = {"source": source.name, "fingerprint": source.fingerprint, **settings}
    if not (missing := _missing(folders, wanted)):
        print("Nothing is missing.")
    elif source.archive and not source.archive.exists():
        print(f"{source.archive.name} is to be downloaded first: what it holds is known then.")
    elif found := estimate(source.load()[1], list(missing), compress):
        tell(found, missing)


def _missing(folders: dict[int, Path], wanted: dict) -> dict[int, Path]:
    """The rates and folders whose data is missing, damaged, or not the data wanted."""
    return {
        rate: folder
        for rate, folder in folders.items()
        if not all(store.intact(folder / f"{s}.h5", wanted | {"rate": rate}) for s in SPLITS)
    }


def _make(source, folders, wanted, compress, chunk, skip_bad) -> None:
    """Load and compress a source; with skip_bad a second time, without the bad items."""
    classes, parts, facts = source.load()
    if found := estimate(parts, list(folders), compress):
        tell(found, folders)
        require_space(next(iter(folders.values())), found.bytes)
    common = wanted | {"classes": classes, "skipped": 0, "skipped_files": []} | facts
    try:
        _write(parts, folders, common | (told := describe(common, parts)), compress, chunk)
    except BadItems as bad:
        if not skip_bad:
            raise
        parts, common = leave_out(classes, parts, common, bad)
        _write(parts, folders, common | (told := describe(common, parts)), compress, chunk)
    print(told["found"])


def _write(parts, folders, common, compress, chunk) -> None:
    """Compress both splits at every rate of folders, and publish all files together.

    Raises BadItems, and publishes nothing, when there are items that cannot be used.
    """
    with ExitStack() as stack:
        filled = {
            split: _fill(stack, split, *parts[split], folders, common, compress, chunk)
            for split in SPLITS
        }
        problems = {split: bad for split, (bad, _) in filled.items()}
        if any(problems.values()):
            raise BadItems(problems)
    if enlarged := sum(count for _, count in filled.values()):
        total = sum(len(labels) for _, labels in parts.values())
        said = f"{counted(enlarged, 'item')} of {total:,} smaller than asked for"
        print(f"{said}: enlarged, which adds no detail.", file=sys.stderr)


def _fill(stack, split, items, labels, folders, common, compress, chunk) -> tuple[dict, int]:
    """Create and fill one split's files, which are published when the stack is closed.

    Returns a sentence for every item that cannot be used, by its index, and how many are enlarged.
    """
    sizes, problems = {rate: np.zeros(len(TOTALS), np.int64) for rate in folders}, {}
    files = {
        rate: stack.enter_context(store.create(folder / f"{split}.h5"))
        for rate, folder in folders.items()
    }
    title = f"{split} at {', '.join(map(str, sorted(folders)))}"
    blocks = in_parallel(partial(_packed, compress), items, chunk, title, list(folders))
    for start, (block, bad) in zip(itertools.count(step=chunk), blocks, strict=False):
        problems |= {start + place: sentence for place, sentence in bad.items()}
        if problems:
            continue  # only to find the others
        if start == 0:
            _make_room(files, block, len(items))
        for rate, (arrays, bytes_) in block.items():
            files[rate]["data"][start : start + len(arrays)] = arrays
            sizes[rate] += bytes_
    for rate, file in files.items():
        file["label"] = np.asarray(labels, np.int64)
        totals = dict(zip(TOTALS, sizes[rate].tolist(), strict=True))
        store.set_attributes(file, common | totals | {"rate": rate, "items": len(items)})
    return problems, totals["enlarged"]


def _make_room(files: dict, block: dict, count: int) -> None:
    """Create the arrays for count items like those of a block."""
    for rate, (arrays, _) in block.items():
        files[rate].create_dataset("data", (count, *arrays.shape[1:]), arrays.dtype)


def _packed(compress, items, rates: list[int]) -> tuple[dict, dict[int, str]]:
    """For every rate one array of all items, and their TOTALS.

    Packed in the process that made them, since thousands of small arrays are slow to send. If
    items cannot be used, nothing but a sentence for each of these, by its index.
    """
    made, problems = {rate: [] for rate in rates}, {}
    for place in range(len(items)):
        try:
            for rate, prepared in compress(items[place : place + 1], rates).items():
                made[rate] += prepared
        except DataError as error:
            problems[place] = str(error)
    if problems:
        return {}, problems
    return {
        rate: (np.stack([p.data for p in prepared]), np.sum([p[1:] for p in prepared], axis=0))
        for rate, prepared in made.items()
    }, {}
