"""A user's own data: a folder of class folders, or of train/ and test/ with class folders."""

import hashlib
from pathlib import Path

import numpy as np

from helmholtz.cli import DataError

SPLIT_SEED = 2337  # the published seed
TEST_SHARE = 0.2


def read_tree(folder: Path, endings: set[str]) -> tuple[list[str], dict]:
    """Class names, and for "train" and "test" a pair (sorted paths, labels as int64).

    Without train/ and test/ folders a fifth of each class, chosen by a seeded shuffle of the
    sorted file names, is the test split. Raises DataError when there are not at least two
    classes, or when a class is empty or too small to be split.
    """
    if (folder / "train").is_dir() and (folder / "test").is_dir():
        classes = _subfolders(folder / "train")
        if _subfolders(folder / "test") != classes:
            raise DataError(f"{shown(folder)}: train/ and test/ do not hold the same classes.")
        parts = {
            half: _join([_files(folder / half / name, endings) for name in classes])
            for half in ("train", "test")
        }
    else:
        classes = _subfolders(folder)
        parts = split({shown(folder / name): _files(folder / name, endings) for name in classes})
    if len(classes) < 2:
        raise DataError(f"{shown(folder)} must hold a folder for each of two classes or more.")
    return [printable(name) for name in classes], parts


def split(classes: dict[str, list]) -> dict:
    """For "train" and "test" a pair (items, labels): a fifth of each class is for testing.

    classes: the sorted items of every class folder, by the name that an error shows. The seeded
    shuffle depends on the number of items alone. Raises DataError when a class has but one.
    """
    pairs = [_halves(items, name) for name, items in classes.items()]
    return {"train": _join([p[0] for p in pairs]), "test": _join([p[1] for p in pairs])}


def fingerprint(root: Path, paths: list[Path]) -> str:
    """A digest of names, sizes and times of change: it differs when the data was touched."""
    result = hashlib.sha256()
    for path in paths:
        stat = path.stat() if path.exists() else path.lstat()  # a link to nothing
        line = f"{path.relative_to(root)}\0{stat.st_size}\0{stat.st_mtime_ns}\n"
        result.update(line.encode("utf-8", "surrogateescape"))
    return result.hexdigest()


def folder_name(folder: Path) -> str:
    """The name a folder is known by: its own, made plain, and a digest of its path."""
    path = folder.resolve()
    plain = "".join(c if c.isalnum() and c.isascii() else "-" for c in path.name).strip("-")
    digest = hashlib.sha256(str(path).encode("utf-8", "surrogateescape")).hexdigest()
    return f"{plain or 'folder'}-{digest[:8]}"


def printable(name: str) -> str:
    """A name that can be printed and stored: no line breaks, valid UTF-8."""
    text = name.encode("utf-8", "backslashreplace").decode()
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def shown(path: Path) -> str:
    """A path as it stands in a sentence."""
    return printable(str(path))


def _subfolders(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if p.is_dir() and p.name[0] != ".")


def _files(folder: Path, endings: set[str]) -> list[Path]:
    found = [p for p in folder.iterdir() if p.suffix.lower() in endings and p.name[0] != "."]
    if not found:
        some = ", ".join(sorted(endings)[:6])
        raise DataError(f"The class folder {shown(folder)} holds no file that ends in {some} ...")
    return sorted(found)


def _halves(items: list, name: str) -> tuple[list, list]:
    """Four fifths for training and a fifth for testing, each in order of name."""
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
