"""How time and memory grow with the number of images: preparing them, and an epoch of training.

python benchmarks/growth.py [--quick]

1, 2, 4 and 8 times the sample's 12,000 images (a tenth of that with --quick), as a folder of PNG
files, and its sounds, which are made when they are read; each measured in a process of its own.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from measure import header, headline, peak_mb, prepare, row
from PIL import Image

FACTORS = (1, 2, 4, 8)
MEASURES = ("images", "sounds", "epoch")


def make_folder(folder: Path, images: int) -> None:
    """PNG files of the sample by class, in train/ and test/, and links to them up to a factor."""
    from cifar import sample

    for split, share in (("train", 5), ("test", 1)):
        pixels, labels, _ = sample.make(split, images * share // 6)
        for i, (image, label) in enumerate(zip(pixels, labels, strict=True)):
            path = folder / split / sample.CLASSES[label] / f"{i}-0.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(path, compress_level=1)
            for copy in range(1, max(FACTORS)):
                os.link(path, path.with_name(f"{i}-{copy}.png"))


def measure_images(folder: Path, out: Path, factor: int, _: int) -> None:
    from cifar.domain import DOMAIN, compress_images
    from cifar.sources import IMAGES
    from helmholtz.data.folders import read_tree

    parts = read_tree(folder, IMAGES).parts
    paths = [path for split in ("test", "train") for path in parts[split][0]]
    paths = [path for path in paths if int(path.stem.split("-")[1]) < factor]
    work = partial(compress_images, codec=DOMAIN.published.compress, size=32)
    prepare(paths, 6, work, DOMAIN, DOMAIN.published, 5, out)


def measure_sounds(folder: Path, out: Path, factor: int, images: int) -> None:
    from audio import sample
    from audio.constants import FEATURES
    from audio.domain import DOMAIN, compress_sounds
    from audio.survey import Clip

    count = factor * images // 120  # a sound takes a hundred times as long as an image
    clips = [Clip(note, sample.SAMPLES) for note in sample.make("train", count)[0]]
    work = partial(compress_sounds, codec=DOMAIN.published.compress, features=FEATURES)
    prepare(clips, 5, work, DOMAIN, DOMAIN.published, 32, out)


def measure_epoch(folder: Path, out: Path, factor: int, images: int) -> float:
    """Seconds of an epoch, apart from compilation."""
    import keras
    import numpy as np

    from cifar import sample
    from cifar.augment import ShiftAndFlip
    from cifar.models import build_model
    from helmholtz.training.device import gpu
    from helmholtz.training.launches import batches
    from helmholtz.training.model import compile_model, set_up

    set_up(0, "bfloat16")
    items, labels, _ = sample.make("train", factor * images * 5 // 6)
    layers = [keras.layers.Rescaling(1 / 255, dtype="float32"), ShiftAndFlip()]
    optimizer = keras.optimizers.SGD(0.01, momentum=0.9, nesterov=True)
    model = compile_model(items, layers, build_model("all-cnns"), optimizer)
    model.prepare_launches(128, on_gpu=gpu() is not None)
    order = np.random.default_rng(0).permutation(len(items)).astype(np.int32)
    for some in (order[:256], order):  # the first compiles
        started = time.perf_counter()
        model.fit(**batches(some, labels[some], model.dispatch_size), verbose=0, shuffle=False)
    return time.perf_counter() - started


def one(what: str, folder: Path, factor: int, images: int) -> None:
    """Measure here, and print seconds and megabytes."""
    with tempfile.TemporaryDirectory() as out:
        started = time.perf_counter()
        said = globals()[f"measure_{what}"](folder, Path(out), factor, images)
        print(json.dumps([said or time.perf_counter() - started, peak_mb()]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the images")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        what, folder, factor, images = args.one
        return one(what, Path(folder), int(factor), int(images))
    images = 1_200 if args.quick else 12_000
    headline(f"1 to 8 times {images:,} images, and {images // 120:,} sounds", "keras", "h5py")
    header("times", *(f"{what}, {unit}" for what in MEASURES for unit in ("s", "MB")))
    with tempfile.TemporaryDirectory() as folder:
        make_folder(Path(folder), images)
        for factor in FACTORS:
            row(
                factor, *(cell for what in MEASURES for cell in child(what, folder, factor, images))
            )


def child(what: str, folder: str, factor: int, images: int) -> list[float]:
    command = [sys.executable, __file__, "--one", what, folder, str(factor), str(images)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(said.splitlines()[-1])


if __name__ == "__main__":
    main()
