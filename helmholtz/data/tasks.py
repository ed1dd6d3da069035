"""A preparation in tasks, one a shard, that processes of many machines share by their locks."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from helmholtz.data import kinds
from helmholtz.data.baditems import BadItems
from helmholtz.data.writing import fill
from helmholtz.io import store
from helmholtz.io.files import claimed, remove_leftovers, require_space


class Piece(NamedTuple):
    """A file to make: its items, the first of which is at start in its split, and labels.

    told: its attributes, but for those that depend on the rate.
    """

    split: str
    name: str
    start: int
    items: object
    labels: np.ndarray
    told: dict


class Task(NamedTuple):
    """Files that are published together, at every rate of folders: a shard, or both splits.

    compress, chunk: as preparation.Job has them. size: bytes of an item at a rate.
    """

    pieces: list[Piece]
    folders: dict[int, Path]
    compress: Callable
    chunk: int
    size: float

    def paths(self) -> list[Path]:
        """The files that the task makes."""
        return [folder / p.name for p in self.pieces for folder in self.folders.values()]


Problems = dict[str, dict[int, str]]  # by split and index, a sentence for an unusable item


def make(task: Task, wait: bool, before: dict | None = None) -> Problems | None:
    """Make the files of a task that are not there; None when another process is at it.

    wait: for that process, in case that it fails. before: the stamps of files that were there
    already; the others were published by processes at the same work, and are not verified. None:
    all are. With items that cannot be used nothing is published.
    """
    with ExitStack() as locks:
        for folder in task.folders.values():  # in the same order in all processes
            if not locks.enter_context(claimed(folder, task.pieces[0].name, wait)):
                return None
        lacking = [_lacking(task, piece, before) for piece in task.pieces]
        return _publish(task, lacking)


def _lacking(task: Task, piece: Piece, before: dict | None) -> dict[int, Path]:
    """The rates and folders that have no whole file of a piece."""
    found = {}
    for rate, folder in task.folders.items():
        path = folder / piece.name
        published = before is not None and stamp(path) != before.get(path)
        if not store.intact(path, kinds.attributes(piece.told, rate), published):
            found[rate] = folder
    return found


def _publish(task: Task, lacking: list[dict[int, Path]]) -> Problems:
    """Make the files that are lacking, by piece, and publish them."""
    problems = {piece.split: {} for piece in task.pieces}
    rates = sum(len(some) * len(p.items) for p, some in zip(task.pieces, lacking, strict=True))
    require_space(next(iter(task.folders.values())), round(task.size * rates))
    with suppress(BadItems), ExitStack() as files:
        for piece, folders in zip(task.pieces, lacking, strict=True):
            for folder in folders.values():
                remove_leftovers(folder, piece.name)
            bad = fill(files, task, piece, folders)
            problems[piece.split] |= {piece.start + place: text for place, text in bad.items()}
        if any(problems.values()):
            raise BadItems(problems)  # so that no file is published
    return problems


def here(tasks: list[Task]) -> Iterator[Problems]:
    """Do tasks on this machine, in turn; last those that other processes were at."""
    before, busy = {path: stamp(path) for task in tasks for path in task.paths()}, []
    for task in tasks:
        made = make(task, False, before)
        if made is None:
            busy.append(task)
        else:
            yield made
    for task in busy:
        yield make(task, True, before)


Engine = Callable[[Iterable[Task]], Iterator[Problems]]


def stamp(path: Path) -> tuple[int, int] | None:
    """What tells a published file from another of its name; None when there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns
