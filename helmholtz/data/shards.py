"""The files of a split: one, or, where it is large, shards of whole items and an index of them."""

import json
import sys
from pathlib import Path

from helmholtz.errors import DataError
from helmholtz.io import store
from helmholtz.io.files import claimed, remove_leftovers, write_json
from helmholtz.schema import SIZES

INDEX = "index.json"  # the digest of every shard by split and name; written when all are there
SIZE = 1 << 29  # bytes of a shard, at most
LOOKED_AT = 8  # files
SPLITS = ("train", "test")
TOTALS = [*SIZES, "enlarged"]  # attributes that count over the items of a file


def cut(split: str, items: int, most: int) -> dict[str, tuple[int, int]]:
    """The names of a split's files, and the items from and up to which each goes."""
    if items <= most:
        return {f"{split}.h5": (0, items)}
    starts = range(0, items, most)
    return {f"{split}-{i:05}.h5": (at, min(at + most, items)) for i, at in enumerate(starts)}


def files(folder: Path, split: str) -> dict[Path, str | None]:
    """The files that hold a split, in order, and the digests that they must have, if known.

    Raises DataError when the index cannot be read.
    """
    if not (folder / INDEX).exists():
        return {folder / f"{split}.h5": None}
    try:
        names = _read(folder)[split]
        found = {folder / Path(name).name: str(digest) for name, digest in names.items()}
    except (LookupError, AttributeError, TypeError):
        found = {}
    if not found:
        raise DataError(f"{folder / INDEX} is damaged: prepare the data anew.")
    return found


def all_files(folder: Path) -> list[Path]:
    """All files of prepared data."""
    index = [folder / INDEX] if (folder / INDEX).exists() else []
    return [path for split in SPLITS for path in files(folder, split)] + index


def intact(folder: Path, split: str, wanted: dict) -> bool:
    """Whether all files of a split are there, undamaged, and have the attributes wanted."""
    try:
        found = files(folder, split)
    except DataError:
        return False
    return all(
        store.intact(path, wanted | ({"digest": digest} if digest else {}))
        for path, digest in found.items()
    )


def items_of(folder: Path, wanted: dict) -> int | None:
    """Items of a shard, by those that are there with the attributes wanted; None if none is.

    So many that there are no shards where one file holds a split. Only a few are looked at: all
    are read to the end, in vain where they are of another preparation.
    """
    for path in sorted(folder.glob("t*.h5"))[:LOOKED_AT]:
        told = store.attributes(path)
        if told and all(told.get(key) == value for key, value in wanted.items()):
            number, at = path.stem.partition("-")[2], told.get("shard")
            if number and at:
                return at[0] // int(number) if int(number) else at[1]
            if not at:
                return sys.maxsize
    return None


def publish(folder: Path, names: dict[str, dict]) -> None:
    """Say by split which files are the data of a folder, and remove those of an older layout.

    To be called when all are there; one process of several writes the index.
    """
    with claimed(folder, INDEX):
        if sum(map(len, names.values())) == len(names):
            (folder / INDEX).unlink(missing_ok=True)
        elif (told := _index(folder, names)) != _read(folder):
            write_json(folder / INDEX, told)
        kept = {name for some in names.values() for name in some}
        for path in folder.glob("t*.h5"):
            if path.name not in kept:
                path.unlink()
        remove_leftovers(folder)


def _read(folder: Path):
    """The index as it is there; None when it is missing, or no JSON."""
    try:
        return json.loads((folder / INDEX).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def _index(folder: Path, names: dict[str, dict]) -> dict[str, dict[str, str]]:
    return {split: {n: store.digest(folder / n) for n in some} for split, some in names.items()}
