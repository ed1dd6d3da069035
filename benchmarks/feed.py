"""An epoch of quick from disk, page cache warm and cold, and from stored bytes, which are decoded
meanwhile, beside one from the device's memory.

python benchmarks/feed.py [--items 12000] [--epochs 3]

The epochs alternate, so that what else the machine does befalls all. The images are those that
JPEG of quality 50 leaves, in every case.
"""

import argparse
import mmap
import os
import statistics
import tempfile
import time
from pathlib import Path

import keras
import numpy as np
from measure import header, headline, row

from cifar import sample
from cifar.codecs import TABLE
from cifar.domain import DOMAIN
from cifar.train import parse_args
from helmholtz.data.compressed import FILES, OFFSETS, Compressed, pack
from helmholtz.data.items import Items
from helmholtz.training.device import gpu
from helmholtz.training.model import compile_model, set_up

FEEDS = ("device", "disk", "disk, cold", "bytes")
QUALITY = 50


def build(items, args) -> keras.Model:
    """The compiled network as train.py trains it."""
    set_up(0, args.precision)
    chosen = DOMAIN.networks["quick"]
    network, recipe = chosen.build(items.shape[1:], len(sample.CLASSES)), chosen.recipe
    optimizer = recipe.optimizer(args, 1000)
    model = compile_model(items, recipe.layers(), network, optimizer, recipe.loss())
    model.prepare_launches(args.batch_size, on_gpu=gpu() is not None)
    return model


def compressed(images: np.ndarray, folder: Path) -> Items:
    """Images as their JPEG files, in one file on disk."""
    kept = pack([TABLE["jpeg"].keep(image, QUALITY)[0] for image in images])
    kept.content.tofile(folder / "files")
    arrays = {FILES: np.memmap(folder / "files", np.uint8, "r")}
    arrays |= {OFFSETS: np.concatenate([[0], np.cumsum(kept.sizes)])}
    return Items([Compressed(folder, arrays, TABLE["jpeg"].decode)], np.arange(len(images)))


def evict(stored: np.memmap) -> None:
    """Take a file out of the page cache."""
    stored._mmap.madvise(mmap.MADV_DONTNEED)  # what is mapped would stay
    with open(stored.filename, "rb+") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def epoch(model, order, labels) -> tuple[float, float]:
    """Seconds of an epoch, and seconds of all cores."""
    began, used = time.perf_counter(), time.process_time()
    fed = model.feed(order, labels[order], model.dispatch_size)
    model.fit(**fed, verbose=0, shuffle=False)
    return time.perf_counter() - began, time.process_time() - used


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--items", type=int, default=12_000)
    parser.add_argument("--epochs", type=int, default=3)
    asked = parser.parse_args()
    args = parse_args(["--model", "quick"])
    images, labels, _ = sample.make("train", asked.items)
    with tempfile.TemporaryDirectory() as folder:
        packed = compressed(images, Path(folder))
        np.save(Path(folder) / "items.npy", packed[:])
        stored = np.load(Path(folder) / "items.npy", mmap_mode="r")
        items = Items([stored], np.arange(len(stored)))
        models = {"device": build(items[:], args), "disk": build(items, args)}
        models["bytes"] = build(packed, args)
        models["disk, cold"] = models["disk"]
        order = np.random.default_rng(0).permutation(len(items)).astype(np.int32)
        for model in models.values():  # the one from disk twice
            epoch(model, order[: 2 * args.batch_size], labels)  # compiles
        taken = {name: [] for name in FEEDS}
        for _ in range(asked.epochs):
            for name in FEEDS:
                if name == "disk, cold":
                    evict(stored)
                taken[name].append(epoch(models[name], order, labels))
    headline(f"quick, {len(items):,} images, batches of {args.batch_size}", "keras", "numpy")
    header("feed", "seconds of epochs", "median", "seconds of all cores")
    for name, pairs in taken.items():
        wall, cores = ([pair[i] for pair in pairs] for i in (0, 1))
        shown = ", ".join(f"{seconds:.1f}" for seconds in wall)
        row(name, shown, statistics.median(wall), statistics.median(cores))
    for name, other in (*((name, "device") for name in FEEDS[1:]), ("bytes", "disk")):
        pairs = list(zip(taken[other], taken[name], strict=True))
        for i, of in enumerate(("seconds", "seconds of all cores")):
            ratios = [there[i] / here[i] for here, there in pairs]
            shown = ", ".join(f"{ratio:.2f}" for ratio in ratios)
            print(f"\n{name} / {other}, {of}: {shown}; median {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
