"""An epoch of quick from disk, with the page cache warm, beside one from the device's memory.

python benchmarks/feed.py [--items 12000] [--epochs 3]

The epochs alternate, so that what else the machine does befalls both.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import keras
import numpy as np
from measure import header, headline, row

from cifar import sample
from cifar.domain import DOMAIN
from cifar.train import parse_args
from helmholtz.data.items import Items
from helmholtz.training.device import gpu
from helmholtz.training.model import compile_model, set_up

FEEDS = ("device", "disk")


def build(items, args) -> keras.Model:
    """The compiled network as train.py trains it."""
    set_up(0, args.precision)
    chosen = DOMAIN.networks["quick"]
    network, recipe = chosen.build(items.shape[1:], len(sample.CLASSES)), chosen.recipe
    optimizer = recipe.optimizer(args, 1000)
    model = compile_model(items, recipe.layers(), network, optimizer, recipe.loss())
    model.prepare_launches(args.batch_size, on_gpu=gpu() is not None)
    return model


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
        np.save(Path(folder) / "items.npy", images)
        stored = np.load(Path(folder) / "items.npy", mmap_mode="r")
        items = Items([stored], np.arange(len(stored)))
        models = {"device": build(items[:], args), "disk": build(items, args)}
        order = np.random.default_rng(0).permutation(len(items)).astype(np.int32)
        for model in models.values():
            epoch(model, order[: 2 * args.batch_size], labels)  # compiles
        taken = {name: [] for name in FEEDS}
        for _ in range(asked.epochs):
            for name in FEEDS:
                taken[name].append(epoch(models[name], order, labels))
    headline(f"quick, {len(items):,} images, batches of {args.batch_size}", "keras", "numpy")
    header("feed", "seconds of epochs", "median", "seconds of all cores")
    for name, pairs in taken.items():
        wall, cores = ([pair[i] for pair in pairs] for i in (0, 1))
        shown = ", ".join(f"{seconds:.1f}" for seconds in wall)
        row(name, shown, statistics.median(wall), statistics.median(cores))
    ratios = [b[0] / a[0] for a, b in zip(*taken.values(), strict=True)]
    print(f"\nFrom disk / from the device: {', '.join(f'{ratio:.3f}' for ratio in ratios)}")


if __name__ == "__main__":
    main()
