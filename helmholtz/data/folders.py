"""A user's own data: a folder of class folders, or of train/ and test/ with class folders."""

import hashlib
import itertools
import os
import stat
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from helmholtz.audit.folder import audit
from helmholtz.data import listing
from helmholtz.errors import DataError
from helmholtz.io.download import matches
from helmholtz.io.files import files_below
from helmholtz.text import printable, shown

SPLIT_SEED = 2337  # the published seed
TEST_SHARE = 0.2
TEST_NAMES = ("test", "val", "valid", "validation")  # the first that exists is the test split

LONGEST = 100  # characters of a folder's name in that of a source, to which more is added


def every_file(folder: Path) -> list[Path]:
    """All files in a folder and its subfolders, of which those of classes may be links."""
    return list(files_below(folder, linked=2 if is_split(folder) else 1))


class Tree(NamedTuple):
    """What a folder holds.

    parts: for "train" and "test" a pair (sorted paths, labels as int64). ignored: the number of
    unused files by ending, and of subfolders. notes: sentences to print when it is loaded.
    """

    root: Path
    classes: list[str]
    parts: dict
    ignored: dict[str, int]
    notes: list[str]

    @property
    def fingerprint(self) -> str:
        """A digest of the names, sizes and modification times of all files in parts."""
        result = hashlib.sha256()
        for path in itertools.chain(*(paths for paths, _ in self.parts.values())):
            status = path.stat() if path.exists() else path.lstat()  # a broken link
            line = f"{path.relative_to(self.root)}\0{status.st_size}\0{status.st_mtime_ns}\n"
            result.update(line.encode("utf-8", "surrogateescape"))
        return result.hexdigest()

    def load(self) -> tuple[list[str], dict, dict]:
        """What a Source loads. Prints the notes, and the warnings of an audit of the files."""
        paths = [path for paths, _ in self.parts.values() for path in paths]
        labels = np.concatenate([labels for _, labels in self.parts.values()])
        found = audit(paths, [self.classes[label] for label in labels])
        for note in [*self.notes, *found.warnings]:
            print(note, file=sys.stderr)
        return self.classes, self.parts, {"ignored": self.ignored, "audit": found.stored()}


def read_tree(folder: Path, kind: listing.Kind) -> Tree:
    """Find the classes and their files in a folder, or in train/ and test/ in it.

    val/, valid/ or validation/ stand in for a missing test/. Without such a pair a fifth of each
    class, chosen by a seeded shuffle of the sorted file names, is the test split. Raises
    DataError when there are fewer than two classes, or when a class is empty or too small.
    """
    halves, unused, notes = _find_halves(folder)
    roots = list(halves.values()) or [folder]
    classes = _common_classes(roots)
    found = {root / name: _files(root / name, kind) for root in roots for name in classes}
    if len(classes) < 2:
        raise DataError(
            f"{shown(roots[0])} must hold a folder for each of two classes or more; it holds "
            f"{listing.holdings(roots[0], kind)}."
        )
    parts = {h: _join([found[root / name] for name in classes]) for h, root in halves.items()}
    parts = parts or split({shown(path): files for path, files in found.items()})
    places = [folder, *halves.values(), *found]
    ignored = _ignored(places, {*places, *unused, *itertools.chain(*found.values())}, kind)
    if ignored:
        notes.append(f"Ignored: {listing.listed(ignored, kind)}.")
    return Tree(folder, [printable(name) for name in classes], parts, ignored, notes)


def is_split(folder: Path) -> bool:
    """Whether a folder holds a test split of its own."""
    return bool(_find_halves(folder)[0])


def split(classes: dict[str, list]) -> dict:
    """For "train" and "test" a pair (items, labels): a fifth of each class is for testing.

    classes: the sorted items of every class folder, by the folder's name for messages. The seeded
    shuffle depends only on the number of items. Raises DataError when a class has only one.
    """
    pairs = [_split_class(items, name) for name, items in classes.items()]
    return {"train": _join([p[0] for p in pairs]), "test": _join([p[1] for p in pairs])}


