"""The prepared data that runs were trained on, as far as it is still there."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from helmholtz.analysis import domains
from helmholtz.analysis.experiments import rate_order
from helmholtz.analysis.logs import FINISHED
from helmholtz.data import loading
from helmholtz.errors import DataError, MachineError
from helmholtz.io import datadir

PACKED = 500  # images, at most, that the lossless size is the mean of


def read(row: dict, only: int | None = None) -> dict[int, tuple]:
    """By rate, highest first, (items, labels, bytes an item) of the test splits of a row's data.

    Those of its codec, and the uncompressed; only: of one rate. row: of runs.csv.
    """
    own, codec, found = domains.of(row), domains.codec(row), {}
    if None in (own.name, row["source"], row["data"]):
        return {}
    chosen = row["flags"].get("data_dir")
    chosen = chosen if isinstance(chosen, str) and Path(chosen).is_dir() else None
    root = datadir.data_root(own.name, chosen)
    place = root / row["source"]
    for folder in {place / own.published.folder(0), *place.glob(f"{codec.prefix}_*")}:
        rate = folder.name.rpartition("_")[2]
        if rate.isdigit() and only in (None, int(rate)):
            found |= {int(rate): _read(folder, int(rate), row["data"], own.codecs)}
    return {
        rate: found[rate] for rate in sorted(found, key=rate_order, reverse=True) if found[rate]
    }


def _read(folder: Path, rate: int, data: str, codecs: dict) -> tuple | None:
    """The test split of a folder that is whole and of this very data, its items still unread."""
    try:
        loaded = loading.load_test(folder, rate, codecs)
    except (DataError, MachineError, OSError):
        return None
    if str(loaded.attributes.get("fingerprint", ""))[:8] != data:
        return None
    return *loaded.splits["test"], loaded.attributes["file_bytes"] / loaded.attributes["items"]


def add_lossless(runs: list) -> None:
    """Set lossless_bytes in the rows of finished runs whose uncompressed data is still there, and
    has the size at which it was compressed."""
    known = {}
    for run in runs:
        key = tuple(run.row[name] for name in ("domain", "source", "data"))
        if run.path is not None and run.row["state"] == FINISHED:
            if key not in known:
                same_size = not run.row["flags"].get("full_size")
                known[key] = _lossless_bytes(read(run.row, only=0)) if same_size else None
            run.row["lossless_bytes"] = known[key]


def _lossless_bytes(items: dict[int, tuple]) -> float | None:
    """The mean size of an image without loss, of images from all over a split, as it is in the
    order of its classes."""
    if not items or items[0][0].dtype != np.uint8:
        return None
    step = -(-len(items[0][0]) // PACKED)
    return float(np.mean([packed_bytes(image) for image in items[0][0][::step]]))


def packed_bytes(image: np.ndarray) -> int:
    """The size of an image, uint8, height x width x 3, as lossless WebP: at 32 x 32 pixels four
    fifths of a PNG. More effort than method 2 gains nothing there."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "WEBP", lossless=True, method=2)
    return file.tell()
