"""Divide a preparation into tasks, have an engine do them, and publish what they have made."""

import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from helmholtz.data import kinds, shards, tasks
from helmholtz.data.baditems import BadItems
from helmholtz.data.shards import SPLITS
from helmholtz.data.tasks import Piece, Task
from helmholtz.io import store
from helmholtz.io.files import require_space
from helmholtz.text import counted

CHUNK = 1 << 24  # bytes that a process makes at a time: it sends them to another


class Work(NamedTuple):
    """How items become files.

    compress, chunk: as preparation.Job has them. most: items of a file, by rate. size: bytes
    of an item at a rate, 0 where that is not known.
    """

    compress: Callable
    chunk: int
    engine: tasks.Engine
    most: dict[int, int]
    size: float = 0

    def planned(self, found, folders: dict[int, Path], wanted: dict, shard_size: int) -> "Work":
        """With an estimate, or None; wanted: attributes of files that are to stay as they are."""
        kind, each = wanted.get("store", kinds.PIXELS), found.items * len(folders) if found else 0
        pixels = found.bytes / each if found else 0  # of which a shard holds as many in any case
        most = {
            rate: shards.items_of(folder, kinds.attributes(wanted, rate))
            or (max(1, int(shard_size / pixels)) if pixels else sys.maxsize)
            for rate, folder in folders.items()
        }
        chunk = self.chunk
        if pixels:
            chunk = max(1, min(chunk, int(CHUNK / pixels / len(folders))))
        compress = partial(self.compress, store=kind) if kind == kinds.BYTES else self.compress
        size = found.takes(kind) / each if found else 0
        return self._replace(most=most, size=size, chunk=chunk, compress=compress)


def write(parts: dict, folders: dict[int, Path], common: dict, work: Work) -> None:
    """Compress both splits at every rate of folders, and publish them.

    common: the attributes of all files. Raises BadItems when there are items that cannot be used,
    and then publishes no file with any.
    """
    todo = list(_divide(parts, folders, common, work))
    absent = sum(
        len(piece.items) * sum(not (folder / piece.name).exists() for folder in t.folders.values())
        for t in todo
        for piece in t.pieces
    )
    require_space(next(iter(folders.values())), round(work.size * absent))
    problems = {split: {} for split in SPLITS}
    for found in work.engine(todo):
        for split, bad in found.items():
            problems[split].update(bad)
    if any(problems.values()):
        raise BadItems({split: dict(sorted(bad.items())) for split, bad in problems.items()})
    for rate, folder in folders.items():
        spans = {s: shards.cut(s, len(parts[s][1]), work.most[rate]) for s in SPLITS}
        shards.publish(folder, spans)
    made = [path for split in SPLITS for path in shards.files(folder, split)]  # alike at all rates
    if enlarged := sum(store.attributes(path, True).get("enlarged", 0) for path in made):
        total = sum(len(labels) for _, labels in parts.values())
        said = f"{enlarged:,} of {counted(total, 'item')} are smaller than asked for"
        print(f"{said} and were enlarged, which adds no detail.", file=sys.stderr)


def _divide(parts: dict, folders: dict[int, Path], common: dict, work: Work) -> Iterator[Task]:
    """A task for every shard; one alone where there are none. Rates cut alike go together."""
    common = json.loads(json.dumps(common))  # as attributes are read: without tuples
    for most in sorted({work.most[rate] for rate in folders}):
        some = {rate: folders[rate] for rate in sorted(folders) if work.most[rate] == most}
        spans = {split: shards.cut(split, len(parts[split][1]), most) for split in SPLITS}
        sharded = sum(map(len, spans.values())) > len(SPLITS)
        pieces = []
        for split, named in spans.items():
            items, labels = parts[split]
            for name, (start, stop) in named.items():
                told = common | {"shard": [start, stop, len(labels)]} if sharded else common
                taken = items[start:stop], labels[start:stop]
                pieces.append(Piece(split, name, start, *taken, told))
        for group in [[piece] for piece in pieces] if sharded else [pieces]:
            yield Task(group, some, work.compress, work.chunk, work.size)
