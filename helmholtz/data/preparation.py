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


class Job(NamedTuple):
    """Data to be prepared: <folder>/train.h5 and test.h5, or shards of them, for every rate.

    settings: attributes that tell the data from others. compress(items, rates), which runs in other
    processes, gives for every rate the prepared items, chunk at a time. skip_bad: leave out items
    that cannot be used. shard_size: bytes of pixels above which a split is cut into shards, where
    there are none yet. store: of kinds.KINDS, what is made; BYTES are what compress(items, rates,
    store=BYTES) gives. exact: data of the other kind are made anew.
    """

    source: Source
    folders: dict[int, Path]
    settings: dict
    compress: Callable[[object, list[int]], dict[int, list[Prepared]]]
    chunk: int
    skip_bad: bool = False
    shard_size: int = shards.SIZE
    engine: tasks.Engine = tasks.here
    store: str = kinds.PIXELS
    exact: bool = False

    @property
    def attributes(self) -> dict:
        """What all files of the data say, at any rate and of any kind."""
        source = {"source": self.source.name, "fingerprint": self.source.fingerprint}
        return source | self.settings

    @property
    def sought(self) -> dict:
        """What files have to say to be left as they are."""
        exact = self.exact and self.store != kinds.AUTO
        return self.attributes | ({"store": self.store} if exact else {})

    def missing(self) -> dict[int, Path]:
        """The rates and folders whose data is missing, damaged, or not the data wanted."""
        return {
            rate: folder
            for rate, folder in self.folders.items()
            if not all(
                shards.intact(folder, split, kinds.attributes(self.sought, rate))
                for split in SPLITS
            )
        }


def prepare(job: Job) -> None:
    """Make what is missing; undamaged data of the same source with the same settings stay.

    Raises BadItems for all items that cannot be used, unless they are skipped, and MachineError
    when a folder cannot be written to. A shard is published when it is done, and whole ones stay.
    Processes that are asked for the same share them; others wait, and with skip_bad all do, since
    what is left out must be known first.
    """
    alone = [socket.gethostname(), os.getpid()] if job.skip_bad else []
    asked = json.dumps([job.sought, job.store, sorted(job.folders), job.shard_size, alone])
    with ExitStack() as locks:
        try:
            for rate in sorted(job.folders):
                locks.enter_context(together(job.folders[rate], asked))
        except OSError as error:
            if job.missing():
                datadir.explain(error)
                raise
        if missing := job.missing():
            _make(job, missing)


def plan(job: Job) -> None:
    """Print what prepare would do; nothing is downloaded, and nothing prepared."""
    archive = job.source.archive
    if not (missing := job.missing()):
        print("Nothing is missing.")
    elif archive and not archive.exists():
        print(f"{archive.name} is to be downloaded first: what it holds is known then.")
    elif found := estimate(job.source.load()[1], list(missing), job.compress):
        tell(found, missing, kinds.choose(job.store, found, list(missing.values())))
    else:
        print("None of a few items that were tried can be used: preparing lists what is wrong.")


def _kind_there(folders: dict[int, Path], wanted: dict) -> str:
    """The kind of shards that are there, which is kept; AUTO where none is."""
    for kind in (kinds.PIXELS, kinds.BYTES):
        for rate in filter(None, folders):
            told = kinds.attributes(wanted | {"store": kind}, rate)
            some = sorted(folders[rate].glob("t*-*.h5"))[:LOOKED_AT]
            if any(intact(path, told) for path in some):
                return kind
    return kinds.AUTO


def _make(job: Job, folders: dict[int, Path]) -> None:
    """Load and compress a source; with skip_bad a second time, without the bad items."""
    classes, parts, facts = job.source.load()
    found = estimate(parts, list(folders), job.compress)
    store = _kind_there(folders, job.attributes) if job.store == kinds.AUTO else job.store
    kind = kinds.choose(store, found, list(folders.values()))
    wanted = job.attributes | {"store": kind}
    if found:
        tell(found, folders, kind)
    work = Work(job.compress, job.chunk, job.engine, {})
    work = work.planned(found, folders, wanted, job.shard_size)
    common = wanted | {"classes": classes, "skipped": 0, "skipped_files": []} | facts
    try:
        write(parts, folders, common | (told := describe(common, parts)), work)
    except BadItems as bad:
        if not job.skip_bad:
            raise
        parts, common = leave_out(classes, parts, common, bad)
        write(parts, folders, common | (told := describe(common, parts)), work)
    print(told["found"])
