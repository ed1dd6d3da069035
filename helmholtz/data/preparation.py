"""Turn a source into prepared data: one pass over its items, on all cores, for several rates."""

import json
import os
import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import numpy as np

from helmholtz.data import kinds, shards, tasks
from helmholtz.data.baditems import BadItems, leave_out
from helmholtz.data.dividing import Work, write
from helmholtz.data.estimate import estimate, tell
from helmholtz.data.found import describe
from helmholtz.data.shards import SPLITS
from helmholtz.io import datadir
from helmholtz.io.files import together
from helmholtz.io.store import intact

LOOKED_AT = 3  # shards of a folder, to see what they are


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
    """One item at one rate: the array to train on, or its compressed file, and the item's sizes
    in bytes.

    raw_bytes: of the pixels or samples that its file holds. source_bytes: of that file. enlarged:
    whether the file has fewer pixels than data.
    """

    data: np.ndarray | bytes
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
    shard_size: int = shards.SIZE,
    engine: tasks.Engine = tasks.here,
    store: str = kinds.PIXELS,
    exact: bool = False,
) -> list[Path]:
    """Make <folder>/train.h5 and test.h5, or shards of them, for every rate that lacks them.

    compress(items, rates), which runs in other processes, gives for every rate the prepared
    items. Undamaged data of the same source with the same settings is left alone. Returns the
    folders that were made. Raises BadItems for all items that cannot be used, unless skip_bad
    leaves them out, and MachineError when a folder cannot be written to. shard_size: bytes of
    pixels above which a split is cut into shards, where there are none yet. Each is published when
    it is done, and whole ones stay. Processes that are asked for the same share them; others wait,
    and with skip_bad all do, since what is left out must be known first. store: of kinds.KINDS,
    what is made; BYTES are what compress(items, rates, store=BYTES) gives. exact: data of the other
    kind are made anew.
    """
    wanted = {"source": source.name, "fingerprint": source.fingerprint, **settings}
    sought = wanted | ({"store": store} if exact and store != kinds.AUTO else {})
    alone = [socket.gethostname(), os.getpid()] if skip_bad else []
    asked = json.dumps([sought, store, sorted(folders), shard_size, alone])
    with ExitStack() as locks:
        try:
            for rate in sorted(folders):
                locks.enter_context(together(folders[rate], asked))
        except OSError as error:
            if _missing(folders, sought):
                datadir.explain(error)
                raise
        missing = _missing(folders, sought)
        if missing:
            work = Work(compress, chunk, engine, {})
            _make(source, missing, wanted, work, shard_size, skip_bad, store)
    return list(missing.values())


def plan(source: Source, folders: dict[int, Path], settings: dict, compress, store: str) -> None:
    """Print what an exact prepare would do; nothing is downloaded, and nothing prepared."""
    wanted = {"source": source.name, "fingerprint": source.fingerprint, **settings}
    wanted |= {"store": store} if store != kinds.AUTO else {}
    if not (missing := _missing(folders, wanted)):
        print("Nothing is missing.")
    elif source.archive and not source.archive.exists():
        print(f"{source.archive.name} is to be downloaded first: what it holds is known then.")
    elif found := estimate(source.load()[1], list(missing), compress):
        tell(found, missing, kinds.choose(store, found, list(missing.values())))


def _missing(folders: dict[int, Path], wanted: dict) -> dict[int, Path]:
    """The rates and folders whose data is missing, damaged, or not the data wanted."""
    return {
        rate: folder
        for rate, folder in folders.items()
        if not all(shards.intact(folder, split, kinds.attributes(wanted, rate)) for split in SPLITS)
    }


def _kind_there(folders: dict[int, Path], wanted: dict) -> str:
    """The kind of shards that are there, which is kept; AUTO where none is."""
    for kind in (kinds.PIXELS, kinds.BYTES):
        for rate in filter(None, folders):
            told = kinds.attributes(wanted | {"store": kind}, rate)
            some = sorted(folders[rate].glob("t*-*.h5"))[:LOOKED_AT]
            if any(intact(path, told) for path in some):
                return kind
    return kinds.AUTO


def _make(source, folders, wanted, work: Work, shard_size: int, skip_bad: bool, store: str) -> None:
    """Load and compress a source; with skip_bad a second time, without the bad items."""
    classes, parts, facts = source.load()
    found = estimate(parts, list(folders), work.compress)
    store = _kind_there(folders, wanted) if store == kinds.AUTO else store
    kind = kinds.choose(store, found, list(folders.values()))
    wanted = wanted | {"store": kind}
    if found:
        tell(found, folders, kind)
    work = work.planned(found, folders, wanted, shard_size)
    common = wanted | {"classes": classes, "skipped": 0, "skipped_files": []} | facts
    try:
        write(parts, folders, common | (told := describe(common, parts)), work)
    except BadItems as bad:
        if not skip_bad:
            raise
        parts, common = leave_out(classes, parts, common, bad)
        write(parts, folders, common | (told := describe(common, parts)), work)
    print(told["found"])