def folder_name(folder: Path) -> str:
    """The name of a folder as a source: its own in plain ASCII, and a digest of its path."""
    path = folder.resolve()
    plain = "".join(c if c.isalnum() and c.isascii() else "-" for c in path.name).strip("-")
    digest = hashlib.sha256(str(path).encode("utf-8", "surrogateescape")).hexdigest()
    return f"{plain[:LONGEST] or 'folder'}-{digest[:8]}"


def require_file(path: Path) -> None:
    """Raise DataError unless path is a readable file that is not empty."""
    try:
        status = os.stat(path)
    except OSError:
        raise DataError(f"{shown(path)} does not exist.") from None
    if stat.S_ISDIR(status.st_mode):
        raise DataError(f"{shown(path)} is a folder, not a file.")
    if not stat.S_ISREG(status.st_mode):  # reading a pipe would never end
        raise DataError(f"{shown(path)} is not a regular file.")
    if not status.st_size:
        raise DataError(f"{shown(path)} is empty, 0 bytes.")
    if not os.access(path, os.R_OK):
        raise DataError(f"{shown(path)} may not be read: change its permissions.")


def require_archive(path: Path, archive: dict, names: tuple[str, ...]) -> None:
    """Raise DataError unless path, given as --source, is the published archive, byte for byte.

    archive: its "title", "name" and "hash". names: what --source takes besides a path.
    """
    if not os.path.exists(path):
        raise DataError(
            f"The source {shown(path)} does not exist: give {', '.join(names)} or a path."
        )
    require_file(path)
    if not matches(path, archive["hash"]):
        raise DataError(
            f"{shown(path)} is not the archive of {archive['title']}, {archive['name']}, as it was "
            "published: give that, or a folder that holds a folder for each class."
        )


def _find_halves(folder: Path) -> tuple[dict[str, Path], list[Path], list[str]]:
    """The folders of the "train" and "test" split, or none; unused test folders; and notes."""
    named = {path.name.lower(): path for path in listing.subfolders(folder)}
    tests = [named[name] for name in TEST_NAMES if name in named]
    if "train" not in named or not tests:
        return {}, [], []
    chosen, *unused = tests
    notes = [] if chosen.name.lower() == "test" else [f"{shown(chosen)} is the test split."]
    if unused:
        others = ", ".join(f"{shown(path.name)}/" for path in unused)
        notes = [f"{shown(chosen)} is the test split; not used: {others}."]
    return {"train": named["train"], "test": chosen}, unused, notes


def _common_classes(roots: list[Path]) -> list[str]:
    """The sorted names of the class folders; DataError when two roots have different ones."""
    first, *others = ({path.name for path in listing.subfolders(root)} for root in roots)
    for other in others:
        if differing := sorted(printable(name) for name in first ^ other):
            raise DataError(
                f"{' and '.join(map(shown, roots))} must hold the same classes: only one of them "
                f"has {', '.join(differing)}."
            )
    return sorted(first)


def _files(folder: Path, kind: listing.Kind) -> list[Path]:
    found = [path for path in listing.visible(folder) if path.suffix.lower() in kind.endings]
    if not found:
        raise DataError(
            f"The class folder {shown(folder)} holds no file that can be read, such as "
            f"{kind.examples}; it holds {listing.holdings(folder, kind)}."
        )
    return found


def _ignored(places: list[Path], used: set[Path], kind: listing.Kind) -> dict[str, int]:
    """The number of files in places that are not used, by ending, and of subfolders."""
    paths = (path for place in places for path in listing.visible(place))
    return listing.by_ending([path for path in paths if path not in used], kind)


def _split_class(items: list, name: str) -> tuple[list, list]:
    """Four fifths for training and a fifth for testing, each in the order of items."""
    if len(items) < 2:
        raise DataError(f"The class folder {name} needs two files or more to be split.")
    held_out = max(1, round(TEST_SHARE * len(items)))
    test = set(np.random.default_rng(SPLIT_SEED).permutation(len(items))[:held_out].tolist())
    return (
        [item for i, item in enumerate(items) if i not in test],
        [item for i, item in enumerate(items) if i in test],
    )


def _join(classes: list[list]) -> tuple[list, np.ndarray]:
    labels = np.repeat(np.arange(len(classes)), [len(items) for items in classes])
    return [item for items in classes for item in items], labels
