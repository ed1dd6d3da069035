"""Compressed items on their way into files, which are published by a rename."""

import itertools
from functools import partial

import numpy as np

from helmholtz.data import kinds
from helmholtz.data.compressed import Files, pack
from helmholtz.data.shards import TOTALS
from helmholtz.errors import DataError
from helmholtz.io import store
from helmholtz.io.files import SPARE
from helmholtz.parallel import in_parallel


def fill(stack, task, piece, folders: dict) -> dict[int, str]:
    """Create and fill the files of a piece of a tasks.Task, at the rates of folders. They are
    published when the stack is closed.

    Returns a sentence for every item that cannot be used, by its index in the piece.
    """
    if not folders:
        return {}
    items, room = piece.items, round(task.size * len(piece.items)) + SPARE
    sizes, problems = {rate: np.zeros(len(TOTALS), np.int64) for rate in folders}, {}
    kept = {rate: [] for rate in folders}
    files = {
        rate: stack.enter_context(store.create(folder / piece.name, room))
        for rate, folder in folders.items()
    }
    title = f"{piece.name.removesuffix('.h5')} at {', '.join(map(str, sorted(folders)))}"
    work = partial(_packed, task.compress)
    blocks = in_parallel(work, items, task.chunk, title, list(folders))
    for start, (block, bad) in zip(itertools.count(step=task.chunk), blocks, strict=False):
        problems |= {start + place: sentence for place, sentence in bad.items()}
        if problems:
            continue  # only to find the others
        if start == 0:
            _make_room(files, block, len(items))
        for rate, (arrays, bytes_) in block.items():
            if isinstance(arrays, Files):
                kept[rate].append(arrays)  # what room they take is known in the end
            else:
                files[rate]["data"][start : start + len(arrays)] = arrays
            sizes[rate] += bytes_
    for rate, file in files.items():
        if kept[rate]:
            Files.write(kept.pop(rate), file)
        file["label"] = np.asarray(piece.labels, np.int64)
        totals = dict(zip(TOTALS, sizes[rate].tolist(), strict=True))
        store.set_attributes(file, kinds.written(piece.told | totals | {"items": len(items)}, rate))
    return problems


def _make_room(files: dict, block: dict, count: int) -> None:
    """Create the arrays for count items like those of a block."""
    for rate, (arrays, _) in block.items():
        if not isinstance(arrays, Files):
            files[rate].create_dataset("data", (count, *arrays.shape[1:]), arrays.dtype)


def _packed(compress, items, rates: list[int]) -> tuple[dict, dict[int, str]]:
    """For every rate one array, or Files, of all items, and their TOTALS.

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
        rate: (pack([p.data for p in prepared]), np.sum([p[1:] for p in prepared], axis=0))
        for rate, prepared in made.items()
    }, {}
