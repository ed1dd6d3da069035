"""Turn a source into prepared data: one pass over its items, on all cores, for several rates."""

import os
import re
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from functools import partial
from multiprocessing import parent_process
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from helmholtz import store
from helmholtz.cli import DataError, workers
from helmholtz.files import locked, remove_leftovers, require_space
from helmholtz.folders import folder_name

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
) -> list[Path]:
    """Make <folder>/train.h5 and test.h5 for every rate of folders that lacks them.

    compress(items, rates), which runs in other processes, gives for every rate the prepared
    items of a chunk. What is there, whole, and made from the same source with the same settings
    is left alone. Returns the folders that were made.
    """
    wanted = {"source": source.name, "fingerprint": source.fingerprint, **settings}
    with ExitStack() as locks:
        for rate in sorted(folders):
            locks.enter_context(locked(folders[rate]))
            remove_leftovers(folders[rate])
        missing = {
            rate: folder
            for rate, folder in folders.items()
            if not all(store.intact(folder / f"{s}.h5", wanted | {"rate": rate}) for s in SPLITS)
        }
        if missing:
            classes, parts, facts = source.load()
            common = wanted | facts | {"classes": classes}
            for split in SPLITS:
                _make_split(split, *parts[split], missing, common, compress, chunk)
    return list(missing.values())


def _make_split(split, items, labels, folders, common, compress, chunk) -> None:
    """Compress one split at every rate of folders, and publish the files together."""
    sizes = {rate: np.zeros(3, np.int64) for rate in folders}
    with ExitStack() as stack:
        files = {
            rate: stack.enter_context(store.create(folder / f"{split}.h5"))
            for rate, folder in folders.items()
        }
        bar = stack.enter_context(progress(len(items), f"{split} at {sorted(folders)}"))
        start = 0
        for block in in_parallel(partial(_packed, compress), items, chunk, list(folders)):
            if start == 0:
                item_bytes = sum(arrays[0].nbytes for arrays, _ in block.values())
                require_space(next(iter(folders.values())), item_bytes * len(items))
            for rate, (arrays, bytes_) in block.items():
                _append(files[rate], start, len(items), arrays)
                sizes[rate] += bytes_
            start += len(arrays)
            bar.update(len(arrays))
        for rate, file in files.items():
            file["label"] = np.asarray(labels, np.int64)
            totals = dict(zip(SIZES, sizes[rate].tolist(), strict=True))
            store.set_attributes(file, common | totals | {"rate": rate, "items": len(items)})


def _packed(compress, items, rates: list[int]) -> dict:
    """For every rate one array of all items, and the sums of their SIZES.

    In the process that made them, since thousands of small arrays are slow to hand over.
    """
    return {
        rate: (np.stack([p.data for p in prepared]), np.sum([p[1:] for p in prepared], axis=0))
        for rate, prepared in compress(items, rates).items()
    }


def _append(file, start: int, total: int, arrays: np.ndarray) -> None:
    if start == 0:
        file.create_dataset("data", (total, *arrays.shape[1:]), arrays.dtype)
    file["data"][start : start + len(arrays)] = arrays


def in_parallel(function, items, chunk: int, *arguments) -> Iterator:
    """What function(chunk of items, *arguments) gives for every chunk, in order.

    Runs in as many processes as there are cores, a bounded number of chunks ahead of the reader.
    """
    with ProcessPoolExecutor(workers(), initializer=_start_worker) as pool:
        waiting = deque()
        try:
            for start in range(0, len(items), chunk):
                waiting.append(pool.submit(function, items[start : start + chunk], *arguments))
                if len(waiting) > 2 * workers():
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool:
            raise MemoryError from None  # a worker was killed, as a rule for its memory
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _start_worker() -> None:
    """Leave Ctrl-C to the parent, and do not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=lambda: (parent_process().join(), os._exit(1)), daemon=True).start()


def progress(total: int, what: str) -> tqdm:
    """A progress bar on a terminal; nothing elsewhere."""
    return tqdm(total=total, desc=what, disable=not sys.stderr.isatty())


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
