"""The files of a split: one, or, where it is large, shards of whole items and an index of them."""

import json
from pathlib import Path

from helmholtz.errors import DataError
from helmholtz.io import store
from helmholtz.io.files import write_json
from helmholtz.schema import SIZES

INDEX = "index.json"  # the digest of every shard by split and name; written when all are there
SIZE = 1 << 29  # bytes of a shard, at most
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
        names = json.loads((folder / INDEX).read_text())[split]
        found = {folder / Path(name).name: str(digest) for name, digest in names.items()}
    except (ValueError, LookupError, AttributeError, TypeError):
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


def publish(folder: Path, names: dict[str, list[str]]) -> None:
    """Say by split which files are the data of a folder, and remove those of an older layout."""
    if sum(map(len, names.values())) > len(names):
        write_json(
            folder / INDEX,
            {split: {n: store.digest(folder / n) for n in some} for split, some in names.items()},
        )
    else:
        (folder / INDEX).unlink(missing_ok=True)
    kept = {name for some in names.values() for name in some}
    for path in folder.glob("t*.h5"):
        if path.name not in kept:
            path.unlink()
