"""Images a second read from stored pixels and from stored bytes, in batches of random order.

python benchmarks/reading.py [--source FOLDER] [--pixels 32 64 224] [--seconds 20]

Photographs are square pieces of two that scikit-learn brings, each cut elsewhere and brought to
its size; --source takes the images of a folder instead. Nothing is trained. All that is compared
takes turns, so that what else the machine does befalls all; the page cache is warm.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from measure import header, headline, row
from PIL import Image
from sklearn.datasets import load_sample_images

from cifar.codecs import TABLE
from cifar.sources import fit, read_image
from helmholtz.data.compressed import FILES, OFFSETS, Compressed, Files, pack
from helmholtz.data.items import Items
from helmholtz.io import store

QUALITIES = (50, 75)
BATCH, SIDE = 128, 375  # images; pixels of the pieces
COUNT = {32: 8192, 64: 4096, 224: 1024}


def photographs(size: int, source: Path | None) -> np.ndarray:
    """uint8, as many as COUNT says, or as the folder has."""
    count = COUNT.get(size, 512)
    if source:
        paths = sorted(path for path in source.rglob("*") if path.is_file())
        return np.stack([read_image(path, size) for path in paths[:: max(1, len(paths) // count)]])
    rng, whole = np.random.default_rng(0), load_sample_images().images
    made = []
    for i in range(count):
        image = whole[i % 2]
        y, x = (int(rng.integers(0, side - SIDE)) for side in image.shape[:2])
        made.append(fit(Image.fromarray(image[y : y + SIDE, x : x + SIDE]), size))
    return np.stack(made)


def stored(images: np.ndarray, folder: Path) -> dict[str, tuple]:
    """By name what an image takes, in bytes, and the items, in a file as prepare.py writes it."""
    made = {}
    for quality in QUALITIES:
        kept = [TABLE["jpeg"].keep(image, quality)[0] for image in images]
        decode = TABLE["jpeg"].decode
        for name in ("pixels", "bytes"):
            path = folder / f"{name}-{quality}-{images.shape[1]}.h5"
            with store.create(path) as file:
                if name == "bytes":
                    Files.write([pack(kept)], file)
                else:
                    file["data"] = np.stack([decode(item) for item in kept])
                store.set_attributes(file, {})
            arrays, _ = store.read(path, mapped=True)
            array = Compressed(path, arrays, decode) if FILES in arrays else arrays["data"]
            each = (
                arrays[FILES].nbytes + arrays[OFFSETS].nbytes if FILES in arrays else array.nbytes
            )
            made[f"{name} of quality {quality}"] = (
                each / len(images),
                Items([array], np.arange(len(images))),
            )
    return made


def read(items: Items, order: np.ndarray) -> tuple[float, float]:
    """Images a second, and images a second of a core, through all batches."""
    began, used = time.perf_counter(), time.process_time()
    for start in range(0, len(order), BATCH):
        items[order[start : start + BATCH]]
    taken = time.perf_counter() - began, time.process_time() - used
    return tuple(len(order) / seconds for seconds in taken)


def measured(made: dict, limit: float) -> dict[tuple, list]:
    """Rounds of read() by name and number of cores, for so many seconds."""
    every, taken = os.sched_getaffinity(0), {}
    order = np.random.default_rng(1).permutation(len(next(iter(made.values()))[1]))
    end = time.monotonic() + limit
    while time.monotonic() < end:
        for name, (_, items) in made.items():
            for cores in ({min(every)}, every):
                os.sched_setaffinity(0, cores)
                taken.setdefault((name, len(cores)), []).append(read(items, order))
    os.sched_setaffinity(0, every)
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--source", type=Path, metavar="FOLDER")
    parser.add_argument("--pixels", type=int, nargs="+", default=list(COUNT))
    parser.add_argument("--seconds", type=float, default=20, help="for each size (%(default)s)")
    asked = parser.parse_args()
    headline(f"batches of {BATCH}", "numpy", "opencv-python-headless")
    header("pixels a side", "stored", "bytes an image", "cores", "images/s", "images/s of a core")
    for size in asked.pixels:
        with tempfile.TemporaryDirectory() as folder:
            made = stored(photographs(size, asked.source), Path(folder))
            for (name, cores), rounds in measured(made, asked.seconds).items():
                speeds = (f"{statistics.median(some):,.0f}" for some in zip(*rounds, strict=True))
                row(size, name, f"{made[name][0]:,.0f}", cores, *speeds)


if __name__ == "__main__":
    main()
