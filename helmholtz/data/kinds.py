"""What prepared data hold of an item: its pixels, or the compressed file that gives them."""

import shutil
from pathlib import Path

from helmholtz.text import megabytes

PIXELS, BYTES, AUTO = "pixels", "bytes", "auto"
KINDS = (AUTO, PIXELS, BYTES)  # of --store
SHARE = 2  # AUTO takes pixels that fill no more of the free disk than one part in so many


def attributes(wanted: dict, rate: int) -> dict:
    """Attributes that the files of a rate are to have; "store" among them, if wanted has it, is
    BYTES, or None where pixels are: there the files do not name it."""
    found = wanted | {"rate": rate}
    if "store" in wanted:
        found["store"] = BYTES if wanted["store"] == BYTES and rate else None
    return found


def written(common: dict, rate: int) -> dict:
    """The same as they stand in a file."""
    found = attributes(common, rate)
    return {key: value for key, value in found.items() if (key, value) != ("store", None)}


def choose(kind: str, found, folders: list[Path]) -> str:
    """PIXELS or BYTES; AUTO decides, and says so when it takes bytes.

    found: an estimate.Estimate, or None. folders: where the data go, which replace what is there.
    """
    if kind != AUTO:
        return kind
    if found is None or found.takes(BYTES) == found.takes(PIXELS):
        return PIXELS
    there = sum(path.stat().st_size for folder in folders for path in folder.glob("t*.h5"))
    free = there + free_bytes(folders[0])
    if found.takes(PIXELS) * SHARE <= free:
        return PIXELS
    print(
        f"{megabytes(found.takes(PIXELS))} of pixels would take more than half of the "
        f"{megabytes(free)} that are free: the compressed files are stored, and decoded when they "
        "are read; --store pixels stores pixels.",
        flush=True,
    )
    return BYTES


def free_bytes(folder: Path) -> int:
    """Bytes that are free on the disk of a folder, which need not exist yet."""
    return shutil.disk_usage(folder).free if folder.exists() else free_bytes(folder.parent)
