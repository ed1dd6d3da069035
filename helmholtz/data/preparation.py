"""Turn a source into prepared data: one pass over its items, on all cores, for several rates."""

import re
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from helmholtz.data import datadir
from helmholtz.data.baditems import BadItems, leave_out
from helmholtz.data.folders import folder_name
from helmholtz.data.parallel import in_parallel, progress
from helmholtz.errors import DataError
from helmholtz.io import store
from helmholtz.io.files import locked, remove_leftovers, require_space

SPLITS = ("train", "test")
SIZES = ("raw_bytes", "file_bytes", "scan_bytes")


class Source(NamedTuple):
    """Where items come from. Cheap to make: load does the work when something must be made.

    fingerprint tells whether prepared data is still that of this source. load gives the class
    names; for "train" and "test" a pair (items, labels), items being a list or an array, whatever
    the domain's compression takes slices of; and further facts to store with the data.
    """

    name: str
    fingerprint: str
    load: Callable[[], tuple[list[str], dict, dict]]


class Prepared(NamedTuple):
    """One item at one rate: the array to learn from, and the item's sizes in bytes."""

    data: np.ndarray
    raw_bytes: int
    file_bytes: int
    scan_bytes: int


class Data(NamedTuple):
    """Prepared data in memory: splits maps "train" and "test" to (items, labels as int64)."""

    splits: dict
    classes: list[str]
    attributes: dict


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
    items. What is there, whole, and made from the same source with the same settings is left
    alone. Returns the folders that were made. Raises DataError with all items that cannot be
    used, unless skip_bad leaves them out, and MachineError when a folder cannot be written.
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


def _missing(folders: dict[int, Path], wanted: dict) -> dict[int, Path]:
    """The rates and folders whose data is not there, not whole, or of something else."""
    return {
        rate: folder
        for rate, folder in folders.items()
        if not all(store.intact(folder / f"{s}.h5", wanted | {"rate": rate}) for s in SPLITS)
    }


def _make(source, folders, wanted, compress, chunk, skip_bad) -> None:
    """Load and compress a source, and once more without what proved to be of no use."""
    classes, parts, facts = source.load()
    common = wanted | {"classes": classes, "skipped": 0, "skipped_files": []} | facts
    try:
        _write(parts, folders, common, compress, chunk)
    except BadItems as bad:
        if not skip_bad:
            raise
        parts, common = leave_out(classes, parts, common, bad)
        _write(parts, folders, common, compress, chunk)


def _write(parts, folders, common, compress, chunk) -> None:
    """Compress both splits at every rate of folders, and publish all files together.

    Raises BadItems for all that cannot be used; then nothing is published.
    """
    with ExitStack() as stack:
        problems = {
            split: _fill(stack, split, *parts[split], folders, common, compress, chunk)
            for split in SPLITS
        }
        if any(problems.values()):
            raise BadItems(problems)


def _fill(stack, split, items, labels, folders, common, compress, chunk) -> dict[int, str]:
    """Create and fill one split's files, which appear when the stack is closed.

    Returns by its place a sentence about every item that cannot be used.
    """
    sizes, start, problems = {rate: np.zeros(3, np.int64) for rate in folders}, 0, {}
    files = {
        rate: stack.enter_context(store.create(folder / f"{split}.h5"))
        for rate, folder in folders.items()
    }
    with progress(len(items), f"{split} at {sorted(folders)}") as bar:
        for block, bad in in_parallel(partial(_packed, compress), items, chunk, list(folders)):
            problems |= {start + place: sentence for place, sentence in bad.items()}
            if not problems:  # else all that is left to do is to find the others
                if start == 0:
                    item_bytes = sum(arrays[0].nbytes for arrays, _ in block.values())
                    require_space(next(iter(folders.values())), item_bytes * len(items))
                for rate, (arrays, bytes_) in block.items():
                    if start == 0:
                        shape = (len(items), *arrays.shape[1:])
                        files[rate].create_dataset("data", shape, arrays.dtype)
                    files[rate]["data"][start : start + len(arrays)] = arrays
                    sizes[rate] += bytes_
            bar.update(min(chunk, len(items) - start))
            start += chunk
    for rate, file in files.items():
        file["label"] = np.asarray(labels, np.int64)
        totals = dict(zip(SIZES, sizes[rate].tolist(), strict=True))
        store.set_attributes(file, common | totals | {"rate": rate, "items": len(items)})
    return problems


def _packed(compress, items, rates: list[int]) -> tuple[dict, dict[int, str]]:
    """For every rate one array of all items, and the sums of their SIZES.

    In the process that made them, since thousands of small arrays are slow to hand over. Or, by
    their place, sentences about the items that cannot be used.
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


def load(folder: Path, rate: int | None) -> Data:
    """Read prepared data, our own or the 2018 code's, and verify it.

    rate: what the data must have been prepared at; it may be None where the file says so itself.
    Raises DataError when a file is missing or damaged, or does not fit.
    """
    splits, found = {}, {}
    for split in SPLITS:
        arrays, found[split] = store.read(folder / f"{split}.h5")
        splits[split] = _checked(folder / f"{split}.h5", arrays)
    if len({data.shape[1:] for data, _ in splits.values()}) > 1:
        raise DataError(f"The items of {folder}/train.h5 and test.h5 are not of the same shape.")
    attributes = _joined(found, folder, rate)
    if rate not in (None, attributes["rate"]):
        raise DataError(f"{folder} was prepared at {attributes['rate']}, not at {rate}.")
    if not re.fullmatch(r"\w[\w.-]*", attributes["source"], re.ASCII):  # it names the run's folder
        raise DataError(f"{folder} is damaged, its source has no name: prepare it anew.")
    labels = np.concatenate([label for _, label in splits.values()])
    classes = attributes.setdefault("classes", [str(i) for i in range(labels.max() + 1)])
    if labels.min() < 0 or labels.max() >= len(classes):
        raise DataError(f"{folder} holds labels outside its {len(classes)} classes.")
    return Data(splits, classes, attributes)


def _checked(path: Path, arrays: dict) -> tuple[np.ndarray, np.ndarray]:
    """Items and labels of one file; labels may be one-hot, as the 2018 code's are."""
    data, label = arrays.get("data"), arrays.get("label")
    if data is None or label is None or label.ndim not in (1, 2) or len(data) != len(label):
        raise DataError(f"{path} does not hold `data` and as many entries of `label`.")
    if not data.size:
        raise DataError(f"{path} holds no items.")
    one_hot = label.ndim == 2 and label.shape[1] > 1
    return data, label.argmax(axis=1) if one_hot else label.ravel().astype(np.int64)


def _joined(found: dict, folder: Path, rate: int | None) -> dict:
    """The attributes of both splits together; of somebody else's files what is known of them."""
    train, test = found["train"], found["test"]
    digest = train["digest"] + test["digest"]
    if "rate" not in train or "rate" not in test:
        if rate is None:
            raise DataError(f"{folder} does not say its rate: give it, as in --quality 5.")
        return {"source": folder_name(folder), "rate": rate, "digest": digest}
    sums = {key: train[key] + test[key] for key in (*SIZES, "items")} | {"digest": digest}
    if train | sums != test | sums:
        raise DataError(f"{folder}/train.h5 and test.h5 were not made together: make both anew.")
    return train | sums
